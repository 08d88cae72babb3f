"""Runs a tracker over sequences, times it, and scores what it returned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.protocol import HOUSE_RULE, Scores, mean_scores, score_boxes
from sdst_runtime.errors import DatasetError
from sdst_runtime.strict import to_plain

__all__ = ["Evaluation", "SequenceEvaluation", "Trackable", "evaluate"]

#: Called before each sequence and at the end: sequences done, sequences in all, name of the next (empty at the end).
OnProgress = Callable[[int, int, str], None]


class Trackable(Protocol):
    """What :func:`evaluate` asks of a tracker; ours has it, and so has each of OpenCV's behind two lines."""

    def init(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float], /) -> object:
        """Takes a target: (H, W, 3) uint8 BGR, 0-based image px. What it returns is not looked at."""
        ...

    def update(self, frame: NDArray[np.uint8], /) -> Any:
        """The target's box in the next frame: an object with ``box_xywh``, or four numbers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceEvaluation:
    """One sequence.

    Attributes:
        name: of the sequence.
        updates: how many, one for each frame but the first.
        scores: by the house rule.
        fps: updates over the time spent in ``update()``; decoding of pictures is not in it.
        median_ms: of one ``update()``.
        boxes_xywh: what the tracker returned, one a frame, the given box first.
    """

    name: str
    updates: int
    scores: Scores
    fps: float
    median_ms: float
    boxes_xywh: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A tracker's scores on a set of sequences.

    Attributes:
        rule: by which it was scored, for people.
        sequences: in the order given.
        mean: plain mean over sequences.
        fps: all updates over all time in ``update()``.
        median_ms: of one ``update()``, over all frames.
    """

    rule: str
    sequences: tuple[SequenceEvaluation, ...]
    mean: Scores
    fps: float
    median_ms: float

    def to_plain(self, *, boxes: bool = False) -> dict[str, Any]:
        """JSON values of all attributes, with each sequence's boxes only when asked for."""
        plain: dict[str, Any] = to_plain(self)
        if not boxes:
            for item in plain["sequences"]:
                del item["boxes_xywh"]
        return plain


def evaluate(tracker: Trackable, sequences: Iterable[Sequence], on_progress: OnProgress | None = None) -> Evaluation:
    """Runs a tracker over each sequence from its first box, without resets, and scores it by the house rule.

    Args:
        tracker: used for all sequences, one after the other.
        sequences: at least one, each with the target visible in its first frame and in one more.
        on_progress: called before each sequence and at the end.

    Raises:
        DatasetError: no sequences, one that cannot be scored (before any is run), or frames of different sizes.
    """
    chosen = list(sequences)
    if not chosen:
        raise DatasetError("no sequences to evaluate on")
    for sequence in chosen:
        _check_visible(sequence)
    done: list[SequenceEvaluation] = []
    seconds: list[NDArray[np.float64]] = []
    for number, sequence in enumerate(chosen):
        if on_progress is not None:
            on_progress(number, len(chosen), sequence.name)
        boxes_xywh, elapsed = _follow(tracker, sequence)
        done.append(_score(sequence, boxes_xywh, elapsed))
        seconds.append(elapsed)
    if on_progress is not None:
        on_progress(len(chosen), len(chosen), "")
    total = np.concatenate(seconds)
    mean = mean_scores([item.scores for item in done])
    return Evaluation(rule=HOUSE_RULE, sequences=tuple(done), mean=mean, fps=_fps(total), median_ms=_median_ms(total))


def _check_visible(sequence: Sequence) -> None:
    if not sequence.visible[0]:
        raise DatasetError(f"sequence {sequence.name}: the target is absent in frame 1, where its box is needed")
    if not sequence.visible[1:].any():
        raise DatasetError(
            f"sequence {sequence.name}: of {len(sequence)} frames none is left to score: "
            "the target is seen only in frame 1"
        )


def _follow(tracker: Trackable, sequence: Sequence) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (N, 4), the given one first, and seconds (N - 1,) of each update."""
    x, y, w, h = sequence.boxes_xywh[0].tolist()
    boxes = [(x, y, w, h)]
    seconds = []
    first = sequence.frames[0]
    tracker.init(first, boxes[0])
    for index in range(1, len(sequence)):
        frame = sequence.frames[index]
        if frame.shape != first.shape:
            raise DatasetError(
                f"sequence {sequence.name}: frame {index + 1} has shape {frame.shape}, frame 1 {first.shape}; "
                "expected frames of one size"
            )
        start = time.perf_counter()
        result = tracker.update(frame)
        seconds.append(time.perf_counter() - start)
        boxes.append(_box_of(result))
    return np.array(boxes, dtype=np.float64), np.array(seconds, dtype=np.float64)


def _box_of(result: Any) -> tuple[float, float, float, float]:
    x, y, w, h = getattr(result, "box_xywh", result)
    return float(x), float(y), float(w), float(h)


def _score(sequence: Sequence, boxes_xywh: NDArray[np.float64], seconds: NDArray[np.float64]) -> SequenceEvaluation:
    return SequenceEvaluation(
        name=sequence.name,
        updates=len(seconds),
        scores=score_boxes(boxes_xywh, sequence.boxes_xywh, sequence.visible),
        fps=_fps(seconds),
        median_ms=_median_ms(seconds),
        boxes_xywh=tuple((x, y, w, h) for x, y, w, h in boxes_xywh.tolist()),
    )


def _fps(seconds: NDArray[np.float64]) -> float:
    return float(len(seconds) / max(float(seconds.sum()), 1e-9))


def _median_ms(seconds: NDArray[np.float64]) -> float:
    return float(np.median(seconds) * 1e3)
