r"""A tracker composed of a trunk, matchers that correlate, and branches that predict one output each.

All our families are compositions of these parts::

    trunk(z) --> matcher.kernel --+
                                  correlation -> matcher.after --> branch of scores
    trunk(x) --> matcher.search --+                           \-> branch of boxes

A mask is a branch of its own, with a matcher that nothing else reads; see :class:`MatchedMask`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps, MaskBranch, SiameseModel
from sdst_runtime.config import TrackerConfig
from sdst_runtime.manifest import Correlation, CorrelationKind

__all__ = ["Branch", "ComposedTracker", "Exp", "MatchedMask", "Matcher", "WeightedMean"]


class Matcher(nn.Module):
    """One correlation, the layers that make its two operands, and the layers that follow its response.

    Args:
        kind: of the correlation.
        padding: of a depthwise correlation, cells.
        level: which of the trunk's feature maps it reads, for a trunk that returns several.
        center: side of the square in the middle of the template features that is used, cells; None for all.
        kernel: layers on the template features; None for the identity. Likewise ``search``, on the search features,
            and ``after``, on the response.
        joins_search: whether ``after`` reads the search operand with the response concatenated behind it (FEAR).
    """

    def __init__(
        self,
        kind: CorrelationKind,
        *,
        padding: int = 0,
        level: int = 0,
        center: int | None = None,
        kernel: nn.Module | None = None,
        search: nn.Module | None = None,
        after: nn.Module | None = None,
        joins_search: bool = False,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.padding = padding
        self.level = level
        self.center = center
        self.joins_search = joins_search
        self.kernel = kernel or nn.Identity()
        self.search = search or nn.Identity()
        self.after = after or nn.Identity()

    def correlation(self, name: str) -> Correlation:
        """The correlation as the manifest lists it."""
        return Correlation(
            kind=self.kind,
            kernel=f"kernel_{name}",
            search=f"search_{name}",
            response=f"response_{name}",
            padding=self.padding,
        )

    def template_operand(self, levels: Maps) -> Tensor:
        """The template's operand: (B, C, h, w) of the trunk's maps."""
        features = levels[self.level]
        if self.center is not None:
            start = (features.shape[-1] - self.center) // 2
            features = features[:, :, start : start + self.center, start : start + self.center]
        result: Tensor = self.kernel(features)
        return result

    def search_operand(self, levels: Maps) -> Tensor:
        """The search region's operand: (B, C, H, W) of the trunk's maps."""
        result: Tensor = self.search(levels[self.level])
        return result

    def follow(self, maps: Sequence[Tensor]) -> Tensor:
        """What branches read: of the response, behind the search operand where the matcher joins it."""
        result: Tensor = self.after(torch.cat(tuple(maps), dim=1) if self.joins_search else maps[0])
        return result


class Branch(nn.Module):
    """From the maps of some matchers to one output map.

    Args:
        reads: names of the matchers, in the order in which their maps are concatenated.
        tower: layers on the (concatenated) maps.
        predict: the last convolution.
        transform: from its map to the output, such as :class:`Exp`; None for the identity.
    """

    def __init__(
        self, reads: Sequence[str], tower: nn.Module, predict: nn.Module, transform: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.reads = tuple(reads)
        self.tower = tower
        self.predict = predict
        self.transform = transform or nn.Identity()

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """(B, channels of ``predict``, S, S)."""
        inputs = [maps[name] for name in self.reads]
        joined = inputs[0] if len(inputs) == 1 else torch.cat(inputs, dim=1)
        result: Tensor = self.transform(self.predict(self.tower(joined)))
        return result


class WeightedMean(nn.Module):
    """The mean of the outputs of some branches, with learned weights (SiamRPN++, equation 7) or equal ones.

    Args:
        branches: each makes the whole output.
        learned: whether weights are the softmax of a parameter.
    """

    def __init__(self, branches: Sequence[Branch], *, learned: bool) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.weight = nn.Parameter(torch.ones(len(branches))) if learned else None

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """(B, channels of the branches, S, S)."""
        stacked = torch.stack([branch(maps) for branch in self.branches])  # (branches, B, C, S, S)
        if self.weight is None:
            return stacked.mean(dim=0)
        return (stacked * torch.softmax(self.weight, dim=0)[:, None, None, None, None]).sum(dim=0)


class Exp(nn.Module):
    """e to the power of a map: distances from their logarithms."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return torch.exp(x)


