"""What a response map should say about a pair: SiamFC's rule, as siamfc-pytorch has it.

Cells within ``RADIUS_PX`` of the target's centre are positive, all others negative; the distance is the city block's,
``|dx| + |dy|``. A map whose cells lie further apart than that counts within one stride, so that the cell nearest to a
centre in the map is never negative. Where the search region does not show the target, all cells are negative.
"""

from __future__ import annotations

from torch import Tensor

from sdst_edge.training.targets.points import known_boxes, points
from sdst_runtime.config import TrackerConfig

__all__ = ["RADIUS_PX", "make_response_targets"]

#: Network px; siamfc-pytorch's r_pos.
RADIUS_PX = 16.0


def make_response_targets(boxes_xyxy: Tensor, positive: Tensor, config: TrackerConfig) -> Tensor:
    """Which cells are positive; the others are negative.

    Args:
        boxes_xyxy: (B, 4), network px from the search centre.
        positive: (B,) bool: whether the search region shows the target.
        config: of the tracker.

    Returns:
        (B, S, S) bool.
    """
    at = points(config, boxes_xyxy.device)
    x1, y1, x2, y2 = known_boxes(boxes_xyxy, positive)[:, :, None].unbind(dim=1)  # (B, 1) each
    from_x, from_y = (at - (x1 + x2) / 2).abs(), (at - (y1 + y2) / 2).abs()  # (B, S)
    distance = from_x[:, None, :] + from_y[:, :, None]  # (B, S, S)
    return (distance <= max(RADIUS_PX, config.stride_px)) & positive[:, None, None]
