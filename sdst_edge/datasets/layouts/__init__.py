"""How data sets lie on disk: one module a layout, each with a constant ``LAYOUT``."""

from __future__ import annotations

from collections.abc import Mapping

from sdst_edge.datasets.layouts import (
    coco,
    folder,
    got10k,
    imagenet_vid,
    lasot,
    otb,
    photos,
    pictures,
    trackingnet,
    uav123,
    vot,
)
from sdst_edge.datasets.layouts.layout import Entry, Layout

__all__ = ["LAYOUTS", "Entry", "Layout"]

#: All of them by name, in the order in which help and errors list them.
LAYOUTS: Mapping[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (lasot, got10k, otb, uav123, trackingnet, vot, imagenet_vid, coco, pictures, photos, folder)
}
