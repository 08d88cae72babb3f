"""The part of sdst-edge that runs on the device: NumPy, libsdst and an inference engine.

::

    import sdst_runtime

    with sdst_runtime.open_source("clip.mp4") as source, sdst_runtime.load("sdst-nano-m") as tracker:
        tracker.init(next(source), (120, 80, 60, 90))
        for frame in source:
            box_xywh, score, found = tracker.update(frame)

OpenCV and ONNX Runtime are imported where they are first used, whichever builds are there.
"""

from __future__ import annotations

from sdst_runtime.bundle import Bundle
from sdst_runtime.config import CropRule, Normalization, TrackerConfig
from sdst_runtime.errors import (
    BackendUnavailable,
    BoxError,
    CheckpointError,
    ConfigError,
    DatasetError,
    DeviceError,
    FrameError,
    ManifestError,
    NativeError,
    ParityError,
    SdstError,
    SourceError,
)
from sdst_runtime.loading import load, open_session
from sdst_runtime.manifest import Manifest
from sdst_runtime.masks import Segmentation
from sdst_runtime.session import MaskSession, Outputs, Session, Template
from sdst_runtime.shipped import shipped_students
from sdst_runtime.sources import FrameSource, open_source
from sdst_runtime.tracker import Tracker, TrackResult

__all__ = [
    "BackendUnavailable",
    "BoxError",
    "Bundle",
    "CheckpointError",
    "ConfigError",
    "CropRule",
    "DatasetError",
    "DeviceError",
    "FrameError",
    "FrameSource",
    "Manifest",
    "ManifestError",
    "MaskSession",
    "NativeError",
    "Normalization",
    "Outputs",
    "ParityError",
    "SdstError",
    "Segmentation",
    "Session",
    "SourceError",
    "Template",
    "TrackResult",
    "Tracker",
    "TrackerConfig",
    "__version__",
    "load",
    "open_session",
    "open_source",
    "shipped_students",
]


def __getattr__(name: str) -> str:
    if name == "__version__":  # found out when asked for: importlib.metadata takes longer to import than this package
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("sdst-edge")
        except PackageNotFoundError:
            return "0+unknown"  # run from a source tree that was not installed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
