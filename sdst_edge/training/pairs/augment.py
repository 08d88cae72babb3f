"""How a pair strays from its annotation: what a tracker that is a bit off believes in, and other light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sdst_edge.training.crops.geometry import Window, search_scale
from sdst_edge.training.pairs.clips import Box
from sdst_edge.training.recipe import Augmentation
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State

__all__ = ["Color", "Variation", "draw_variation", "jittered_box", "shown_step", "stray_state"]

#: Sides of a box blur, px.
_BLUR_SIDES = (3, 5, 7)
#: How far a target that moved fast may be from where it is searched, over the side of the search region.
_MOST_STEP = 0.4


class Color(NamedTuple):
    """Other light on one side of a pair.

    Attributes:
        gain_bgr: factor on each channel.
        offset: added after that, grey levels.
    """

    gain_bgr: tuple[float, float, float]
    offset: float


class Variation(NamedTuple):
    """All numbers of a pair's augmentation.

    Attributes:
        shift_px: from the target's centre to the one that the tracker believes in, network px.
        size: believed size over the target's.
        aspect: believed aspect ratio over the target's.
        template_shift_px: of the template box's centre, network px.
        template_size: the template box's size over the target's.
        mirrored: left and right of both sides are exchanged.
        gray: both sides lose their colour.
        blur_side: of the box blur of the search region, px, odd; 1 for none.
        template_color: light on the template.
        search_color: light on the search region.
    """

    shift_px: tuple[float, float]
    size: float
    aspect: float
    template_shift_px: tuple[float, float]
    template_size: float
    mirrored: bool
    gray: bool
    blur_side: int
    template_color: Color
    search_color: Color


def draw_variation(rule: Augmentation, numbers: Iterator[float]) -> Variation:
    """A variation within the rule, from 20 numbers in [0, 1)."""

    def either_way(most: float) -> float:
        return most * (2.0 * next(numbers) - 1.0)

    return Variation(
        shift_px=(either_way(rule.shift_px), either_way(rule.shift_px)),
        size=2.0 ** either_way(rule.scale_octaves),
        aspect=2.0 ** either_way(rule.aspect_octaves),
        template_shift_px=(either_way(rule.template_shift_px), either_way(rule.template_shift_px)),
        template_size=2.0 ** either_way(rule.template_scale_octaves),
        mirrored=next(numbers) < rule.flip,
        gray=next(numbers) < rule.gray,
        blur_side=_blur_side(next(numbers), rule.blur),
        template_color=_color(rule, numbers),
        search_color=_color(rule, numbers),
    )


def _blur_side(number: float, probability: float) -> int:
    return _BLUR_SIDES[int(number / probability * len(_BLUR_SIDES))] if number < probability else 1


def _color(rule: Augmentation, numbers: Iterator[float]) -> Color:
    gain = 1.0 + rule.gain * (2.0 * next(numbers) - 1.0)
    blue, green, red = (gain * (1.0 + rule.tint * (2.0 * next(numbers) - 1.0)) for _ in range(3))
    return Color((blue, green, red), rule.offset * (2.0 * next(numbers) - 1.0))


def jittered_box(variation: Variation, config: TrackerConfig, box_xywh: Box) -> Box:
    """The box that a template is cut around, image px."""
    size, (shift_x, shift_y) = variation.template_size, variation.template_shift_px
    if size == 1.0 and shift_x == 0.0 and shift_y == 0.0:
        return box_xywh
    x, y, w, h = box_xywh
    scale_x, scale_y = search_scale(config, w * size, h * size)  # the template's is the same but for this factor
    factor = config.search_size / (config.crop.search_scale * config.template_size)
    center_x, center_y = x + w / 2 + shift_x * factor / scale_x, y + h / 2 + shift_y * factor / scale_y
    return center_x - w * size / 2, center_y - h * size / 2, w * size, h * size


def stray_state(
    variation: Variation, config: TrackerConfig, box_xywh: Box, step_px: tuple[float, float] = (0.0, 0.0)
) -> State:
    """Where a tracker that is a bit off believes the target to be.

    Args:
        variation: of the pair.
        config: of the tracker.
        box_xywh: of the target, image px.
        step_px: from the target's centre to where it was a frame ago, image px; see :func:`shown_step`.
    """
    x, y, w, h = box_xywh
    root = variation.aspect**0.5
    width, height = w * variation.size * root, h * variation.size / root
    scale_x, scale_y = search_scale(config, width, height)
    shift_x, shift_y = variation.shift_px
    center_x, center_y = x + w / 2 + step_px[0], y + h / 2 + step_px[1]
    return State(center_x + shift_x / scale_x, center_y + shift_y / scale_y, width, height)


def shown_step(
    config: TrackerConfig, box_xywh: Box, step_px: tuple[float, float], region: Window
) -> tuple[float, float]:
    """A target's way back to where it was before it moved, as far as a pair can show it.

    A tracker that searches there finds the target away from the middle. The search region must stay inside the region
    crop, or the side without ground would tell where the target is; and the target in the search region.

    Args:
        config: of the tracker.
        box_xywh: of the target, image px.
        step_px: from its centre to where it was, image px.
        region: what the region crop shows, image px.
    """
    x, y, w, h = box_xywh
    scales = search_scale(config, w, h)
    found: list[float] = []
    for axis, center in enumerate((x + w / 2, y + h / 2)):
        side = config.search_size / scales[axis]
        slack = max(0.0, (region[2 + axis] - side) / 2)
        middle = region[axis] + region[2 + axis] / 2
        wanted = min(max(center + step_px[axis], middle - slack), middle + slack)
        most = _MOST_STEP * side
        found.append(min(max(wanted - center, -most), most))
    return found[0], found[1]
