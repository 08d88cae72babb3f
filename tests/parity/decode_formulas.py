"""Decoding written out in NumPy and float64: the specification of decode_*.c and of the state's move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State

__all__ = ["Decoded", "decode_boxes", "decode_response", "enlarged", "search_scale_xy"]

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Decoded:
    """One frame's result.

    Attributes:
        index: flat, in the order of the maps.
        score: without penalty and window.
        penalized: score of every candidate, by which the best is chosen, flat.
        state: after the frame.
    """

    index: int
    score: float
    penalized: Array
    state: State


def search_scale_xy(config: TrackerConfig, state: State) -> Array:
    """(2,): network px of the search input per image px along x and y."""
    amount, w, h = config.crop.context_amount, state.width, state.height
    if config.crop.context == "square":
        side = np.sqrt((w + amount * (w + h)) * (h + amount * (w + h)))
        sides = np.array([side, side])
    else:
        sides = np.array([w, h]) * (1 + 2 * amount)
    return config.search_size / (sides * config.crop.search_scale)


def decode_boxes(
    config: TrackerConfig,
    frame_wh: tuple[int, int],
    state: State,
    score: NDArray[np.float32],
    boxes: NDArray[np.float32],
) -> Decoded:
    """Points and anchors.

    Args:
        config: that of the current target.
        frame_wh: image px.
        state: before the frame.
        score: (1, C, S, S).
        boxes: (1, 4 or 4 A, S, S).
    """
    scale = search_scale_xy(config, state)
    probability = _probability(config, score.astype(np.float64))  # (A * S * S)
    centers, sizes = (_anchor_boxes if config.anchors else _point_boxes)(config, boxes.astype(np.float64))
    penalty = _penalty(sizes, np.array([state.width, state.height]) * scale, config.penalty_k)
    hann = np.hanning(config.response_size)
    window = np.tile(np.outer(hann, hann).ravel(), max(1, len(config.anchors)))
    influence = config.window_influence
    penalized = (1 - influence) * penalty * probability + influence * window
    best = int(np.argmax(penalized))
    moved = _moved(
        config, frame_wh, state, centers[best] / scale, sizes[best] / scale, penalty[best] * probability[best]
    )
    return Decoded(best, float(probability[best]), penalized, moved)


def decode_response(
    config: TrackerConfig, frame_wh: tuple[int, int], state: State, score: NDArray[np.float32]
) -> Decoded:
    """Response maps of a pyramid's scales, (count, 1, S, S)."""
    pyramid = config.pyramid
    assert pyramid is not None
    maps = np.stack([enlarged(response[0].astype(np.float64), pyramid.upsampling) for response in score])
    middle = pyramid.count // 2
    peaks = maps.max(axis=(1, 2))
    scale = int(np.argmax(np.where(np.arange(pyramid.count) == middle, peaks, peaks * pyramid.penalty)))
    best_map = maps[scale] - maps[scale].min()
    hann = np.hanning(len(best_map))
    window = np.outer(hann, hann)
    influence = config.window_influence
    mixed = (1 - influence) * best_map / best_map.sum() + influence * window / window.sum()
    row, column = np.unravel_index(int(np.argmax(mixed)), mixed.shape)
    # Half the enlarged map is half the search region.
    cells = (np.array([column, row]) - (len(best_map) - 1) / 2) / pyramid.upsampling
    middle_px = config.point_origin_px + config.stride_px * (config.response_size - 1) / 2
    factor = pyramid.step ** (scale - middle)
    center = (middle_px + cells * config.stride_px) * factor / search_scale_xy(config, state)
    size = np.array([state.width, state.height]) * factor
    moved = _moved(config, frame_wh, state, center, size, 1.0)
    return Decoded(scale * best_map.size + int(np.argmax(mixed)), float(_sigmoid(peaks[scale])), mixed.ravel(), moved)


def enlarged(response: Array, factor: int) -> Array:
    """A square map enlarged with the cubic kernel of a = -0.75, its rim repeated beyond it."""
    size = len(response)
    weights = np.zeros((size * factor, size))
    for i in range(size * factor):
        position = (i + 0.5) / factor - 0.5
        for cell in range(int(np.floor(position)) - 1, int(np.floor(position)) + 3):
            weights[i, np.clip(cell, 0, size - 1)] += _cubic(abs(position - cell))
    return np.asarray(weights @ response @ weights.T)


def _cubic(distance: float, a: float = -0.75) -> float:
    if distance <= 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    return a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a


def _probability(config: TrackerConfig, score: Array) -> Array:
    if config.score_kind == "logit":
        return _sigmoid(score.ravel())
    first, second = score.reshape(2, -1)
    return _sigmoid(second - first) if config.score_kind == "softmax2" else _sigmoid(first) * _sigmoid(second)


def _sigmoid(logit: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _points(config: TrackerConfig) -> Array:
    """(S * S, 2): x and y of each cell, rows first, network px from the centre of the search input."""
    axis = config.point_origin_px + config.stride_px * np.arange(config.response_size)
    return np.stack([np.tile(axis, len(axis)), np.repeat(axis, len(axis))], axis=1)


def _point_boxes(config: TrackerConfig, ltrb: Array) -> tuple[Array, Array]:
    distances = ltrb.reshape(4, -1).T  # (S * S, 4)
    corners = _points(config)[:, None] + distances.reshape(-1, 2, 2) * np.array([[-1.0], [1.0]])
    return corners.mean(axis=1), corners[:, 1] - corners[:, 0] + config.size_offset_px


def _anchor_boxes(config: TrackerConfig, deltas: Array) -> tuple[Array, Array]:
    sides = np.repeat(np.array(config.anchors), config.response_size**2, axis=0)  # (A * S * S, 2)
    centers = np.tile(_points(config), (len(config.anchors), 1))
    by_kind = deltas.reshape(4, -1).T  # (A * S * S, 4)
    return centers + by_kind[:, :2] * sides, np.exp(by_kind[:, 2:]) * sides


def _penalty(sizes: Array, last: Array, penalty_k: float) -> Array:
    def side(wh: Array) -> Array:
        context = wh.sum(axis=-1) / 2
        return np.asarray(np.sqrt((wh[..., 0] + context) * (wh[..., 1] + context)))

    def change(ratio: Array) -> Array:
        return np.asarray(np.maximum(ratio, 1 / ratio))

    aspect = change((last[0] / last[1]) / (sizes[:, 0] / sizes[:, 1]))
    return np.asarray(np.exp(-(aspect * change(side(sizes) / side(last)) - 1) * penalty_k))


def _moved(
    config: TrackerConfig, frame_wh: tuple[int, int], state: State, offset: Array, size: Array, confidence: float
) -> State:
    """The next state; ``offset`` and ``size`` are image px."""
    rate = confidence * config.size_lr
    rate = {"none": 1.0, "once": rate, "twice": rate * rate}[config.size_smoothing]
    center = np.array([state.center_x, state.center_y]) + offset
    if config.clamp_center:
        center = np.clip(center, 0, frame_wh)
    sides = (1 - rate) * np.array([state.width, state.height]) + rate * size
    return State(*(float(value) for value in (*center, *np.clip(sides, config.min_side_px, frame_wh))))
