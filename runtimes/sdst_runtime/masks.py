"""From a mask around one cell to the target's outline in the image, by the rules of SiamMask's tracker.

The numbers follow pysot's ``siammask_tracker.py`` (Wang et al., *Fast Online Object Tracking and Segmentation*, CVPR
2019): probabilities are warped into the image with zeros around them, the largest connected part is enclosed by the
rotated rectangle of the smallest area, and a mask that is too small leaves the tracker's own box.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State
from sdst_runtime.sources.opencv import cv2_module

__all__ = ["MaskSquare", "Segmentation", "mask_square", "outline", "project_mask"]

_MIN_AREA_PX2 = 100.0  # of a contour that is taken for the target


class Segmentation(NamedTuple):
    """Which pixels of a frame are the target.

    Attributes:
        mask: (H, W), of the frame's size.
        polygon: (4, 2) float32, x and y of the corners of a rotated box in image px, in order around it; a corner at
            (3, 5) is in the middle of that pixel, as pysot has it.
    """

    mask: NDArray[np.bool_]
    polygon: NDArray[np.float32]


class MaskSquare(NamedTuple):
    """What a mask covers: top left corner and side, image px."""

    x: float
    y: float
    side: float


def mask_square(config: TrackerConfig, searched: State, cell: tuple[int, int]) -> MaskSquare:
    """The square of the template's size about a cell's point.

    With a template of 127, a search region of 255 and points at -96 + 8 i it is pysot's: at
    ``crop corner + (cell - 8 / 2) 8 s`` with side ``127 s``, where ``s = crop side / 255``.

    Args:
        config: with a ``square`` crop that is rounded as ``pysot``.
        searched: where the target was believed to be when its search crop was cut.
        cell: row and column in the output maps.
    """
    margin = config.crop.context_amount * (searched.width + searched.height)
    template_side = math.sqrt((searched.width + margin) * (searched.height + margin))
    image_px_per_network_px = round(template_side * config.crop.search_scale) / config.search_size
    row, column = cell
    left, top = (
        config.point_origin_px + config.stride_px * index - config.template_size / 2 for index in (column, row)
    )  # network px from the centre of the search crop
    return MaskSquare(
        searched.center_x + left * image_px_per_network_px,
        searched.center_y + top * image_px_per_network_px,
        config.template_size * image_px_per_network_px,
    )


def project_mask(logits: NDArray[np.float32], square: MaskSquare, frame_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Probabilities in the image, bilinear; 0 outside of the square.

    As in pysot the whole is shrunk by (W - 1) / W and (H - 1) / H, less than a pixel.

    Args:
        logits: (..., side, side) with a single mask.
        square: that the mask covers.
        frame_wh: W and H.

    Returns:
        (H, W), 0..1.
    """
    cv2 = cv2_module()
    width, height = frame_wh
    probability = 0.5 + 0.5 * np.tanh(0.5 * logits.reshape(logits.shape[-2:]))  # a sigmoid that cannot overflow
    image_px_per_mask_px = square.side / logits.shape[-1]
    shrink_x, shrink_y = (width - 1) / width, (height - 1) / height
    to_image = np.array(
        [
            [shrink_x * image_px_per_mask_px, 0.0, shrink_x * square.x],
            [0.0, shrink_y * image_px_per_mask_px, shrink_y * square.y],
        ]
    )
    projected: NDArray[np.float32] = cv2.warpAffine(probability, to_image, frame_wh, flags=cv2.INTER_LINEAR)
    return projected


def outline(mask: NDArray[np.bool_], box_xywh: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Corners of the smallest rotated rectangle around the largest connected part of a mask.

    Args:
        mask: (H, W).
        box_xywh: whose corners are returned where no part has an area above 100 px, image px.

    Returns:
        (4, 2), see :attr:`Segmentation.polygon`.
    """
    cv2 = cv2_module()
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) <= _MIN_AREA_PX2:
        x, y, w, h = box_xywh
        return np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float32)
    corners: NDArray[np.float32] = cv2.boxPoints(cv2.minAreaRect(largest))
    return corners
