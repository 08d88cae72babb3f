"""One target followed from frame to frame: libsdst around a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Protocol, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, Result, State
from sdst_runtime.errors import BoxError, ConfigError, SdstError
from sdst_runtime.masks import Segmentation, mask_square, outline, project_mask
from sdst_runtime.session import MaskSession, Session, Template, reads_bytes

__all__ = ["Core", "TrackResult", "Tracker"]


class TrackResult(NamedTuple):
    """Where the target is in a frame.

    Attributes:
        box_xywh: image px, 0-based, x and y of the top left corner.
        score: foreground probability, 0..1.
        found: False when the score is below the bundle's threshold. The box is then the best guess, and the tracker
            goes on from it: losing a target is no error.
    """

    box_xywh: tuple[float, float, float, float]
    score: float
    found: bool


class Core(Protocol):
    """What a tracker does around the network; :class:`~sdst_runtime.core.NativeTracker`, or a measuring wrapper."""

    def template_input(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float]) -> NDArray[Any]:
        """Takes a target; returns the input of the template branch."""
        ...

    def search_input(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """Returns the input of the search branch, the same array every time."""
        ...

    def decode(self, *maps: NDArray[np.float32]) -> Result:
        """Returns the target's place, and moves there; ``maps`` are those of the search input's size."""
        ...

    def state(self) -> State:
        """Returns where the target is believed to be."""
        ...

    def close(self) -> None:
        """Frees what is held. Closing twice is allowed."""
        ...


class _Seen(NamedTuple):
    """What the last update looked at and found."""

    searched: State
    result: Result
    frame_wh: tuple[int, int]


class Tracker:
    """Follows one target. Many trackers may share a session, all of them on one thread at a time.

    ::

        tracker.init(frame, (x, y, w, h))
        box_xywh, score, found = tracker.update(next_frame)
    """

    def __init__(
        self,
        session: Session,
        config: TrackerConfig,
        *,
        core: Callable[[TrackerConfig], Core] | None = None,
        mask_threshold: float | None = None,
        owns_session: bool = False,
    ) -> None:
        """A tracker without a target.

        Args:
            session: runs the network.
            config: of the same manifest.
            core: makes what does the work around the network, once per :meth:`init`; None for libsdst.
            mask_threshold: of the same manifest's ``mask``, for :meth:`segment`; None where there is no such branch.
            owns_session: :meth:`close` closes the session too.

        Raises:
            BackendUnavailable: libsdst is missing.
            ConfigError: libsdst refuses the configuration, or the session cannot run a mask branch.
        """
        if mask_threshold is not None and not isinstance(session, MaskSession):
            raise ConfigError(f"mask_threshold is {mask_threshold}, but a {type(session).__name__} has no segment()")
        self._session = session
        self._mask_threshold = mask_threshold
        self._config = config
        self._make_core = partial(NativeTracker, as_bytes=reads_bytes(session)) if core is None else core
        self._owns_session = owns_session
        self._core = self._make_core(config)  # here, so that what is missing is told before the first frame
        self._template: Template | None = None
        self._seen: _Seen | None = None

    def init(self, frame: NDArray[np.uint8], box_xywh: Sequence[SupportsFloat]) -> None:
        """Takes a target, the first or another one. When it fails, a target taken before is still followed.

        Where small targets have a search size of their own, the network is run once on this frame, so that what the
        session builds for that size is there before the next frame.

        Args:
            frame: (H, W, 3) uint8, BGR. Not kept.
            box_xywh: four numbers, image px, 0-based, sides > 0; may stick out of the frame, must meet it.

        Raises:
            FrameError: the frame has another type, shape or layout.
            BoxError: the box is not four finite numbers, has no area, or does not meet the frame.
            SdstError: the session failed or is closed.
        """
        box = _box(box_xywh)
        core = self._make_core(self._config)  # a fresh one: the old target's is not touched before the new one stands
        template: Template | None = None
        try:
            template = self._session.embed(core.template_input(frame, box))
            if self._config.small_target is not None:
                self._session.match(template, core.search_input(frame))
        except BaseException:
            if template is not None:
                template.close()
            core.close()
            raise
        self._drop()
        self._core, self._template = core, template

    def update(self, frame: NDArray[np.uint8]) -> TrackResult:
        """Where the target is in the next frame. After an error the tracker is as it was before the call.

        Args:
            frame: (H, W, 3) uint8, BGR, of the size that it had at :meth:`init`. Not kept.

        Raises:
            FrameError: the frame has another type, shape, layout or size.
            SdstError: no target was taken yet, or the session failed or is closed.
        """
        template = self._template
        if template is None:
            raise SdstError("the tracker has no target; call init(frame, box_xywh) first")
        core = self._core
        self._seen = None
        searched = None if self._mask_threshold is None else core.state()
        maps = self._session.match(template, core.search_input(frame))
        result = core.decode(*maps)
        if searched is not None:
            self._seen = _Seen(searched, result, (frame.shape[1], frame.shape[0]))
        return TrackResult(result[0], result[1], result[2])

    def segment(self) -> Segmentation:
        """Which pixels are the target in the frame of the last :meth:`update`. Nothing is computed unless it is asked.

        The first call for a target builds the graph of its mask branch.

        Raises:
            ConfigError: this tracker has no mask branch.
            SdstError: there was no update since :meth:`init`, it failed, or another tracker has used the session since.
            BackendUnavailable: OpenCV is missing.
        """
        session, threshold = self._session, self._mask_threshold
        if threshold is None or not isinstance(session, MaskSession):
            raise ConfigError("this tracker has no mask branch; load a bundle that has one, such as SiamMask's")
        if self._template is None or self._seen is None:
            raise SdstError("there is no frame to segment; call update(frame) first")
        searched, result, frame_wh = self._seen
        cells = self._config.response_size
        cell = divmod(result.best_index % cells**2, cells)  # anchors of a cell are cells ** 2 apart
        logits = session.segment(self._template, cell)
        mask = project_mask(logits, mask_square(self._config, searched, cell), frame_wh) > threshold
        return Segmentation(mask, outline(mask, result.box_xywh))

    def close(self) -> None:
        """Frees the target, and the session if it is this tracker's own. Closing twice is allowed."""
        self._drop()
        if self._owns_session:
            self._session.close()

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop(self) -> None:
        if self._template is not None:
            self._template.close()
        self._template = self._seen = None
        self._core.close()


def _box(box_xywh: Sequence[SupportsFloat]) -> tuple[float, float, float, float]:
    try:
        x, y, w, h = box_xywh
        if not all(isinstance(value, SupportsFloat) for value in (x, y, w, h)):  # float("1") would pass
            raise TypeError
        return float(x), float(y), float(w), float(h)
    except (TypeError, ValueError, OverflowError):
        raise BoxError(f"box is {box_xywh!r}, expected four numbers x, y, w, h in image pixels") from None
