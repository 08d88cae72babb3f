"""Trackers side by side on the same frames, in one run: the only fair way to compare speeds on a noisy machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_bench.stats import Summary
from sdst_bench.stats import summarize as summarize_durations
from sdst_edge.datasets import Sequence
from sdst_edge.evaluation import EvaluationResult, Trackable, Trajectory, score_trajectory, summarize
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.evaluation.scoring import ScoredSequence
from sdst_runtime.errors import BackendUnavailable, CheckpointError, DatasetError

__all__ = ["Comparison", "OpenCvNano", "PeerResult", "compare"]

Box = tuple[float, float, float, float]

#: Called before each sequence and at the end: sequences done, sequences in all, name of the next (empty at the end).
OnProgress = Callable[[int, int, str], None]


class OpenCvNano:
    """OpenCV's ``TrackerNano`` with the methods of our Tracker.

    It takes whole pixels only: the box of :meth:`init` is rounded to the nearest, halves to even, sides to at least 1.
    """

    def __init__(self, backbone: Path, neckhead: Path) -> None:
        """Loads both graphs.

        Args:
            backbone: ONNX file of the backbone.
            neckhead: ONNX file of neck and head.

        Raises:
            CheckpointError: a file is missing, or OpenCV cannot read it.
            BackendUnavailable: this build of OpenCV has no ``TrackerNano``.
        """
        import cv2

        if not hasattr(cv2, "TrackerNano_Params"):
            raise BackendUnavailable(
                f"OpenCV {cv2.__version__} has no TrackerNano; install opencv-python-headless >= 4.8"
            )
        for path in (backbone, neckhead):
            if not path.is_file():
                raise CheckpointError(f"{path} does not exist, expected an ONNX file of NanoTrack")
        params = cv2.TrackerNano_Params()
        params.backbone, params.neckhead = str(backbone), str(neckhead)
        try:
            self._tracker: Any = cv2.TrackerNano.create(params)
        except cv2.error as error:
            raise CheckpointError(f"OpenCV cannot read {backbone} and {neckhead}: {_line(error)}") from None
        self._files = f"{backbone} and {neckhead}"
        self._box: Box = (0.0, 0.0, 0.0, 0.0)

    def init(self, frame: NDArray[np.uint8], box_xywh: Box, /) -> None:
        """Takes a target: (H, W, 3) uint8 BGR, 0-based image px.

        Raises:
            CheckpointError: the graphs are not those of NanoTrack.
        """
        import cv2

        x, y, w, h = (round(value) for value in box_xywh)
        w, h = max(w, 1), max(h, 1)
        try:
            self._tracker.init(frame, (x, y, w, h))
        except cv2.error as error:
            raise CheckpointError(f"OpenCV cannot run {self._files} as a NanoTrack: {_line(error)}") from None
        self._box = (x, y, w, h)

    def update(self, frame: NDArray[np.uint8], /) -> Box:
        """The target's box in the next frame; the last one when OpenCV says that it lost the target."""
        found, box = self._tracker.update(frame)
        if found:
            self._box = box
        return self._box


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerResult:
    """One tracker in a comparison.

    Attributes:
        evaluation: its figures by the house rule; without a speed, which is in ``update``.
        update: of ``update()`` over all frames; decoding of pictures is not in it.
    """

    evaluation: EvaluationResult
    update: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Trackers on the same frames.

    Attributes:
        rule_text: by which they were scored.
        frames: updates of each.
        results: by tracker, in the order given.
    """

    rule_text: str
    frames: int
    results: Mapping[str, PeerResult]

    def ratio_of_medians(self, name: str, reference: str) -> float:
        """Median frame time of ``name`` over that of ``reference``: below 1, ``name`` is faster."""
        return self.results[name].update.p50 / self.results[reference].update.p50


def compare(
    trackers: Mapping[str, Trackable], sequences: Items[Sequence], on_progress: OnProgress | None = None
) -> Comparison:
    """Runs trackers over sequences frame by frame, each with its own state, and scores them by the house rule.

    A frame is decoded once and given to each tracker; who goes first alternates from frame to frame, as the first one
    brings the frame into the caches.

    Args:
        trackers: at least one, by name.
        sequences: at least one, each with the target visible in its first frame and in one more.
        on_progress: called before each sequence and at the end.

    Raises:
        DatasetError: no sequences, or one that cannot be scored.
    """
    if not sequences:
        raise DatasetError("no sequences to compare on")
    scored: dict[str, list[ScoredSequence]] = {name: [] for name in trackers}
    durations_ns: dict[str, list[int]] = {name: [] for name in trackers}
    for number, sequence in enumerate(sequences):
        if on_progress is not None:
            on_progress(number, len(sequences), sequence.name)
        boxes = _follow(trackers, sequence, durations_ns)
        for name in trackers:
            trajectory = Trajectory(name=sequence.name, boxes_xywh=np.array(boxes[name], dtype=np.float64))
            scored[name].append(score_trajectory(HOUSE, sequence, trajectory))
    if on_progress is not None:
        on_progress(len(sequences), len(sequences), "")
    results = {
        name: PeerResult(
            evaluation=summarize(HOUSE, scored[name], tracker=name), update=summarize_durations(durations_ns[name])
        )
        for name in trackers
    }
    return Comparison(rule_text=HOUSE.description, frames=sum(len(item) - 1 for item in sequences), results=results)


def _follow(
    trackers: Mapping[str, Trackable], sequence: Sequence, durations_ns: Mapping[str, list[int]]
) -> dict[str, list[Box]]:
    """Boxes by tracker, the given one first; adds the duration of each update to ``durations_ns``."""
    if not sequence.visible[0]:
        raise DatasetError(f"sequence {sequence.name}: the target is absent in frame 1, where its box is needed")
    x, y, w, h = sequence.boxes_xywh[0].tolist()
    boxes: dict[str, list[Box]] = {name: [(x, y, w, h)] for name in trackers}
    first = sequence.frames[0]
    for tracker in trackers.values():
        tracker.init(first, (x, y, w, h))
    order = list(trackers.items())
    for index in range(1, len(sequence)):
        frame = sequence.frames[index]
        order.append(order.pop(0))
        for name, tracker in order:
            start = perf_counter_ns()
            result = tracker.update(frame)
            durations_ns[name].append(perf_counter_ns() - start)
            boxes[name].append(getattr(result, "box_xywh", result))
    return boxes
