"""How long ``update()`` takes on this machine, and which of its stages takes it.

Frames are rendered before the clock starts and played back and forth; capture and file decoding are in no figure.
Before each frame the target is put where it was in the frame before: a network that loses a rendered target would
otherwise drift to crops of an untypical size.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from sdst_bench.environment import peak_rss_bytes, probe_environment, rss_bytes
from sdst_bench.latency_report import LatencyReport, Memory, Setup, Start
from sdst_bench.stats import Summary, summarize
from sdst_bench.stopwatch import STAGES, WHOLE_STAGES, Stopwatch, TimedCore, TimedSession, TimedWhole
from sdst_edge.datasets import Sequence, render_clip
from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError
from sdst_runtime.loading import OpenedSession, SessionChoice, open_session
from sdst_runtime.manifest import EngineName
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.session import Session
from sdst_runtime.tracker import Tracker

__all__ = ["LatencyReport", "measure"]

CLIP_FRAMES = 32  # 88 MB at 1280x720: more than most caches hold, so that frames come from memory as a camera's do
CLIP_SEED = 11  # a target of about 100 px at 1280x720, whose search crop stays inside the frame
MAX_CLIP_BYTES = 2**30  # above a clip of 3840x2160, below what a board with 2 GB of memory holds
INIT_REPEATS = 10


def measure(
    bundle: str | Path,
    *,
    threads: int = 1,
    variant: str | None = None,
    session: SessionChoice = "auto",
    engine: EngineName | None = None,
    accelerator: str | None = None,
    size_wh: tuple[int, int] = (1280, 720),
    frames: int = 300,
    warmup: int = 20,
) -> LatencyReport:
    """Times a bundle on this machine, on a rendered clip.

    Args:
        bundle: folder.
        threads: of the inference engine, >= 1.
        variant: of the bundle, None for its default.
        session: how the template is kept; ``auto`` as the variant says.
        engine: that runs the variant, None for its own.
        accelerator: that the engine runs on, None for its default; both as :func:`sdst_runtime.open_session` has them.
        size_wh: of the frames, px, sides >= 96, in all at most ``MAX_CLIP_BYTES`` for the clip.
        frames: updates to time, >= 1.
        warmup: updates before them, >= 0.

    Raises:
        ConfigError: a number out of its range.
        ManifestError: the bundle is not what its manifest says.
        BackendUnavailable: the engine or libsdst is missing.
        DeviceError: the accelerator is not there.
    """
    if frames < 1 or warmup < 0:
        raise ConfigError(f"frames is {frames} and warmup {warmup}, expected frames >= 1 and warmup >= 0")
    width, height = size_wh
    if (clip_bytes := CLIP_FRAMES * width * height * 3) > MAX_CLIP_BYTES:
        raise ConfigError(
            f"{CLIP_FRAMES} frames of {width}x{height} take {clip_bytes / 1e9:.1f} GB of memory, "
            f"expected at most {MAX_CLIP_BYTES / 1e9:.1f} GB; choose smaller frames"
        )
    clip = _Clip(render_clip(CLIP_SEED, frames=CLIP_FRAMES, size_wh=size_wh))
    rss_before = rss_bytes()
    start = perf_counter_ns()
    opened = Bundle.open(bundle)
    name = engine or opened.variant(variant).engine
    with open_session(opened, session, threads, variant, engine=engine, accelerator=accelerator) as running:
        load_ms = (perf_counter_ns() - start) / 1e6
        run = _Run(running, opened.manifest.tracker, clip)
        run.play(frames, warmup)
        memory = _memory(rss_before, clip)
        setup = Setup(
            bundle=str(bundle),
            family=opened.manifest.family,
            variant=variant or opened.manifest.default_variant,
            engine=name,
            session=running.kind,
            device=accelerator or ("gpu" if name == "tensorrt" else "cpu"),
            threads=threads,
            size_wh=size_wh,
            frames=frames,
            warmup=warmup,
            target_px=clip.target_px,
        )
    return LatencyReport(
        setup=setup,
        start=run.start(load_ms),
        stages=run.stages(),
        total=run.total(),
        memory=memory,
        environment=probe_environment(),
    )


class _Clip:
    """Frames in memory, with the target's boxes."""

    def __init__(self, sequence: Sequence) -> None:
        self.frames: list[NDArray[np.uint8]] = [sequence.frames[index] for index in range(len(sequence))]
        self.boxes_xywh = [(x, y, w, h) for x, y, w, h in sequence.boxes_xywh.tolist()]
        self.size_bytes = sum(frame.nbytes for frame in self.frames)
        self.target_px = float(np.sqrt(sequence.boxes_xywh[:, 2:].prod(axis=1)).mean())

    def back_and_forth(self) -> Iterator[tuple[int, int]]:
        """Pairs (index of the frame before, index of the frame) without end: 1, ..., N - 1, N - 2, ..., 0, 1, ..."""
        last = len(self.frames) - 1
        forth = [(index - 1, index) for index in range(1, last + 1)]
        back = [(index + 1, index) for index in range(last - 1, -1, -1)]
        return cycle(forth + back)


