"""What a tracker's crops show of an image, as libsdst plans them: for training, which cuts them by other means."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, State
from sdst_runtime.errors import BoxError
from sdst_runtime.native import MAX_SIDE_PX, Status, library, native_error
from sdst_runtime.native_config import native_config
from sdst_runtime.native_structs import NativeBox, NativeConfig, NativeState, NativeView

__all__ = ["View", "search_view", "template_view"]


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
