"""The tracker of libsdst: frame to network input, network output to box."""

from __future__ import annotations

import ctypes
import weakref
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import BoxError, ConfigError, FrameError, NativeError
from sdst_runtime.native import (
    BORDERS,
    INTERPOLATIONS,
    MAX_SIDE_PX,
    ROUNDINGS,
    Status,
    address,
    fill_frame,
    library,
    native_error,
    native_frame,
    native_normalization,
)
from sdst_runtime.native_structs import NativeBox, NativeConfig, NativeOutputs, NativeResult, NativeState

__all__ = ["NativeTracker", "Result", "State"]

_FLOAT32 = np.dtype(np.float32)
_NOT_FINITE = (
    "NaN or infinity among the network's outputs: the weights or the engine are broken; "
    "export the bundle again, or try another session or provider"
)


class Result(NamedTuple):
    """Where the target is, after one frame.

    Attributes:
        box_xywh: image px, 0-based; the sides clamped, the centre inside the frame.
        score: foreground probability of the chosen cell, 0..1, without penalty and window.
        found: the score is not below the configuration's threshold.
        best_index: the chosen cell, row * response_size + column.
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


class NativeTracker:
    """One target's state in libsdst, and the arrays that its networks read.

    The calls of a frame: :meth:`search_input`, the engine, :meth:`decode`. None of them allocates in C, and the arrays
    that come back are the same two every time. Not for two threads at once.
    """

    def __init__(self, config: TrackerConfig) -> None:
        """A tracker without a target.

        Raises:
            ConfigError: libsdst refuses the configuration.
            BackendUnavailable: libsdst is missing.
        """
        self._library = library()
        self.config = config
        self._handle = self._create(config)
        self._finalizer = weakref.finalize(self, self._library.sdst_tracker_destroy, self._handle)
        self._z = np.zeros((1, 3, config.template_size, config.template_size), np.float32)
        self._x = np.zeros((1, 3, config.search_size, config.search_size), np.float32)
        self._z_address, self._x_address = address(self._z), address(self._x)
        self._frame, self._box, self._state = native_frame(), NativeBox(), _sized(NativeState)
        self._outputs, self._result = _sized(NativeOutputs), _sized(NativeResult)
        score_shape = config.outputs["score"]
        self._outputs.score_channels = score_shape[1]
        self._outputs.height = self._outputs.width = config.response_size
        self._map_cells = config.response_size**2
        self._frame_ref, self._box_ref, self._state_ref, self._outputs_ref, self._result_ref = (
            ctypes.byref(struct) for struct in (self._frame, self._box, self._state, self._outputs, self._result)
        )
        self._first_shape: tuple[int, ...] = ()

    def _create(self, config: TrackerConfig) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        status = self._library.sdst_tracker_create(ctypes.byref(_native_config(config)), ctypes.byref(handle))
        if status == Status.VALUE:
            raise ConfigError(f"libsdst refuses this tracker configuration, a number is out of its range: {config}")
        if status != Status.OK:
            raise native_error(status, "sdst_tracker_create")
        return handle

    def template_input(
        self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float]
    ) -> NDArray[np.float32]:
        """Takes a target; returns the input of the template graph.

        Args:
            frame: (H, W, 3) uint8, BGR. Not kept, but its size and mean colour are.
            box_xywh: image px, 0-based, sides > 0. May stick out of the frame, must meet it.

        Returns:
            (1, 3, template_size, template_size) float32, owned by this tracker and overwritten by the next call.

        Raises:
            FrameError: the frame has another type, shape or layout.
            BoxError: a NaN, an infinity, a side <= 0, no common area with the frame, or too large to be cropped.
        """
        fill_frame(frame, self._frame)
        box = self._box
        box.x, box.y, box.w, box.h = box_xywh
        status = self._library.sdst_tracker_template_input(
            self._handle, self._frame_ref, self._box_ref, self._z_address
        )
        if status:
            self._fail_box(status, frame, box_xywh)
        self._first_shape = frame.shape
        return self._z

    def search_input(self, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The input of the search graph, around the target's last place.

        Args:
            frame: (H, W, 3) uint8, BGR, of the size that the target was taken in. Not kept.

        Returns:
            (1, 3, search_size, search_size) float32, owned by this tracker and overwritten by the next call.

        Raises:
            FrameError: another type, shape or layout, another size than the first frame's, or so large that the
                target's search crop cannot be made.
            NativeError: there is no target yet.
        """
        fill_frame(frame, self._frame)
        status = self._library.sdst_tracker_search_input(self._handle, self._frame_ref, self._x_address)
        if status:
            self._fail_search(status, frame)
        return self._x

    def decode(self, score: NDArray[np.float32], ltrb: NDArray[np.float32]) -> Result:
        """Where the networks' outputs for the last search input put the target; moves the state there.

        Args:
            score: (..., 2 or 1, S, S) float32 logits, C-contiguous.
            ltrb: (..., 4, S, S) float32, C-contiguous: distances to the sides, network px, >= 0.

        Raises:
            ConfigError: a map of another shape, type or layout than the configuration says.
            NativeError: a NaN or infinity among the outputs, or no search input before. The state is as it was.
        """
        outputs, result = self._outputs, self._result
        self._check_map("score", score, outputs.score_channels)
        self._check_map("ltrb", ltrb, 4)
        outputs.score = address(score)
        outputs.ltrb = address(ltrb)
        status = self._library.sdst_tracker_decode(self._handle, self._outputs_ref, self._result_ref)
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

        Template, frame size and border colour stay. The next call is :meth:`search_input`.

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

    def _check_map(self, name: str, values: NDArray[np.float32], channels: int) -> None:
        side = self.config.response_size
        if values.dtype != _FLOAT32 or values.size != channels * self._map_cells or values.shape[-2:] != (side, side):
            got = f"{values.shape} {values.dtype}"
        elif not values.flags.c_contiguous:
            got = f"{values.shape} with strides {values.strides}"
        else:
            return
        raise ConfigError(
            f"{name} map is {got}, the tracker's configuration wants ({channels}, {side}, {side}) float32, "
            "C-contiguous; the graphs belong to another configuration, or an engine returns another layout"
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
        self._fail(status, "sdst_tracker_template_input")

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
        self._fail(status, "sdst_tracker_search_input")

    def _fail(self, status: int, call: str) -> NoReturn:
        if not self._handle:
            raise NativeError(status, call, "the tracker is closed")
        raise native_error(status, call)


def _sized(struct_type: type[Any]) -> Any:
    return struct_type(struct_size=ctypes.sizeof(struct_type))


def _native_config(config: TrackerConfig) -> NativeConfig:
    crop = config.crop
    return NativeConfig(
        struct_size=ctypes.sizeof(NativeConfig),
        template_size=config.template_size,
        search_size=config.search_size,
        response_size=config.response_size,
        score_kind={"softmax2": 0, "logit": 1}[config.score_kind],
        context={"square": 0, "rectangular": 1}[crop.context],
        rounding=ROUNDINGS[crop.rounding],
        interpolation=INTERPOLATIONS[crop.interpolation],
        border=BORDERS[crop.border],
        border_value=(ctypes.c_uint8 * 4)(*crop.border_value, 0),
        normalization=native_normalization(config.normalization),
        context_amount=crop.context_amount,
        search_scale=crop.search_scale,
        stride_px=config.stride_px,
        point_origin_px=config.point_origin_px,
        window_influence=config.window_influence,
        penalty_k=config.penalty_k,
        size_lr=config.size_lr,
        min_side_px=config.min_side_px,
        init_center_offset_px=config.init_center_offset_px,
        found_threshold=config.found_threshold,
    )
