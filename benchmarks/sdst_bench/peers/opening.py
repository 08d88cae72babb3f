"""Peers that can run: in this process where its OpenCV has them, else in another environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_bench.measuring.clip import Box
from sdst_bench.peers.choice import PeerChoice
from sdst_bench.peers.opencv import OpenCvTracker, PeerAbsent, WeightsRefused, opencv_settings
from sdst_bench.peers.outside import OutsidePeer, Place
from sdst_edge.evaluation import Trackable
from sdst_runtime.errors import CheckpointError

__all__ = ["Contestant", "Inside", "Opened", "check_peers", "open_peers"]

#: What a user gives for peers that have no weights of their own.
OPTIONS = {"Nano": "--nano-backbone FILE --nano-head FILE", "ViT": "--vit FILE"}
PACKAGE = "opencv-contrib-python-headless"


class Contestant(Protocol):
    """A tracker that tells how long it took."""

    @property
    def name(self) -> str:
        """Of the bundle, or of OpenCV's tracker."""
        ...

    @property
    def version(self) -> str:
        """Of what runs it."""
        ...

    def init(self, frame: NDArray[np.uint8], box_xywh: Box, /) -> object:
        """Takes a target: (H, W, 3) uint8 BGR, 0-based image px."""
        ...

    def step(self, frame: NDArray[np.uint8], /) -> tuple[Box, int]:
        """The target's box in the next frame, and how long ``update()`` took, ns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A tracker in this process; a contestant.

    Attributes:
        name: of the bundle, or of OpenCV's tracker.
        version: of what runs it.
        tracker: ours or OpenCV's.
    """

    name: str
    version: str
    tracker: Trackable

    def init(self, frame: NDArray[np.uint8], box_xywh: Box, /) -> None:
        """As a contestant has it."""
        self.tracker.init(frame, box_xywh)

    def step(self, frame: NDArray[np.uint8], /) -> tuple[Box, int]:
        """As a contestant has it."""
        start = perf_counter_ns()
        result = self.tracker.update(frame)
        duration_ns = perf_counter_ns() - start
        x, y, w, h = getattr(result, "box_xywh", result)
        return (float(x), float(y), float(w), float(h)), duration_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Peers of a choice.

    Attributes:
        contestants: that can run.
        absent: the others, and why.
    """

    contestants: list[Contestant] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)


def check_peers(choice: PeerChoice) -> None:
    """Opens the peers and closes them again, so that what is wrong with their weights is told before a long run.

    Raises:
        CheckpointError: OpenCV cannot read or run the weights that were given.
    """
    with open_peers(choice):
        pass


@contextmanager
def open_peers(choice: PeerChoice) -> Iterator[Opened]:
    """The peers of a choice, with OpenCV's settings as it asks while they are open.

    Raises:
        CheckpointError: OpenCV cannot read or run the weights that were given.
    """
    opened = Opened()
    with opencv_settings(choice.threads), ExitStack() as stack:
        for name in choice.wanted:
            try:
                opened.contestants.append(_open(name, choice, stack))
            except PeerAbsent as absent:
                opened.absent[name] = str(absent)
            except WeightsRefused as refused:
                raise CheckpointError(str(refused)) from None
        yield opened


def _open(name: str, choice: PeerChoice, stack: ExitStack) -> Contestant:
    weights = choice.weights(name)
    if weights is None:
        raise PeerAbsent(f"no weights given: {OPTIONS[name]}")
    try:
        tracker = OpenCvTracker(name, weights)
        return Inside(name=name, version=tracker.version, tracker=tracker)
    except PeerAbsent as absent:
        if choice.peers_python is None:
            raise PeerAbsent(
                f"not installed: {absent}; install {PACKAGE} in another environment, and give its Python: "
                "--peers-python PATH"
            ) from None
    place = Place(python=choice.peers_python, threads=choice.threads)
    try:
        return stack.enter_context(closing(OutsidePeer(name, place, weights)))
    except PeerAbsent as absent:
        raise PeerAbsent(f"not installed: {absent}; install {PACKAGE} for {choice.peers_python}") from None
