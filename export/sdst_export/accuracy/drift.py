"""How far a variant's decoded results are from another's on single pairs of crops."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_edge.evaluation.metrics import iou
from sdst_export.accuracy.running import engine_here
from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, Result
from sdst_runtime.errors import DatasetError
from sdst_runtime.loading import open_session
from sdst_runtime.measurements import Drift
from sdst_runtime.session import Outputs, Session

__all__ = ["Crops", "measure_drift"]

_GRAY = 128  # of the frame that stands around the crops; the search region that is cut from it is not looked at


class Crops(Protocol):
    """A template and a search region, as the crop leaves them."""

    @property
    def z(self) -> NDArray[np.float32]:
        """(1, 3, template_size, template_size)."""
        ...

    @property
    def x(self) -> NDArray[np.float32]:
        """Of the shape ``TrackerConfig.search_shape``, or that of ``for_small_target()``."""
        ...


def measure_drift(bundle: Bundle, variant: str, reference: str, pairs: Iterable[Crops], source: str) -> Drift:
    """Differences of scores and boxes between two variants that are shown the same crops in the same state.

    The state is a square target in the middle of the search region, as large as the crop rule has it in a template. A
    pair on which both variants lose the target counts as agreement of their scores, but its boxes, two guesses, are not
    compared; where that is so for every pair, all boxes are compared after all, as there is nothing else.

    Args:
        bundle: that holds both.
        variant: name of the one to judge. TensorRT's is run by ONNX Runtime.
        reference: name of the one to judge it by.
        pairs: of crops, at least one.
        source: of the crops: name of the data set.

    Raises:
        DatasetError: there are no pairs.
        ManifestError: there is no such variant.
        BackendUnavailable: its engine is not installed.
        NativeError: a variant gives NaN or infinity.
        SdstError: a crop has another shape than the tracker's.
    """
    decoder = _Decoder(bundle.manifest.tracker)
    compared: list[_Compared] = []
    with closing(_open(bundle, variant)) as session, closing(_open(bundle, reference)) as trusted, closing(decoder):
        for pair in pairs:
            shape = pair.x.shape
            ours = decoder.decode(shape, _maps(session, pair))
            compared.append(_compare(ours, decoder.decode(shape, _maps(trusted, pair))))
    if not compared:
        raise DatasetError("there are no pairs of crops to measure drift on; give at least one")
    differences = [item.score_difference for item in compared]
    overlaps = [item.iou for item in compared if item.seen] or [item.iou for item in compared]
    return Drift(
        source=source,
        pairs=len(compared),
        mean_score_difference=float(np.mean(differences)),
        max_score_difference=max(differences),
        mean_iou=float(np.mean(overlaps)),
        min_iou=min(overlaps),
    )


class _Compared(NamedTuple):
    """One pair; ``seen`` says that one variant at least has found the target."""

    score_difference: float
    iou: float
    seen: bool


def _compare(ours: Result, theirs: Result) -> _Compared:
    overlap = float(iou(ours.box_xywh, theirs.box_xywh)[0])
    return _Compared(abs(ours.score - theirs.score), overlap, ours.found or theirs.found)


def _open(bundle: Bundle, variant: str) -> Session:
    return open_session(bundle, variant=variant, engine=engine_here(bundle, variant))


def _maps(session: Session, pair: Crops) -> Outputs:
    """Of the session's own memory, until its next call."""
    template = session.embed(pair.z)
    try:
        return session.match(template, pair.x)
    finally:
        template.close()


class _Decoder:
    """libsdst's decoder, put into the same state before each pair: one for each size of the search region."""

    def __init__(self, config: TrackerConfig) -> None:
        side = config.template_size / (1 + 2 * config.crop.context_amount)  # the crop is then as large as the template
        places = [_Place(config, side, frame_side) for frame_side in _frame_sides(config, side)]
        self._places: dict[tuple[int, ...], _Place] = {place.search_shape: place for place in places}

    def decode(self, shape: tuple[int, ...], maps: Outputs) -> Result:
        """Where maps for a search region of that shape, which a session has taken, put the target."""
        return self._places[shape].decode(maps)

    def close(self) -> None:
        """Frees the C side."""
        for place in self._places.values():
            place.close()


class _Place:
    """A target in the middle of a gray frame, where it is put back before every decoding."""

    def __init__(self, config: TrackerConfig, side: float, frame_side: int) -> None:
        self._core = NativeTracker(config)
        self._frame = np.full((frame_side, frame_side, 3), _GRAY, np.uint8)
        corner = (frame_side - side) / 2
        self._core.template_input(self._frame, (corner, corner, side, side))
        self._state = self._core.state()
        self.search_shape = self._core.target_config.search_shape

    def decode(self, maps: Outputs) -> Result:
        self._core.set_state(*self._state)
        self._core.search_input(self._frame)  # fixes the scale of the region that the maps belong to
        return self._core.decode(*maps)

    def close(self) -> None:
        self._core.close()


def _frame_sides(config: TrackerConfig, side: float) -> list[int]:
    """Sides of frames, px, in which a target of that side is ordinary, and, if there is the difference, small."""
    roomy = 2 * config.search_size
    if config.small_target is None:
        return [roomy]
    limit = side / math.sqrt(config.small_target.max_area_share)  # of a frame in which the target is just not small
    return [int(min(roomy, 0.9 * limit)), math.ceil(max(roomy, 1.1 * limit))]
