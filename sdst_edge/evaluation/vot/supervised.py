"""VOT2016 to VOT2019: the tracker is set anew when it has lost the target. Scored as PySOT does.

Kristan et al., A Novel Performance Evaluation Methodology for Single-Target Trackers, TPAMI 2016, as PySOT's toolkit
computes it (``toolkit/evaluation/{ar,eao}_benchmark.py``):

* accuracy: mean overlap over the frames of all sequences, without the ten from each initialisation on; over runs first.
* lost number: failures of all sequences, mean over runs. Robustness: the same for a hundred frames. Low is good.
* EAO: each run is cut into fragments, each from an initialisation to the next one. A fragment that ends in a failure
  goes on with overlap 0 for ever; the last one of a run just ends. The curve at length L is the mean over fragments
  that reach it of their mean overlap in frames 2 to L; EAO is the curve's mean over a range of lengths. For a tag,
  fragments are weighted by the share of their frames that carry it.

What else is the original's: accuracy bounds outlines by the picture's (width, height), EAO by (width - 1, height - 1).
An unknown overlap is 0 in a run with failures; in one without, it is left out of the curve at its length, which is no
number from there on. A failure five frames before the end makes its fragment weigh as if it were a frame longer.
A frame without a target, which the original does not know, has overlap 0 in the EAO and none in the accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.vot.protocol import AttributeScores, VotScores
from sdst_edge.evaluation.vot.pysot_overlap import picture_overlaps
from sdst_edge.evaluation.vot.runs import Run, SequenceRuns
from sdst_edge.evaluation.vot.truth import true_regions
from sdst_runtime.errors import DatasetError

__all__ = ["BURN_IN", "SKIPPED", "SupervisedScores", "score_supervised_sequence", "score_supervised_set"]

#: Frames from an initialisation on that do not count for accuracy: the tracker still has what it was given.
BURN_IN = 10

#: From a failure to the next initialisation, frames.
SKIPPED = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SupervisedScores:
    """Figures of one sequence, and what those of a set are made from.

    Attributes:
        name: of the sequence.
        accuracy_overlaps: (N,), mean over runs; NaN where no run counts.
        failures: (R,) of each run.
        fragments: of all runs.
        tags: of the frames, (N,) bool each.
    """

    name: str
    accuracy_overlaps: NDArray[np.float64]
    failures: NDArray[np.intp]
    fragments: tuple[Fragment, ...]
    tags: Mapping[str, NDArray[np.bool_]]

    @property
    def frames(self) -> int:
        """That count for accuracy in one run or more."""
        return int((~np.isnan(self.accuracy_overlaps)).sum())

    @property
    def scores(self) -> dict[str, float]:
        """Accuracy, robustness and lost number; there is no EAO of a single sequence."""
        lost = float(self.failures.mean())
        return {
            "accuracy": _mean_of_numbers(self.accuracy_overlaps),
            "robustness": 100.0 * lost / len(self.accuracy_overlaps),
            "lost_number": lost,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fragment:
    """A run from an initialisation to the next one, or to its end.

    Attributes:
        start: its first frame.
        overlaps: (L,); NaN where none is known, in a run without failures.
        failed: whether it ended in a failure: then it goes on with overlap 0.
        length: in frames, by which its share of frames with a tag is told: L, or L + 1.
    """

    start: int
    overlaps: NDArray[np.float64]
    failed: bool
    length: int


def score_supervised_sequence(sequence: Sequence, runs: SequenceRuns) -> SupervisedScores:
    """Figures of one sequence.

    Raises:
        DatasetError: there is no run, one has other than an answer for each frame, the first picture is needed for its
            size and cannot be read, or a region is a mask.
    """
    lengths = {len(run.answers) for run in runs.runs}
    if lengths != {len(sequence)}:
        raise DatasetError(
            f"sequence {sequence.name}: runs of {sorted(lengths)} answers, expected one a frame: {len(sequence)}"
        )
    truth, size_wh = true_regions(sequence), sequence.picture_size()
    absent = np.array([region is SpecialCode.UNKNOWN for region in truth])
    counted, fragments = [], []
    for run in runs.runs:
        inner, outer = picture_overlaps(run.answers, truth, size_wh)
        counted.append(np.where(_burning_in(run), np.nan, outer))
        fragments += _fragments(run, np.where(absent, 0.0, inner))
    return SupervisedScores(
        name=sequence.name,
        accuracy_overlaps=_means_of_numbers(np.array(counted)),
        failures=np.array([len(_failures(run)) for run in runs.runs]),
        fragments=tuple(fragments),
        tags=sequence.frame_attributes,
    )


def score_supervised_set(items: Items[SupervisedScores], low: int, high: int) -> VotScores:
    """Figures of a set.

    Args:
        items: of its sequences, N >= 1.
        low: shortest length, frames, that EAO is the mean over.
        high: the longest one.
    """
    lost = float(sum(item.failures.mean() for item in items))
    frames = sum(len(item.accuracy_overlaps) for item in items)
    tags = list(dict.fromkeys(name for item in items for name, flags in item.tags.items() if flags.any()))
    curves = _eao_curves(items, tags)
    eao = [_mean_of_numbers(curve[low - 1 : high]) for curve in curves]
    known = np.flatnonzero(~np.isnan(curves[0]))
    return VotScores(
        overall={
            "eao": eao[0],
            "accuracy": _mean_of_numbers(np.concatenate([item.accuracy_overlaps for item in items])),
            "robustness": 100.0 * lost / frames,
            "lost_number": lost,
        },
        sequences=tuple(items),
        attributes={
            tag: AttributeScores(sequences=_holding(items, tag), scores={"eao": value})
            for tag, value in zip(tags, eao[1:], strict=True)
        },
        lengths=(known + 1).astype(np.float64),
        eao_curve=curves[0, known],
    )


def _failures(run: Run) -> list[int]:
    return [index for index, answer in enumerate(run.answers) if answer is SpecialCode.FAILURE]


def _burning_in(run: Run) -> NDArray[np.bool_]:
    burning = np.zeros(len(run.answers), dtype=np.bool_)
    for index, answer in enumerate(run.answers):
        if answer is SpecialCode.INITIALIZATION:
            burning[index : index + BURN_IN] = True
    return burning


def _fragments(run: Run, overlaps: NDArray[np.float64]) -> list[Fragment]:
    """The original also takes the first frame of the next fragment for one of this one."""
    failures, end = _failures(run), len(overlaps)
    if failures:
        overlaps = np.where(np.isnan(overlaps), 0.0, overlaps)
    starts = [0, *(index + SKIPPED for index in failures if index + SKIPPED <= end)]
    failed = [
        Fragment(start=start, overlaps=overlaps[start : stop + 1], failed=True, length=stop + 1 - start)
        for start, stop in pairwise(starts)
    ]
    last = Fragment(start=starts[-1], overlaps=overlaps[starts[-1] :], failed=False, length=end - starts[-1])
    return [*failed, last]


def _eao_curves(items: Items[SupervisedScores], tags: Items[str]) -> NDArray[np.float64]:
    """Curves (1 + T, L): over all fragments, then for each tag; NaN where the original's is, or weighs nothing."""
    pairs = [(item, fragment) for item in items for fragment in item.fragments]
    most = max(len(item.accuracy_overlaps) for item in items)
    overlaps, reached = np.zeros((len(pairs), most)), np.zeros((len(pairs), most), dtype=np.bool_)
    weights = np.zeros((1 + len(tags), len(pairs)))
    for row, (item, fragment) in enumerate(pairs):
        count = len(fragment.overlaps)
        overlaps[row, :count] = fragment.overlaps
        reached[row, : most if fragment.failed else count] = True
        weights[:, row] = [count, *(_count(item.tags.get(tag), fragment) for tag in tags)]
        weights[:, row] /= max(fragment.length, 1)
    reached &= ~np.isnan(overlaps)
    means = np.ones_like(overlaps)
    means[:, 1:] = np.cumsum(overlaps[:, 1:], axis=1) / np.arange(1, most)
    with np.errstate(invalid="ignore"):
        curves: NDArray[np.float64] = weights @ np.where(reached, means, 0.0) / (weights @ reached)
    curves[:, ~reached.any(axis=0)] = 0.0
    curves[:, 0] = 1.0
    return curves


def _count(flags: NDArray[np.bool_] | None, fragment: Fragment) -> int:
    """The fragment's frames with a tag."""
    return 0 if flags is None else int(flags[fragment.start : fragment.start + len(fragment.overlaps)].sum())


def _holding(items: Items[SupervisedScores], tag: str) -> int:
    return sum(tag in item.tags and bool(item.tags[tag].any()) for item in items)


def _mean_of_numbers(values: NDArray[np.float64]) -> float:
    """Mean of those that are numbers; NaN where none is."""
    numbers = values[~np.isnan(values)]
    return float(numbers.mean()) if len(numbers) else float("nan")


def _means_of_numbers(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, N) to (N,), likewise."""
    counts = (~np.isnan(values)).sum(axis=0)
    means: NDArray[np.float64] = np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)
    return means
