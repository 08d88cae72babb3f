"""What every tracker network offers: the two branches, the correlations between them, and what follows.

::

    z -> template(z) -> template features, one per correlation --+
                                                                 correlate -> responses -> tail -> score, boxes
    x -> search(x)   -> search features -------------------------+---------------------/

The export cuts at ``correlate``: all that depends on z alone is computed once per target.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from sdst_edge.models.correlation import correlate
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import Correlation, CorrelationForm

__all__ = ["Maps", "MaskBranch", "SiameseModel"]

Maps = tuple[Tensor, ...]


class MaskBranch(nn.Module, ABC):
    """A branch that is run after decoding, for the chosen cell alone (SiamMask).

    Attributes:
        correlation: between the template's features for masks and the search's.
        reads: names of further search features, in the order in which :meth:`forward` takes them.
        threshold: a probability above it is the target, 0..1.
    """

    correlation: Correlation
    reads: tuple[str, ...]
    threshold: float

    @abstractmethod
    def forward(self, response: Tensor, *features: Tensor, cell: Tensor) -> Tensor:
        """Logits (1, 1, side, side) of the mask over a square of the template's size about the cell.

        Args:
            response: of ``correlation``, (1, C, S, S).
            features: those named by ``reads``, batch 1.
            cell: row and column in the response, (2,) int64.
        """


class SiameseModel(nn.Module, ABC):
    """A tracker network, batched.

    Attributes:
        config: what the tracker around it does: sizes, crop, normalisation, penalties.
        correlations: at the cut, in the order of the template features and responses.
        search_outputs: names of what :meth:`search` returns, in its order; correlations name theirs.
        tail_inputs: names of what :meth:`tail` takes, in its order: responses, and search features that the head
            reads once more.
        mask: the branch that segments, None where there is none. Its template features are the last of
            :meth:`template`.
        correlation_form: in which form the export spells correlations by default.
        family: its name in the registry, empty for a network that ``build`` did not make.
        options: with which the family built it; a checkpoint keeps them.
    """

    correlation_form: CorrelationForm = "conv"

    def __init__(
        self,
        config: TrackerConfig,
        correlations: Sequence[Correlation],
        *,
        search_outputs: Sequence[str],
        tail_inputs: Sequence[str],
        mask: MaskBranch | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.correlations = tuple(correlations)
        self.search_outputs = tuple(search_outputs)
        self.tail_inputs = tuple(tail_inputs)
        self.mask = mask
        self.family = ""
        self.options: dict[str, Any] = {}

    @property
    def all_correlations(self) -> tuple[Correlation, ...]:
        """Those of the boxes, and that of the mask; in the order of :meth:`template`."""
        return self.correlations if self.mask is None else (*self.correlations, self.mask.correlation)

    @abstractmethod
    def template(self, z: Tensor) -> Maps:
        """All that depends on the template alone.

        Args:
            z: (B, 3, template_size, template_size), normalised as ``config.normalization`` says.

        Returns:
            (B, C, h, w) features, one per correlation of ``all_correlations``; template-only convolutions of the head
            are included. Of an ``up-channel`` correlation (B, K C, h, w).
        """

    @abstractmethod
    def search(self, x: Tensor) -> Maps:
        """All that depends on the search region alone.

        Args:
            x: (B, 3, search_size, search_size), normalised as ``config.normalization`` says.

        Returns:
            (B, C, H, W) features, in the order of ``search_outputs``. Two of them may be one tensor, which the export
            gives once.
        """

    @abstractmethod
    def tail(self, *maps: Tensor) -> Maps:
        """The head after its correlations.

        Args:
            maps: responses, and search features, in the order of ``tail_inputs``.

        Returns:
            Maps in the order of ``config.outputs`` and of those shapes, but for the batch.
        """

    def head(self, template: Maps, search: Maps) -> Maps:
        """The correlations and the tail; takes what the two branches return, returns as :meth:`tail`."""
        named = dict(zip(self.search_outputs, search, strict=True))
        for correlation, features in zip(self.correlations, template, strict=False):  # the mask's come last
            named[correlation.response] = correlate(correlation, features, named[correlation.search])
        return self.tail(*(named[name] for name in self.tail_inputs))

    def segment(self, template: Maps, search: Maps, cell: Tensor) -> Tensor:
        """The mask branch and its correlation.

        Args:
            template: what :meth:`template` returned, batch 1.
            search: what :meth:`search` returned, batch 1.
            cell: row and column of the chosen cell, (2,) int64.

        Returns:
            As :meth:`MaskBranch.forward`.

        Raises:
            ConfigError: the network has no mask branch.
        """
        if self.mask is None:
            raise ConfigError(f"{self.family or 'this network'} has no mask branch; it cannot segment")
        named = dict(zip(self.search_outputs, search, strict=True))
        response = correlate(self.mask.correlation, template[-1], named[self.mask.correlation.search])
        logits: Tensor = self.mask(response, *(named[name] for name in self.mask.reads), cell=cell)
        return logits

    def forward(self, z: Tensor, x: Tensor) -> Maps:
        """Output maps of a template and a search region; returns as :meth:`tail`."""
        return self.head(self.template(z), self.search(x))
