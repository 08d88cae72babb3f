"""VOT2020 to VOT2022: a run from each anchor, forward or backward, never reset. Scored as vot-toolkit does.

Kristan et al., The Eighth Visual Object Tracking VOT2020 Challenge Results, ECCVW 2020, as vot-toolkit 0.9.0 computes
it (``vot/analysis/multistart.py``). A run fails where ten frames in a row that show the target have an overlap of 0.1
or less: its progress ends before them.

* accuracy: of a sequence, the sum of the overlaps up to the progress over the progress, of all runs together; of a set,
  the mean weighted by the progress.
* robustness: progress over length, likewise; of a set, the mean weighted by the length of the sequence.
* EAO: at length L, the mean over runs of their mean overlap in frames 2 to L. A failed run goes on with overlap 0 for
  ever, another drops out at its end. EAO is the curve's mean over a range of lengths.

The first answer of a run is a code, and its overlap 0 counts as any other.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.vot.protocol import AttributeScores, VotScores
from sdst_edge.evaluation.vot.runs import SequenceRuns
from sdst_edge.evaluation.vot.toolkit_overlap import pixel_shapes, raster_overlaps
from sdst_edge.evaluation.vot.truth import true_regions
from sdst_runtime.errors import DatasetError

__all__ = [
    "MultistartScores",
    "score_multistart_overlaps",
    "score_multistart_sequence",
    "score_multistart_set",
]

#: A run is over at the first of this many frames in a row without success.
GRACE = 10

#: No success: an overlap of this or less.
THRESHOLD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MultistartScores:
    """Figures of one sequence, and what those of a set are made from.

    Attributes:
        name: of the sequence.
        length: of the sequence, frames.
        frames: of all runs together.
        progress: frames before failures, of all runs together.
        overlap_sum: over those frames.
        eao_sums: (high,), sums over runs of their mean overlap in frames 2 to L + 1, at index L.
        eao_runs: (high,), how many runs that are.
        tags: names of those that a frame of the sequence carries.
    """

    name: str
    length: int
    frames: int
    progress: int
    overlap_sum: float
    eao_sums: NDArray[np.float64]
    eao_runs: NDArray[np.float64]
    tags: tuple[str, ...]

    @property
    def scores(self) -> dict[str, float]:
        """Accuracy and robustness; there is no EAO of a single sequence."""
        return {
            "accuracy": self.overlap_sum / self.progress if self.progress else 0.0,
            "robustness": self.progress / self.frames,
        }


def score_multistart_sequence(sequence: Sequence, runs: SequenceRuns, high: int) -> MultistartScores:
    """Figures of one sequence.

    Args:
        sequence: the truth.
        runs: from each of its anchors.
        high: the longest length that EAO is the mean over.

    Raises:
        DatasetError: there is no run, one leaves the sequence, or the first picture is needed for its size and cannot
            be read.
    """
    if not runs.runs:
        raise DatasetError(f"sequence {sequence.name}: no runs to score")
    truth, size_wh = pixel_shapes(true_regions(sequence)), sequence.picture_size()
    passes = []
    for run in runs.runs:
        if not all(0 <= frame < len(truth) for frame in run.frames()):
            raise DatasetError(
                f"sequence {sequence.name}: a run from frame {run.start + 1} has {len(run.answers)} answers and leaves "
                f"the sequence, which has {len(truth)} frames"
            )
        shown = [truth[frame] for frame in run.frames()]
        overlaps = raster_overlaps(pixel_shapes(run.answers), shown, size_wh)
        passes.append((overlaps, np.array([shape.empty for shape in shown])))
    tags = tuple(name for name, flags in sequence.frame_attributes.items() if flags.any())
    return score_multistart_overlaps(sequence.name, len(sequence), passes, high, tags)


def score_multistart_overlaps(
    name: str,
    length: int,
    passes: Items[tuple[NDArray[np.float64], NDArray[np.bool_]]],
    high: int,
    tags: tuple[str, ...] = (),
) -> MultistartScores:
    """Figures of one sequence from overlaps in running order.

    Args:
        name: of the sequence.
        length: of the sequence, frames.
        passes: of each run the overlaps (N,), and where the ground truth is empty (N,): such a frame is no failure, and
            ends a row of them.
        high: the longest length that EAO is the mean over.
        tags: that the sequence's frames carry.
    """
    sums, active, total_progress, overlap_sum = np.zeros(high), np.zeros(high), 0, 0.0
    for overlaps, absent in passes:
        progress = _progress((overlaps <= THRESHOLD) & ~absent)
        total_progress += progress
        overlap_sum += float(overlaps[:progress].sum())
        means = _means(overlaps, progress, high)
        sums += np.nan_to_num(means)
        active += ~np.isnan(means)
    return MultistartScores(
        name=name,
        length=length,
        frames=sum(len(overlaps) for overlaps, _ in passes),
        progress=total_progress,
        overlap_sum=overlap_sum,
        eao_sums=sums,
        eao_runs=active,
        tags=tags,
    )


def score_multistart_set(items: Items[MultistartScores], low: int, high: int) -> VotScores:
    """Figures of a set, and of those of its sequences that carry a tag (which the toolkit does not give).

    Args:
        items: of its sequences, N >= 1.
        low: shortest length, frames, that EAO is the mean over.
        high: the longest one, as for :func:`score_multistart_sequence`; the curve ends one before it, as the toolkit's.
    """
    tags = dict.fromkeys(tag for item in items for tag in item.tags)
    holding = {tag: [item for item in items if tag in item.tags] for tag in tags}
    return VotScores(
        overall=_overall(items, low, high),
        sequences=tuple(items),
        attributes={
            tag: AttributeScores(sequences=len(group), scores=_overall(group, low, high))
            for tag, group in holding.items()
        },
        lengths=np.arange(float(high)),
        eao_curve=_eao_curve(items),
    )


def _progress(lost: NDArray[np.bool_]) -> int:
    """Frames before the first row of lost ones that is as long as the grace; all where there is none."""
    if len(lost) < GRACE:
        return len(lost)
    counts = np.concatenate(((0,), np.cumsum(lost)))
    starts = np.flatnonzero(counts[GRACE:] - counts[:-GRACE] == GRACE)
    return int(starts[0]) if len(starts) else len(lost)


def _means(overlaps: NDArray[np.float64], progress: int, high: int) -> NDArray[np.float64]:
    """(high,), at index L >= 1 the mean of the L overlaps after the first; NaN where the run does not count."""
    count = len(overlaps)
    kept = np.where(np.arange(count) < progress, overlaps, 0.0)
    means = np.full(high, np.nan)
    reached = min(count, high)
    means[1:reached] = np.cumsum(kept[1:reached]) / np.arange(1, reached)
    if progress < count < high:  # the toolkit divides by one less from the run's end on
        means[count:] = kept[1:].sum() / np.arange(count - 1, high - 1)
    return means


def _overall(items: Items[MultistartScores], low: int, high: int) -> dict[str, float]:
    progress = sum(item.progress for item in items)
    length = sum(item.length for item in items)
    return {
        "eao": float(_eao_curve(items)[low : high + 1].mean()),
        "accuracy": sum(item.overlap_sum for item in items) / progress if progress else 0.0,
        "robustness": sum(item.scores["robustness"] * item.length for item in items) / length,
    }


def _eao_curve(items: Items[MultistartScores]) -> NDArray[np.float64]:
    runs = np.sum([item.eao_runs for item in items], axis=0)
    curve: NDArray[np.float64] = np.sum([item.eao_sums for item in items], axis=0) / np.maximum(runs, 1.0)
    return curve
