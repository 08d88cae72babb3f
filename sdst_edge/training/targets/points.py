"""What a head of points should say about a pair.

A point is **positive** when it lies in the middle of the box (``CORE`` of its sides, about its centre); the point
nearest to the centre always is. It is **ignored** elsewhere in the box, and **negative** outside it. Distances are
those of each point to the four sides, network px, at least ``MIN_LTRB_PX``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError

__all__ = ["CORE", "MIN_LTRB_PX", "Targets", "make_targets", "narrowed", "points", "search_scale"]

#: Share of a box's width and height, about its centre, whose points are positive.
CORE = 0.5
#: A box narrower than the stride can miss its nearest point; heads predict positive distances.
MIN_LTRB_PX = 0.1


class Targets(NamedTuple):
    """Maps for S x S points.

    Attributes:
        positive: (B, S, S) bool.
        negative: (B, S, S) bool; points that are neither are ignored.
        ltrb: (B, 4, S, S) float32, network px; means something where ``positive``.
    """

    positive: Tensor
    negative: Tensor
    ltrb: Tensor


def search_scale(config: TrackerConfig, width: float, height: float) -> tuple[float, float]:
    """Network px per image px of the search region, along x and y, as libsdst's decoder has it.

    Args:
        config: of the tracker.
        width: of the box that the tracker believes in, image px.
        height: likewise.
    """
    amount = config.crop.context_amount
    if config.crop.context == "rectangular":
        sides = width * (1 + 2 * amount), height * (1 + 2 * amount)
    else:
        margin = amount * (width + height)
        sides = (math.sqrt((width + margin) * (height + margin)),) * 2
    searched = config.search_size / config.crop.search_scale
    return searched / sides[0], searched / sides[1]


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


def points(config: TrackerConfig) -> Tensor:
    """Positions of the points along either axis, network px from the search centre: (S,) float32."""
    return config.point_origin_px + config.stride_px * torch.arange(config.response_size, dtype=torch.float32)


def make_targets(boxes_xyxy: Tensor, config: TrackerConfig) -> Targets:
    """Targets of a batch.

    Args:
        boxes_xyxy: (B, 4), network px from the search centre.
        config: of the tracker.
    """
    boxes = boxes_xyxy.to(torch.float32)
    at = points(config).to(boxes.device)
    x, y = at[None, None, :], at[None, :, None]  # (1, 1, S), (1, S, 1)
    x1, y1, x2, y2 = (boxes[:, side, None, None] for side in range(4))  # (B, 1, 1)
    size = config.response_size
    sides = (x - x1, y - y1, x2 - x, y2 - y)
    ltrb = torch.stack([side.expand(-1, size, size) for side in sides], dim=1)  # (B, 4, S, S)
    inside = (ltrb > 0).all(dim=1)  # (B, S, S)
    from_x, from_y = (x - (x1 + x2) / 2).abs(), (y - (y1 + y2) / 2).abs()
    core = (from_x <= CORE / 2 * (x2 - x1)) & (from_y <= CORE / 2 * (y2 - y1))
    nearest = (from_x == from_x.amin(dim=2, keepdim=True)) & (from_y == from_y.amin(dim=1, keepdim=True))
    positive = core | nearest
    return Targets(positive=positive, negative=~inside & ~positive, ltrb=ltrb.clamp(min=MIN_LTRB_PX))
