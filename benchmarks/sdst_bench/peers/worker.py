"""A program that runs one of OpenCV's trackers for :mod:`.outside`, in an environment with numpy and cv2 alone.

    python worker.py NAME THREADS [WEIGHTS ...]

It is run by its path, imports nothing of this package by name, and needs Python 3.8. On stdout it says first which
OpenCV it has. Then it reads from stdin, again and again, a line of JSON with the shape of a frame, and the frame's
bytes; it writes the box that the tracker finds, and how long ``update()`` took. A line with a box is a new target.
Each line that it writes is JSON; one with ``raised`` is an error of the tracker, and the last.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BROKEN_OFF = 1


def main() -> int:
    """Exit status: 0 when stdin ends, 1 after an error that was told."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what OpenCV prints is no reply
    opencv = _load_beside("opencv")
    told = (opencv.PeerAbsent, opencv.WeightsRefused, opencv.PeerFailed)
    try:
        name, threads, *weights = sys.argv[1:]
        with opencv.opencv_settings(int(threads)):
            tracker = opencv.OpenCvTracker(name, weights)
            _write(replies, {"version": tracker.version})
            _serve(tracker, replies)
    except told as error:
        _write(replies, {"raised": type(error).__name__, "text": str(error)})
        return BROKEN_OFF
    return 0


def _serve(tracker: Any, replies: TextIO) -> None:
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        frame = _read_frame(request["shape"])
        if request["box"] is not None:
            tracker.init(frame, tuple(request["box"]))
            _write(replies, {"box": request["box"], "ns": 0})
            continue
        start = perf_counter_ns()
        box = tracker.update(frame)
        duration_ns = perf_counter_ns() - start
        _write(replies, {"box": [float(value) for value in box], "ns": duration_ns})


def _read_frame(shape: list[int]) -> NDArray[np.uint8]:
    import numpy as np

    height, width, channels = shape
    data = bytearray(sys.stdin.buffer.read(height * width * channels))  # which OpenCV may write to
    return np.frombuffer(data, np.uint8).reshape(shape)


def _write(replies: TextIO, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def _load_beside(name: str) -> Any:
    """The module in the file beside this one."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
