"""What happens in the region crop of a search frame: a simulated attribute, or a distractor beside the target."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sdst_edge.datasets.simulation import View, simulate_pair
from sdst_edge.datasets.simulation.patch import blend, fitted, inside, soft_mask
from sdst_edge.training.crops.geometry import Window
from sdst_edge.training.crops.regions import Region
from sdst_edge.training.pairs.clips import Box

__all__ = ["Scene", "simulated", "with_distractor"]

#: Of a distractor: its distance over that at which the boxes touch, its size against the target's, its soft edge.
_APART = (1.02, 1.5)
_SCALE_OCTAVES = 0.4
_EDGE = 0.12
_ROUNDNESS = 4.0


class Scene(NamedTuple):
    """A region with something in it.

    Attributes:
        region: of the same place and size as before.
        box_xywh: of the target, image px; where it is not visible, that from before.
        visible: whether anything of it can be seen.
        shown: whether the pair holds the attribute.
    """

    region: Region
    box_xywh: Box
    visible: bool
    shown: bool


def simulated(
    template_xywh: Box, region: Region, box_xywh: Box, attribute: str, rng: np.random.Generator, strength: float
) -> Scene:
    """A search region with an attribute in it; the region is the picture in which it happens.

    The target comes from its own place, with the template's size: jumps start in the middle of the region, so that a
    tracker that still searches there can see where they end.

    Args:
        template_xywh: of the target in the template frame, image px.
        region: of the search frame. Not modified.
        box_xywh: of the target in it, image px.
        attribute: one of ``EFFECTS``.
        rng: where the randomness comes from.
        strength: see :func:`sdst_edge.datasets.simulation.simulate_pair`.
    """
    import cv2

    x, y, w, h = _local(region, box_xywh)
    _, _, template_w, template_h = _local(region, template_xywh)
    start: Box = (x + (w - template_w) / 2, y + (h - template_h) / 2, template_w, template_h)
    view = simulate_pair(start, View(region.pixels, (x, y, w, h)), attribute, rng, strength=strength)
    high, wide = region.pixels.shape[:2]
    pixels, scale_x, scale_y = view.frame, wide / view.frame.shape[1], high / view.frame.shape[0]
    if pixels.shape != region.pixels.shape:  # LR: what a network sees of the smaller picture
        pixels = np.asarray(cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    if view.visible:
        x, y, w, h = view.box_xywh
        box_xywh = _global(region, (x * scale_x, y * scale_y, w * scale_x, h * scale_y))
    return Scene(replace(region, pixels=pixels), box_xywh, view.visible, view.shown)


def with_distractor(
    region: Region, box_xywh: Box, other: Region, other_xywh: Box, numbers: tuple[float, float, float]
) -> Region:
    """A region with another target beside its own, of about its size, and never over it.

    Args:
        region: of the search frame. Not modified.
        box_xywh: of its target, image px.
        other: the region of another target. Not modified.
        other_xywh: of that target, px of its own image.
        numbers: in [0, 1): of its size, where it stands, and how far away.
    """
    of_scale, of_angle, of_distance = numbers
    x, y, w, h = _local(region, box_xywh)
    other_box = _local(other, other_xywh)
    scale = math.sqrt(w * h / (other_box[2] * other_box[3])) * 2.0 ** (_SCALE_OCTAVES * (2.0 * of_scale - 1.0))
    wide, high = other_box[2] * scale, other_box[3] * scale
    angle = 2.0 * math.pi * of_angle
    ux, uy = math.cos(angle), math.sin(angle)
    touching = min((w + wide) / 2 / max(abs(ux), 1e-9), (h + high) / 2 / max(abs(uy), 1e-9))
    distance = touching * (_APART[0] + (_APART[1] - _APART[0]) * of_distance) + 1.0
    place: Box = (x + w / 2 + distance * ux - wide / 2, y + h / 2 + distance * uy - high / 2, wide, high)
    size_wh = region.pixels.shape[1], region.pixels.shape[0]
    source, target = inside(other_box, (other.pixels.shape[1], other.pixels.shape[0])), inside(place, size_wh)
    if source is None or target is None:
        return region
    shown = fitted(other.pixels[source], place, *target)
    mask = soft_mask(place, *target, power=_ROUNDNESS, edge_px=max(1.0, _EDGE * min(wide, high)))
    pixels = region.pixels.copy()
    pixels[target] = blend(pixels[target], shown, mask)
    return replace(region, pixels=pixels)


def _local(region: Region, box_xywh: Box) -> Box:
    """A box of the image in px of the region."""
    return tuple(region.local(Window(*box_xywh)))  # type: ignore[return-value]  # a Window is four floats


def _global(region: Region, box_xywh: Box) -> Box:
    """A box in px of the region as one of the image."""
    window = region.window
    scale_x, scale_y = window.width / region.pixels.shape[1], window.height / region.pixels.shape[0]
    x, y, w, h = box_xywh
    return window.left + x * scale_x, window.top + y * scale_y, w * scale_x, h * scale_y
