"""What a part of the bench raises where it cannot measure, and where it is broken off."""

from __future__ import annotations

from sdst_runtime.errors import DeviceError

__all__ = ["Interrupted", "NotMeasured"]


class NotMeasured(DeviceError):  # noqa: N818 (what is the matter, as BackendUnavailable is)
    """This host does not tell what was asked; the text is the reason that the report gives."""


class Interrupted(KeyboardInterrupt):
    """The user ended a part that has measured something by then.

    Attributes:
        partial: what the part would have returned, of what was measured.
    """

    def __init__(self, partial: object) -> None:
        super().__init__()
        self.partial = partial
