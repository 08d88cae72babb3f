"""Challenges of what the target looks like: scale, aspect ratio, rotation, viewpoint, deformation, low resolution."""

from __future__ import annotations

import math

import numpy as np

from sdst_edge.datasets.rendered.challenge import PoseTable, Timeline, boxes_of, challenge, kept_inside, with_target
from sdst_edge.datasets.rendered.frames import RenderedFrames

__all__: list[str] = []

#: SV: octaves of the radius; twice as many of the area, of which the definition wants more than one.
_SCALE_OCTAVES = 0.75
_LOW_RESOLUTION_PX = 1000.0
#: ARC: octaves of the stretch; twice as many of width over height.
_STRETCH_OCTAVES = 0.75
_TURN_RAD = (0.25 * math.pi, math.pi)
_TILT_RAD = (0.6, 0.95)
#: DEF: greatest wobble, and how fast the bulge runs round, radians a frame.
_WOBBLE, _RUN_RAD = (0.18, 0.26), 0.3
#: LR: px^2 of the box in the middle of its changes of scale.
_AREA_PX = (250.0, 650.0)


@challenge("SV", course_frames=41)
def _scale_variation(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The target grows or shrinks until its area is about 2.8 times as large or small as in the first frame.

    It shrinks only where that makes it no target of low resolution.
    """
    table = PoseTable(scene.target[1])
    radius = table.columns["radius_px"]
    smallest = boxes_of(scene)[0, 2:].prod() * 2 ** (-2 * _SCALE_OCTAVES)
    least = -1.0 if smallest > 1.2 * _LOW_RESOLUTION_PX else 1.0
    signs = timeline.spread(rng.choice((least, 1.0), size=len(timeline.courses)).tolist())
    wanted = radius[0] * np.exp2(_SCALE_OCTAVES * signs)
    radius *= (wanted / radius) ** timeline.intensity()
    return kept_inside(with_target(scene, table))


@challenge("ARC", course_frames=41)
def _aspect_ratio_change(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The target is stretched across or along until its ratio is about 2.8 times the first frame's, or its inverse.

    It stands with its axes along the picture's in the whole clip.
    """
    table = PoseTable(scene.target[1])
    quarter = round(float(table.columns["angle_rad"][0]) / (math.pi / 2))
    table.columns["angle_rad"][:] = quarter * math.pi / 2
    stretch = table.columns["stretch"]
    signs = timeline.spread(rng.choice((-1.0, 1.0), size=len(timeline.courses)).tolist())
    wanted = stretch[0] * np.exp2(_STRETCH_OCTAVES * signs)
    stretch *= (wanted / stretch) ** timeline.intensity()
    return kept_inside(with_target(scene, table))


@challenge("ROT", course_frames=41)
def _rotation(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The target turns by 45 to 180 degrees and back."""
    table = PoseTable(scene.target[1])
    turns = rng.uniform(*_TURN_RAD, size=len(timeline.courses)) * rng.choice((-1.0, 1.0), size=len(timeline.courses))
    table.columns["angle_rad"] += timeline.spread(turns.tolist()) * timeline.intensity()
    return kept_inside(with_target(scene, table))


@challenge("VC", course_frames=41)
def _viewpoint_change(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The target turns away from the viewer around its second axis: its first one is foreshortened, to 0.58 at most."""
    table = PoseTable(scene.target[1])
    tilts = timeline.spread(rng.uniform(*_TILT_RAD, size=len(timeline.courses)).tolist()) * timeline.intensity()
    short = np.sqrt(np.cos(tilts))  # radius * stretch gets its square, radius / stretch stays
    table.columns["radius_px"] *= short
    table.columns["stretch"] *= short
    return with_target(scene, table)


@challenge("DEF", course_frames=41)
def _deformation(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The target bulges in three directions, and the bulges run round it; the area of its box stays."""
    table, areas = PoseTable(scene.target[1]), boxes_of(scene)[:, 2:].prod(axis=1)
    strength = timeline.intensity()
    wobble = table.columns["wobble"]
    wanted = timeline.spread(rng.uniform(*_WOBBLE, size=len(timeline.courses)).tolist())
    wobble += (wanted - wobble) * strength
    table.columns["wobble_phase"] += np.cumsum(strength) * _RUN_RAD * float(rng.choice((-1.0, 1.0)))
    table.columns["radius_px"] *= np.sqrt(areas / boxes_of(with_target(scene, table))[:, 2:].prod(axis=1))
    return kept_inside(with_target(scene, table))


@challenge("LR", course_frames=None)
def _low_resolution(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:  # noqa: ARG001
    """The target is small throughout; its path is shorter in proportion, as seen from farther away."""
    table = PoseTable(scene.target[1])
    area_px = float(np.median(boxes_of(scene)[:, 2:].prod(axis=1)))
    factor = min(1.0, math.sqrt(rng.uniform(*_AREA_PX) / area_px))
    table.columns["radius_px"] *= factor
    for axis, name in enumerate(("x", "y")):
        middle = scene.size_wh[axis] / 2
        table.columns[name] = middle + (table.columns[name] - middle) * factor
    return with_target(scene, table)
