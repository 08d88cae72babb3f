"""OpenCV's trackers, with the methods of our Tracker.

This file needs numpy and cv2 alone, and Python 3.8: :mod:`.worker` loads it in other environments by its path.

Boxes: the trackers of ``cv2`` itself take and return whole pixels, so the box of ``init()`` is rounded to the nearest,
halves to even, sides to at least 1. Those of ``cv2.legacy``, among them MOSSE, take it as it is; MOSSE then works in
sizes that suit its Fourier transform, and returns those: 61 px become 64 (tried with OpenCV 5.0).

MIL draws at random, and goes on where it was when the last target was left: what it finds depends on what it has
tracked before in the same process, and ``cv2.setRNGSeed`` does not bring that back (likewise tried).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CLASSES", "OpenCvTracker", "PeerAbsent", "PeerFailed", "WeightsRefused", "opencv_settings"]

#: OpenCV's classes by the names that reports give them.
CLASSES = {
    "Nano": "TrackerNano",
    "ViT": "TrackerVit",
    "KCF": "TrackerKCF",
    "CSRT": "TrackerCSRT",
    "MOSSE": "TrackerMOSSE",
    "MIL": "TrackerMIL",
}
#: Where their parameters take the files of weights.
WEIGHTS = {"Nano": ("backbone", "neckhead"), "ViT": ("net",)}
TRY_OUT_SIDE = 128


class PeerAbsent(Exception):  # noqa: N818 (what is the matter, not who says it)
    """This environment has no such tracker; the text says what it has."""


class WeightsRefused(Exception):  # noqa: N818
    """The user's weights are not those of the tracker."""


class PeerFailed(Exception):  # noqa: N818
    """The tracker broke off; the text says how."""


class OpenCvTracker:
    """One of OpenCV's trackers.

    Networks are loaded once, and have been run when this class is made. The others are made again for each target: a
    second ``init()`` is refused by those of ``cv2.legacy``, and leaves KCF in a state in which it fails.

    Attributes:
        version: such as ``OpenCV 5.0.0``.
    """

    def __init__(self, name: str, weights: Sequence[str] = ()) -> None:
        """Makes the tracker.

        Args:
            name: in ``CLASSES``.
            weights: files, as many as ``WEIGHTS`` has for it.

        Raises:
            PeerAbsent: OpenCV is missing, or has no such tracker.
            WeightsRefused: OpenCV cannot read or run the files.
        """
        cv2 = _import_opencv()
        self.version = f"OpenCV {cv2.__version__}"
        self._name = CLASSES[name]
        self._error = cv2.error
        self._make, self._takes_fractions = _find(cv2, self._name)
        self._network: Any = self._load(cv2, name, weights) if weights else None
        self._tracker: Any = self._network
        self._box = (0.0, 0.0, 0.0, 0.0)

    def init(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float], /) -> None:
        """Takes a target: (H, W, 3) uint8 BGR, 0-based image px.

        Raises:
            PeerFailed: OpenCV refuses it.
        """
        box = box_xywh
        if not self._takes_fractions:
            x, y, w, h = (round(value) for value in box_xywh)
            box = (x, y, max(w, 1), max(h, 1))
        try:
            self._tracker = self._network or self._make()
            taken = self._tracker.init(frame, box)
        except self._error as error:
            raise PeerFailed(f"{self._name}.init: {_line(error)}") from None
        if taken is False:  # legacy ones say so, the others return nothing
            raise PeerFailed(f"{self._name}.init refuses the box {box}")
        self._box = box

    def update(self, frame: NDArray[np.uint8], /) -> tuple[float, float, float, float]:
        """The target's box in the next frame; the last one when OpenCV says that it lost the target.

        Raises:
            PeerFailed: OpenCV broke off.
        """
        try:
            found, box = self._tracker.update(frame)
        except self._error as error:
            raise PeerFailed(f"{self._name}.update: {_line(error)}") from None
        if found:
            self._box = box
        return self._box

    def _load(self, cv2: Any, name: str, weights: Sequence[str]) -> Any:
        """The network, tried out on an empty frame: files of another network are told only then."""
        import numpy as np

        params = getattr(cv2, f"{self._name}_Params")()
        for attribute, path in zip(WEIGHTS[name], weights):  # noqa: B905 (strict is Python 3.10's)
            setattr(params, attribute, path)
        empty = np.zeros((TRY_OUT_SIDE, TRY_OUT_SIDE, 3), np.uint8)
        middle = (TRY_OUT_SIDE // 4, TRY_OUT_SIDE // 4, TRY_OUT_SIDE // 2, TRY_OUT_SIDE // 2)
        try:
            network = self._make(params)
            network.init(empty, middle)
            network.update(empty)
        except cv2.error as error:
            files = " and ".join(weights)
            raise WeightsRefused(f"{self.version} cannot run {files} as a {self._name}: {_line(error)}") from None
        return network


@contextmanager
def opencv_settings(threads: int) -> Iterator[None]:
    """Sets how many threads OpenCV uses, and keeps its log to errors; both are as before in the end.

    Args:
        threads: >= 1.
    """
    try:
        cv2 = _import_opencv()
    except PeerAbsent:
        yield
        return
    log = getattr(getattr(cv2, "utils", None), "logging", None)  # not in all builds
    threads_before, level_before = cv2.getNumThreads(), log and log.getLogLevel()
    cv2.setNumThreads(threads)
    if log:
        log.setLogLevel(log.LOG_LEVEL_ERROR)  # the networks' module warns about its own defaults
    try:
        yield
    finally:
        cv2.setNumThreads(threads_before)
        if log:
            log.setLogLevel(level_before)


def _import_opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise PeerAbsent(f"OpenCV cannot be imported: {_line(error)}") from None
    return cv2


def _find(cv2: Any, name: str) -> tuple[Callable[..., Any], bool]:
    """What makes a tracker, and whether it takes fractions of pixels.

    Releases differ: ``cv2.TrackerKCF.create`` and ``cv2.TrackerKCF_create`` are one and the same, and since 4.5.1 some
    are kept in ``cv2.legacy``.
    """
    for home in (cv2, getattr(cv2, "legacy", None)):
        make = getattr(getattr(home, name, None), "create", None) or getattr(home, f"{name}_create", None)
        if make is not None:
            return make, home is not cv2
    raise PeerAbsent(f"OpenCV {cv2.__version__} has no {name}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
