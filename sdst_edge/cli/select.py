"""Picking the target's box with the mouse."""

from __future__ import annotations

import os
import sys

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import BackendUnavailable, BoxError

__all__ = ["select_box"]

_TITLE = "Drag a box around the target, then press Enter"
_INSTEAD = "give the box with --box x,y,w,h instead"


def select_box(frame: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """The box that the user draws in a window of OpenCV's.

    Args:
        frame: (H, W, 3) uint8 BGR. Not modified.

    Returns:
        x, y, w, h: 0-based image px, sides > 0.

    Raises:
        BackendUnavailable: there is no screen, or this build of OpenCV opens no windows.
        BoxError: no box was drawn.
    """
    import cv2

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise BackendUnavailable(f"--select needs a screen, but neither DISPLAY nor WAYLAND_DISPLAY is set; {_INSTEAD}")
    try:
        x, y, w, h = cv2.selectROI(_TITLE, frame, showCrosshair=False, printNotice=False)
        cv2.destroyAllWindows()
    except cv2.error:
        raise BackendUnavailable(
            f"--select needs an OpenCV with windows, this one ({cv2.__version__}) has none; {_INSTEAD}, or "
            "pip install opencv-python in place of opencv-python-headless"
        ) from None
    if w < 1 or h < 1:
        raise BoxError(f"no box was drawn; {_INSTEAD}, or select again")
    return float(x), float(y), float(w), float(h)
