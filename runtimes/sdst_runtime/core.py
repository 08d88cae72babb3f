"""The tracker of libsdst: frame to network input, network output to box."""

from __future__ import annotations

import ctypes
import math
import weakref
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.byte_crops import byte_shape
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import BoxError, ConfigError, FrameError, NativeError
from sdst_runtime.native import MAX_SIDE_PX, Status, address, fill_frame, library, native_error, native_frame
from sdst_runtime.native_config import native_config
from sdst_runtime.native_structs import NativeBox, NativeOutputs, NativeResult, NativeState

__all__ = ["NativeTracker", "Result", "State"]

_FLOAT32 = np.dtype(np.float32)
_TEMPLATE_CALL, _SEARCH_CALL = "sdst_tracker_template_input", "sdst_tracker_search_input"
_NOT_FINITE = (
    "NaN or infinity among the network's outputs: the weights or the engine are broken; "
    "export the bundle again, or try another session or provider"
)


class Result(NamedTuple):
    """Where the target is, after one frame.

    Attributes:
        box_xywh: image px, 0-based; the sides clamped, the centre inside the frame where the configuration says so.
        score: foreground probability of the chosen cell, 0..1, without penalty and window; for response maps the
            sigmoid of the enlarged map's peak, which the window may have kept from being chosen.
        found: the score is not below the configuration's threshold.
        best_index: the chosen cell, row * S + column with S cells in a row; with anchors ``anchor * S * S`` more; for
            response maps, where S is the side of the enlarged map, ``scale * S * S`` more.
        penalized_score: what the cell was chosen by.
    """

    box_xywh: tuple[float, float, float, float]
    score: float
    found: bool
    best_index: int
    penalized_score: float


class State(NamedTuple):
    """Where a tracker believes its target to be, image px."""

    center_x: float
    center_y: float
    width: float
    height: float


class _Search:
    """What goes with one size of the search region: its input, and the outputs that are awaited."""

    def __init__(self, config: TrackerConfig, *, as_bytes: bool) -> None:
        self.config = config
        self.x = _crop_array(config.search_shape, as_bytes=as_bytes)
        self.x_address = address(self.x)
        self.maps = tuple((name, shape, math.prod(shape), shape[2:]) for name, shape in config.outputs.items())
        score, *boxes = config.outputs.values()
        self.outputs = NativeOutputs(
            struct_size=ctypes.sizeof(NativeOutputs),
            scales=score[0],
            score_channels=score[1],
            box_channels=boxes[0][1] if boxes else 0,
            height=score[2],
            width=score[3],
        )
        self.outputs_ref = ctypes.byref(self.outputs)


