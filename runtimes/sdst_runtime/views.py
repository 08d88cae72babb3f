"""What a tracker's crops show of an image, as libsdst plans them, and any such window cut: for training."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, State
from sdst_runtime.errors import BoxError, ConfigError
from sdst_runtime.native import MAX_SIDE_PX, Status, address, fill_frame, library, native_error, native_frame
from sdst_runtime.native_config import native_config
from sdst_runtime.native_structs import NativeBox, NativeConfig, NativeState, NativeView

__all__ = ["View", "search_view", "template_view", "window_u8"]

MAX_OUT_PX = 4096


class View(NamedTuple):
    """What a network's input shows, and how its outputs are taken.

    Attributes:
        window_xywh: image px, evenly divided by the input's pixels: pixel i of n along x is taken around
            ``x + (i + 0.5) * w / n``. Whole pixels but for the rounding ``none``.
        center_xy: image px that the decoder takes for the input's centre.
        scale_xy: network px per image px, as the decoder has it.
    """

    window_xywh: tuple[float, float, float, float]
    center_xy: tuple[float, float]
    scale_xy: tuple[float, float]


def template_view(config: TrackerConfig, box_xywh: tuple[float, float, float, float]) -> View:
    """What the template input of a target shows.

    Args:
        config: of the tracker, as it is: a small target's is ``config.for_small_target()``.
        box_xywh: image px, 0-based, sides > 0. May lie outside the frame.

    Raises:
        BoxError: a NaN, an infinity, a side <= 0, or too large to be cropped.
        ConfigError: libsdst refuses the configuration.
    """
    box, view = NativeBox(*box_xywh), NativeView(struct_size=ctypes.sizeof(NativeView))
    status = library().sdst_template_view(_native(config), ctypes.byref(box), ctypes.byref(view))
    return _view(view) if status == Status.OK else _fail(status, "sdst_template_view", "box (x, y, w, h)", box_xywh)


def search_view(config: TrackerConfig, state: State) -> View:
    """What the search input shows, of a pyramid the middle scale.

    Args:
        config: as in :func:`template_view`.
        state: where the tracker believes its target to be.

    Raises:
        BoxError: a NaN, an infinity, a side <= 0, or too large to be cropped.
        ConfigError: libsdst refuses the configuration.
    """
    native = NativeState(ctypes.sizeof(NativeState), 0, *state)
    view = NativeView(struct_size=ctypes.sizeof(NativeView))
    status = library().sdst_search_view(_native(config), ctypes.byref(native), ctypes.byref(view))
    return _view(view) if status == Status.OK else _fail(status, "sdst_search_view", "state (centre, size)", state)


def window_u8(
    frame: NDArray[np.uint8],
    window_xywh: tuple[float, float, float, float],
    out_px: int,
    border: tuple[int, int, int] = (0, 0, 0),
) -> NDArray[np.uint8]:
    """Any window of a picture, bilinear, from positions in 1/32 px: of a frame, or of a larger crop.

    Args:
        frame: (H, W, 3) uint8, BGR. Not modified.
        window_xywh: px of the frame, evenly divided by the output's pixels; sides > 0. May lie outside.
        out_px: side of the output, 1 to 4096.
        border: B, G, R of what is outside the frame, 0..255.

    Returns:
        (out_px, out_px, 3) uint8, BGR, newly allocated.

    Raises:
        FrameError: the frame has another type, shape or layout.
        ConfigError: a number is out of its range.
    """
    native, window = native_frame(), NativeBox(*window_xywh)
    fill_frame(frame, native)
    if not 1 <= out_px <= MAX_OUT_PX or min(border) < 0 or max(border) > 255:
        raise ConfigError(f"out_px is {out_px}, border {border}; expected 1 to {MAX_OUT_PX}, and values of 0..255")
    out = np.empty((out_px, out_px, 3), np.uint8)
    color = (ctypes.c_uint8 * 4)(*border, 0)
    status = library().sdst_window_u8(ctypes.byref(native), ctypes.byref(window), out_px, out_px, color, address(out))
    if status == Status.VALUE:
        raise ConfigError(
            f"window (x, y, w, h) is {window_xywh}, expected finite numbers, sides > 0 and <= {MAX_SIDE_PX} px"
        )
    if status != Status.OK:
        raise native_error(status, "sdst_window_u8")
    return out


@lru_cache(maxsize=32)
def _native_config(config: TrackerConfig) -> NativeConfig:
    NativeTracker(config).close()  # says what is wrong with a configuration
    return native_config(config)


def _native(config: TrackerConfig) -> Any:
    return ctypes.byref(_native_config(config))


def _view(view: NativeView) -> View:
    box = view.window
    return View((box.x, box.y, box.w, box.h), (view.center_x, view.center_y), (view.scale_x, view.scale_y))


def _fail(status: int, call: str, what: str, numbers: tuple[float, ...]) -> NoReturn:
    got = f"{what} is {tuple(float(number) for number in numbers)}"
    if status == Status.BOX:
        raise BoxError(f"{got}, expected finite numbers and sides > 0")
    if status == Status.VALUE:
        raise BoxError(f"{got}, too large: its crop would be wider than {MAX_SIDE_PX} px; choose a smaller box")
    raise native_error(status, call)
