"""Random numbers that belong to a pair, whoever asks for them and whenever.

Philox (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011) maps a counter to numbers, so those of any
pair are there at once: each has ``NUMBERS`` of them, and pair i's begin at counter ``i * NUMBERS / 4``.
"""

from __future__ import annotations

import numpy as np

__all__ = ["NUMBERS", "effect_generator", "uniforms"]

#: Of each pair, a multiple of the four that Philox makes at once; more than any pair takes.
NUMBERS = 64


def uniforms(seed: int, first: int, count: int) -> list[list[float]]:
    """``NUMBERS`` numbers in [0, 1) for each of ``count`` pairs from global index ``first`` on."""
    bits = np.random.Philox(key=seed, counter=first * (NUMBERS // 4))
    rows: list[list[float]] = np.random.Generator(bits).random((count, NUMBERS)).tolist()
    return rows


def effect_generator(seed: int, index: int) -> np.random.Generator:
    """A generator for a pair's simulated attribute, which takes as many numbers as it likes."""
    return np.random.default_rng([seed, index])
