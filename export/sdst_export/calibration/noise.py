"""Crops of nothing, for who asks for them: ranges taken from these say little about real frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdst_export.calibration.crops import CalibrationSet, CropPair
from sdst_runtime.config import TrackerConfig
from sdst_runtime.consistency import search_configs

__all__ = ["random_calibration"]

_PAIRS = 16  # of each search size
_BLOCK_PX = 16


def random_calibration(config: TrackerConfig) -> CalibrationSet:
    """Seeded blocks and noise in the range of pixels; the source is ``random``.

    Args:
        config: of the tracker.
    """
    generator = np.random.default_rng(0)
    pairs = []
    for each in search_configs(config):
        for _ in range(_PAIRS):
            z, x = (_noise(generator, shape, config) for shape in (each.template_shape, each.search_shape))
            pairs.append(CropPair(z=z, x=x))
    return CalibrationSet(source="random", sequences=0, pairs=tuple(pairs))


def _noise(generator: np.random.Generator, shape: tuple[int, ...], config: TrackerConfig) -> NDArray[np.float32]:
    scales, channels, side, _ = shape
    blocks = -(-side // _BLOCK_PX)
    coarse = generator.uniform(0, 255, (scales, channels, blocks, blocks)).repeat(_BLOCK_PX, 2).repeat(_BLOCK_PX, 3)
    pixels = np.rint(0.7 * coarse[:, :, :side, :side] + 0.3 * generator.uniform(0, 255, shape))
    rule = config.normalization
    mean, std = (np.asarray(value, np.float32).reshape(3, 1, 1) for value in (rule.mean, rule.std))
    return np.ascontiguousarray((pixels.astype(np.float32) - mean) / std, np.float32)
