"""What an effect is, and the register of all of them by the attribute that they simulate.

An effect runs its course from phase 0 through 0.5, its peak, to 1, see :mod:`sdst_edge.datasets.courses`. A pair shows
one phase of a course, a clip shows courses one after another; both use the same two methods, so that what a network is
trained on is what a tracker is tested on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import ConfigError

__all__ = [
    "EFFECTS",
    "Box",
    "Effect",
    "EffectKind",
    "Frame",
    "Placement",
    "Scene",
    "effect",
    "effect_kind",
    "painted",
]

#: x, y, w, h: continuous 0-based image px.
Box = tuple[float, float, float, float]

#: (H, W, 3) uint8 BGR.
Frame = NDArray[np.uint8]

#: One of so many rows and columns is looked at to tell a gray picture, px.
_GRAY_STEP = 8


class Placement(NamedTuple):
    """Where the target is after an effect.

    Attributes:
        box_xywh: clipped to the picture where the effect moved it; means nothing where the target is not visible.
        visible: false when nothing of the target can be seen any more.
        has_room: false where nothing of the effect shows, for want of room in the picture.
    """

    box_xywh: Box
    visible: bool
    has_room: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What an effect is drawn for.

    Attributes:
        size_wh: of the pictures, px.
        template_xywh: the target where tracking starts, which SV and ARC are measured against.
        start_xywh: where a jump starts: in a pair the template's place; in a clip the target's own, where the frames
            before show it.
        target_xywh: the target at the peak of the effect's course.
    """

    size_wh: tuple[int, int]
    template_xywh: Box
    start_xywh: Box
    target_xywh: Box


class Effect(Protocol):
    """A challenge to be put into pictures, with everything random about it drawn already."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the pictures that it gives, px."""
        ...

    def place(self, box_xywh: Box, phase: float) -> Placement:
        """Where the target of a frame is at a phase 0..1 of the course; reads no pixel."""
        ...

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The frame at a phase 0..1 of the course, as a new array; ``box_xywh`` is the target's before the effect."""
        ...


def painted(effect: Effect, frame: Frame, box_xywh: Box, phase: float) -> Frame:
    """The frame with an effect in it, see :meth:`Effect.paint`; a gray picture stays gray, whatever is put into it.

    Returns:
        (H, W, 3) uint8, C-contiguous.
    """
    import cv2

    result = effect.paint(frame, box_xywh, phase)
    sample = frame[::_GRAY_STEP, ::_GRAY_STEP]
    if (sample == sample[..., :1]).all():
        result = np.repeat(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    return np.ascontiguousarray(result)


Draw = Callable[[np.random.Generator, float, Scene], Effect]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectKind:
    """A challenging attribute that can be simulated.

    Attributes:
        attribute: its name, one of LaSOT's 14.
        course_frames: how many frames of a clip one course takes, odd, so that one of them is the peak; None where it
            holds for a whole clip.
        draw: a random effect from a generator, a strength in (0, 1] and a scene.
    """

    attribute: str
    course_frames: int | None
    draw: Draw


#: By attribute.
EFFECTS: dict[str, EffectKind] = {}


def effect(attribute: str, *, course_frames: int | None) -> Callable[[Draw], Draw]:
    """Registers the function below it as the one that draws effects of an attribute; see :class:`EffectKind`."""

    def register(draw: Draw) -> Draw:
        EFFECTS[attribute] = EffectKind(attribute=attribute, course_frames=course_frames, draw=draw)
        return draw

    return register


def effect_kind(attribute: str, strength: float) -> EffectKind:
    """The kind of effect by its attribute's name.

    Raises:
        ConfigError: no effect simulates that attribute, or the strength is not in (0, 1].
    """
    if attribute not in EFFECTS:
        raise ConfigError(f"attribute {attribute!r} cannot be simulated; expected one of {', '.join(EFFECTS)}")
    if not 0 < strength <= 1:
        raise ConfigError(f"strength {strength} of {attribute}, expected more than 0 and at most 1")
    return EFFECTS[attribute]
