"""Overlap of boxes, differentiable, for boxes along any dimension of a map."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["around_points", "giou", "iou"]

_SMALLEST = 1e-12  # px^2: two boxes without area overlap by 0


def around_points(ltrb: Tensor, dim: int = -1) -> Tensor:
    """Distances to left, top, right and bottom as corners x1, y1, x2, y2 about the point that they are taken from."""
    left_top, right_bottom = ltrb.chunk(2, dim=dim)
    return torch.cat((-left_top, right_bottom), dim=dim)


def iou(a_xyxy: Tensor, b_xyxy: Tensor, dim: int = -1) -> Tensor:
    """Intersection over union.

    Args:
        a_xyxy: (..., 4, ...) corners; a box without area, or with its corners swapped, overlaps with nothing.
        b_xyxy: likewise, of a shape that goes with the other's.
        dim: that holds the four.

    Returns:
        Shape without ``dim``, in [0, 1].
    """
    shared, union = _shared_and_union(a_xyxy, b_xyxy, dim)
    return shared / union.clamp(min=_SMALLEST)


def giou(a_xyxy: Tensor, b_xyxy: Tensor, dim: int = -1) -> Tensor:
    """Generalised IoU (Rezatofighi et al., CVPR 2019, algorithm 1); arguments as in :func:`iou`.

    Returns:
        Shape without ``dim``, in (-1, 1]: below 0 for boxes apart, with a gradient that brings them together.
    """
    shared, union = _shared_and_union(a_xyxy, b_xyxy, dim)
    (a_start, a_end), (b_start, b_end) = a_xyxy.chunk(2, dim=dim), b_xyxy.chunk(2, dim=dim)
    hull = _area(torch.minimum(a_start, b_start), torch.maximum(a_end, b_end), dim)
    return shared / union.clamp(min=_SMALLEST) - (hull - union) / hull.clamp(min=_SMALLEST)


def _shared_and_union(a_xyxy: Tensor, b_xyxy: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    (a_start, a_end), (b_start, b_end) = a_xyxy.chunk(2, dim=dim), b_xyxy.chunk(2, dim=dim)
    shared = _area(torch.maximum(a_start, b_start), torch.minimum(a_end, b_end), dim)
    return shared, _area(a_start, a_end, dim) + _area(b_start, b_end, dim) - shared


def _area(start: Tensor, end: Tensor, dim: int) -> Tensor:
    width, height = (end - start).clamp(min=0).unbind(dim=dim)
    return width * height
