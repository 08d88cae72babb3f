"""The mask graph of a session: run when a mask is asked for, and not loaded before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import ConfigError
from sdst_runtime.ort_graph import Arrays
from sdst_runtime.ort_heads import Run
from sdst_runtime.ort_variant import OrtVariant

__all__ = ["OrtMask"]


class OrtMask:
    """From search features and a cell to the logits of a mask, with a graph per target as :class:`BakedHead` has.

    Attributes:
        logits: (1, 1, side, side), written by what :meth:`prepare` returns.
    """

    def __init__(self, variant: OrtVariant, features: Arrays, response_size: int) -> None:
        """Nothing is loaded yet.

        Args:
            variant: with the graphs.
            features: of the search graph by name; read where they are.
            response_size: cells in a row of the output maps.
        """
        self.logits: NDArray[np.float32] = np.zeros(variant.graph("mask").outputs[0].shape, np.float32)
        self._variant = variant
        self._response_size = response_size
        self._cell = np.zeros(2, np.int64)
        self._arrays = {**features, "cell": self._cell, "mask": self.logits}

    def prepare(self, kernels: Arrays) -> Run:
        """A function that runs the graph for one target; to be called at the first mask of that target.

        Args:
            kernels: outputs of the template graph by name. Not kept.
        """
        return self._variant.bake("mask", self._arrays, kernels).run

    def place(self, cell: tuple[int, int]) -> None:
        """Chooses the cell of the next run.

        Args:
            cell: row and column.

        Raises:
            ConfigError: it is outside of the maps.
        """
        row, column = cell
        if not (0 <= row < self._response_size and 0 <= column < self._response_size):
            raise ConfigError(f"cell is {cell}, expected row and column in [0, {self._response_size})")
        self._cell[:] = row, column
