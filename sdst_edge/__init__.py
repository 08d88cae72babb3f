"""sdst-edge: distil, export, quantise, run on the device and measure Siamese object trackers.

Importing this package is instant; what runs a tracker is loaded when it is first named::

    import sdst_edge

    tracker = sdst_edge.load("sdst-nano-m")    # a student that comes along, or a bundle of `sdst-edge export`: "n3/"
    tracker.init(frame, (x, y, w, h))          # (H, W, 3) uint8 BGR, 0-based pixels
    box_xywh, score, found = tracker.update(next_frame)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdst_runtime import Tracker, TrackResult, load

__all__ = ["TrackResult", "Tracker", "load"]


def __getattr__(name: str) -> object:
    if name in __all__:
        import sdst_runtime

        return getattr(sdst_runtime, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
