"""How a pair strays from its annotation: what a tracker that is a bit off believes in, and other light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sdst_edge.training.crops.geometry import Window, search_scale
from sdst_edge.training.pairs.clips import Box
from sdst_edge.training.recipe import Augmentation
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State

__all__ = ["AS_IT_IS", "Color", "Step", "Variation", "draw_variation", "jittered_box", "stray_state", "without_light"]

#: Sides of a box blur, px.
_BLUR_SIDES = (3, 5, 7)
#: How far a target that has just moved may be from where it is searched, over the side of the search region.
_MOST_STEP = 0.4


class Color(NamedTuple):
    """Other light on one side of a pair.

    Attributes:
        gain_bgr: factor on each channel.
        offset: added after that, grey levels.
    """

    gain_bgr: tuple[float, float, float]
    offset: float


class Step(NamedTuple):
    """Of a target that has just moved.

    Attributes:
        offset: from its centre to where it was before, image px.
        region: what the region crop of the search frame shows, image px.
    """

    offset: tuple[float, float]
    region: Window


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


#: The light of the picture.
AS_IT_IS = Color((1.0, 1.0, 1.0), 0.0)


def without_light(variation: Variation) -> Variation:
    """The same geometry in the light of the picture, and sharp."""
    return variation._replace(gray=False, blur_side=1, template_color=AS_IT_IS, search_color=AS_IT_IS)


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


def stray_state(variation: Variation, config: TrackerConfig, box_xywh: Box, step: Step | None = None) -> State:
    """Where a tracker that is a bit off believes the target to be.

    Args:
        variation: of the pair.
        config: of the tracker.
        box_xywh: of the target, image px.
        step: of a target that has just moved: it is believed to be where it was, give or take the shift.
    """
    x, y, w, h = box_xywh
    root = variation.aspect**0.5
    width, height = w * variation.size * root, h * variation.size / root
    scales = search_scale(config, width, height)
    shift_x, shift_y = variation.shift_px
    off = shift_x / scales[0], shift_y / scales[1]
    if step is not None:
        off = _shown(config, box_xywh, step._replace(offset=(step.offset[0] + off[0], step.offset[1] + off[1])), scales)
    return State(x + w / 2 + off[0], y + h / 2 + off[1], width, height)


def _shown(config: TrackerConfig, box_xywh: Box, step: Step, scales: tuple[float, float]) -> tuple[float, float]:
    """As much of a step as a pair can show, image px.

    The search region must stay inside the region crop, or the side without ground would tell where the target is; and
    the target inside the search region.
    """
    found: list[float] = []
    for axis in (0, 1):
        center, side = box_xywh[axis] + box_xywh[2 + axis] / 2, config.search_size / scales[axis]
        middle, slack = step.region[axis] + step.region[2 + axis] / 2, max(0.0, (step.region[2 + axis] - side) / 2)
        wanted = min(max(center + step.offset[axis], middle - slack), middle + slack)
        most = _MOST_STEP * side
        found.append(min(max(wanted - center, -most), most))
    return found[0], found[1]
