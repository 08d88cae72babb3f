"""Which family foreign weights belong to: by their names, and by their shapes where names agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from sdst_edge.models.key_mapping import Modules, as_convolution, map_keys, weights_of
from sdst_edge.models.registry import blueprint, families
from sdst_runtime.errors import CheckpointError

__all__ = ["Fit", "choose_family", "fits", "importable_families"]

#: Of families that are one network with different tracking parameters, what is taken where the file's name tells none.
PREFERRED = ("dasiamrpn-vot",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well weights fit a family.

    Attributes:
        family: its name.
        agreeing: of its weights that are there, of the right shape.
        expected: number of its weights.
        left_over: foreign weights that have no place in it.
    """

    family: str
    agreeing: int
    expected: int
    left_over: int

    @property
    def is_exact(self) -> bool:
        """Whether nothing is missing and nothing left over."""
        return self.agreeing == self.expected and not self.left_over

    @property
    def share(self) -> float:
        """0..1, 1 for an exact fit."""
        return self.agreeing / (self.expected + self.left_over)


def importable_families() -> tuple[str, ...]:
    """Families whose published checkpoints :func:`import_checkpoint` reads, sorted."""
    return tuple(name for name, item in families().items() if item.published is not None)


def fits(state: Mapping[str, Tensor]) -> tuple[Fit, ...]:
    """How well foreign weights fit the importable families, the best first; those without any agreement left out."""
    found = (_fit(state, name, published) for name, published in _published().items())
    return tuple(sorted((fit for fit in found if fit.agreeing), key=lambda fit: -fit.share))


def choose_family(state: Mapping[str, Tensor], file_name: str) -> tuple[str, str]:
    """The family that foreign weights fit exactly, and a remark where there was a choice.

    Args:
        state: of the foreign checkpoint.
        file_name: tells apart families that are the same network with different tracking parameters: of
            ``dasiamrpn-vot`` and ``dasiamrpn-otb`` the one whose last part is in it.

    Raises:
        CheckpointError: they fit none; the message names the nearest. The text goes on from the name of the file.
    """
    found = fits(state)
    exact = [fit.family for fit in found if fit.is_exact]
    if not exact:
        raise CheckpointError(f"fits no family that can be imported; {_nearest(found)}")
    if len(exact) == 1:
        return exact[0], ""
    told = [name for name in exact if name.rpartition("-")[2] in file_name.lower()]
    chosen = told[0] if len(told) == 1 else next((name for name in exact if name in PREFERRED), exact[0])
    others = ", ".join(sorted(set(exact) - {chosen}))
    why = "as the file's name says" if len(told) == 1 else "the file's name does not tell which"
    return chosen, f"taken as {chosen} ({why}): {others} is the same network with other tracking parameters"


def _published() -> dict[str, Modules]:
    return {name: item.published for name, item in families().items() if item.published is not None}


def _fit(state: Mapping[str, Tensor], name: str, published: Modules) -> Fit:
    mapped, left_over = map_keys(state, published)
    own = weights_of(blueprint(name)) if mapped else {}
    agreeing = sum(
        key in mapped and as_convolution(mapped[key], value).shape == value.shape for key, value in own.items()
    )
    surplus = len(left_over) + len(set(mapped) - set(own))
    return Fit(family=name, agreeing=agreeing, expected=len(own), left_over=surplus)


def _nearest(found: tuple[Fit, ...]) -> str:
    if not found:
        return f"no weight has a name of theirs: {', '.join(importable_families())}"
    best = found[0]
    return (
        f"nearest is {best.family}: {best.agreeing} of its {best.expected} weights are there, {best.left_over} others "
        f"are left over; 'sdst-edge import {best.family}' lists what differs"
    )