class NativeTracker:
    """One target's state in libsdst, and the arrays that its networks read.

    The calls of a frame: :meth:`search_input`, the engine, :meth:`decode`. None of them allocates in C, and the arrays
    that come back are the same every time. Not for two threads at once.

    Attributes:
        config: as it was given.
    """

    def __init__(self, config: TrackerConfig, *, as_bytes: bool = False) -> None:
        """A tracker without a target.

        Args:
            config: of a bundle's manifest, or a family's.
            as_bytes: whether the networks read bytes, see :mod:`sdst_runtime.byte_crops`, and not normalised floats.

        Raises:
            ConfigError: libsdst refuses the configuration.
            BackendUnavailable: libsdst is missing.
        """
        self._library = library()
        self.config = config
        self._handle = self._create(config)
        self._finalizer = weakref.finalize(self, self._library.sdst_tracker_destroy, self._handle)
        suffix = "_u8" if as_bytes else ""
        self._template_call, self._search_call = f"{_TEMPLATE_CALL}{suffix}", f"{_SEARCH_CALL}{suffix}"
        self._z = _crop_array(config.template_shape, as_bytes=as_bytes)
        self._z_address = address(self._z)
        small = config.for_small_target()
        self._searches = tuple(_Search(each, as_bytes=as_bytes) for each in (config, small) if each is not None)
        self._search = self._searches[0]
        self._frame, self._box, self._state = native_frame(), NativeBox(), _sized(NativeState)
        self._result = _sized(NativeResult)
        self._frame_ref, self._box_ref, self._state_ref, self._result_ref = (
            ctypes.byref(struct) for struct in (self._frame, self._box, self._state, self._result)
        )
        self._first_shape: tuple[int, ...] = ()

    @property
    def target_config(self) -> TrackerConfig:
        """The configuration that holds for the target: ``config``, or ``config.for_small_target()``.

        :meth:`template_input` chooses it, and it stays until another target is taken. Its ``search_shape`` is that of
        :meth:`search_input`, its ``outputs`` are what :meth:`decode` takes.
        """
        return self._search.config

    def _create(self, config: TrackerConfig) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        status = self._library.sdst_tracker_create(ctypes.byref(native_config(config)), ctypes.byref(handle))
        if status == Status.VALUE:
            raise ConfigError(f"libsdst refuses this tracker configuration, a number is out of its range: {config}")
        if status != Status.OK:
            raise native_error(status, "sdst_tracker_create")
        return handle

    def template_input(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float]) -> NDArray[Any]:
        """Takes a target, and chooses its search size; returns the input of the template graph.

        Args:
            frame: (H, W, 3) uint8, BGR. Not kept, but its size and mean colour are.
            box_xywh: image px, 0-based, sides > 0. May stick out of the frame, must meet it.

        Returns:
            (1, 3, template_size, template_size) float32, or (1, template_size, template_size, 3) uint8, BGR; owned by
            this tracker and overwritten by the next call.

        Raises:
            FrameError: the frame has another type, shape or layout.
            BoxError: a NaN, an infinity, a side <= 0, no common area with the frame, or too large to be cropped.
        """
        fill_frame(frame, self._frame)
        box = self._box
        box.x, box.y, box.w, box.h = box_xywh
        call = getattr(self._library, self._template_call)
        status = call(self._handle, self._frame_ref, self._box_ref, self._z_address)
        if status:
            self._fail_box(status, frame, box_xywh)
        self._first_shape = frame.shape
        self._search = self._current_search()
        return self._z

    def search_input(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """The input of the search graph, around the target's last place.

        Args:
            frame: (H, W, 3) uint8, BGR, of the size that the target was taken in. Not kept.

        Returns:
            Of the shape ``target_config.search_shape``, the smallest region of a pyramid first, float32; or bytes of
            its :func:`~sdst_runtime.byte_crops.byte_shape`, BGR. Owned by this tracker and overwritten by the next
            call.

        Raises:
            FrameError: another type, shape or layout, another size than the first frame's, or so large that the
                target's search crop cannot be made.
            NativeError: there is no target yet.
        """
        fill_frame(frame, self._frame)
        search = self._search
        status = getattr(self._library, self._search_call)(self._handle, self._frame_ref, search.x_address)
        if status:
            self._fail_search(status, frame)
        return search.x

    def decode(self, *maps: NDArray[np.float32]) -> Result:
        """Where the networks' outputs for the last search input put the target; moves the state there.

        Args:
            maps: the networks' outputs in the order and of the shapes of ``target_config.outputs``, leading sides of 1
                may be missing; float32, C-contiguous.

        Raises:
            ConfigError: maps of another number, shape, type or layout than the configuration says.
            NativeError: a NaN or infinity among the outputs, or no search input before. The state is as it was.
        """
        search, result = self._search, self._result
        self._check_maps(maps)
        search.outputs.score = address(maps[0])
        search.outputs.boxes = address(maps[1]) if len(maps) == 2 else None
        status = self._library.sdst_tracker_decode(self._handle, search.outputs_ref, self._result_ref)
        if status:
            if status == Status.NOT_FINITE:
                raise NativeError(status, "sdst_tracker_decode", _NOT_FINITE)
            self._fail(status, "sdst_tracker_decode")
        box = result.box
        return Result(
            (box.x, box.y, box.w, box.h), result.score, result.found != 0, result.best_index, result.penalized_score
        )

    def state(self) -> State:
        """Where the target is believed to be. Raises NativeError when there is none yet."""
        status = self._library.sdst_tracker_get_state(self._handle, self._state_ref)
        if status:
            self._fail(status, "sdst_tracker_get_state")
        state = self._state
        return State(state.center_x, state.center_y, state.width, state.height)

    def set_state(self, center_x: float, center_y: float, width: float, height: float) -> None:
        """Moves the target, image px: a detector found it again, or a test starts from a known place.

        Template, search size, frame size and border colour stay. The next call is :meth:`search_input`.

        Raises:
            BoxError: a number is not finite, or a side is not positive.
            NativeError: there is no target yet.
        """
        state = self._state
        state.center_x, state.center_y, state.width, state.height = center_x, center_y, width, height
        status = self._library.sdst_tracker_set_state(self._handle, self._state_ref)
        if status == Status.BOX:
            raise BoxError(f"state is {(center_x, center_y, width, height)}, expected finite numbers and sides > 0")
        if status:
            self._fail(status, "sdst_tracker_set_state")

    def close(self) -> None:
        """Frees the C side. Closing twice is allowed; any other call afterwards raises NativeError."""
        self._finalizer()
        self._handle = ctypes.c_void_p()

    def _current_search(self) -> _Search:
        library, handle = self._library, self._handle
        sizes = library.sdst_tracker_search_size(handle), library.sdst_tracker_response_size(handle)
        return next(
            search for search in self._searches if sizes == (search.config.search_size, search.config.response_size)
        )

    def _check_maps(self, maps: tuple[NDArray[np.float32], ...]) -> None:
        wanted = self._search.maps
        if len(maps) != len(wanted):
            raise ConfigError(
                f"{len(maps)} maps, the tracker's configuration wants {', '.join(name for name, *_ in wanted)}; "
                "the graphs belong to another configuration"
            )
        for values, (name, shape, size, cells) in zip(maps, wanted, strict=True):
            if values.dtype != _FLOAT32 or values.size != size or values.shape[-2:] != cells:
                got = f"{values.shape} {values.dtype}"
            elif not values.flags.c_contiguous:
                got = f"{values.shape} with strides {values.strides}"
            else:
                continue
            raise ConfigError(
                f"{name} map is {got}, the tracker's configuration wants {shape} float32, C-contiguous; "
                "the graphs belong to another configuration, or an engine returns another layout"
            )

    def _fail_box(self, status: int, frame: NDArray[np.uint8], box_xywh: tuple[float, ...]) -> NoReturn:
        box = tuple(float(value) for value in box_xywh)
        height, width = frame.shape[:2]
        if status == Status.BOX:
            raise BoxError(f"box (x, y, w, h) is {box}, expected finite numbers and w, h > 0")
        if status == Status.BOX_OUTSIDE:
            raise BoxError(
                f"box (x, y, w, h) is {box}, which does not meet the frame of {width} x {height} px; "
                "coordinates are pixels, 0-based, x and y of the top left corner"
            )
        if status == Status.VALUE:
            raise BoxError(
                f"box (x, y, w, h) is {box}, too large: its search crop would be wider than {MAX_SIDE_PX} px; "
                "resize the frame, or choose a smaller box"
            )
        self._fail(status, self._template_call)

    def _fail_search(self, status: int, frame: NDArray[np.uint8]) -> NoReturn:
        if status == Status.FRAME_CHANGED:
            raise FrameError(
                f"frame has shape {frame.shape}, the target was taken in one of {self._first_shape}; "
                "resize the frame, or start again with init()"
            )
        if status == Status.VALUE:  # only beyond 8000 px or so: sides of a target are at most the frame's
            raise FrameError(
                f"frame has shape {frame.shape} and the target has grown so large in it that its search crop would "
                f"be wider than {MAX_SIDE_PX} px; resize the frames, and start again with init()"
            )
        self._fail(status, self._search_call)

    def _fail(self, status: int, call: str) -> NoReturn:
        if not self._handle:
            raise NativeError(status, call, "the tracker is closed")
        raise native_error(status, call)


def _sized(struct_type: type[Any]) -> Any:
    return struct_type(struct_size=ctypes.sizeof(struct_type))


def _crop_array(shape: tuple[int, int, int, int], *, as_bytes: bool) -> NDArray[Any]:
    return np.zeros(byte_shape(shape), np.uint8) if as_bytes else np.zeros(shape, np.float32)
