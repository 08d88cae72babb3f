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
    """The templates, or the search regions, of a batch before they are cut.

    Attributes:
        regions: (B, P, P, 3) uint8, BGR: the parts of the region crops that the views need.
        borders: (B, 3) uint8.
        windows: (V, B, 4) float32: left, top, width, height of V views, px of ``regions``.
        gains: (B, 3) float32.
        offsets: (B,) float32, grey levels.
    """

    regions: Tensor
    borders: Tensor
    windows: Tensor
    gains: Tensor
    offsets: Tensor

    def moved(self, device: torch.device) -> Side:
        """The same on a device."""
        return Side(**{item.name: getattr(self, item.name).to(device, non_blocking=True) for item in fields(self)})

    def crops(self, view: int, out_px: int, mirrored: Tensor, is_gray: Tensor) -> Tensor:
        """(B, out_px, out_px, 3) uint8, BGR: what a view sees."""
        crops = cut_batch(self.regions, self.windows[view], self.borders, mirrored, out_px)
        return gray_batch(recolor_batch(crops, self.gains, self.offsets), is_gray)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegionBatch:
    """Pairs before they are cut.

    Attributes:
        templates: of each view, with that view alone.
        search: all search regions.
        sizes: of the template and search input of each view, network px.
        scales: (V, B, 2) float32, see :class:`Crops`.
        mirrored: (B,) bool.
        is_gray: (B,) bool.
        blur_sides: (B,) int64, 1 for none.
        labels: the other fields of :class:`PairBatch` by name.
    """

    templates: tuple[Side, ...]
    search: Side
    sizes: tuple[tuple[int, int], ...]
    scales: Tensor
    mirrored: Tensor
    is_gray: Tensor
    blur_sides: Tensor
    labels: dict[str, Tensor]

    @property
    def pixels(self) -> tuple[Tensor, ...]:
        """The regions of the templates of each view, and of the search regions."""
        return (*(template.regions for template in self.templates), self.search.regions)

    def with_pixels(self, pixels: Items[Tensor]) -> RegionBatch:
        """The same batch with its regions in other tensors, in the order of ``pixels``."""
        templates = tuple(replace(side, regions=own) for side, own in zip(self.templates, pixels[:-1], strict=True))
        return replace(self, templates=templates, search=replace(self.search, regions=pixels[-1]))

    def cut(self, device: torch.device) -> PairBatch:
        """The batch, cut and recoloured on a device."""
        search = self.search.moved(device)
        scales, mirrored, is_gray = (
            item.to(device, non_blocking=True) for item in (self.scales, self.mirrored, self.is_gray)
        )
        views: list[Crops] = []
        for view, (template_px, search_px) in enumerate(self.sizes):
            x = search.crops(view, search_px, mirrored, is_gray)
            if bool((self.blur_sides > 1).any()):  # looked at on the CPU: the device is not waited for
                x = box_blur_batch(x, self.blur_sides.to(device, non_blocking=True))
            z = self.templates[view].moved(device).crops(0, template_px, mirrored, is_gray)
            views.append(Crops(z=z, x=x, scale=scales[view]))
        rest = {name: values.to(device, non_blocking=True) for name, values in self.labels.items()}
        return PairBatch(views=tuple(views), **rest)


def plan_batch(plans: Items[PairPlan], configs: Items[TrackerConfig], room: Room = private_room) -> RegionBatch:
    """The batch of some pairs, still to be cut.

    Args:
        plans: at least one.
        configs: of the views that the pairs were planned for.
        room: for the regions.
    """
    variations = [plan.variation for plan in plans]
    return RegionBatch(
        templates=tuple(
            _side(
                [_Part(plan.templates[view], plan.template_windows[view : view + 1]) for plan in plans],
                [variation.template_color for variation in variations],
                room,
            )
            for view in range(len(configs))
        ),
        search=_side(
            [_Part(plan.search, plan.search_windows) for plan in plans],
            [variation.search_color for variation in variations],
            room,
        ),
        sizes=tuple((config.template_size, config.search_size) for config in configs),
        scales=torch.tensor([plan.scales for plan in plans], dtype=torch.float32).transpose(0, 1).contiguous(),
        mirrored=torch.tensor([variation.mirrored for variation in variations]),
        is_gray=torch.tensor([variation.gray for variation in variations]),
        blur_sides=torch.tensor([variation.blur_side for variation in variations], dtype=torch.int64),
        labels=labels(plans),
    )


def region_bytes(rule: RegionRule, views: int) -> int:
    """Bytes of a pair's regions, at most."""
    return (views + 1) * 3 * rule.size_px**2


class _Part(NamedTuple):
    """A region, and the windows of the image that are needed of it."""

    region: Region
    windows: tuple[Window, ...]


def _side(parts: Items[_Part], colors: Items[Color], room: Room) -> Side:
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
        gains=torch.tensor([color.gain_bgr for color in colors], dtype=torch.float32),
        offsets=torch.tensor([color.offset for color in colors], dtype=torch.float32),
    )
