"""What a variant scores on sequences beside another, each following on its own."""

from __future__ import annotations

from collections.abc import Sequence as Items
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.opening import open_dataset
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.metrics import iou
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.evaluation.run import OnProgress, check_runnable, follow
from sdst_edge.evaluation.scoring import ScoredSequence, score_trajectory, summarize
from sdst_export.accuracy.running import engine_here
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import DatasetError
from sdst_runtime.loading import load
from sdst_runtime.measurements import Accuracy
from sdst_runtime.tracker import Tracker, TrackResult

__all__ = ["Followed", "Validation", "follow_validation", "measure_accuracy"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """Sequences to score variants on.

    Attributes:
        source: name of the data set.
        sequences: at least one, each with the target visible in its first frame and in one more.

    Raises:
        DatasetError: there are no sequences, or one cannot be scored.
    """

    source: str
    sequences: Items[Sequence]

    def __post_init__(self) -> None:
        if not self.sequences:
            raise DatasetError(f"{self.source} has no sequences to validate on; name another data set")
        for sequence in self.sequences:
            check_runnable(sequence)

    @classmethod
    def open(cls, path: Path | str) -> Validation:
        """All sequences of a data set in any layout that is known.

        Raises:
            DatasetError: it is missing or broken, or one of its sequences cannot be scored.
        """
        dataset = open_dataset(path)
        return cls(source=dataset.name, sequences=dataset.sequences)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """What a variant said about all sequences, in their order.

    Attributes:
        variant: its name.
        boxes_xywh: of each sequence (N, 4) float64, image px, the given box first.
        scores: of each sequence (N - 1,) float64, 0..1, from the second frame on.
        success_auc: by the house rule, 0..1.
    """

    variant: str
    boxes_xywh: tuple[NDArray[np.float64], ...]
    scores: tuple[NDArray[np.float64], ...]
    success_auc: float


def follow_validation(
    bundle: Bundle, variant: str, validation: Validation, on_progress: OnProgress | None = None
) -> Followed:
    """What a variant says about each sequence, from the target's box in frame 1 and without resets.

    Args:
        bundle: that holds it.
        variant: its name. TensorRT's is run by ONNX Runtime. One thread.
        validation: the sequences.
        on_progress: called before each sequence and at the end: sequences done, in all, name of the next.

    Raises:
        DatasetError: a frame is missing, or has another size than the first of its sequence.
        ManifestError: there is no such variant.
        BackendUnavailable: its engine is not installed.
    """
    sequences = validation.sequences
    boxes: list[NDArray[np.float64]] = []
    scores: list[NDArray[np.float64]] = []
    scored: list[ScoredSequence] = []
    with closing(load(bundle, variant=variant, engine=engine_here(bundle, variant))) as tracker:
        for number, sequence in enumerate(sequences):
            if on_progress is not None:
                on_progress(number, len(sequences), sequence.name)
            recorder = _Recorder(tracker)
            trajectory = follow(recorder, sequence)
            boxes.append(trajectory.boxes_xywh)
            scores.append(np.array(recorder.scores))
            scored.append(score_trajectory(HOUSE, sequence, trajectory))
    if on_progress is not None:
        on_progress(len(sequences), len(sequences), "")
    auc = summarize(HOUSE, scored, tracker=variant).overall["success_auc"]
    assert auc is not None  # each sequence has a frame to score, which was checked
    return Followed(variant=variant, boxes_xywh=tuple(boxes), scores=tuple(scores), success_auc=auc)


def measure_accuracy(
    bundle: Bundle,
    variant: str,
    reference: Followed | str,
    validation: Validation,
    on_progress: OnProgress | None = None,
) -> Accuracy:
    """What a variant scores on sequences, and how far its boxes and scores are from another variant's.

    Args:
        bundle: that holds both.
        variant: name of the one to judge.
        reference: what the one to judge it by said about the same sequences, or its name: it then follows them first.
        validation: the sequences.
        on_progress: as in :func:`follow_validation`.

    Returns:
        Figures by the house rule. Mean IoU and mean difference of scores are over all frames but the first ones.

    Raises:
        SdstError: as :func:`follow_validation` raises.
    """
    trusted = follow_validation(bundle, reference, validation, on_progress) if isinstance(reference, str) else reference
    ours = follow_validation(bundle, variant, validation, on_progress)
    overlaps = [iou(a[1:], b[1:]) for a, b in zip(ours.boxes_xywh, trusted.boxes_xywh, strict=True)]
    differences = [np.abs(a - b) for a, b in zip(ours.scores, trusted.scores, strict=True)]
    return Accuracy(
        source=validation.source,
        rules=HOUSE.name,
        sequences=len(validation.sequences),
        frames=sum(len(boxes) for boxes in ours.boxes_xywh),
        success_auc=ours.success_auc,
        reference_success_auc=trusted.success_auc,
        mean_iou=float(np.concatenate(overlaps).mean()),
        mean_score_difference=float(np.concatenate(differences).mean()),
    )


class _Recorder:
    """A tracker that keeps the scores of its updates."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.scores: list[float] = []

    def init(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float], /) -> None:
        self._tracker.init(frame, box_xywh)

    def update(self, frame: NDArray[np.uint8], /) -> TrackResult:
        result = self._tracker.update(frame)
        self.scores.append(result.score)
        return result
