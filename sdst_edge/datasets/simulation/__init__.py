"""Challenging attributes put into real pictures: pairs to train on, clips to test on, boxes moved with the pixels.

The modules of effects are imported here so that they register in ``EFFECTS``.
"""

from __future__ import annotations

from sdst_edge.datasets.simulation import camera, clutter, light, occlusion, resolution, shape
from sdst_edge.datasets.simulation.clip import SimulatedFrames, simulate_clip
from sdst_edge.datasets.simulation.effect import EFFECTS, Effect, EffectKind, Placement, Scene
from sdst_edge.datasets.simulation.pair import SimulatedView, View, simulate_pair

__all__ = [
    "EFFECTS",
    "Effect",
    "EffectKind",
    "Placement",
    "Scene",
    "SimulatedFrames",
    "SimulatedView",
    "View",
    "camera",
    "clutter",
    "light",
    "occlusion",
    "resolution",
    "shape",
    "simulate_clip",
    "simulate_pair",
]
