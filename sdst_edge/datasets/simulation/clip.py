"""An attribute put into a sequence: courses of an effect one after another, painted when a frame is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes import ATTRIBUTES
from sdst_edge.datasets.courses import course_phases, labelled, plan_courses
from sdst_edge.datasets.sequence import Frames, Sequence
from sdst_edge.datasets.simulation.effect import Box, Effect, EffectKind, Frame, Scene, effect_kind, painted
from sdst_runtime.errors import ConfigError, DatasetError

__all__ = ["SimulatedFrames", "simulate_clip"]

_AT_EDGE_PX = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedFrames:
    """Frames of a sequence with an effect in them: the same index gives the same pixels.

    Attributes:
        source: the frames as they are.
        boxes_xywh: (N, 4), the target before the effect; where it is absent, where it was last seen.
        steps: effect and phase of each frame, None for a frame as it is.
    """

    source: Frames
    boxes_xywh: NDArray[np.float64]
    steps: tuple[tuple[Effect, float] | None, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int, /) -> Frame:
        """The frame at ``index``: (H, W, 3) uint8 BGR, C-contiguous."""
        frame, step = self.source[index], self.steps[index]
        if step is None:
            return frame
        effect, phase = step
        return painted(effect, frame, _box(self.boxes_xywh, index), phase)


def simulate_clip(sequence: Sequence, attribute: str, *, seed: int = 0, strength: float = 1.0) -> Sequence:
    """The sequence with a challenge that comes and goes, the same for the same arguments.

    The first frame stays as it is, but for LR, which holds throughout. A clip shorter than a course gets a faster one.

    Args:
        sequence: pictures of one size, the target visible somewhere. Not modified, nor decoded as far as its
            picture's size is known.
        attribute: one of ``EFFECTS``.
        seed: >= 0, of all that is drawn.
        strength: in (0, 1]: 1 draws up to the hardest. The attribute holds at any strength, but OV: there it is the
            share of the target that leaves the picture.

    Returns:
        ``<name>-<attribute>``, with frames that are painted at each access. ``frame_attributes`` says which frames show
        the attribute: by LaSOT's definition for SV, ARC, FM and LR, hidden or gone for FOC and OV, half its strength
        or more for others, as far as there was room for it; ``attributes`` has it where any frame does. Other labels
        stay; ``absence`` and, where boxes moved, ``cut`` are those of the new boxes. Regions are not moved, so it has
        none.

    Raises:
        ConfigError: attribute, seed or strength out of its range.
        DatasetError: the target is never visible, or the first picture cannot be read.
    """
    kind = effect_kind(attribute, strength)
    if seed < 0:
        raise ConfigError(f"seed {seed} of a simulated clip, expected 0 or more")
    if not sequence.visible.any():
        raise DatasetError(f"sequence {sequence.name}: its target is never visible, so nothing can be done to it")
    size_wh, before = sequence.picture_size(), _seen_boxes(sequence)
    steps = _steps(kind, before, size_wh, (seed, list(ATTRIBUTES).index(attribute)), strength)
    boxes_xywh, visible, phases = sequence.boxes_xywh.copy(), sequence.visible.copy(), np.zeros(len(steps))
    for index, step in enumerate(steps):
        if step is not None and sequence.visible[index]:
            placement = step[0].place(_box(before, index), step[1])
            boxes_xywh[index], visible[index] = placement.box_xywh, placement.visible
            phases[index] = step[1] if placement.has_room else 0.0
    simulated = replace(
        sequence,
        name=f"{sequence.name}-{attribute}",
        frames=SimulatedFrames(source=sequence.frames, boxes_xywh=before, steps=steps),
        boxes_xywh=boxes_xywh,
        visible=visible,
        regions=None,
        size_wh=next((step[0].size_wh for step in steps if step is not None), size_wh),
    )
    simulated = replace(simulated, frame_attributes=_still_true(sequence, simulated))
    return labelled(simulated, attribute, phases, sequence.visible & ~visible)


def _still_true(sequence: Sequence, simulated: Sequence) -> dict[str, NDArray[np.bool_]]:
    """The frames' labels after a change: absence is that of now, and moved boxes are cut where they touch an edge."""
    flags, boxes_xywh, visible = dict(sequence.frame_attributes), simulated.boxes_xywh, simulated.visible
    if "absence" in flags:
        flags["absence"] = ~visible
    if "cut" in flags:
        last_xy = boxes_xywh[:, :2] + boxes_xywh[:, 2:]
        at_edge = (np.minimum(boxes_xywh[:, :2], simulated.picture_size() - last_xy) <= _AT_EDGE_PX).any(axis=1)
        moved = (boxes_xywh != sequence.boxes_xywh).any(axis=1)
        flags["cut"] = np.where(moved, at_edge, flags["cut"]) & visible
    return flags


def _steps(
    kind: EffectKind, boxes_xywh: NDArray[np.float64], size_wh: tuple[int, int], seed: tuple[int, int], strength: float
) -> tuple[tuple[Effect, float] | None, ...]:
    """Effect and phase of each frame."""
    count = len(boxes_xywh)

    def drawn(number: int, peak: int) -> Effect:
        template, target = _box(boxes_xywh, 0), _box(boxes_xywh, peak)
        scene = Scene(size_wh=size_wh, template_xywh=template, start_xywh=target, target_xywh=target)
        return kind.draw(np.random.default_rng([*seed, number]), strength, scene)

    if kind.course_frames is None:
        by_area = np.argsort(boxes_xywh[:, 2:].prod(axis=1), kind="stable")
        return ((drawn(0, int(by_area[count // 2])), 0.5),) * count
    steps: list[tuple[Effect, float] | None] = [None] * count
    for number, course in enumerate(plan_courses(count, kind.course_frames)):
        effect = drawn(number, course[len(course) // 2])
        for index, phase in zip(course, course_phases(course).tolist(), strict=True):
            steps[index] = (effect, phase)
    return tuple(steps)


def _seen_boxes(sequence: Sequence) -> NDArray[np.float64]:
    """The boxes; where the target is absent, the last one that was seen, or the first one that will be."""
    indices = np.where(sequence.visible, np.arange(len(sequence)), -1)
    last = np.maximum.accumulate(indices)
    return sequence.boxes_xywh[np.where(last < 0, int(sequence.visible.argmax()), last)]


def _box(boxes_xywh: NDArray[np.float64], index: int) -> Box:
    x, y, w, h = boxes_xywh[index].tolist()
    return x, y, w, h
