"""Which part of an image a tracker's crops show, as libsdst plans them: training repeats none of that arithmetic."""

from __future__ import annotations

from typing import NamedTuple

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State
from sdst_runtime.views import search_view, template_view

__all__ = ["Window", "search_center", "search_scale", "search_window", "template_window"]


class Window(NamedTuple):
    """A rectangle of an image that the pixels of a crop evenly divide, image px.

    Output pixel i of n along x is taken around ``left + (i + 0.5) * width / n``.
    """

    left: float
    top: float
    width: float
    height: float

    def mirrored(self, frame_width: float) -> Window:
        """The window in the mirrored frame; twice gives the window back.

        A crop of a mirrored pair is that of a mirrored frame, so that roundings are never mirrored: take the window of
        the mirrored box or state, map it back with this, and cut it with ``mirrored=True``.
        """
        return self._replace(left=frame_width - self.left - self.width)


def template_window(config: TrackerConfig, box_xywh: tuple[float, float, float, float]) -> Window:
    """What the template crop of a target shows, ``init_center_offset_px`` of the family included.

    Args:
        config: of the tracker.
        box_xywh: image px, sides > 0.

    Raises:
        BoxError: not finite, without area, or too large to be cropped.
    """
    return Window(*template_view(config, box_xywh).window_xywh)


def search_window(config: TrackerConfig, state: State) -> Window:
    """What the search crop shows; of a pyramid the middle scale.

    Args:
        config: of the tracker.
        state: where the tracker believes its target to be, image px.

    Raises:
        BoxError: not finite, without area, or too large to be cropped.
    """
    return Window(*search_view(config, state).window_xywh)


def search_center(config: TrackerConfig, state: State) -> tuple[float, float]:
    """Image px that the decoder takes for the centre of the search input: the state's own, but for FEAR's rounding."""
    return search_view(config, state).center_xy


def search_scale(config: TrackerConfig, width: float, height: float) -> tuple[float, float]:
    """Network px per image px of the search region along x and y, as the decoder has it.

    Args:
        config: of the tracker.
        width: of the box that the tracker believes in, image px.
        height: likewise.

    Raises:
        BoxError: not finite, without area, or too large to be cropped.
    """
    return search_view(config, State(0.0, 0.0, width, height)).scale_xy
