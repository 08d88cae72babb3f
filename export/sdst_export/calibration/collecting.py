"""Crops cut by the tracker itself, as it follows targets through real frames.

What the network is given depends on where the tracker believes the target to be, and on how it cuts, resizes and
normalises. So nothing of that is done again here: the fp32 variant follows each sequence with the real tracker, and a
session in between keeps what the tracker hands over. Of each run some crops are evenly spaced in time; the others are
those that the tracker was least sure of, where occlusion, blur and lookalikes are.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_export.accuracy.running import engine_here
from sdst_export.calibration.crops import CalibrationSet, CropPair, evenly, is_plain
from sdst_export.progress import Progress
from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.consistency import search_configs
from sdst_runtime.errors import BoxError, ConfigError, DatasetError
from sdst_runtime.loading import open_session
from sdst_runtime.session import Outputs, Session, Template
from sdst_runtime.tracker import Tracker

__all__ = ["SEARCHES", "collect"]

SEARCHES = 120
_STARTS = 2  # per sequence: at its first visible frame, and half way on
_RUN_FRAMES = 40  # followed from each start
_MIN_CROPS = 4  # of a run; with more runs than that allows, some sequences are passed over


def collect(
    bundle: Bundle,
    sequences: Items[Sequence],
    source: str,
    *,
    searches: int = SEARCHES,
    on_progress: Progress | None = None,
) -> CalibrationSet:
    """Crops of targets that the bundle's default variant follows; the same every time.

    Where small targets have a search size of their own, half of the search crops are of that size.

    Args:
        bundle: whose default variant is the fp32 one. TensorRT's is run by ONNX Runtime.
        sequences: annotated.
        source: name of the data set.
        searches: about how many search crops to keep; each takes ``12 * search_size ** 2`` bytes.
        on_progress: called with the name of each sequence before it is followed, and the share done.

    Raises:
        ConfigError: ``searches`` is below 1.
        DatasetError: there are no sequences, none has a visible target, frames cannot be read, or what is left of the
            crops is too little to calibrate on.
    """
    if searches < 1:
        raise ConfigError(f"searches is {searches}, expected the number of search crops to calibrate on")
    configs = search_configs(bundle.manifest.tracker)
    runs = [run for sequence in sequences for run in _runs(sequence)]
    if not runs:
        raise DatasetError(
            f"{source}: no sequence with a visible target in {len(sequences)} to calibrate on; name a data set of "
            "annotated sequences"
        )
    runs = evenly(runs, max(_STARTS, searches // (_MIN_CROPS * len(configs))))
    share = max(1, round(searches / (len(runs) * len(configs))))
    pairs: list[CropPair] = []
    engine = engine_here(bundle, bundle.manifest.default_variant)
    with closing(open_session(bundle, engine=engine)) as session:
        for number, run in enumerate(runs):
            if on_progress is not None:
                on_progress(run.sequence.name, number / len(runs))
            for config in configs:
                pairs += _follow(session, config, run, share)
    return CalibrationSet(source=source, sequences=len({run.sequence.name for run in runs}), pairs=tuple(pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A stretch of a sequence to follow."""

    sequence: Sequence
    start: int

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Those after the first one."""
        for index in range(self.start + 1, min(self.start + 1 + _RUN_FRAMES, len(self.sequence))):
            yield self.sequence.frames[index]


class _Recorder:
    """A session that remembers what it was given."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.z: NDArray[np.float32] | None = None
        self.x: NDArray[np.float32] | None = None

    def embed(self, z: NDArray[np.float32]) -> Template:
        """See :class:`Session`; ``z`` is copied."""
        self.z = z.copy()
        return self._session.embed(z)

    def match(self, template: Template, x: NDArray[np.float32]) -> Outputs:
        """See :class:`Session`; ``x`` is what the caller writes the next one over."""
        self.x = x
        return self._session.match(template, x)

    def close(self) -> None:
        """Nothing: the session is not this one's own."""


def _runs(sequence: Sequence) -> list[_Run]:
    visible = np.flatnonzero(sequence.visible[:-1])  # a search needs a frame after it
    if not len(visible):
        return []
    middle = visible[np.searchsorted(visible, min(visible[0] + len(sequence) // 2, visible[-1]))]
    return [_Run(sequence=sequence, start=int(start)) for start in dict.fromkeys((visible[0], middle))]


def _follow(session: Session, config: TrackerConfig, run: _Run, share: int) -> list[CropPair]:
    """At most ``share`` crops of a run, in order of time; none where its first box cannot be followed."""
    recorder = _Recorder(session)
    hard_share = share // 2
    count = min(_RUN_FRAMES, len(run.sequence) - 1 - run.start)
    even = set(np.linspace(0, count - 1, min(share - hard_share, count)).round().astype(int).tolist())
    kept: dict[int, CropPair] = {}
    hard: list[tuple[float, int, CropPair]] = []
    with closing(Tracker(recorder, config)) as tracker:
        try:
            tracker.init(run.sequence.frames[run.start], run.sequence.boxes_xywh[run.start].tolist())
        except BoxError:  # the box of a target that is all but gone
            return []
        for index, frame in enumerate(run.frames()):
            score = tracker.update(frame).score
            assert recorder.z is not None
            assert recorder.x is not None
            is_hard = index not in even and (len(hard) < hard_share or (bool(hard) and score < hard[-1][0]))
            if (index in even or is_hard) and not is_plain(recorder.x) and not is_plain(recorder.z):
                pair = CropPair(z=recorder.z, x=recorder.x.copy())
                if index in even:
                    kept[index] = pair
                else:
                    hard = sorted([*hard, (score, index, pair)], key=lambda item: item[:2])[:hard_share]
    kept |= {index: pair for _, index, pair in hard}
    return [kept[index] for index in sorted(kept)]
