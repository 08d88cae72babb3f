"""Boxes as signed distances from a cell's point: their overlap, and how far they are apart in their own size."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["giou", "relative_sides"]

#: Sides below it count as so long, network px: no target is narrower, and quotients stay finite.
MIN_SIDE_PX = 1.0
#: Areas below it count as so large, px².
MIN_AREA = 1e-6


def giou(a_ltrb: Tensor, b_ltrb: Tensor) -> Tensor:
    """Generalised IoU of boxes around common points (Rezatofighi et al., CVPR 2019, algorithm 1).

    Args:
        a_ltrb: (B, A, 4, S, S) distances to left, top, right and bottom; one is negative where the box lies beside
            its point. A side that is negative as a whole counts as 0.
        b_ltrb: likewise.

    Returns:
        (B, A, S, S) in [-1, 1].
    """

    def area(ltrb: Tensor) -> Tensor:
        left, top, right, bottom = ltrb.unbind(2)
        return (left + right).clamp(min=0) * (top + bottom).clamp(min=0)

    shared = area(torch.minimum(a_ltrb, b_ltrb))
    hull = area(torch.maximum(a_ltrb, b_ltrb))
    union = area(a_ltrb) + area(b_ltrb) - shared
    return shared / union.clamp(min=MIN_AREA) - (hull - union) / hull.clamp(min=MIN_AREA)


def relative_sides(ltrb: Tensor, of: Tensor) -> Tensor:
    """Distances in sides of a box: left and right over its width, top and bottom over its height.

    So a margin or a loss means the same for small and large targets, and for any stride.

    Args:
        ltrb: (B, A, 4, S, S), network px.
        of: the box, (B, A or 1, 4, S, S); detached.
    """
    box = of.detach()
    sides = (box[:, :, :2] + box[:, :, 2:]).clamp(min=MIN_SIDE_PX)  # (B, A, 2, S, S): width, height
    return ltrb / torch.cat((sides, sides), dim=2)
