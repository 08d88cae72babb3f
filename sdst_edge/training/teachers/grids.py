"""A teacher's prediction on the student's grid: other strides, sizes, margins and heads than the student's.

Both search regions have their centre on the same image point, so a place is its distance from there, and the ratio of
their scales leads from one network's px to the other's. Scores, and the corners of boxes, are interpolated between
the teacher's cells. Beyond its outermost cells the nearest counts: what a teacher does not see it takes for more of
what it sees at its border.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sdst_edge.training.targets.points import points
from sdst_edge.training.teachers.prediction import Prediction, best_candidate
from sdst_runtime.config import TrackerConfig

__all__ = ["crop_numbers", "onto", "same_grid"]


def crop_numbers(config: TrackerConfig) -> tuple[object, ...]:
    """All that decides the pixels of crops, which are not normalised yet: trackers alike in it share them."""
    return config.template_size, config.search_size, config.crop, config.init_center_offset_px


def same_grid(config: TrackerConfig, other: TrackerConfig) -> bool:
    """Whether cells lie at the same places, where network px are equally large."""
    return (config.response_size, config.stride_px, config.point_origin_px) == (
        other.response_size,
        other.stride_px,
        other.point_origin_px,
    )


def onto(prediction: Prediction, config: TrackerConfig, to: TrackerConfig, ratio: Tensor) -> Prediction:
    """A teacher's prediction on the student's grid, in the student's network px.

    Where both have the same grid and anchors, and all ratios are 1, it is the prediction itself.

    Args:
        prediction: of the teacher.
        config: of the teacher.
        to: of the student.
        ratio: (B, 2): student's network px per teacher's, along x and y.

    Returns:
        With the teacher's candidates where the student has the same anchors, else with the best of each cell.
    """
    if config.anchors != to.anchors:
        prediction = best_candidate(prediction)
    if same_grid(config, to) and bool((ratio == 1).all()):
        return prediction
    with torch.autocast(ratio.device.type, enabled=False):
        return _interpolated(prediction, config, to, ratio.to(torch.float32))


def _interpolated(prediction: Prediction, config: TrackerConfig, to: TrackerConfig, ratio: Tensor) -> Prediction:
    across, down = (_weights(config, to, ratio[:, axis]) for axis in (0, 1))  # each (B, S', S)

    def sampled(maps: Tensor) -> Tensor:  # (B, ..., S, S) to (B, ..., S', S')
        rows = torch.einsum("bis,b...st->b...it", down.to(maps.dtype), maps)
        return torch.einsum("bjt,b...it->b...ij", across.to(maps.dtype), rows)

    logit, ltrb = prediction
    if ltrb is None:
        return Prediction(logit=sampled(logit), ltrb=None)
    corners = sampled(_corners(ltrb, config))  # (B, A, 4, S', S')
    corners = corners * ratio.repeat(1, 2)[:, None, :, None, None]  # student's network px
    return Prediction(logit=sampled(logit), ltrb=_distances(corners, to))


def _weights(config: TrackerConfig, to: TrackerConfig, ratio: Tensor) -> Tensor:
    """(B, S', S): share of each of the teacher's cells in each of the student's, along one axis."""
    at = points(to, ratio.device)[None] / ratio[:, None]  # (B, S'), teacher's network px from the centre
    cell = ((at - config.point_origin_px) / config.stride_px).clamp(0, config.response_size - 1)
    cells = torch.arange(config.response_size, device=ratio.device)
    return (1 - (cell[:, :, None] - cells).abs()).clamp(min=0)  # bilinear: a tent over each cell


def _corners(ltrb: Tensor, config: TrackerConfig) -> Tensor:
    """(B, A, 4, S, S): x1, y1, x2, y2 from the search centre, of distances from the cells' points."""
    return _around_points(config, ltrb.device) + ltrb * _outwards(ltrb)


def _distances(corners: Tensor, config: TrackerConfig) -> Tensor:
    """The inverse of :func:`_corners`."""
    return (corners - _around_points(config, corners.device)) * _outwards(corners)


def _around_points(config: TrackerConfig, device: torch.device) -> Tensor:
    """(4, S, S): x, y, x, y of the points."""
    at, size = points(config, device), config.response_size
    x, y = at[None, :].expand(size, size), at[:, None].expand(size, size)
    return torch.stack((x, y, x, y))


def _outwards(ltrb: Tensor) -> Tensor:
    """(4, 1, 1): towards which end of the axis each side lies."""
    return ltrb.new_tensor((-1.0, -1.0, 1.0, 1.0))[:, None, None]
