"""From the form of a network that trains to the form that is exported."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import nn

__all__ = ["Foldable", "fold"]


@runtime_checkable
class Foldable(Protocol):
    """A module with a deploy form, such as a convolution that takes the batch norm behind it in."""

    def fold(self) -> None:
        """Puts the module into its deploy form, in place; again is allowed. Outputs in eval mode stay."""
        ...


def fold(model: nn.Module) -> None:
    """Puts a network into its deploy form, in place: eval mode, and every module that can be folded is.

    Outputs in eval mode stay. A folded network can be neither trained nor saved as a checkpoint.
    """
    model.eval()
    for module in list(model.modules()):
        if isinstance(module, Foldable):
            module.fold()
