r"""A tracker composed of a trunk, matchers that correlate, and two branches that predict a score and distances.

All our families are compositions of these parts::

    trunk(z) --> matcher.kernel --+
                                  correlation -> matcher.after --> branch score: reduce, tower, predict
    trunk(x) --> matcher.search --+                           \-> branch ltrb:  reduce, tower, predict, exp
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps, SiameseModel
from sdst_runtime.config import TrackerConfig
from sdst_runtime.manifest import Correlation

__all__ = ["Branch", "Matcher", "PointTracker"]


class Matcher(nn.Module):
    """One correlation, the layers that make its two operands, and the layers that follow its response.

    Args:
        kind: of the correlation.
        padding: of a depthwise correlation, cells.
        center: side of the square in the middle of the template features that is used, cells; None for all.
        kernel: layers on the template features; None for the identity. Likewise ``search``, on the search features,
            and ``after``, on the response.
    """

    def __init__(
        self,
        kind: Literal["depthwise", "pixelwise"],
        *,
        padding: int = 0,
        center: int | None = None,
        kernel: nn.Module | None = None,
        search: nn.Module | None = None,
        after: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.padding = padding
        self.center = center
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

    def template(self, features: Tensor) -> Tensor:
        """The template's operand: (B, C, h, w) of the trunk's (B, C', H, W)."""
        if self.center is not None:
            start = (features.shape[-1] - self.center) // 2
            features = features[:, :, start : start + self.center, start : start + self.center]
        result: Tensor = self.kernel(features)
        return result


class Branch(nn.Module):
    """From the responses of some matchers to one output map.

    Args:
        reads: names of the matchers, in the order in which their maps are concatenated.
        tower: layers on the (concatenated) maps.
        predict: the last convolution.
    """

    def __init__(self, reads: Sequence[str], tower: nn.Module, predict: nn.Module) -> None:
        super().__init__()
        self.reads = tuple(reads)
        self.tower = tower
        self.predict = predict

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """(B, channels of ``predict``, S, S)."""
        inputs = [maps[name] for name in self.reads]
        joined = inputs[0] if len(inputs) == 1 else torch.cat(inputs, dim=1)
        result: Tensor = self.predict(self.tower(joined))
        return result


class PointTracker(SiameseModel):
    """Trunk, matchers and the two branches.

    Args:
        config: of the tracker.
        trunk: shared by template and search.
        matchers: by name; the order is that of the correlations.
        score: the branch of score logits.
        ltrb: the branch of the logarithms of the distances.
    """

    def __init__(
        self, config: TrackerConfig, *, trunk: nn.Module, matchers: Mapping[str, Matcher], score: Branch, ltrb: Branch
    ) -> None:
        super().__init__(config, tuple(matcher.correlation(name) for name, matcher in matchers.items()))
        self.trunk = trunk
        self.matchers = nn.ModuleDict(matchers)
        self.score = score
        self.ltrb = ltrb

    def template(self, z: Tensor) -> Maps:
        """See :meth:`SiameseModel.template`."""
        features = self.trunk(z)
        return tuple(matcher.template(features) for matcher in self._matchers())

    def search(self, x: Tensor) -> Maps:
        """See :meth:`SiameseModel.search`."""
        features = self.trunk(x)
        return tuple(matcher.search(features) for matcher in self._matchers())

    def tail(self, responses: Maps) -> tuple[Tensor, Tensor]:
        """See :meth:`SiameseModel.tail`."""
        pairs = zip(self.matchers, self._matchers(), responses, strict=True)
        maps = {name: matcher.after(response) for name, matcher, response in pairs}
        return self.score(maps), torch.exp(self.ltrb(maps))

    def _matchers(self) -> list[Matcher]:
        return [matcher for matcher in self.matchers.values() if isinstance(matcher, Matcher)]
