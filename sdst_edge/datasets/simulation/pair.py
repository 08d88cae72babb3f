"""An attribute put into the search frame of a training pair."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sdst_edge.datasets.courses import labelled
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.datasets.simulation.effect import Box, Frame, Scene, effect_kind, painted

__all__ = ["SimulatedView", "View", "simulate_pair"]

_PEAK = 0.5


class View(NamedTuple):
    """A frame and the target that can be seen in it.

    Attributes:
        frame: (H, W, 3) uint8 BGR.
        box_xywh: 0-based continuous image px, sides > 0.
    """

    frame: Frame
    box_xywh: Box


class SimulatedView(NamedTuple):
    """A frame with a challenge in it.

    Attributes:
        frame: (H, W, 3) uint8 BGR, newly allocated.
        box_xywh: 0-based continuous image px, sides > 0; means nothing where the target is not visible.
        visible: whether anything of the target can be seen.
        shown: whether the pair holds the attribute, by the rule that labels frames of clips. False where there was no
            room for it, as for FM and BC with a target that fills the picture; and for OV below full strength.
    """

    frame: Frame
    box_xywh: Box
    visible: bool
    shown: bool


def simulate_pair(
    template_xywh: Box, search: View, attribute: str, rng: np.random.Generator, *, strength: float = 1.0
) -> SimulatedView:
    """The search frame of a pair with a challenge in it; the template frame stays as it is.

    Args:
        template_xywh: the target in the template frame, which SV, ARC and FM are measured against.
        search: the frame to change. Not modified.
        attribute: one of ``EFFECTS``.
        rng: where the randomness comes from; the same state gives the same pixels.
        strength: in (0, 1]: 1 draws up to the hardest. The attribute holds at any strength, but OV: there it is the
            share of the target that leaves the picture.

    Returns:
        The effect at its peak, see :mod:`~sdst_edge.datasets.simulation.effect`. The frame is of another size for LR,
        else of the same. FOC, and OV at strength 1, give a target that is not visible.

    Raises:
        ConfigError: the attribute is unknown or the strength is out of its range.
        DatasetError: a box is not finite or has no area.
    """
    pair = Sequence(
        name="pair",
        frames=(search.frame, search.frame),
        boxes_xywh=np.array([template_xywh, search.box_xywh], dtype=np.float64),
        visible=np.ones(2, dtype=np.bool_),
    )
    height, width = search.frame.shape[:2]
    scene = Scene(
        size_wh=(width, height), template_xywh=template_xywh, start_xywh=template_xywh, target_xywh=search.box_xywh
    )
    chosen = effect_kind(attribute, strength).draw(rng, strength, scene)
    placement = chosen.place(search.box_xywh, _PEAK)
    frame = painted(chosen, search.frame, search.box_xywh, _PEAK)
    pair = replace(
        pair,
        boxes_xywh=np.array([template_xywh, placement.box_xywh], dtype=np.float64),
        visible=np.array([True, placement.visible]),
    )
    phases = np.array([0.0, _PEAK if placement.has_room else 0.0])
    shown = labelled(pair, attribute, phases, ~pair.visible).frame_attributes[attribute][1]
    return SimulatedView(frame, placement.box_xywh, placement.visible, bool(shown))