class _Run:
    """Plays a clip through a tracker whose stages are timed."""

    def __init__(self, session: OpenedSession, config: TrackerConfig, clip: _Clip) -> None:
        self._clip = clip
        timed: Session
        if isinstance(session, OrtSession):
            self._watch = Stopwatch(STAGES)
            timed = TimedSession(session, self._watch)
        else:
            self._watch = Stopwatch(WHOLE_STAGES)
            timed = TimedWhole(session, self._watch)
        self._tracker = Tracker(timed, config, core=self._make_core)
        self._init_ns: list[int] = []
        self._first_update_ns = 0

    def play(self, frames: int, warmup: int) -> None:
        """Takes the target some times, then follows it; of the updates the last ``frames`` are kept."""
        for _ in range(1 + INIT_REPEATS):
            start = perf_counter_ns()
            self._tracker.init(self._clip.frames[0], self._clip.boxes_xywh[0])
            self._init_ns.append(perf_counter_ns() - start)
        pairs = self._clip.back_and_forth()
        self._follow(islice(pairs, 1))
        self._first_update_ns = self._watch.durations_ns["total"][0]
        self._follow(islice(pairs, warmup))
        self._watch.clear()
        self._follow(islice(pairs, frames))
        self._tracker.close()

    def start(self, load_ms: float) -> Start:
        """What came before the frames."""
        return Start(
            load_ms=load_ms,
            first_init_ms=self._init_ns[0] / 1e6,
            init_p50_ms=summarize(self._init_ns[1:]).p50,
            first_update_ms=self._first_update_ns / 1e6,
        )

    def stages(self) -> dict[str, Summary]:
        """By stage; glue is what the others leave of the whole, frame by frame."""
        times = {name: np.array(durations, np.int64) for name, durations in self._watch.durations_ns.items()}
        names = self._watch.stages
        glue = times["total"] - np.sum([times[name] for name in names], axis=0)
        return {**{name: summarize(times[name]) for name in names}, "glue": summarize(glue)}

    def total(self) -> Summary:
        """Of ``update()``."""
        return summarize(self._watch.durations_ns["total"])

    def _follow(self, pairs: Iterator[tuple[int, int]]) -> None:
        total_ns = self._watch.durations_ns["total"]
        for before, index in pairs:
            self._core.place(self._clip.boxes_xywh[before])
            frame = self._clip.frames[index]
            start = perf_counter_ns()
            self._tracker.update(frame)
            total_ns.append(perf_counter_ns() - start)

    def _make_core(self, config: TrackerConfig) -> TimedCore:
        self._core = TimedCore(config, self._watch)
        return self._core


def _memory(rss_before: int | None, clip: _Clip) -> Memory:
    now = rss_bytes()
    growth = now - rss_before if now is not None and rss_before is not None else None
    return Memory(peak_rss_bytes=peak_rss_bytes(), growth_bytes=growth, clip_bytes=clip.size_bytes)
