"""What a head of points should say about a pair.

A point is **positive** when it lies in the middle of the box (``CORE`` of its sides, about its centre); the point
nearest to the centre always is. It is **ignored** elsewhere in the box, and **negative** outside it. Distances are
those of each point to the four sides, network px, at least ``MIN_LTRB_PX``. Where the search region does not show the
target, all points are negative.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError

__all__ = [
    "CORE",
    "MIN_LTRB_PX",
    "PointTargets",
    "centerness",
    "known_boxes",
    "make_point_targets",
    "narrowed",
    "points",
]

#: Share of a box's width and height, about its centre, whose points are positive.
CORE = 0.5
#: A box narrower than the stride can miss its nearest point; heads predict positive distances.
MIN_LTRB_PX = 0.1


class PointTargets(NamedTuple):
    """Maps for S x S points.

    Attributes:
        positive: (B, S, S) bool.
        negative: (B, S, S) bool; points that are neither are ignored.
        ltrb: (B, 4, S, S) float32, network px, as the head should give them: without half the configuration's
            ``size_offset_px``, which the decoder adds again. Finite; means something where ``positive``.
    """

    positive: Tensor
    negative: Tensor
    ltrb: Tensor


def narrowed(config: TrackerConfig, cells: int) -> TrackerConfig:
    """A tracker that searches a smaller region at the same scale: the middle of the other's maps.

    Args:
        config: of the tracker.
        cells: side of the new maps, 1 to the old one.

    Raises:
        ConfigError: more cells than the tracker has.
    """
    cut = config.response_size - cells
    if not 0 <= cut < config.response_size:
        raise ConfigError(f"a search region of {cells} cells, expected 1 to {config.response_size}, the tracker's own")
    return config.resized(config.search_size - round(cut * config.stride_px), cells)


def points(config: TrackerConfig, device: torch.device | None = None) -> Tensor:
    """Positions of the points along either axis, network px from the search centre: (S,) float32."""
    cells = torch.arange(config.response_size, dtype=torch.float32, device=device)
    return config.point_origin_px + config.stride_px * cells


def known_boxes(boxes_xyxy: Tensor, positive: Tensor) -> Tensor:
    """(B, 4) float32: the boxes of positive pairs, and 0 where a box means nothing and may be NaN."""
    return boxes_xyxy.to(torch.float32).masked_fill(~positive[:, None], 0.0)


def make_point_targets(boxes_xyxy: Tensor, positive: Tensor, config: TrackerConfig) -> PointTargets:
    """Targets of a batch.

    Args:
        boxes_xyxy: (B, 4), network px from the search centre.
        positive: (B,) bool: whether the search region shows the target.
        config: of the tracker.
    """
    at = points(config, boxes_xyxy.device)
    x, y = at[None, None, :], at[None, :, None]  # (1, 1, S), (1, S, 1)
    x1, y1, x2, y2 = known_boxes(boxes_xyxy, positive)[:, :, None, None].unbind(dim=1)  # (B, 1, 1) each
    sides = (x - x1, y - y1, x2 - x, y2 - y)
    size = config.response_size
    ltrb = torch.stack([side.expand(-1, size, size) for side in sides], dim=1)  # (B, 4, S, S)
    inside = (ltrb > 0).all(dim=1)  # (B, S, S)
    from_x, from_y = (x - (x1 + x2) / 2).abs(), (y - (y1 + y2) / 2).abs()
    core = (from_x <= CORE / 2 * (x2 - x1)) & (from_y <= CORE / 2 * (y2 - y1))
    nearest = (from_x == from_x.amin(dim=2, keepdim=True)) & (from_y == from_y.amin(dim=1, keepdim=True))
    shown = positive[:, None, None]
    middle = (core | nearest) & shown
    return PointTargets(
        positive=middle,
        negative=~middle & ~(inside & shown),
        ltrb=(ltrb - config.size_offset_px / 2).clamp(min=MIN_LTRB_PX),
    )


def centerness(ltrb: Tensor) -> Tensor:
    """How central points lie in their boxes (Tian et al., FCOS, ICCV 2019, equation 3).

    Args:
        ltrb: (B, 4, S, S), > 0.

    Returns:
        (B, S, S), 0..1.
    """
    left, top, right, bottom = ltrb.unbind(dim=1)
    across = torch.minimum(left, right) / torch.maximum(left, right)
    down = torch.minimum(top, bottom) / torch.maximum(top, bottom)
    return torch.sqrt(across * down)
