"""Where frames come from: video files, folders of images, cameras, streams and GStreamer pipelines."""

from __future__ import annotations

from sdst_runtime.sources.frame_source import FrameSource
from sdst_runtime.sources.opening import open_source

__all__ = ["FrameSource", "open_source"]
