"""One run of a trunk that several teachers have in common: fine-tuned ones whose trunk was frozen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.key_mapping import weights_of
from sdst_edge.training.pairs.batch import Crops, normalized
from sdst_runtime.crop_rule import Normalization

__all__ = ["SharedTrunk", "share_trunks"]


class SharedTrunk(nn.Module):
    """A frozen trunk that remembers what it gave for the last crops, until others come.

    Args:
        trunk: of one of the teachers; the others let go of theirs.
    """

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self._crops: Crops | None = None
        self._pixels: tuple[Tensor, Tensor]
        self._given: list[tuple[Tensor, Tensor | Maps]] = []  # pixels, and what was given for them

    def pixels(self, crops: Crops, rule: Normalization) -> tuple[Tensor, Tensor]:
        """Normalised templates and search regions: the same tensors for the same crops.

        Args:
            crops: told from others by identity, so not to be written to.
            rule: the same in all calls.
        """
        if crops is not self._crops:
            self._crops, self._given = crops, []
            self._pixels = normalized(crops.z, rule), normalized(crops.x, rule)
        return self._pixels

    def forward(self, pixels: Tensor) -> Tensor | Maps:
        """What the trunk gives; for the tensors of :meth:`pixels` it runs once."""
        for known, given in self._given:
            if known is pixels:
                return given
        fresh: Tensor | Maps = self.trunk(pixels)
        if self._crops is not None and any(pixels is item for item in self._pixels):
            self._given.append((pixels, fresh))
        return fresh


def share_trunks(models: Sequence[ComposedTracker]) -> int:
    """Lets networks with equal trunks share one, so that its work is done once for the same crops.

    Args:
        models: frozen, in eval mode. Those that share are changed: their ``trunk`` becomes a :class:`SharedTrunk`.

    Returns:
        How many trunks were saved.
    """
    saved = 0
    groups: list[ComposedTracker] = []
    for model in models:
        like = next((first for first in groups if first is not model and _equal(first, model)), None)
        if like is None:
            groups.append(model)
            continue
        if not isinstance(like.trunk, SharedTrunk):
            like.trunk = SharedTrunk(like.trunk)
        saved += model.trunk is not like.trunk
        model.trunk = like.trunk
    return saved


def _equal(one: ComposedTracker, other: ComposedTracker) -> bool:
    """Whether two trunks give the same for the same crops."""
    if one.trunk is other.trunk:
        return True
    alike = (one.family, one.options, one.config.normalization) == (
        other.family,
        other.options,
        other.config.normalization,
    )
    if not alike:
        return False
    weights, others = (weights_of(_bare(model)) for model in (one, other))
    return weights.keys() == others.keys() and all(
        value.device == others[key].device and torch.equal(value, others[key]) for key, value in weights.items()
    )


def _bare(model: ComposedTracker) -> nn.Module:
    trunk: nn.Module = model.trunk
    return trunk.trunk if isinstance(trunk, SharedTrunk) else trunk
