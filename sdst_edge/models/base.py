"""What every tracker network offers: the two branches, the correlations between them, and what follows.

::

    z -> template(z) -> template features, one per correlation --+
                                                                 correlate -> responses -> tail -> score, ltrb
    x -> search(x)   -> search features, one per correlation ----+

The export cuts at ``correlate``: all that depends on z alone is computed once per target.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from sdst_edge.models.correlation import correlate
from sdst_runtime.config import TrackerConfig
from sdst_runtime.manifest import Correlation

__all__ = ["Maps", "SiameseModel"]

Maps = tuple[Tensor, ...]


class SiameseModel(nn.Module, ABC):
    """A tracker network, batched.

    Attributes:
        config: what the tracker around it does: sizes, crop, normalisation, penalties.
        correlations: at the cut, in the order of the features and responses.
        family: its name in the registry, empty for a network that ``build`` did not make.
        options: with which the family built it; a checkpoint keeps them.
    """

    def __init__(self, config: TrackerConfig, correlations: tuple[Correlation, ...]) -> None:
        super().__init__()
        self.config = config
        self.correlations = correlations
        self.family = ""
        self.options: dict[str, Any] = {}

    @abstractmethod
    def template(self, z: Tensor) -> Maps:
        """All that depends on the template alone.

        Args:
            z: (B, 3, template_size, template_size), normalised as ``config.normalization`` says.

        Returns:
            (B, C, h, w) features, one per correlation; template-only convolutions of the head are included.
        """

    @abstractmethod
    def search(self, x: Tensor) -> Maps:
        """All that depends on the search region alone.

        Args:
            x: (B, 3, search_size, search_size), normalised as ``config.normalization`` says.

        Returns:
            (B, C, H, W) features, one per correlation.
        """

    @abstractmethod
    def tail(self, responses: Maps) -> tuple[Tensor, Tensor]:
        """The head after its correlations.

        Args:
            responses: one per correlation, as :meth:`correlate` returns them.

        Returns:
            Score logits (B, 2 or 1, S, S), see ``config.score_kind``, and distances to the left, top, right and
            bottom side (B, 4, S, S), network px, > 0.
        """

    def correlate(self, template: Maps, search: Maps) -> Maps:
        """Responses (B, K, H', W'), one per correlation."""
        return tuple(correlate(c, z, x) for c, z, x in zip(self.correlations, template, search, strict=True))

    def head(self, template: Maps, search: Maps) -> tuple[Tensor, Tensor]:
        """The correlations and the tail; returns as :meth:`tail`."""
        return self.tail(self.correlate(template, search))

    def forward(self, z: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Score logits and distances of a template and a search region; returns as :meth:`tail`."""
        return self.head(self.template(z), self.search(x))
