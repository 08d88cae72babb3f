"""What ``bench`` reports: the figures, and their tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdst_bench.environment import NOT_KNOWN, Environment
from sdst_bench.stats import Summary
from sdst_runtime.strict import to_plain

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["OUTSIDE", "LatencyReport", "Memory", "Setup", "Start", "latency_tables"]

#: Stages that are not the network; ``glue`` is what the others leave of ``update()``: Python, and the clock itself.
OUTSIDE = ("crop", "decode", "glue")

_LABELS = {
    "crop": "crop",
    "search": "search network",
    "head": "correlation + head",
    "network": "network",
    "decode": "decode",
    "glue": "glue",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What was measured, and how.

    Attributes:
        bundle: path as it was given.
        family: such as ``nanotrack-v3``.
        variant: such as ``onnx/fp32``.
        engine: that ran it.
        session: how the template was kept.
        device: what the engine ran on.
        threads: of the inference engine.
        size_wh: of the frames, px.
        frames: updates that were timed.
        warmup: updates before them that were not.
        target_px: mean of sqrt(w h) of the target, px.
    """

    bundle: str
    family: str
    variant: str
    engine: str
    session: str
    device: str
    threads: int
    size_wh: tuple[int, int]
    frames: int
    warmup: int
    target_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What happens before the frames flow.

    Attributes:
        load_ms: opening and checking the bundle, making and warming up the session.
        first_init_ms: the first ``init()``: template crop, template graph, and what the session keeps.
        init_p50_ms: median of later calls of ``init()``.
        first_update_ms: the first ``update()`` of the process.
    """

    load_ms: float
    first_init_ms: float
    init_p50_ms: float
    first_update_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory of the process; None where the host does not tell it.

    Attributes:
        peak_rss_bytes: most that the process ever held, interpreter and clip included.
        growth_bytes: from before the bundle was opened to after the last frame: engine, graphs and tracker.
        clip_bytes: of the frames that were played.
    """

    peak_rss_bytes: int | None
    growth_bytes: int | None
    clip_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyReport:
    """Times of one bundle in one configuration on one machine.

    Attributes:
        setup: what was measured.
        start: before the frames flow.
        stages: crop, search (network), head (correlations and the rest of the network), decode, glue; ``network``
            instead of search and head where these are not run apart.
        total: of ``update()``; its mean is the sum of the stages' means.
        memory: of the process.
        environment: machine and versions.
    """

    setup: Setup
    start: Start
    stages: Mapping[str, Summary]
    total: Summary
    memory: Memory
    environment: Environment

    @property
    def fps(self) -> float:
        """Frames per second that ``update()`` alone would allow: 1 / its mean."""
        return 1e3 / self.total.mean

    @property
    def jitter_ms(self) -> float:
        """p99 - p50 of ``update()``."""
        return self.total.p99 - self.total.p50

    @property
    def outside_share_mean(self) -> float:
        """(crop + decode + glue) / update(), of means: 0..1, and exact, as means add up."""
        return sum(self.stages[name].mean for name in OUTSIDE) / self.total.mean

    @property
    def outside_share_p50(self) -> float:
        """The same of medians: not moved by a few slow frames, but medians of parts do not add up exactly."""
        return sum(self.stages[name].p50 for name in OUTSIDE) / self.total.p50

    def to_plain(self) -> dict[str, Any]:
        """JSON values of all attributes and properties."""
        plain: dict[str, Any] = to_plain(self)
        for name in ("fps", "jitter_ms", "outside_share_mean", "outside_share_p50"):
            plain[name] = getattr(self, name)
        return plain


def latency_tables(report: LatencyReport) -> list[RenderableType]:
    """The report for people: setup, stages, what surrounds them, environment."""
    return [_headline(report), _stage_table(report), *_remarks(report)]


def _headline(report: LatencyReport) -> str:
    setup = report.setup
    return (
        f"{setup.family}, {setup.variant}, {setup.engine}, {setup.session} session, {setup.device}, "
        f"{setup.threads} thread(s), "
        f"{setup.size_wh[0]}x{setup.size_wh[1]}, target {setup.target_px:.0f} px, {setup.frames} frames "
        f"after {setup.warmup} of warm-up; capture and decoding of files excluded"
    )


def _stage_table(report: LatencyReport) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table("update(), ms", box=box.SIMPLE_HEAD)
    for column in ("p50", "p90", "p99", "max", "mean", "share of mean"):
        table.add_column(column, justify="right", no_wrap=True)
    rows = [(_LABELS[name], summary) for name, summary in report.stages.items()]
    for label, item in [*rows, ("total", report.total)]:
        values = (f"{value:.3f}" for value in (item.p50, item.p90, item.p99, item.max, item.mean))
        table.add_row(label, *values, f"{item.mean / report.total.mean:.1%}", end_section=label == "glue")
    return table


def _remarks(report: LatencyReport) -> list[str]:
    start, memory, machine = report.start, report.memory, report.environment
    board = f", {machine.board}" if machine.board else ""
    return [
        f"{report.fps:.1f} FPS (1 / mean of update()), jitter {report.jitter_ms:.3f} ms (p99 - p50)",
        f"outside the network (crop + decode + glue): {report.outside_share_mean:.1%} of update() by means, "
        f"{report.outside_share_p50:.1%} by medians (goal for NanoTrack v3 at 1280x720: at most 10 %)",
        f"load {start.load_ms:.1f} ms, first init() {start.first_init_ms:.2f} ms, "
        f"init() p50 {start.init_p50_ms:.2f} ms, first update() {start.first_update_ms:.2f} ms",
        f"peak RSS {_megabytes(memory.peak_rss_bytes)}, of which the clip {_megabytes(memory.clip_bytes)}; "
        f"growth from opening the bundle on {_megabytes(memory.growth_bytes)}; power: not measured",
        f"{machine.cpu}{board}, {machine.cores_usable} of {machine.cores} processors, governor {machine.governor}, "
        f"{machine.system}; INT8 instructions: {machine.int8}",
        f"Python {machine.python}, NumPy {machine.numpy}, ONNX Runtime {machine.onnxruntime}, "
        f"{''.join(f'{name} {version}, ' for name, version in machine.engines.items())}"
        f"libsdst {machine.libsdst} ({machine.isa})",
    ]


def _megabytes(value: int | None) -> str:
    return NOT_KNOWN if value is None else f"{value / 1e6:.1f} MB"
