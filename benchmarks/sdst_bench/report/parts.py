"""What was measured of one bundle, part by part. None: not measured.

Times are milliseconds, of ``perf_counter_ns``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdst_bench.stats import Interval, Summary

__all__ = [
    "Accuracy",
    "Camera",
    "ClosedLoop",
    "Memory",
    "Power",
    "PythonCost",
    "Rail",
    "Sample",
    "Start",
    "Sustained",
    "Targets",
]

#: Stages that are not the network; ``glue`` is what the others leave of ``update()``: Python, and the clock itself.
OUTSIDE = ("crop", "decode", "glue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A fresh process, up to its first box.

    Attributes:
        import_ms: importing ``sdst_runtime``.
        load_ms: opening and checking the bundle, making and warming up the session; engines that had to be built
            are in it.
        build_ms: of ``load_ms``, building engines; 0 where they were there, or the engine builds none.
        first_init_ms: the first ``init()``: template crop, template graph, and what the session keeps.
        init: later calls of ``init()``.
        first_update_ms: the first ``update()``.
        process_to_first_box_ms: from the start of the interpreter to the first box, frames in memory.
    """

    import_ms: float
    load_ms: float
    build_ms: float
    first_init_ms: float
    init: Summary
    first_update_ms: float
    process_to_first_box_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Of a fresh process that loads the bundle and follows one target, with one frame in memory.

    Attributes:
        peak_rss_bytes: most that it ever held resident (VmHWM), interpreter included.
        pss_bytes: its share of resident memory at the end (PSS), pages that processes share divided among them.
        growth_bytes: resident memory from before the bundle was opened to the end: engine, graphs and tracker.
        template_bytes: kernels that are kept of one target.
        gpu_bytes: that the process holds on a GPU that has memory of its own, or by which the host's available memory
            sank on boards whose GPU shares it; None where neither is told, and of engines on the CPU.
        gpu_source: where ``gpu_bytes`` comes from; empty where it is None.
    """

    peak_rss_bytes: int | None
    pss_bytes: int | None
    growth_bytes: int | None
    template_bytes: int
    gpu_bytes: int | None = None
    gpu_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLoop:
    """``update()`` again and again, the next frame as soon as the last one is done.

    Attributes:
        frames: updates that were timed.
        rounds: turns in which they were timed; bundles that are measured together alternate by rounds.
        warmup: updates before the first round, which were not timed.
        capture: reading a frame from the user's source, which is not in ``total``; None for frames from memory.
        stages: ``crop``, ``search`` (network), ``head`` (correlations and the rest of the network), ``decode``,
            ``glue``; ``network`` instead of search and head where an engine runs them as one. Of a frame, they add up
            to ``total``; so do their means, other than their percentiles.
        total: of ``update()``.
        median_ms: 95 % interval of the median of ``total``, by resampling blocks of frames.
        jitter_ms: p99 - p50 of ``total``.
        fps: updates a second: 1000 / mean of ``total``.
        total_ms: of each frame, in order.
    """

    frames: int
    rounds: int
    warmup: int
    capture: Summary | None
    stages: Mapping[str, Summary]
    total: Summary
    median_ms: Interval
    jitter_ms: float
    fps: float
    total_ms: tuple[float, ...]

    @property
    def outside_ms(self) -> float:
        """Mean of what of ``total`` is not the network: crop, decode and glue."""
        return sum(self.stages[name].mean for name in OUTSIDE if name in self.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Frames at a camera's rate; a tracker that is late takes the newest and drops the others.

    Attributes:
        fps: of the camera.
        seconds: that it ran.
        frames: that it delivered.
        processed: those of them that the tracker took.
        dropped: the others, which came while it was busy.
        latency: from a frame's arrival to its box.
        busy_share: of the time, in ``update()``, 0..1.
        latency_ms: of each processed frame, in order.
    """

    fps: float
    seconds: float
    frames: int
    processed: int
    dropped: int
    latency: Summary
    busy_share: float
    latency_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Several targets that share one session.

    Attributes:
        targets: how many.
        frame: ``update()`` of all of them.
        per_target_ms: p50 of ``frame`` / ``targets``.
    """

    targets: int
    frame: Summary
    per_target_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonCost:
    """What a frame costs without the network, and what timing its stages costs.

    Attributes:
        identity_update: ``update()`` around a session that returns the same maps at once.
        python_ms: p50 of what of the bundle's ``update()`` is neither in libsdst nor in the session: Python around
            both, with caches as the network leaves them. What a session does in Python counts as the network.
        timed_ms: p50 of ``update()`` of the bundle with stage timers.
        untimed_ms: the same without, frames taking turns.
        timer_share: (``timed_ms`` - ``untimed_ms``) / ``untimed_ms``; noise may make it negative.
        timer_share_95: 95 % interval of it: what is narrower than the noise of the host cannot be seen.
    """

    identity_update: Summary
    python_ms: float
    timed_ms: float
    untimed_ms: float
    timer_share: float
    timer_share_95: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The host at one moment of a sustained run, with the frames since the last one.

    Attributes:
        seconds: since the start.
        frames: done since the sample before.
        frame_p50_ms: of them; None where there are none.
        clocks_mhz: by the name of what is clocked.
        temperatures_c: by the sensor's name.
        power_mw: by rail.
    """

    seconds: float
    frames: int
    frame_p50_ms: float | None
    clocks_mhz: Mapping[str, float]
    temperatures_c: Mapping[str, float]
    power_mw: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """A run long enough to get warm.

    Attributes:
        seconds: that it ran.
        fps: of the camera that set the pace; None for a closed loop.
        frames: updates that were done.
        total: of ``update()`` over all of them.
        first_p50_ms: of the frames in the first fifth of the time.
        last_p50_ms: of the last fifth.
        slowdown: ``last_p50_ms`` / ``first_p50_ms``; above 1 where it got slower.
        throttling: what clocks and the host's own counters say about it, in words; empty where none was read.
        samples: of the host, in order, twice a second.
        lost: which sensor failed in the run and why; its values are absent from then on. Empty where none did.
    """

    seconds: float
    fps: float | None
    frames: int
    total: Summary
    first_p50_ms: float
    last_p50_ms: float
    slowdown: float
    throttling: str
    samples: tuple[Sample, ...]
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    """A supply whose power is measured, mean over time.

    Attributes:
        name: as the board labels it, such as ``VDD_CPU_GPU_CV``.
        idle_mw: before the bundle was opened.
        busy_mw: in a closed loop.
        in_total: whether the total is made of it.
    """

    name: str
    idle_mw: float
    busy_mw: float
    in_total: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Power while ``update()`` runs in a closed loop.

    Attributes:
        source: ``INA3221``, ``tegrastats`` or ``RAPL``.
        total_of: what the total is, in words: of which supplies, and what is not in it.
        idle_seconds: of the baseline.
        busy_seconds: of the loop.
        frames: of the loop.
        rails: all that are named.
        idle_mw: of the total.
        busy_mw: of the total.
        frame_mj: energy of a frame: ``busy_mw`` * ``busy_seconds`` / ``frames``, millijoules.
        frame_above_idle_mj: the same of what the total rose by.
    """

    source: str
    total_of: str
    idle_seconds: float
    busy_seconds: float
    frames: int
    rails: tuple[Rail, ...]
    idle_mw: float
    busy_mw: float
    frame_mj: float
    frame_above_idle_mj: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Scores on sequences with known boxes, by the project's own rule; each is a mean over sequences.

    Attributes:
        dataset: path as it was given.
        rule_text: the rule in words.
        sequences: that were scored.
        frames: updates, of all sequences.
        success_auc: area under the curve of the share of frames over the overlap that is asked for, 0..1.
        precision_20: share of frames in which the centre is at most 20 px off, 0..1.
        ao: mean overlap (intersection over union), 0..1.
        sr_50: share of frames in which the overlap is above one half, 0..1.
    """

    dataset: str
    rule_text: str
    sequences: int
    frames: int
    success_auc: float
    precision_20: float
    ao: float
    sr_50: float
