"""Region crops: the surroundings of a target at the network's scale, from which any crop of it is cut.

A region's pixels lie where those of the search crop lie when the tracker believes in the annotated box, and go on
beyond them. So that crop is a part of the region, and every other one is resampled from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.training.crops.geometry import Window
from sdst_runtime.config import TrackerConfig

__all__ = ["Region", "RegionRule", "cut_region"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRule:
    """How regions are cut.

    Attributes:
        config: of the tracker whose search crop a region extends.
        scale: side of the region over that of the template crop.
    """

    config: TrackerConfig
    scale: float

    @property
    def size_px(self) -> int:
        """Side of a region's pixels, network px."""
        return round(self.scale * self.config.template_size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """A region crop.

    Attributes:
        pixels: (R, R, 3) uint8, BGR. From a store it is a view that must not be written to.
        window: the part of the image that the pixels evenly divide, image px.
        border: B, G, R of what is outside the frame.
        frame_wh: of the image, px.
    """

    pixels: NDArray[np.uint8]
    window: Window
    border: tuple[int, int, int]
    frame_wh: tuple[int, int]

    def local(self, window: Window) -> Window:
        """A window of the image in px of the region, from its top left corner: what ``cut_batch`` takes."""
        scale_x, scale_y = self.pixels.shape[1] / self.window.width, self.pixels.shape[0] / self.window.height
        return Window(
            (window.left - self.window.left) * scale_x,
            (window.top - self.window.top) * scale_y,
            window.width * scale_x,
            window.height * scale_y,
        )


def cut_region(frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float], rule: RegionRule) -> Region:
    """The region around a target.

    Args:
        frame: (H, W, 3) uint8, BGR. Not modified.
        box_xywh: of the target, image px, sides > 0.
        rule: how large it is.
    """
    raise NotImplementedError
