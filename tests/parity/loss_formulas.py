"""Losses and label rules written out in loops over float64, one point after the other."""

from __future__ import annotations

from itertools import product
from math import exp, log, sqrt
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Box",
    "PointPair",
    "Sums",
    "anchor_chances",
    "box_giou",
    "box_iou",
    "box_sums",
    "centerness_sums",
    "cross_entropy",
    "cross_entropy_sums",
    "focal_sums",
    "smooth_l1",
    "weighted_sums",
]

Array: TypeAlias = NDArray[np.float64]
Box: TypeAlias = tuple[float, float, float, float]
#: Of one pair: the weighted sum of a loss, and the sum of the weights.
Sums: TypeAlias = tuple[float, float]


def probability(logit: float) -> float:
    return 1 / (1 + exp(-logit))


def cross_entropy(logit: float, truth: float) -> float:
    """Of one sigmoid against a truth of 0 to 1."""
    p = probability(logit)
    return -(truth * log(p) + (1 - truth) * log(1 - p))


def focal(logit: float, truth: int, gamma: float, alpha: float) -> float:
    """Lin et al., equation 5."""
    p, share = (probability(logit), alpha) if truth else (1 - probability(logit), 1 - alpha)
    rest: float = (1 - p) ** gamma
    return -share * rest * log(p)


def smooth_l1(difference: float) -> float:
    """Girshick, Fast R-CNN, equation 3."""
    return 0.5 * difference**2 if abs(difference) < 1 else abs(difference) - 0.5


def box_iou(a: Box, b: Box) -> float:
    """Of corners x1, y1, x2, y2."""
    shared, union, _ = areas(a, b)
    return shared / union


def box_giou(a: Box, b: Box) -> float:
    """Rezatofighi et al., algorithm 1."""
    shared, union, hull = areas(a, b)
    return shared / union - (hull - union) / hull


def areas(a: Box, b: Box) -> tuple[float, float, float]:
    """Of the intersection, the union and the smallest box around both."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    hull = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    return shared, union, hull


def centerness(left: float, top: float, right: float, bottom: float) -> float:
    """Tian et al., FCOS, equation 3."""
    return sqrt(min(left, right) / max(left, right) * min(top, bottom) / max(top, bottom))


class PointPair(NamedTuple):
    """What a head of points says about one pair, and what it should say.

    Attributes:
        logit: (S, S) of the target.
        ltrb: (4, S, S).
        quality: (S, S) logit of the centre-ness, where the head predicts it.
        positive: (S, S) bool.
        negative: (S, S) bool.
        true_ltrb: (4, S, S).
    """

    logit: Array
    ltrb: Array
    quality: Array | None
    positive: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    true_ltrb: Array


def cross_entropy_sums(pair: PointPair) -> dict[str, Sums]:
    """Of positives, weighing 1 each, and of negatives, weighing their score and a thousandth."""
    found = [(cross_entropy(float(x), 1.0), 1.0) for x in pair.logit[pair.positive]]
    missed = [(cross_entropy(float(x), 0.0), probability(float(x)) + 1e-3) for x in pair.logit[pair.negative]]
    return {"score/positive": weighted_sums(found), "score/negative": weighted_sums(missed)}


def focal_sums(pair: PointPair, gamma: float, alpha: float) -> dict[str, Sums]:
    """Of positives and negatives, over the number of positives, at least 1."""
    total = sum(focal(float(x), 1, gamma, alpha) for x in pair.logit[pair.positive])
    total += sum(focal(float(x), 0, gamma, alpha) for x in pair.logit[pair.negative])
    return {"score": (total, float(max(1, pair.positive.sum())))}


def box_sums(pair: PointPair, box: str) -> dict[str, Sums]:
    """Of positives: ``giou`` or ``iou``."""
    rows = []
    for row, column in zip(*np.nonzero(pair.positive), strict=True):
        predicted, true = around(pair.ltrb[:, row, column]), around(pair.true_ltrb[:, row, column])
        loss = 1 - box_giou(predicted, true) if box == "giou" else -log(box_iou(predicted, true))
        rows.append((loss, 1.0))
    return {"box": weighted_sums(rows)}


def centerness_sums(pair: PointPair) -> dict[str, Sums]:
    """Of positives, where the head predicts it."""
    if pair.quality is None:
        return {}
    rows = []
    for row, column in zip(*np.nonzero(pair.positive), strict=True):
        left, top, right, bottom = map(float, pair.true_ltrb[:, row, column])
        truth = centerness(left, top, right, bottom)
        rows.append((cross_entropy(float(pair.quality[row, column]), truth), 1.0))
    return {"centerness": weighted_sums(rows)}


def around(ltrb: Array) -> Box:
    """The box about a point at 0."""
    left, top, right, bottom = map(float, ltrb)
    return -left, -top, right, bottom


def weighted_sums(rows: list[tuple[float, float]]) -> Sums:
    """Of losses and their weights."""
    return sum(weight * loss for loss, weight in rows), sum(weight for _, weight in rows)


def anchor_chances(anchors: Array, box: Box | None) -> tuple[Array, Array]:
    """Chance of each anchor to be drawn as a positive and as a negative by PySOT's rule.

    Args:
        anchors: (A, S, S, 4): centre x and y, width and height.
        box: of the target, x1, y1, x2, y2; None where it is not shown.
    """
    count, side = anchors.shape[:2]
    places = list(product(range(count), range(side), range(side)))
    positive, negative = np.zeros(anchors.shape[:3]), np.zeros(anchors.shape[:3])
    near: list[tuple[int, int, int]] = []
    far: list[tuple[int, int, int]] = []
    for place in places:
        x, y, w, h = (float(value) for value in anchors[place])
        if box is None:
            if abs(place[1] - side // 2) <= 3 and abs(place[2] - side // 2) <= 3:
                far.append(place)
            continue
        overlap = box_iou((x - w / 2, y - h / 2, x + w / 2, y + h / 2), box)
        if overlap > 0.6:
            near.append(place)
        elif overlap < 0.3:
            far.append(place)
    for place in near:
        positive[place] = min(1.0, 16 / len(near))
    for place in far:
        negative[place] = min(1.0, (16 if box is None else 48) / len(far))
    return positive, negative
