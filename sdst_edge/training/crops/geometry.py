"""Which part of an image a tracker's crops show, as libsdst plans them: training repeats none of that arithmetic."""

from __future__ import annotations

from typing import NamedTuple

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State

__all__ = ["Window", "search_center", "search_scale", "search_window", "template_window"]


class Window(NamedTuple):
    """A rectangle of an image that the pixels of a crop evenly divide, image px.

    Output pixel i of n along x is taken around ``left + (i + 0.5) * width / n``.
    """

    left: float
    top: float
    width: float
    height: float

    def mirrored(self, frame_width: int) -> Window:
        """The window in the mirrored frame; twice gives the window back.

        A crop of a mirrored pair is that of a mirrored frame, so that roundings are never mirrored: take the window of
        the mirrored box or state, map it back with this, and cut it with ``mirrored=True``.
        """
        return self._replace(left=frame_width - self.left - self.width)


def template_window(config: TrackerConfig, box_xywh: tuple[float, float, float, float]) -> Window:
    """What the template crop of a target shows.

    Args:
        config: of the tracker.
        box_xywh: image px, sides > 0.
    """
    raise NotImplementedError


def search_window(config: TrackerConfig, state: State) -> Window:
    """What the search crop shows; of a pyramid the middle scale.

    Args:
        config: of the tracker.
        state: where the tracker believes its target to be, image px.
    """
    raise NotImplementedError


def search_center(config: TrackerConfig, state: State) -> tuple[float, float]:
    """Image px that the decoder takes for the centre of the search input: the state's own, but for FEAR's rounding."""
    raise NotImplementedError


def search_scale(config: TrackerConfig, width: float, height: float) -> tuple[float, float]:
    """Network px per image px of the search region along x and y, as libsdst's decoder has it.

    Args:
        config: of the tracker.
        width: of the box that the tracker believes in, image px.
        height: likewise.
    """
    raise NotImplementedError
