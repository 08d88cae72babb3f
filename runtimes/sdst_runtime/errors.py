"""Errors of sdst-edge; each is a kind of the one that it hangs from.

::

    SdstError                  anything below; the message says what, got, expected, what to do
    |-- ConfigError            a recipe, an option or a tracker configuration that cannot be
    |-- ManifestError          a bundle that is not what its manifest says, or a manifest that cannot be read
    |-- CheckpointError        a checkpoint that is missing, damaged, or of another family
    |-- ParityError            two implementations that must agree do not
    |-- BackendUnavailable     an engine, a library or an extra that is not installed
    |-- DeviceError            the device asked for is not this one, or does not answer
    |-- SourceError            a video, folder, camera or stream that cannot be read
    |-- DatasetError           a data set that is missing or broken
    |-- FrameError             a frame of another shape, dtype or size than the tracker takes
    |-- BoxError               a box that is not finite, has no area, or does not meet the frame
    `-- NativeError            libsdst returned a status that no check above it foresaw
"""

from __future__ import annotations

__all__ = [
    "BackendUnavailable",
    "BoxError",
    "CheckpointError",
    "ConfigError",
    "DatasetError",
    "DeviceError",
    "FrameError",
    "ManifestError",
    "NativeError",
    "ParityError",
    "SdstError",
    "SourceError",
]


class SdstError(Exception):
    """Base of every error that sdst-edge raises on purpose; its text is meant for the user."""


class ConfigError(SdstError):
    """A recipe, an option or a tracker configuration that cannot be."""


class ManifestError(SdstError):
    """A bundle that is not what its manifest says, or a manifest that cannot be read."""


class CheckpointError(SdstError):
    """A checkpoint that is missing, damaged, or of another family."""


class ParityError(SdstError):
    """Two implementations that must agree do not."""


class BackendUnavailable(SdstError):  # noqa: N818 (what is the matter, not who says it)
    """An engine, a library or an extra that is not installed."""


class DeviceError(SdstError):
    """The device asked for is not this one, or does not answer."""


class SourceError(SdstError):
    """A video, folder, camera or stream that cannot be read."""


class DatasetError(SdstError):
    """A data set that is missing or broken."""


class FrameError(SdstError):
    """A frame of another shape, dtype or size than the tracker takes."""


class BoxError(SdstError):
    """A box that is not finite, has no area, or does not meet the frame."""


class NativeError(SdstError):
    """libsdst returned a status that no check above it foresaw.

    Attributes:
        status: the number of the status, see ``sdst_status`` in ``sdst.h``.
        call: the C function.
    """

    def __init__(self, status: int, call: str, description: str) -> None:
        super().__init__(f"{call}() failed with status {status:#04x}: {description}")
        self.status = status
        self.call = call
