"""What the loader gives and the losses take: pairs of a template and a search region, for one or several networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from sdst_runtime.crop_rule import Normalization

__all__ = ["Crops", "PairBatch", "normalized"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crops:
    """What networks of one tracker configuration see of the pairs.

    Attributes:
        z: (B, template_size, template_size, 3) uint8, BGR.
        x: (B, search_size, search_size, 3) uint8, BGR.
        scale: (B, 2) float32: network px per image px of the search region, along x and y.
    """

    z: Tensor
    x: Tensor
    scale: Tensor

    def to(self, device: torch.device) -> Crops:
        """The same on a device; from pinned memory the copy does not block."""
        z, x, scale = (item.to(device, non_blocking=True) for item in (self.z, self.x, self.scale))
        return Crops(z=z, x=x, scale=scale)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairBatch:
    """Pairs, drawn by seed and global index alone.

    Attributes:
        views: the same pairs as each tracker configuration cuts them, in the order in which these were given to the
            loader, the student's first. From the loader's ``clean_from`` on they are shown clean.
        boxes_image: (B, 4) float32: the target in the search region as x1, y1, x2, y2 in image px from the search
            centre; times ``scale`` (twice over) they are network px of a view. Mean nothing where not ``positive``.
        positive: (B,) bool: whether the search region shows the template's target.
        annotated: (B,) bool: whether ``boxes_image`` and ``positive`` are an annotation to learn from. Otherwise they
            say what was proposed and cut, and teachers alone what there is to see.
        attributes: (B, K) float32, 1 where the pair holds ``data.attributes[k]``, else 0.
        index: (B,) int64, global index of each pair.
    """

    views: tuple[Crops, ...]
    boxes_image: Tensor
    positive: Tensor
    annotated: Tensor
    attributes: Tensor
    index: Tensor

    def __len__(self) -> int:
        return len(self.index)

    def boxes_xyxy(self, view: int = 0) -> Tensor:
        """(B, 4) float32: the target as x1, y1, x2, y2 in network px of a view, from the search centre."""
        scale = self.views[view].scale
        return self.boxes_image * torch.cat((scale, scale), dim=1)

    @property
    def pixels(self) -> tuple[Tensor, ...]:
        """The crops of all views, z and x in turn."""
        return tuple(pixels for view in self.views for pixels in (view.z, view.x))

    def with_pixels(self, pixels: Sequence[Tensor]) -> PairBatch:
        """The same batch with its crops in other tensors, in the order of ``pixels``."""
        sides = zip(self.views, pixels[::2], pixels[1::2], strict=True)
        return replace(self, views=tuple(replace(view, z=z, x=x) for view, z, x in sides))

    def to(self, device: torch.device) -> PairBatch:
        """The same on a device."""
        moved = {
            item.name: getattr(self, item.name).to(device, non_blocking=True)
            for item in fields(self)
            if item.name != "views"
        }
        return PairBatch(views=tuple(view.to(device) for view in self.views), **moved)


def normalized(pixels: Tensor, rule: Normalization) -> Tensor:
    """Network input of crops.

    Args:
        pixels: (B, H, W, 3) uint8, BGR.
        rule: of the network's configuration.

    Returns:
        (B, 3, H, W) float32 in the network's order of channels, laid out channels last.
    """
    values = pixels.permute(0, 3, 1, 2).to(torch.float32)  # (B, 3, H, W), channels last
    if rule.channel_order == "rgb":
        values = values.flip(1)
    for change, numbers, neutral in ((values.sub_, rule.mean, 0.0), (values.div_, rule.std, 1.0)):
        if any(number != neutral for number in numbers):  # a pass over the pixels takes longer than some layers
            change(torch.tensor(numbers, device=values.device).view(1, 3, 1, 1))
    return values
