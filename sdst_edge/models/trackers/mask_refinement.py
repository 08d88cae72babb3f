"""SiamMask's mask branch: a mask per cell, refined with finer features of the search region around that cell.

Wang et al., Fast Online Object Tracking and Segmentation: A Unifying Approach, 2019, section 3.3 and appendix A.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdst_edge.models.composed import MatchedMask, Matcher
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.scaling import Scaling

__all__ = ["CellWindow", "RefinedMask"]

COARSE_SIDE = 63  # of the unrefined mask, px
FIRST_SIDE = 15  # of the mask that the response of one cell is expanded to
FIRST_CHANNELS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CellWindow:
    """Where the template-sized square about a cell lies in a feature map.

    Attributes:
        padding: cells of zeros around the feature map, for windows at its rim.
        step: cells of the feature map per cell of the response.
        side: of the window, cells.
    """

    padding: int
    step: int
    side: int

    def cut(self, features: Tensor, cell: Tensor) -> Tensor:
        """(1, C, H, W) and row and column (2,) int64 to (1, C, side, side). All shapes are static."""
        padded = F.pad(features, (self.padding,) * 4)
        window = torch.arange(self.side, device=cell.device)
        rows, columns = self.step * cell[:1] + window, self.step * cell[1:] + window
        return padded.index_select(2, rows).index_select(3, columns)


class RefineStep(nn.Module):
    """Adds finer features to a mask and enlarges it.

    Args:
        window: of the features.
        channels: of the features, between the two convolutions on them, of the mask, and of the enlarged mask.
        side: of the enlarged mask.
    """

    def __init__(self, window: CellWindow, channels: tuple[int, int, int, int], side: int) -> None:
        super().__init__()
        features, between, mask, enlarged = channels
        self.window = window
        self.side = side
        self.lateral = nn.Sequential(_convolution(features, between), _convolution(between, mask))
        self.refine = nn.Sequential(_convolution(mask, mask), _convolution(mask, mask))
        self.predict = nn.Conv2d(mask, enlarged, 3, padding=1)

    def forward(self, mask: Tensor, features: Tensor, cell: Tensor) -> Tensor:
        """(1, mask, s, s) to (1, enlarged, side, side)."""
        joined = self.refine(mask) + self.lateral(self.window.cut(features, cell))
        result: Tensor = self.predict(F.interpolate(joined, size=(self.side, self.side)))
        return result


def _convolution(channels_in: int, channels_out: int) -> ConvNorm:
    return ConvNorm(channels_in, channels_out, 3, bias=True, norm=False, act="relu")


class RefinedMask(MatchedMask):
    """Mask logits of one cell, 127 x 127.

    Args:
        matcher: of the branch.
        reads: see :class:`MatchedMask`; features at strides 8, 4 and 2 in this order.
        channels: of the response, and of each of ``reads``.
        threshold: see :class:`MatchedMask`.
        scaling: of the channels in between.

    Attributes:
        coarse: layers from the response (B, C, S, S) to (B, 63 x 63, S, S), logits of an unrefined mask per cell. They
            are trained and published; the tracker of the original runs them and makes no use of what they give, and
            :meth:`forward` does not run them.
    """

    def __init__(
        self,
        matcher: Matcher,
        reads: dict[str, int],
        *,
        channels: tuple[int, int, int, int],
        threshold: float,
        scaling: Scaling,
    ) -> None:
        super().__init__(matcher, reads, threshold)
        response, *features = channels
        first, second, third = (scaling.channels(published) for published in (FIRST_CHANNELS, 16, 4))
        between = [scaling.channels(published) for published in (128, 64, 16)]
        self.coarse = nn.Sequential(
            ConvNorm(response, response, act="relu"), nn.Conv2d(response, COARSE_SIDE * COARSE_SIDE, 1)
        )
        self.expand = nn.ConvTranspose2d(response, first, FIRST_SIDE)
        self.steps = nn.ModuleList(
            (
                RefineStep(CellWindow(padding=4, step=1, side=15), (features[0], between[0], first, second), side=31),
                RefineStep(CellWindow(padding=8, step=2, side=31), (features[1], between[1], second, third), side=61),
                RefineStep(CellWindow(padding=16, step=4, side=61), (features[2], between[2], third, 1), side=127),
            )
        )

    def forward(self, response: Tensor, *features: Tensor, cell: Tensor) -> Tensor:
        """See :meth:`sdst_edge.models.base.MaskBranch.forward`."""
        at_cell = response.index_select(2, cell[:1]).index_select(3, cell[1:])  # (1, C, 1, 1)
        mask: Tensor = self.expand(at_cell)  # (1, 32, 15, 15)
        for step, finer in zip(self.steps, features, strict=True):
            mask = step(mask, finer, cell)
        return mask
