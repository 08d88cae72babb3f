"""Distances from a cell's point in the size of a box."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["relative_sides"]

#: Sides below it count as so long, network px: no target is narrower, and quotients stay finite.
MIN_SIDE_PX = 1.0


def relative_sides(ltrb: Tensor, of: Tensor) -> Tensor:
    """Distances in sides of a box: left and right over its width, top and bottom over its height.

    So a margin or a loss means the same for small and large targets, and for any stride.

    Args:
        ltrb: (B, A, 4, S, S), network px.
        of: the box, likewise; no gradient goes there.
    """
    box = of.detach()
    sides = (box[:, :, :2] + box[:, :, 2:]).clamp(min=MIN_SIDE_PX)  # (B, A, 2, S, S): width, height
    return ltrb / torch.cat((sides, sides), dim=2)
