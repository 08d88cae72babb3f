"""TensorRT's Python module: imported when it is needed, and what it has to say collected.

Whether a version has something is asked of the module itself; no version number and no enum integer decides anything.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

from sdst_runtime.errors import BackendUnavailable, DeviceError

__all__ = ["EngineRefused", "OnShare", "import_tensorrt", "make_messages", "make_monitor"]

#: Takes the share of an engine's build that is done, 0..1.
OnShare: TypeAlias = Callable[[float], None]

_log = logging.getLogger(__name__)


class EngineRefused(DeviceError):  # noqa: N818 (what happened to it)
    """TensorRT does not build an engine from a graph, or what it built does not compute what the graph does."""


def import_tensorrt() -> ModuleType:
    """The package ``tensorrt``, of a version that names its tensors (8.5 and newer).

    Raises:
        BackendUnavailable: it is not installed, cannot be loaded, or is too old.
    """
    try:
        trt = importlib.import_module("tensorrt")
    except ImportError as error:
        raise BackendUnavailable(
            f"TensorRT's Python module cannot be imported ({error}). On a Jetson: sudo apt install python3-libnvinfer, "
            "and a virtual environment made with --system-site-packages; elsewhere: pip install 'sdst-edge[tensorrt]', "
            "or run the same graphs without it: --engine onnxruntime"
        ) from None
    if not hasattr(trt, "ICudaEngine") or not hasattr(trt.ICudaEngine, "num_io_tensors"):
        version = getattr(trt, "__version__", "without a version")
        raise BackendUnavailable(
            f"TensorRT {version} has no num_io_tensors, which came with 8.5; update JetPack to 5.1 or newer, or "
            "pip install 'sdst-edge[tensorrt]'"
        )
    return trt


def make_messages(trt: ModuleType) -> Any:
    """A logger for TensorRT's objects: keeps errors for the message of ours that follows, and passes the rest on.

    It has ``take()``, which returns the errors since the last call as one line, or an empty text.
    """

    class Messages(trt.ILogger):  # type: ignore[misc, name-defined]
        """Errors in the order in which they came."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self._errors: list[str] = []

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                self._errors.append(msg.strip())
            else:
                _log.debug("TensorRT: %s", msg)

        def take(self) -> str:
            taken, self._errors = self._errors, []
            return "; ".join(dict.fromkeys(taken))

    return Messages()


def make_monitor(trt: ModuleType, on_share: OnShare) -> Any:
    """What TensorRT tells the steps of a build, where it can; see ``IProgressMonitor``.

    An exception of ``on_share``, or an interrupt, must not pass through TensorRT: it ends the build and is kept as
    ``failure``, to be raised after it.
    """

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc, name-defined]
        """Shares of the outermost phase."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.failure: BaseException | None = None
            self._steps: dict[str, int] = {}  # of outermost phases

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            if not parent_phase:
                self._steps[phase_name] = max(num_steps, 1)

        def step_complete(self, phase_name: str, step: int) -> bool:
            try:
                if self.failure is None and phase_name in self._steps:
                    on_share(min((step + 1) / self._steps[phase_name], 1.0))
            except BaseException as error:
                self.failure = error
            return self.failure is None

        def phase_finish(self, phase_name: str) -> None:
            self._steps.pop(phase_name, None)

    return Monitor()
