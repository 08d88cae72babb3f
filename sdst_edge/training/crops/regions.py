"""Region crops: the surroundings of a target at the network's scale, from which any crop of it is cut.

A region's pixels lie where those of the search crop lie when the tracker believes in the annotated box, and go on
beyond them. So that crop is a part of the region, and every other one is resampled from it; but for the template crop
of that box, which a region carries along as the device cuts it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.training.crops.geometry import Window, search_window, template_window
from sdst_runtime.config import CropRule, TrackerConfig
from sdst_runtime.core import State
from sdst_runtime.kernels import crop_u8, frame_mean
from sdst_runtime.views import window_u8

__all__ = ["Region", "RegionRule", "border_color", "cut_region", "region_window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRule:
    """How regions are cut.

    Attributes:
        config: of the tracker whose search crop a region extends, and whose template crops it carries.
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
        templates: (2, T, T, 3) uint8, BGR, likewise: the template crop of the target as the device cuts it, and that of
            the mirrored frame, its columns back in the frame's order. The two differ: their corners are rounded.
        window: the part of the image that the pixels evenly divide, image px.
        border: B, G, R of what is outside the frame.
        frame_wh: of the image, px.
    """

    pixels: NDArray[np.uint8]
    templates: NDArray[np.uint8]
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

    def template(self, window: Window, mirrored: bool) -> Region:
        """The template crop as a region, of which ``cut`` takes all: ``window``, that of the template."""
        return replace(self, pixels=self.templates[int(mirrored)], window=window)


def cut_region(frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float], rule: RegionRule) -> Region:
    """The region around a target.

    Args:
        frame: (H, W, 3) uint8, BGR. Not modified.
        box_xywh: of the target, image px, sides > 0.
        rule: how large it is.

    Raises:
        BoxError: the box is not finite, without area, or too large to be cropped.
        FrameError: the frame has another type, shape or layout.
    """
    window = region_window(box_xywh, rule)
    border = border_color(frame, rule.config.crop)
    pixels = window_u8(frame, window, rule.size_px, border)
    x, y, w, h = box_xywh
    high, wide = frame.shape[:2]
    mirrored = template_window(rule.config, (wide - x - w, y, w, h)).mirrored(wide)
    shown = (template_window(rule.config, box_xywh), mirrored)
    templates = np.stack([_template_crop(frame, each, rule.config, border) for each in shown])  # (2, T, T, 3)
    return Region(pixels=pixels, templates=templates, window=window, border=border, frame_wh=(wide, high))


def _template_crop(
    frame: NDArray[np.uint8], window: Window, config: TrackerConfig, border: tuple[int, int, int]
) -> NDArray[np.uint8]:
    side = config.template_size
    if config.crop.interpolation == "opencv-warp":
        return window_u8(frame, window, side, border)
    left, top, width, height = window  # whole px, which the rounding ``pysot`` leaves as they are
    center = left + width / 2, top + height / 2
    return crop_u8(frame, center_xy=center, size_wh=(width, height), out_wh=(side, side), border=border)


def region_window(box_xywh: tuple[float, float, float, float], rule: RegionRule) -> Window:
    """What a region covers: the search crop of a tracker that starts on the box, and as many px on each side.

    The context is square where a family's is not: regions serve crops of any aspect.
    """
    config = rule.config
    if config.crop.context != "square":
        config = replace(config, crop=replace(config.crop, context="square"))
    x, y, w, h = box_xywh
    offset = config.init_center_offset_px  # of where the family starts on a box, and stays
    search = search_window(config, State(x + w / 2 + offset, y + h / 2 + offset, w, h))
    step_x, step_y = search.width / config.search_size, search.height / config.search_size
    margin = (rule.size_px - config.search_size) // 2  # whole, so that the two grids agree
    return Window(
        search.left - margin * step_x, search.top - margin * step_y, rule.size_px * step_x, rule.size_px * step_y
    )


def border_color(frame: NDArray[np.uint8], rule: CropRule) -> tuple[int, int, int]:
    """B, G, R of what lies outside a frame.

    Raises:
        FrameError: the frame has another type, shape or layout.
    """
    if rule.border == "constant":
        return rule.border_value
    return frame_mean(frame, rounded=rule.border == "frame-mean-rounded")
