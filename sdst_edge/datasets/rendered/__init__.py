"""Rendered clips: textured objects that move over textured backgrounds, with exact boxes, from nothing but a seed."""

from __future__ import annotations

from sdst_edge.datasets.rendered.clip import RenderedFrames, render_clip

__all__ = ["RenderedFrames", "render_clip"]
