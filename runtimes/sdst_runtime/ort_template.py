"""What an ONNX Runtime session keeps for one target."""

from __future__ import annotations

from typing import NoReturn

from sdst_runtime.errors import SdstError
from sdst_runtime.ort_graph import Arrays
from sdst_runtime.ort_heads import Run

__all__ = ["OrtTemplate"]


class OrtTemplate:
    """The correlation kernels of one target, and what was built around them.

    Attributes:
        owner: the session that made it, and the only one that takes it.
        heads: what runs from search features to maps, for each size of the search input; None until it is first used.
        segment: what runs from search features to the mask; None until it is first asked for.
    """

    __slots__ = ("_kernels", "heads", "owner", "segment")

    def __init__(self, owner: object, kernels: Arrays, sizes: int) -> None:
        """A target without anything built yet.

        Args:
            owner: the session.
            kernels: outputs of the template graph by name. Kept.
            sizes: of the search input.
        """
        self.owner = owner
        self.heads: list[Run | None] = [None] * sizes
        self.segment: Run | None = None
        self._kernels: Arrays | None = kernels

    @property
    def kernels(self) -> Arrays:
        """Outputs of the template graph by name.

        Raises:
            SdstError: the template is closed.
        """
        if self._kernels is None:
            _refuse_closed()
        return self._kernels

    @property
    def size_bytes(self) -> int:
        """Bytes of the correlation kernels, 0 after :meth:`close`."""
        return sum(kernel.nbytes for kernel in (self._kernels or {}).values())

    def close(self) -> None:
        """Frees kernels and graphs; a closed template cannot be matched. Closing twice is allowed."""
        self.heads = [_refuse_closed] * len(self.heads)
        self.segment = self._kernels = None


def _refuse_closed() -> NoReturn:
    raise SdstError("the template is closed; call init() to take a target again")
