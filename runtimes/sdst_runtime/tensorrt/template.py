"""What a TensorRT session keeps for one target: its correlation kernels, on the device."""

from __future__ import annotations

from collections.abc import Callable

from sdst_runtime.kernel_template import refuse_closed_template

__all__ = ["TensorRTTemplate"]


class TensorRTTemplate:
    """Kernels of one target in device memory of its own.

    Attributes:
        owner: the session that made it, and the only one that takes it.
    """

    __slots__ = ("_address", "_free", "_size_bytes", "owner")

    def __init__(
        self,
        owner: object,
        address: int,
        size_bytes: int,
        free: Callable[[TensorRTTemplate, int], None],
    ) -> None:
        """Takes over memory.

        Args:
            owner: the session.
            address: of the kernels.
            size_bytes: of all of them.
            free: frees it, in the session's thread.
        """
        self.owner = owner
        self._address: int | None = address
        self._size_bytes = size_bytes
        self._free = free

    @property
    def address(self) -> int:
        """Of the kernels.

        Raises:
            SdstError: the template is closed.
        """
        if self._address is None:
            refuse_closed_template()
        return self._address

    @property
    def size_bytes(self) -> int:
        """Bytes of the kernels on the device, 0 after :meth:`close`."""
        return 0 if self._address is None else self._size_bytes

    def close(self) -> None:
        """Frees the kernels; a closed template cannot be matched. Closing twice is allowed.

        Raises:
            SdstError: it is called in another thread than the session's.
        """
        if self._address is not None:
            self._free(self, self._address)
            self._address = None
