"""The report as data. None: not measured, with the reason under ``not_measured``.

The schema of the JSON is made from these classes and those of :mod:`.parts` (:mod:`.schema`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdst_bench.host.host import Host
from sdst_bench.report.parts import (
    Accuracy,
    Camera,
    ClosedLoop,
    Memory,
    Power,
    PythonCost,
    Start,
    Sustained,
    Targets,
)
from sdst_bench.stats import Interval, Summary

__all__ = ["SCHEMA_VERSION", "BenchReport", "BundleReport", "PeerResult", "Peers", "Setup"]

#: Of the JSON; goes up when a reader of the last one would misread it.
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What was measured, and how.

    Attributes:
        bundle: path as it was given.
        family: such as ``nanotrack-v3``.
        variant: such as ``onnx/fp32``.
        engine: that ran it, such as ``onnxruntime``.
        session: how the template was kept: ``baked``, ``split`` or ``whole``, as bundles have it.
        accelerator: what the engine ran on, such as ``cpu`` or ``gpu``.
        threads: of the inference engine.
        frames_from: ``rendered clip``, or the source that the user gave.
        size_wh: of the frames, px.
        target_px: mean of sqrt(w h) of the target, px.
        bundle_bytes: of the variant's files.
    """

    bundle: str
    family: str
    variant: str
    engine: str
    session: str
    accelerator: str
    threads: int
    frames_from: str
    size_wh: tuple[int, int]
    target_px: float
    bundle_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerResult:
    """A tracker among others on the same frames.

    Attributes:
        name: of the bundle, or of OpenCV's tracker.
        version: what ran it, such as ``OpenCV 4.12.0``.
        scores: on these frames.
        update: of ``update()`` over all frames.
        median_ms: 95 % interval of its median.
        ratio: of its median to that of the first bundle; above 1 where it is slower.
    """

    name: str
    version: str
    scores: Accuracy
    update: Summary
    median_ms: Interval
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Trackers that took turns on the same frames.

    Attributes:
        frames_from: data set, or ``rendered clips``.
        results: bundles first.
        absent: trackers that could not run, and why.
    """

    frames_from: str
    results: tuple[PeerResult, ...]
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReport:
    """One variant of one bundle.

    Attributes:
        name: that tells it from the others of the report, such as ``n3 onnx/fp32``.
        setup: what was measured.
        start: of a fresh process.
        memory: of the same process.
        closed_loop: stage by stage.
        camera: at a camera's rate.
        targets: one entry a number of targets; empty where it was not measured.
        python_cost: without the network.
        sustained: over time.
        power: of named supplies.
        accuracy: on the user's data.
        not_measured: why parts above are missing, by their names.
    """

    name: str
    setup: Setup
    start: Start | None = None
    memory: Memory | None = None
    closed_loop: ClosedLoop | None = None
    camera: Camera | None = None
    targets: tuple[Targets, ...] = ()
    python_cost: PythonCost | None = None
    sustained: Sustained | None = None
    power: Power | None = None
    accuracy: Accuracy | None = None
    not_measured: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """All of a run.

    Attributes:
        schema_version: of this layout.
        created: start of the run, ISO 8601 with its offset from UTC.
        command: that made it.
        complete: whether all that was asked for was done; what a host does not tell leaves it complete.
        stopped: why and where it ended early; empty where it is complete.
        device: that was measured: ``cpu``, ``cuda``, ``jetson``, ``raspberry-pi`` or ``android``.
        reached_by: ``ssh user@board`` or ``adb SERIAL``; empty for the host of the command.
        sysroot: folder from which host and sensors were read instead of the machine's own; empty for the machine's own.
            Where it is not, these figures are no device's.
        host: that was measured.
        bundles: that were measured together, in the order given.
        peers: on the same frames as the bundles.
    """

    schema_version: int
    created: str
    command: str
    complete: bool
    stopped: str
    device: str
    reached_by: str
    sysroot: str
    host: Host
    bundles: tuple[BundleReport, ...] = ()
    peers: Peers | None = None
