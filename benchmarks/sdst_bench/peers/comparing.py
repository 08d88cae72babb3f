"""Trackers side by side on the same frames, in one run: the only fair way to compare speeds on a noisy machine."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

import sdst_runtime
from sdst_bench.measuring.accuracy import accuracy_of
from sdst_bench.measuring.clip import Box
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted
from sdst_bench.peers.choice import PeerChoice
from sdst_bench.peers.opencv import PeerFailed
from sdst_bench.peers.opening import Contestant, Inside, open_peers
from sdst_bench.report.model import PeerResult, Peers
from sdst_bench.stats import median_interval, summarize
from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.evaluation import Trajectory, score_trajectory
from sdst_edge.evaluation import summarize as summarize_scores
from sdst_edge.evaluation.raw_results import rounded
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.evaluation.run import check_runnable
from sdst_edge.evaluation.scoring import ScoredSequence
from sdst_runtime.errors import DatasetError

__all__ = ["compare_peers"]

#: Called with the share that is done, and the name of the sequence that is next.
OnProgress: TypeAlias = Callable[[float, str], None]

#: Clips that are played where there is no data set: seeds, and frames of each.
SEEDS, CLIP_FRAMES = (1, 2, 3), 120
RENDERED = "rendered clips"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A contestant, and what it did in the sequences that are done."""

    contestant: Contestant
    scored: list[ScoredSequence] = field(default_factory=list)
    durations_ns: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """A contestant in a sequence: the boxes, the given one first, and how long each update took."""

    boxes: list[Box]
    durations_ns: list[int] = field(default_factory=list)


def compare_peers(
    subjects: Items[Subject],
    sequences: Items[Sequence],
    choice: PeerChoice,
    on_progress: OnProgress,
    dataset: str = "data set",
) -> Peers:
    """Runs bundles and OpenCV's trackers over sequences frame by frame, and scores them by the house rule.

    A frame is decoded once and given to each; who goes first changes from frame to frame, as the first one brings the
    frame into the caches. Each finds the caches as the one before it left them, so all are slower than alone. A tracker
    that breaks off is listed as absent, and the others go on.

    Args:
        subjects: at least one.
        sequences: each with the target visible in its first frame and in one more; empty for rendered clips.
        choice: of peers.
        on_progress: called before each sequence and at the end.
        dataset: path of the sequences as it was given; not looked at where there are none.

    Raises:
        CheckpointError: OpenCV cannot read or run the weights that were given.
        DatasetError: a sequence that cannot be scored, before any is run; frames of different sizes.
        Interrupted: the user ended it after a sequence; the figures of those that were done by then.
        KeyboardInterrupt: the user ended it before.
    """
    played = _runnable(sequences or [render_clip(seed, frames=CLIP_FRAMES) for seed in SEEDS])
    with ExitStack() as stack:
        bundles = [_contestant(subject, stack) for subject in subjects]
        opened = stack.enter_context(open_peers(choice))
        comparison = _Comparison(dataset if sequences else RENDERED, [*bundles, *opened.contestants], opened.absent)
        try:
            for number, sequence in enumerate(played):
                on_progress(number / len(played), sequence.name)
                comparison.play(sequence)
            on_progress(1.0, "")
        except KeyboardInterrupt:
            if comparison.done:
                raise Interrupted(comparison.peers()) from None
            raise
        return comparison.peers()


def _runnable(sequences: Items[Sequence]) -> Items[Sequence]:
    for sequence in sequences:
        check_runnable(sequence)
    return sequences


def _contestant(subject: Subject, stack: ExitStack) -> Contestant:
    version = f"sdst-edge {sdst_runtime.__version__}"
    return Inside(name=subject.name, version=version, tracker=stack.enter_context(subject.tracker()))


class _Comparison:
    """Sequences that were played by all contestants.

    Attributes:
        done: how many.
    """

    def __init__(self, dataset: str, contestants: Items[Contestant], absent: dict[str, str]) -> None:
        self.done = 0
        self._dataset = dataset
        self._records = [_Record(contestant=contestant) for contestant in contestants]
        self._absent = dict(absent)

    def play(self, sequence: Sequence) -> None:
        """Plays a sequence to all, and scores them."""
        runs = _follow([record.contestant for record in self._left()], sequence, self._absent)
        for record in self._left():
            run = runs[record.contestant.name]
            boxes_xywh = rounded(np.array(run.boxes, dtype=np.float64), origin=sequence.origin)
            record.scored.append(
                score_trajectory(HOUSE, sequence, Trajectory(name=sequence.name, boxes_xywh=boxes_xywh))
            )
            record.durations_ns.extend(run.durations_ns)
        self.done += 1

    def peers(self) -> Peers:
        """Of the sequences that are done, at least one."""
        reference = summarize(self._records[0].durations_ns).p50
        return Peers(
            frames_from=self._dataset,
            results=tuple(self._result(record, reference) for record in self._left()),
            absent=self._absent,
        )

    def _left(self) -> list[_Record]:
        return [record for record in self._records if record.contestant.name not in self._absent]

    def _result(self, record: _Record, reference_ms: float) -> PeerResult:
        update = summarize(record.durations_ns)
        return PeerResult(
            name=record.contestant.name,
            version=record.contestant.version,
            scores=accuracy_of(summarize_scores(HOUSE, record.scored, tracker=record.contestant.name), self._dataset),
            update=update,
            median_ms=median_interval(np.array(record.durations_ns, np.float64) / 1e6),
            ratio=update.p50 / reference_ms,
        )


def _follow(contestants: Items[Contestant], sequence: Sequence, absent: dict[str, str]) -> dict[str, _Run]:
    """Runs by name; those that break off are not in it, but in ``absent`` with the reason."""
    x, y, w, h = sequence.boxes_xywh[0].tolist()
    runs = {contestant.name: _Run([(x, y, w, h)]) for contestant in contestants}
    order = list(contestants)
    first = sequence.frames[0]
    for index in range(len(sequence)):
        frame = first if index == 0 else sequence.frames[index]
        if frame.shape != first.shape:
            raise DatasetError(
                f"sequence {sequence.name}: frame {index + 1} has shape {frame.shape}, frame 1 {first.shape}; "
                "expected frames of one size"
            )
        for contestant in tuple(order):
            run = runs[contestant.name]
            try:
                if index == 0:
                    contestant.init(frame, run.boxes[0])
                    continue
                box, duration_ns = contestant.step(frame)
            except PeerFailed as failure:
                absent[contestant.name] = f"broke off in frame {index + 1} of {sequence.name}: {failure}"
                del runs[contestant.name]
                order.remove(contestant)
                continue
            run.boxes.append(box)
            run.durations_ns.append(duration_ns)
        order.append(order.pop(0))
    return runs
