"""What a session keeps for one target, at the least: its correlation kernels."""

from __future__ import annotations

from typing import NoReturn

from sdst_runtime.errors import SdstError
from sdst_runtime.ort_graph import Arrays

__all__ = ["KernelTemplate", "refuse_closed_template"]


class KernelTemplate:
    """The correlation kernels of one target.

    Attributes:
        owner: the session that made it, and the only one that takes it.
    """

    __slots__ = ("_kernels", "owner")

    def __init__(self, owner: object, kernels: Arrays) -> None:
        """A target.

        Args:
            owner: the session.
            kernels: outputs of the template graph by name, float32. Kept.
        """
        self.owner = owner
        self._kernels: Arrays | None = kernels

    @property
    def kernels(self) -> Arrays:
        """Outputs of the template graph by name.

        Raises:
            SdstError: the template is closed.
        """
        if self._kernels is None:
            refuse_closed_template()
        return self._kernels

    @property
    def size_bytes(self) -> int:
        """Bytes of the correlation kernels, 0 after :meth:`close`."""
        return sum(kernel.nbytes for kernel in (self._kernels or {}).values())

    def close(self) -> None:
        """Frees the kernels; a closed template cannot be matched. Closing twice is allowed."""
        self._kernels = None


def refuse_closed_template() -> NoReturn:
    """What using a closed template comes to.

    Raises:
        SdstError: always.
    """
    raise SdstError("the template is closed; call init() to take a target again")
