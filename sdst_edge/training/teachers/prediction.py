"""What any head says, in one form: a logit and a box for each of A candidates in each cell.

Points and response maps have A = 1 (response maps no boxes), anchors have as many as the configuration lists.

Boxes are those that the decoder of libsdst makes of the maps: half of ``size_offset_px`` lies on each side.
``init_center_offset_px`` and ``box_offset_px`` say how a family writes a place in the frame; they act outside of the
network, so no prediction holds them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from sdst_edge.models.base import Maps
from sdst_runtime.config import ScalePyramid, TrackerConfig

__all__ = ["MAX_LOG_GROWTH", "Prediction", "as_plain_head", "best_candidate", "predict"]

#: A box is at most e^4 = 55 times its anchor: an untrained head's exponents must not reach infinity.
MAX_LOG_GROWTH = 4.0
#: Smallest distance that a head of points can say, network px.
_MIN_LTRB_PX = 0.1


class Prediction(NamedTuple):
    """On an S x S grid of a tracker configuration.

    Attributes:
        logit: (B, A, S, S): of the target against the ground; its sigmoid is the score. Of two logits their
            difference, so the KL of two-class softmaxes is that of these.
        ltrb: (B, A, 4, S, S): distances from the cell's point to the four sides of the box, network px of the
            configuration; None where the head has no boxes. A side may be negative where a box lies beside its point.
    """

    logit: Tensor
    ltrb: Tensor | None


def predict(maps: Maps, config: TrackerConfig) -> Prediction:
    """The prediction in a head's maps, float32 at least, with their gradients.

    Args:
        maps: in the order of ``config.outputs`` and of those shapes, but for the batch.
        config: of the tracker.
    """
    score, *boxes = (item.to(torch.promote_types(item.dtype, torch.float32)) for item in maps)
    logit = _logit(score, config)
    if not boxes:
        return Prediction(logit=logit, ltrb=None)
    if config.anchors:
        return Prediction(logit=logit, ltrb=_of_deltas(boxes[0], config))
    ltrb = boxes[0][:, None] + config.size_offset_px / 2  # (B, 1, 4, S, S)
    return Prediction(logit=logit, ltrb=ltrb)


def best_candidate(prediction: Prediction) -> Prediction:
    """Of each cell the candidate with the highest score, A = 1."""
    logit, ltrb = prediction
    if logit.shape[1] == 1:
        return prediction
    best = logit.argmax(dim=1, keepdim=True)  # (B, 1, S, S)
    if ltrb is not None:
        side = best[:, :, None].expand(-1, -1, 4, -1, -1)  # (B, 1, 4, S, S)
        ltrb = ltrb.gather(1, side)
    return Prediction(logit=logit.gather(1, best), ltrb=ltrb)


def as_plain_head(prediction: Prediction, config: TrackerConfig) -> tuple[Maps, TrackerConfig]:
    """The maps of a head with one logit a cell that says the same, to judge unlike heads by one loss.

    Args:
        prediction: on the grid of ``config``; of several candidates the best counts.
        config: of the tracker.

    Returns:
        Maps of points, or of a response where there are no boxes, and the configuration that goes with them.
    """
    logit, ltrb = best_candidate(prediction)
    plain = replace(config, anchors=(), pyramid=None, score_kind="logit", size_offset_px=0.0)
    if ltrb is None:
        one = ScalePyramid(count=1, step=1.0, penalty=1.0, upsampling=1)
        return (logit,), replace(plain, pyramid=one, small_target=None)
    return (logit, ltrb[:, 0].clamp(min=_MIN_LTRB_PX)), plain


def _logit(score: Tensor, config: TrackerConfig) -> Tensor:
    """(B, A, S, S) of a score map."""
    if config.score_kind == "logit":
        return score
    first, second = score.chunk(2, dim=1)
    if config.score_kind == "softmax2":  # ground first, then target
        return second - first
    # p = s(a) s(c) with sigmoids s: 1 / p - 1 = e^-a + e^-c + e^-(a + c), and logit p = -log(1 / p - 1)
    return -torch.stack((-first, -second, -first - second)).logsumexp(dim=0)


def _of_deltas(deltas: Tensor, config: TrackerConfig) -> Tensor:
    """(B, A, 4, S, S) of (B, 4 A, S, S): Faster R-CNN's box coding around anchors centred on the cell's point."""
    anchors = deltas.new_tensor(config.anchors)  # (A, 2)
    sides = anchors.T[:, None, :, None, None]  # (2, 1, A, 1, 1)
    dx, dy, dw, dh = deltas.chunk(4, dim=1)  # each (B, A, S, S)
    x, y = dx * sides[0], dy * sides[1]  # of the box's centre, from the point
    half_w, half_h = (
        0.5 * side * delta.clamp(max=MAX_LOG_GROWTH).exp() for side, delta in zip(sides, (dw, dh), strict=True)
    )
    return torch.stack((half_w - x, half_h - y, half_w + x, half_h + y), dim=2)  # (B, A, 4, S, S)
