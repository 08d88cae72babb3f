"""Reports of the bench with figures made up for tests of what shows them: no machine measured any of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from sdst_bench.host.host import Board, Environment, Gpu, Host, Jetson
from sdst_bench.report.model import SCHEMA_VERSION, BenchReport, BundleReport, PeerResult, Peers, Setup
from sdst_bench.report.parts import (
    Accuracy,
    Camera,
    ClosedLoop,
    Memory,
    Power,
    PythonCost,
    Rail,
    Sample,
    Start,
    Sustained,
    Targets,
)
from sdst_bench.stats import Interval, Summary, median_interval, summarize

__all__ = [
    "PARTS",
    "made_up_bundle",
    "made_up_closed_loop",
    "made_up_host",
    "made_up_jetson",
    "made_up_report",
    "minimal_report",
    "partial_report",
    "same",
    "series",
]

#: Parts of a bundle's report that may be missing.
PARTS = ("start", "memory", "closed_loop", "camera", "targets", "python_cost", "sustained", "power", "accuracy")

ENVIRONMENT: dict[str, Any] = {
    "cpu": "Made-up CPU", "cores": 4, "cores_usable": 2, "governor": "performance", "board": "",
    "system": "Linux 6.0 x86_64", "python": "3.11.0", "numpy": "2.0.0", "onnxruntime": "1.20.0", "libsdst": "0.1.0",
    "isa": "avx2", "int8": "avx512_vnni", "engines": {"OpenVINO": "2025.0.0"},
}  # fmt: skip


def same(value: float) -> Summary:
    """Durations that are all ``value``."""
    return Summary(p50=value, p90=value, p99=value, max=value, mean=value)


def series(median_ms: float, frames: int = 300, *, spread: float = 0.05, seed: int = 0) -> tuple[float, ...]:
    """Durations about a median, ms, with a tail as clocks show it; of the same seed they are all in proportion."""
    times = median_ms * (1.0 + spread * (np.random.default_rng(seed).gamma(2.0, size=frames) - 1.7))
    return tuple(np.round(times, 6).tolist())


def _summary(times_ms: tuple[float, ...]) -> Summary:
    return summarize([round(time * 1e6) for time in times_ms])


@cache
def _interval(times_ms: tuple[float, ...]) -> Interval:
    return median_interval(times_ms)


def made_up_host(**changes: Any) -> Host:
    """A PC without a GPU; ``changes``: other attributes."""
    host = Host(
        environment=Environment(**ENVIRONMENT),
        cpu_features=("avx2", "fma", "avx512_vnni"),
        governors={"performance": 4},
        clocks_mhz={"cpu0": 2400.0, "cpu1": 2400.0},
        clocks_max_mhz={"cpu0": 3000.0, "cpu1": 3000.0},
        temperatures_c={"package": 48.0},
        memory_bytes=8_000_000_000,
        memory_available_bytes=6_000_000_000,
        power_sensor="RAPL",
    )
    return replace(host, **changes)


def made_up_jetson(**changes: Any) -> Host:
    """A board that nobody has; ``changes``: other attributes."""
    model = "NVIDIA Made-up Board"
    host = Host(
        environment=Environment(**{**ENVIRONMENT, "board": model, "system": "Linux 5.15 aarch64", "isa": "neon"}),
        board=Board(model=model, soc="tegra234", part="p0000-0000+p0000-0005"),
        jetson=Jetson(family="Orin", sm="8.7", l4t="36.4.3", jetpack="6.2", power_mode="15W"),
        gpus=(Gpu(name="Orin", sm="8.7"),),
        cuda="12.6",
        tensorrt="10.3.0",
        governors={"schedutil": 6},
        clocks_mhz={"cpu0": 1510.0, "gpu": 306.0},
        clocks_max_mhz={"cpu0": 1510.0, "gpu": 625.0},
        temperatures_c={"cpu": 50.0, "gpu": 49.0},
        memory_bytes=8_000_000_000,
        memory_available_bytes=5_000_000_000,
        power_sensor="INA3221",
    )
    return replace(host, **changes)


def made_up_closed_loop(median_ms: float = 4.0, *, seed: int = 0, times_ms: tuple[float, ...] = ()) -> ClosedLoop:
    """A closed loop of ``times_ms``, or of a :func:`series`."""
    times_ms = times_ms or series(median_ms, seed=seed)
    total = _summary(times_ms)
    shares = {"crop": 0.05, "search": 0.6, "head": 0.3, "decode": 0.02, "glue": 0.03}
    stages = {
        name: Summary(**{key: share * getattr(total, key) for key in ("p50", "p90", "p99", "max", "mean")})
        for name, share in shares.items()
    }
    return ClosedLoop(
        frames=len(times_ms),
        rounds=5,
        warmup=20,
        capture=same(1.5),
        stages=stages,
        total=total,
        median_ms=_interval(times_ms),
        jitter_ms=total.p99 - total.p50,
        fps=1e3 / total.mean,
        total_ms=times_ms,
    )


def made_up_bundle(name: str = "m onnx/fp32", *, median_ms: float = 4.0, seed: int = 0, **changes: Any) -> BundleReport:
    """A bundle of which all was measured.

    Args:
        name: of the bundle in the report.
        median_ms: about which ``update()`` lies.
        seed: of the frames' durations.
        changes: other attributes.
    """
    bundle = BundleReport(
        name=name,
        setup=Setup(
            bundle="m/",
            family="sdst-nano-m",
            variant="onnx/fp32",
            engine="onnxruntime",
            session="cached",
            accelerator="cpu",
            threads=1,
            frames_from="rendered clip",
            size_wh=(1280, 720),
            target_px=100.0,
            bundle_bytes=4_200_000,
        ),
        start=Start(
            import_ms=90.0,
            load_ms=250.0,
            build_ms=0.0,
            first_init_ms=9.0,
            init=same(6.0),
            first_update_ms=8.0,
            process_to_first_box_ms=480.0,
        ),
        memory=Memory(
            peak_rss_bytes=120_000_000,
            pss_bytes=95_000_000,
            growth_bytes=40_000_000,
            template_bytes=60_000,
            gpu_bytes=300_000_000,
            gpu_source="MemAvailable of the host",
        ),
        closed_loop=made_up_closed_loop(median_ms, seed=seed),
        camera=_camera(median_ms, seed),
        targets=tuple(_targets(count, median_ms) for count in (1, 2, 4, 8)),
        python_cost=PythonCost(
            identity_update=same(0.3),
            python_ms=0.05,
            timed_ms=4.01,
            untimed_ms=4.0,
            timer_share=0.0025,
            timer_share_95=Interval(low=-0.001, high=0.006),
        ),
        sustained=_sustained(median_ms),
        power=_power(median_ms),
        accuracy=_accuracy(0.6),
    )
    return replace(bundle, **changes)


def _camera(median_ms: float, seed: int) -> Camera:
    latency = series(median_ms * 1.1, 297, seed=seed + 100)
    return Camera(
        fps=30.0,
        seconds=10.0,
        frames=300,
        processed=297,
        dropped=3,
        latency=_summary(latency),
        busy_share=297 * median_ms / 1e4,
        latency_ms=latency,
    )


def _targets(count: int, median_ms: float) -> Targets:
    return Targets(targets=count, frame=same(median_ms * count), per_target_ms=median_ms)


def _sustained(median_ms: float) -> Sustained:
    samples = tuple(
        Sample(
            seconds=float(second),
            frames=200,
            frame_p50_ms=median_ms * (1 + 0.002 * second),
            clocks_mhz={"cpu0": 2400.0 - 5.0 * second},
            temperatures_c={"package": 48.0 + 0.5 * second},
            power_mw={"VDD_IN": 9000.0, "VDD_CPU_GPU_CV": 4000.0},
        )
        for second in range(1, 61)
    )
    return Sustained(
        seconds=60.0,
        fps=None,
        frames=12_000,
        total=same(median_ms),
        first_p50_ms=median_ms,
        last_p50_ms=median_ms * 1.1,
        slowdown=1.1,
        throttling="cpu0 fell from 2400 to 2100 MHz",
        samples=samples,
    )


def _power(median_ms: float) -> Power:
    frames = round(10_000 / median_ms)
    rails = (
        Rail(name="VDD_IN", idle_mw=5000.0, busy_mw=9000.0, in_total=True),
        Rail(name="VDD_CPU_GPU_CV", idle_mw=600.0, busy_mw=4000.0, in_total=False),
    )
    return Power(
        source="INA3221",
        total_of="VDD_IN, the module's input; the carrier board is not in it",
        idle_seconds=5.0,
        busy_seconds=10.0,
        frames=frames,
        rails=rails,
        idle_mw=5000.0,
        busy_mw=9000.0,
        frame_mj=90_000.0 / frames,
        frame_above_idle_mj=40_000.0 / frames,
    )


def _accuracy(auc: float) -> Accuracy:
    return Accuracy(
        dataset="made-up/",
        rule_text="house rule: made up for a test",
        sequences=5,
        frames=1000,
        success_auc=auc,
        precision_20=0.7,
        ao=0.61,
        sr_50=0.72,
    )


def _peers(bundles: tuple[BundleReport, ...]) -> Peers:
    def result(name: str, version: str, median_ms: float, auc: float) -> PeerResult:
        times = series(median_ms)
        return PeerResult(
            name=name,
            version=version,
            scores=_accuracy(auc),
            update=_summary(times),
            median_ms=_interval(times),
            ratio=median_ms / 4.0,
        )

    ours = tuple(result(bundle.name, "sdst-edge 0.1.0", 4.0 + 2.0 * i, 0.6) for i, bundle in enumerate(bundles))
    return Peers(
        frames_from="rendered clips",
        results=(*ours, result("KCF", "OpenCV 4.12.0", 8.0, 0.4)),
        absent={"MOSSE": "not installed: this OpenCV has no legacy module"},
    )


def made_up_report(*bundles: BundleReport, **changes: Any) -> BenchReport:
    """A report of which all was measured: of two bundles and a peer unless ``bundles`` are given.

    Args:
        bundles: of the report.
        changes: other attributes.
    """
    shown = bundles or (made_up_bundle(), made_up_bundle("s onnx/int8", median_ms=2.0, seed=1))
    report = BenchReport(
        schema_version=SCHEMA_VERSION,
        created="2026-01-02T03:04:05+00:00",
        command="sdst-edge bench m/ s/ --peers",
        complete=True,
        stopped="",
        device="cpu",
        reached_by="",
        sysroot="",
        host=made_up_host(),
        bundles=shown,
        peers=_peers(shown),
    )
    return replace(report, **changes)


def minimal_report(**changes: Any) -> BenchReport:
    """A report of a host that tells nothing, of a bundle of which nothing was measured, each with its reason."""
    nothing: dict[str, Any] = {**dict.fromkeys(PARTS), "targets": ()}
    bundle = made_up_bundle(**nothing, not_measured={part: f"made-up reason of {part}" for part in PARTS})
    return made_up_report(bundle, host=Host(environment=Environment(**ENVIRONMENT)), peers=None, **changes)


def partial_report(**changes: Any) -> BenchReport:
    """A report that ended in the middle: the first bundle has its closed loop, the second one nothing."""
    stopped = {part: "ended before it" for part in PARTS if part != "closed_loop"}
    first = made_up_bundle(**{**dict.fromkeys(stopped), "targets": ()}, not_measured=stopped)
    second = replace(first, name="s onnx/int8", closed_loop=None, not_measured=dict.fromkeys(PARTS, "ended before it"))
    ended = {"complete": False, "stopped": "interrupted during camera of m onnx/fp32", "peers": None}
    return made_up_report(first, second, **{**ended, **changes})
