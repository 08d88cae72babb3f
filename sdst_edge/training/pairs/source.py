"""Pairs of a template and a search region, cut by libsdst exactly as it cuts them on the device.

A pair starts a tracker on one frame of a sequence, moves its state to a wrong place and size beside the target in
another frame, and takes what the tracker would hand to its network there. So the family's crop rule, its roundings and
its border fill are those of the device, and a network learns to undo whatever they do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.training.recipe import Augmentation
from sdst_edge.training.targets import search_scale
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, State
from sdst_runtime.errors import DatasetError

__all__ = ["PairBatch", "PairSource"]


class PairBatch(NamedTuple):
    """Training pairs.

    Attributes:
        z: (B, 3, template_size, template_size) float32, normalised.
        x: (B, 3, search_size, search_size) float32, normalised.
        boxes_xyxy: (B, 4) float64: the target in the search region, network px from the search centre.
    """

    z: NDArray[np.float32]
    x: NDArray[np.float32]
    boxes_xyxy: NDArray[np.float64]


class PairSource:
    """Draws pairs from sequences, for ever. The same arguments give the same pairs.

    Attributes:
        config: of the tracker that the pairs are cut for.
    """

    def __init__(
        self, sequences: Iterable[Sequence], config: TrackerConfig, augmentation: Augmentation, *, seed: int
    ) -> None:
        """A source of pairs.

        Args:
            sequences: those in which the target is seen in fewer than two frames are left out.
            config: of the tracker that is trained.
            augmentation: how far the pairs stray from the boxes.
            seed: of all that is drawn.

        Raises:
            DatasetError: no sequence is left.
        """
        chosen = [(sequence, np.flatnonzero(sequence.visible)) for sequence in sequences]
        self._sequences = [(sequence, frames) for sequence, frames in chosen if len(frames) >= 2]
        if not self._sequences:
            raise DatasetError(f"of {len(chosen)} sequences none shows its target in two frames; training needs pairs")
        self.config = config
        self._augmentation = augmentation
        self._rng = np.random.default_rng(seed)
        self._tracker = NativeTracker(config)

    def batch(self, size: int) -> PairBatch:
        """``size`` new pairs, each from a sequence of its own choice."""
        config = self.config
        z = np.empty((size, 3, config.template_size, config.template_size), np.float32)
        x = np.empty((size, 3, config.search_size, config.search_size), np.float32)
        boxes_xyxy = np.empty((size, 4), np.float64)
        for index in range(size):
            boxes_xyxy[index] = self._pair(z[index], x[index])
            self._recolor(z[index])
            self._recolor(x[index])
        return PairBatch(z, x, boxes_xyxy)

    def _pair(self, z: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Fills in one pair; returns its box (4,)."""
        sequence, frames = self._sequences[int(self._rng.integers(len(self._sequences)))]
        first, second = (int(index) for index in self._rng.choice(frames, size=2, replace=False))
        flip = bool(self._rng.uniform() < self._augmentation.flip)
        frame, (left, top, w, h) = _view(sequence, first, flip)
        z[:] = self._tracker.template_input(frame, (left, top, w, h))[0]
        frame, box_xywh = _view(sequence, second, flip)
        state = self._stray_state(box_xywh)
        self._tracker.set_state(*state)
        x[:] = self._tracker.search_input(frame)[0]
        return _box_in_search(self.config, state, box_xywh)

    def _stray_state(self, box_xywh: tuple[float, float, float, float]) -> State:
        """Where a tracker that is a bit off believes the target to be."""
        rule, rng = self._augmentation, self._rng
        left, top, w, h = box_xywh
        size = 2.0 ** rng.uniform(-rule.scale_octaves, rule.scale_octaves)
        aspect = 2.0 ** rng.uniform(-rule.aspect_octaves / 2, rule.aspect_octaves / 2)
        width, height = w * size * aspect, h * size / aspect
        scale_x, scale_y = search_scale(self.config, width, height)
        shift_x, shift_y = rng.uniform(-rule.shift_px, rule.shift_px, size=2).tolist()
        return State(left + w / 2 + shift_x / scale_x, top + h / 2 + shift_y / scale_y, width, height)

    def _recolor(self, patch: NDArray[np.float32]) -> None:
        """Changes gain, tint and offset of a normalised patch (3, H, W) in place, as if its pixels had them."""
        rule, rng = self._augmentation, self._rng
        mean, std = (np.array(values) for values in (self.config.normalization.mean, self.config.normalization.std))
        gain = (1 + rng.uniform(-rule.gain, rule.gain)) * (1 + rng.uniform(-rule.tint, rule.tint, size=3))
        offset = rng.uniform(-rule.offset, rule.offset)
        # v = mean + std n, and (gain v + offset - mean) / std = gain n + (gain mean + offset - mean) / std
        patch *= gain.astype(np.float32)[:, None, None]
        patch += ((gain * mean + offset - mean) / std).astype(np.float32)[:, None, None]
        low, high = -mean / std, (255 - mean) / std
        np.clip(patch, low.astype(np.float32)[:, None, None], high.astype(np.float32)[:, None, None], out=patch)


def _view(sequence: Sequence, index: int, flip: bool) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """A frame and its box. It is mirrored before it is cut, so that the crop's rounding is never mirrored."""
    import cv2

    frame = sequence.frames[index]
    x, y, w, h = sequence.boxes_xywh[index].tolist()
    if flip:
        return np.asarray(cv2.flip(frame, 1), dtype=np.uint8), (frame.shape[1] - x - w, y, w, h)
    return frame, (x, y, w, h)


def _box_in_search(
    config: TrackerConfig, state: State, box_xywh: tuple[float, float, float, float]
) -> NDArray[np.float64]:
    """A box of the image as (x1, y1, x2, y2), network px from the search centre: the decoder's move backwards."""
    scale_x, scale_y = search_scale(config, state.width, state.height)
    x, y, w, h = box_xywh
    left, top = (x - state.center_x) * scale_x, (y - state.center_y) * scale_y
    return np.array([left, top, left + w * scale_x, top + h * scale_y])
