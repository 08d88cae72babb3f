"""What stands between a backbone and the matchers where several of its feature maps are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from sdst_edge.models.base import Maps

__all__ = ["NECK_CHANNELS", "TEMPLATE_CENTER", "ProjectedTrunk"]

#: PySOT's numbers: channels of all projections, and side of the middle of the template features that is used,
#: cells.
NECK_CHANNELS = 256
TEMPLATE_CENTER = 7


class ProjectedTrunk(nn.Module):
    """A backbone with projections of some of its feature maps, and some that stay as they are.

    Args:
        backbone: (B, 3, H, W) to a tuple of feature maps, the finest first.
        projections: layers on the feature map of that index.
        keeps: indices of feature maps that are returned unchanged, behind the projected ones.
    """

    def __init__(self, backbone: nn.Module, projections: Mapping[int, nn.Module], *, keeps: Sequence[int] = ()) -> None:
        super().__init__()
        self.backbone = backbone
        self.projected = tuple(projections)
        self.projections = nn.ModuleList(projections.values())
        self.keeps = tuple(keeps)

    def forward(self, pixels: Tensor) -> Maps:
        """(B, 3, H, W) to the projected feature maps in their order, and those that are kept."""
        maps = self.backbone(pixels)
        projected = (layers(maps[i]) for i, layers in zip(self.projected, self.projections, strict=True))
        return (*projected, *(maps[i] for i in self.keeps))
