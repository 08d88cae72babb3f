"""Frame times of several trackers that take turns, kept once they were measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeAlias

from sdst_bench.environment import probe_environment
from sdst_bench.host.host import Environment
from sdst_bench.measuring.bundle import measure_bundle
from sdst_bench.measuring.subject import SubjectRequest
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.trials.waiting import wait_for_first
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["FrameTime", "FrameTimes", "TimeBundle", "Timing", "time_in_turns", "update_ms"]

#: Median time of one ``update()`` of the bundle in a folder over so many frames, ms.
TimeBundle: TypeAlias = Callable[[Path, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How to measure.

    Attributes:
        rounds: turns of each tracker, >= 1.
        frames: updates a turn, >= 1.
    """

    rounds: int = 5
    frames: int = 60

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.frames < 1:
            raise ConfigError(f"{self.rounds} rounds of {self.frames} frames, expected at least one of each")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTime:
    """Of one tracker: one ``update()`` in float32 on one thread, 1280x720 frames, milliseconds.

    Attributes:
        ms: median over the rounds, of each the median over its frames.
        low: the fastest round.
        high: the slowest round; how far the two lie apart is the noise of the machine.
    """

    ms: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTimes:
    """Of trackers that were measured together: times of one machine in one run can be compared.

    Attributes:
        timing: how they were measured.
        by_name: of each tracker.
        environment: processor and versions.
    """

    timing: Timing
    by_name: Mapping[str, FrameTime]
    environment: Environment

    @property
    def text(self) -> str:
        """How they were measured, for people."""
        timing, where = self.timing, self.environment
        return (
            f"one update() in float32 on one thread, 1280x720 frames: median of {timing.rounds} rounds in which the "
            f"trackers took turns, each the median of {timing.frames} frames; {where.cpu}, {where.system}, "
            f"ONNX Runtime {where.onnxruntime}, libsdst {where.libsdst} ({where.isa})"
        )


def update_ms(bundle: Path, frames: int) -> float:
    """Median time of one ``update()`` of a bundle, ms, as ``sdst-edge bench`` measures it."""
    loop = measure_bundle(SubjectRequest(bundle=str(bundle)), frames=frames).closed_loop
    assert loop is not None
    return loop.total.p50


def time_in_turns(
    bundles: Mapping[str, Path],
    kept: Path,
    timing: Timing,
    *,
    time_bundle: TimeBundle = update_ms,
    on_progress: Callable[[float], None] | None = None,
) -> FrameTimes:
    """Frame times of bundles; those in a file that was measured alike are taken as they are.

    Args:
        bundles: by name of the tracker, at least one.
        kept: JSON file that remembers the times. Other trackers than those in it are measured anew, all of them.
        timing: how to measure.
        time_bundle: what measures.
        on_progress: called with the share done, 0..1.
    """
    wait_for_first(kept)
    known = _read(kept, timing)
    if known is not None and bundles.keys() <= known.by_name.keys():
        return known
    rounds: dict[str, list[float]] = {name: [] for name in bundles}
    for turn in range(timing.rounds):
        for place, (name, bundle) in enumerate(bundles.items()):
            if on_progress is not None:
                on_progress((turn + place / len(bundles)) / timing.rounds)
            rounds[name].append(time_bundle(bundle, timing.frames))
    by_name = {name: FrameTime(ms=median(all_), low=min(all_), high=max(all_)) for name, all_ in rounds.items()}
    measured = FrameTimes(timing=timing, by_name=by_name, environment=probe_environment())
    with replacing(kept) as part:
        part.write_text(json.dumps(to_plain(measured), indent=2) + "\n", encoding="utf-8")
    return measured


def _read(kept: Path, timing: Timing) -> FrameTimes | None:
    """What the file holds, if it was measured alike."""
    if not kept.exists():
        return None
    try:
        plain = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{kept} cannot be read: {error}; remove it, and the times are measured again") from None
    again = "remove it, and the times are measured again"
    known = from_plain(FrameTimes, plain, where=str(kept), error=lambda text: ConfigError(f"{text}; {again}"))
    return known if known.timing == timing else None