class MatchedMask(MaskBranch):
    """A mask branch with its matcher.

    Args:
        matcher: of the branch; layers that follow its response belong to the branch itself.
        reads: names of further search features, and which of the trunk's feature maps they are.
        threshold: see :class:`MaskBranch`.
    """

    def __init__(self, matcher: Matcher, reads: Mapping[str, int], threshold: float) -> None:
        super().__init__()
        self.matcher = matcher
        self.correlation = matcher.correlation("mask")
        self.reads = tuple(reads)
        self.levels = tuple(reads.values())
        self.threshold = threshold

    def search_features(self, levels: Maps) -> Maps:
        """What the branch takes of a search region: its matcher's operand, and the features that it reads."""
        return (self.matcher.search_operand(levels), *(levels[level] for level in self.levels))


class ComposedTracker(SiameseModel):
    """Trunk, matchers and branches.

    Args:
        config: of the tracker.
        trunk: shared by template and search: (B, 3, H, W) to one feature map, or a tuple of them (levels).
        matchers: by name; the order is that of the correlations.
        branches: one per output, in the order of ``config.outputs``; each takes the matchers' maps by name.
        mask: the branch that segments, None for a tracker that does not.
    """

    mask: MatchedMask | None

    def __init__(
        self,
        config: TrackerConfig,
        *,
        trunk: nn.Module,
        matchers: Mapping[str, Matcher],
        branches: Mapping[str, Branch | WeightedMean],
        mask: MatchedMask | None = None,
    ) -> None:
        correlations = [matcher.correlation(name) for name, matcher in matchers.items()]
        joined = [c.search for c, matcher in zip(correlations, matchers.values(), strict=True) if matcher.joins_search]
        of_mask = () if mask is None else (mask.correlation.search, *mask.reads)
        super().__init__(
            config,
            correlations,
            search_outputs=[*(c.search for c in correlations), *of_mask],
            tail_inputs=[*(c.response for c in correlations), *joined],
            mask=mask,
        )
        self.trunk = trunk
        self.matchers = nn.ModuleDict(matchers)
        self.branches = nn.ModuleDict(branches)

    def template(self, z: Tensor) -> Maps:
        """See :meth:`SiameseModel.template`."""
        levels = self._levels(z)
        matchers = self._matchers() if self.mask is None else [*self._matchers(), self.mask.matcher]
        return tuple(matcher.template_operand(levels) for matcher in matchers)

    def search(self, x: Tensor) -> Maps:
        """See :meth:`SiameseModel.search`."""
        levels = self._levels(x)
        of_mask = () if self.mask is None else self.mask.search_features(levels)
        return (*(matcher.search_operand(levels) for matcher in self._matchers()), *of_mask)

    def tail(self, *maps: Tensor) -> Maps:
        """See :meth:`SiameseModel.tail`."""
        named = dict(zip(self.tail_inputs, maps, strict=True))
        followed = {}
        for name, correlation, matcher in zip(self.matchers, self.correlations, self._matchers(), strict=True):
            reads = ([correlation.search] if matcher.joins_search else []) + [correlation.response]
            followed[name] = matcher.follow([named[item] for item in reads])
        return tuple(branch(followed) for branch in self.branches.values())

    def _levels(self, pixels: Tensor) -> Maps:
        features = self.trunk(pixels)
        return features if isinstance(features, tuple) else (features,)

    def _matchers(self) -> list[Matcher]:
        return [matcher for matcher in self.matchers.values() if isinstance(matcher, Matcher)]
