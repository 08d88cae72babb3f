"""Rendered clips: textured objects that move over textured backgrounds, with exact boxes, from nothing but a seed.

The modules of challenges are imported here so that they register in ``CHALLENGES``.
"""

from __future__ import annotations

from sdst_edge.datasets.rendered import looks, paths, surroundings
from sdst_edge.datasets.rendered.challenge import CHALLENGES
from sdst_edge.datasets.rendered.clip import render_clip
from sdst_edge.datasets.rendered.frames import RenderedFrames

__all__ = ["CHALLENGES", "RenderedFrames", "looks", "paths", "render_clip", "surroundings"]
