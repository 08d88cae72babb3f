"""A tracker that follows a clip's target, one frame after the other.

Before each frame the target is put where it was in the frame before: a network that loses a target would otherwise
drift to crops of an untypical size.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from types import TracebackType

from sdst_bench.measuring.clip import Box, Clip
from sdst_bench.measuring.stopwatch import Stopwatch, TimedCore, timed
from sdst_bench.measuring.subject import Subject
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.session import Session, reads_bytes
from sdst_runtime.tracker import Core, Tracker

__all__ = ["Following", "timed_following"]


class Following:
    """A target of a clip, taken in its first frame."""

    _core: NativeTracker

    def __init__(
        self,
        subject: Subject,
        clip: Clip,
        *,
        session: Session | None = None,
        wrap: Callable[[NativeTracker], Core] | None = None,
        offset_px: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Takes the target.

        Args:
            subject: whose configuration it is.
            clip: its frames are played back and forth.
            session: that wraps the subject's, None for the subject's own. It is left open.
            wrap: puts what measures around libsdst's tracker.
            offset_px: added to x and y of the clip's boxes: another target beside the clip's.

        Raises:
            SdstError: the box or the frame is refused.
        """
        self._clip = clip
        self._offset_px = offset_px
        self._wrap = wrap
        self._pairs = clip.back_and_forth()
        running = session or subject.session
        self._as_bytes = reads_bytes(running)
        self._tracker = Tracker(running, subject.config, core=self._make_core)
        self._tracker.init(clip.frames[0], self._box(0))

    def step(self) -> int:
        """Updates with the next frame of the clip, back and forth; returns how long ``update()`` took, ns."""
        return self.update(*next(self._pairs))

    def update(self, before: int, index: int) -> int:
        """Updates with a frame of the clip; returns how long it took, ns.

        Args:
            before: index of the frame in which the target was last.
            index: of the frame.
        """
        self._place(self._box(before))
        frame = self._clip.frames[index]
        start = perf_counter_ns()
        self._tracker.update(frame)
        return perf_counter_ns() - start

    def close(self) -> None:
        """Frees the target. Closing twice is allowed."""
        self._tracker.close()

    def __enter__(self) -> Following:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _box(self, index: int) -> Box:
        x, y, w, h = self._clip.boxes_xywh[index]
        return x + self._offset_px[0], y + self._offset_px[1], w, h

    def _place(self, box_xywh: Box) -> None:
        """As ``init()`` would, so that the next crop has the size and place that it should have."""
        x, y, w, h = box_xywh
        offset = self._core.config.init_center_offset_px
        self._core.set_state(x + w / 2 + offset, y + h / 2 + offset, w, h)

    def _make_core(self, config: TrackerConfig) -> Core:
        self._core = NativeTracker(config, as_bytes=self._as_bytes)
        return self._core if self._wrap is None else self._wrap(self._core)


def timed_following(subject: Subject, clip: Clip, session: Session | None = None) -> tuple[Following, Stopwatch]:
    """A target whose stages are timed; ``total`` is left to whoever steps. Arguments as :class:`Following` has them."""
    running, watch = timed(session or subject.session)
    return Following(subject, clip, session=running, wrap=lambda core: TimedCore(core, watch)), watch
