"""Batches that travel as regions and are cut and recoloured all at once on the device that trains."""

from __future__ import annotations

import math
from collections.abc import Sequence as Items
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sdst_edge.training.crops.color import box_blur_batch, gray_batch, recolor_batch
from sdst_edge.training.crops.cutting import cut_batch
from sdst_edge.training.crops.geometry import Window
from sdst_edge.training.crops.regions import Region, RegionRule
from sdst_edge.training.pairs.assembly import labels
from sdst_edge.training.pairs.augment import Color
from sdst_edge.training.pairs.batch import Crops, PairBatch
from sdst_edge.training.pairs.handover import Room, private_room
from sdst_edge.training.pairs.planning import PairPlan
from sdst_runtime.config import TrackerConfig

__all__ = ["RegionBatch", "Side", "plan_batch", "region_bytes"]

#: Around a window, px of the region: what bilinear interpolation reaches for.
_MARGIN_PX = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """The templates, or the search regions, of a batch before they are cut: for views that show them alike.

    Attributes:
        regions: (B, P, P, 3) uint8, BGR: the parts of the region crops that the views need.
        borders: (B, 3) uint8.
        windows: (V, B, 4) float32: left, top, width, height of V views, px of ``regions``.
        gains: (B, 3) float32.
        offsets: (B,) float32, grey levels.
        is_gray: (B,) bool.
        blur_sides: (B,) int64, 1 for none; they stay on the CPU.
    """

    regions: Tensor
    borders: Tensor
    windows: Tensor
    gains: Tensor
    offsets: Tensor
    is_gray: Tensor
    blur_sides: Tensor

    def moved(self, device: torch.device) -> Side:
        """The same on a device."""
        moved = {
            item.name: getattr(self, item.name).to(device, non_blocking=True)
            for item in fields(self)
            if item.name != "blur_sides"
        }
        return replace(self, **moved)

    def crops(self, view: int, out_px: int, mirrored: Tensor) -> Tensor:
        """(B, out_px, out_px, 3) uint8, BGR: what a view sees."""
        crops = cut_batch(self.regions, self.windows[view], self.borders, mirrored, out_px)
        crops = gray_batch(recolor_batch(crops, self.gains, self.offsets), self.is_gray)
        return box_blur_batch(crops, self.blur_sides)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegionBatch:
    """Pairs before they are cut.

    Attributes:
        templates: of each view, with that view alone.
        searches: all search regions, for the views that show them like the first one, and for the others.
        sizes: of the template and search input of each view, network px.
        scales: (V, B, 2) float32, see :class:`Crops`.
        mirrored: (B,) bool.
        labels: the other fields of :class:`PairBatch` by name.
    """

    templates: tuple[Side, ...]
    searches: tuple[Side, ...]
    sizes: tuple[tuple[int, int], ...]
    scales: Tensor
    mirrored: Tensor
    labels: dict[str, Tensor]

    @property
    def pixels(self) -> tuple[Tensor, ...]:
        """The regions of the templates of each view, and the search regions."""
        return tuple(side.regions for side in (*self.templates, *self.searches))

    def with_pixels(self, pixels: Items[Tensor]) -> RegionBatch:
        """The same batch with its regions in other tensors, in the order of ``pixels``."""
        sides = zip((*self.templates, *self.searches), pixels, strict=True)
        held = tuple(replace(side, regions=own) for side, own in sides)
        count = len(self.templates)
        return replace(self, templates=held[:count], searches=held[count:])

    def cut(self, device: torch.device) -> PairBatch:
        """The batch, cut and recoloured on a device."""
        scales, mirrored = (item.to(device, non_blocking=True) for item in (self.scales, self.mirrored))
        searches = [side.moved(device) for side in self.searches]
        shown = [(side, view) for side in searches for view in range(len(side.windows))]
        views: list[Crops] = []
        for number, ((template_px, search_px), (search, view)) in enumerate(zip(self.sizes, shown, strict=True)):
            x = search.crops(view, search_px, mirrored)
            z = self.templates[number].moved(device).crops(0, template_px, mirrored)
            views.append(Crops(z=z, x=x, scale=scales[number]))
        rest = {name: values.to(device, non_blocking=True) for name, values in self.labels.items()}
        return PairBatch(views=tuple(views), **rest)


