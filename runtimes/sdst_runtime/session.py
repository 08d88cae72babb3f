"""What a tracker asks of an inference engine: embed a template once, match it against every frame."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["MaskSession", "Outputs", "Session", "Template", "reads_bytes"]


#: Raw maps of a head: float32, C-contiguous, in the order and of the shapes of ``TrackerConfig.outputs``.
Outputs: TypeAlias = tuple[NDArray[np.float32], ...]


class Template(Protocol):
    """What an engine keeps for one target: its correlation kernels, and whatever it built around them."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the kernels that are kept."""
        ...

    def close(self) -> None:
        """Frees what is kept. A closed template cannot be matched; closing twice is allowed."""
        ...


class Session(Protocol):
    """An engine with a tracker's graphs loaded. One session serves many targets, each with its own template.

    One whose graphs begin with bytes says so by an attribute ``reads_bytes``, which is True: it is given crops as
    :mod:`sdst_runtime.byte_crops` has them. It takes float crops too, and is slower with them.
    """

    def embed(self, z: NDArray[Any]) -> Template:
        """Runs the template branch.

        Args:
            z: (1, 3, template_size, template_size) float32, or the bytes that go with it; as the crop leaves it. Not
                kept.
        """
        ...

    def match(self, template: Template, x: NDArray[Any]) -> Outputs:
        """Runs the search branch and the head.

        Args:
            template: of this session, not closed.
            x: of the shape ``TrackerConfig.search_shape``, or that of ``for_small_target()``, float32, or the bytes
                that go with it; as the crop leaves it. Not kept.

        Returns:
            Maps that stay valid until the next call of this session.
        """
        ...

    def close(self) -> None:
        """Frees the engine. Closing twice is allowed."""
        ...


@runtime_checkable
class MaskSession(Session, Protocol):
    """A session that can also run a mask branch, where its network has one (SiamMask)."""

    def segment(self, template: Template, cell: tuple[int, int]) -> NDArray[np.float32]:
        """Runs the mask branch on the search features of the last match.

        Args:
            template: the one that was matched last; after another one's match the features are no longer there.
            cell: row and column in the output maps.

        Returns:
            Logits (1, 1, side, side) over a square of the template's size about the cell, see
            :func:`sdst_runtime.masks.mask_square`; they stay valid until the next call of this session.

        Raises:
            ConfigError: the network has no mask branch.
            SdstError: the last match was of another template, or there was none.
        """
        ...


def reads_bytes(session: object) -> bool:
    """Whether a session's graphs begin with a crop's bytes; a session that says nothing reads floats."""
    return bool(getattr(session, "reads_bytes", False))
