"""A module that plays OpenCV: its trackers know where the target is, and do what a frame tells them.

``frame[0, 0]`` is (index, order, -): the box is at 10 * index, 5, and an order below makes a tracker fail.
"""

import os
import sys
import time
from types import SimpleNamespace

__version__ = "9.9.9"
DIE, HANG, RAISE, CHATTER, LOSE = 1, 2, 3, 4, 5
NETWORK = b"a network"

_state = {"threads": 4, "level": 3}


class error(Exception):  # noqa: N801, N818 (OpenCV's own name)
    pass


def getNumThreads():  # noqa: N802
    return _state["threads"]


def setNumThreads(threads):  # noqa: N802
    _state["threads"] = threads


def _set_level(level):
    _state["level"] = level


utils = SimpleNamespace(
    logging=SimpleNamespace(LOG_LEVEL_ERROR=2, getLogLevel=lambda: _state["level"], setLogLevel=_set_level)
)


class _Tracker:
    number = int

    def __init__(self, params=None):
        self.params = params
        self.started = False

    @classmethod
    def create(cls, params=None):
        return cls(params)

    def init(self, frame, box):
        if self.started and self.params is None:
            raise error("a second\n  target")
        if not all(isinstance(value, self.number) for value in box):
            raise error(f"box is {box}")
        self.started = True

    def update(self, frame):
        index, order = int(frame[0, 0, 0]), int(frame[0, 0, 1])
        if order == DIE:
            sys.stderr.write("Segmentation fault, so to say\n")
            sys.stderr.flush()
            os._exit(3)
        if order == HANG:
            time.sleep(60)
        if order == RAISE:
            raise error("(-215:Assertion failed)\n  in function 'update'")
        if order == CHATTER:
            print("this is no reply")  # noqa: T201
        return order != LOSE, (10 * index, 5, 20, 10)


class TrackerCSRT(_Tracker):
    pass


class TrackerNano(_Tracker):
    def update(self, frame):
        for path in (self.params.backbone, self.params.neckhead):
            with open(path, "rb") as file:
                if file.read() != NETWORK:
                    raise error("Failed to parse ONNX model")
        return super().update(frame)


class TrackerNano_Params:  # noqa: N801
    pass


TrackerKCF_create = type("TrackerKCF", (_Tracker,), {})


class _Legacy(_Tracker):
    number = float

    def init(self, frame, box):
        super().init(frame, box)
        return box[2] > 2


legacy = SimpleNamespace(TrackerMOSSE_create=_Legacy)