def plan_batch(plans: Items[PairPlan], configs: Items[TrackerConfig], room: Room = private_room) -> RegionBatch:
    """The batch of some pairs, still to be cut.

    Args:
        plans: at least one.
        configs: of the views that the pairs were planned for.
        room: for the regions.
    """
    clean_from = plans[0].clean_from  # of all pairs
    looks = [views for views in (slice(0, clean_from), slice(clean_from, len(configs))) if views.start < views.stop]
    return RegionBatch(
        templates=tuple(_side([_template(plan, view) for plan in plans], room) for view in range(len(configs))),
        searches=tuple(_side([_search(plan, views) for plan in plans], room) for views in looks),
        sizes=tuple((config.template_size, config.search_size) for config in configs),
        scales=torch.tensor([plan.scales for plan in plans], dtype=torch.float32).transpose(0, 1).contiguous(),
        mirrored=torch.tensor([plan.variations[0].mirrored for plan in plans]),
        labels=labels(plans),
    )


def region_bytes(rule: RegionRule, views: int) -> int:
    """Bytes of a pair's regions, at most."""
    return (views + 2) * 3 * rule.size_px**2  # a template each, and search regions of one or two looks


class _Part(NamedTuple):
    """A region, the windows of the image that are needed of it, and how it is shown."""

    region: Region
    windows: tuple[Window, ...]
    color: Color
    is_gray: bool
    blur_side: int


def _template(plan: PairPlan, view: int) -> _Part:
    variation = plan.variations[view]
    windows = plan.template_windows[view : view + 1]
    return _Part(plan.templates[view], windows, variation.template_color, variation.gray, 1)


def _search(plan: PairPlan, views: slice) -> _Part:
    """Of views that show the same."""
    variation, region = plan.variations[views.start], plan.searches[views.start]
    return _Part(region, plan.search_windows[views], variation.search_color, variation.gray, variation.blur_side)


def _side(parts: Items[_Part], room: Room) -> Side:
    local = [[part.region.local(window) for window in part.windows] for part in parts]
    corners = [
        tuple(math.floor(min(window[axis] for window in windows)) - _MARGIN_PX for axis in (0, 1)) for windows in local
    ]
    ends = [
        tuple(math.ceil(max(window[axis] + window[2 + axis] for window in windows)) + _MARGIN_PX for axis in (0, 1))
        for windows in local
    ]
    whole = parts[0].region.pixels.shape[0]
    sides = (end[axis] - corner[axis] for corner, end in zip(corners, ends, strict=True) for axis in (0, 1))
    side = min(whole, max(sides))
    regions = room((len(parts), side, side, 3))
    pixels = regions.numpy()
    windows = np.array(local, dtype=np.float64)  # (B, V, 4)
    for row, (part, corner) in enumerate(zip(parts, corners, strict=True)):
        left, top = (min(max(start, 0), whole - side) for start in corner)
        pixels[row] = part.region.pixels[top : top + side, left : left + side]
        windows[row, :, :2] -= (left, top)
    return Side(
        regions=regions,
        borders=torch.tensor([part.region.border for part in parts], dtype=torch.uint8),
        windows=torch.from_numpy(windows.transpose(1, 0, 2).astype(np.float32)),
        gains=torch.tensor([part.color.gain_bgr for part in parts], dtype=torch.float32),
        offsets=torch.tensor([part.color.offset for part in parts], dtype=torch.float32),
        is_gray=torch.tensor([part.is_gray for part in parts]),
        blur_sides=torch.tensor([part.blur_side for part in parts], dtype=torch.int64),
    )
