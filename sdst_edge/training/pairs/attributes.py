"""Which pairs hold which of a recipe's attributes."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence
from sdst_edge.datasets.attributes import derive_pairs
from sdst_edge.datasets.simulation import EFFECTS
from sdst_edge.training.pairs.sources import Sources
from sdst_runtime.errors import ConfigError

__all__ = ["HeldAttributes", "Holder"]

#: Number of a source, number of a clip in it, and positions in the clip's ``frames``.
Holder = tuple[int, int, NDArray[np.int32]]

#: Held or not by the two frames together, not by the search frame alone.
_RELATIVE = frozenset({"SV", "ARC"})


class HeldAttributes:
    """Attributes in the clips of a run's sources.

    Attributes:
        names: in the order of a pair's attribute vector.
        holders: of each: the clips that hold it, and where.
    """

    def __init__(self, names: tuple[str, ...], sources: Sources) -> None:
        """Looks for them.

        Args:
            names: ``data.attributes``, for which the sources were opened.
            sources: all of them.

        Raises:
            ConfigError: one is held by no clip, and cannot be simulated.
        """
        self.names = names
        self.holders: tuple[Items[Holder], ...] = tuple(
            [
                (number, clip, positions)
                for number, source in enumerate(sources.items)
                for clip, positions in source.holders.get(name, ())
            ]
            for name in names
        )
        self._definitions = [
            replace(source.definitions, derives=tuple(name for name in source.definitions.derives if name in names))
            for source in sources.items
        ]
        for name, holders in zip(names, self.holders, strict=True):
            if not holders and name not in EFFECTS:
                raise ConfigError(
                    f"recipe: no used frame of data.sources holds attribute {name}, and it cannot be simulated; "
                    f"expected one that is labelled or can be derived, or one of {', '.join(EFFECTS)}"
                )

    def of_pair(self, source: int, sequence: Sequence, z: int, x: int) -> tuple[float, ...]:
        """1.0 for each attribute that a pair of frames holds: by a frame's label, its box, or the sequence's label."""
        if not self.names:
            return ()
        definitions, flags, labels = self._definitions[source], sequence.frame_attributes, sequence.attributes or ()
        derived = derive_pairs(sequence, z, x, definitions) if definitions.derives else {}
        return tuple(
            float(flags[name][x] if name in flags else derived.get(name, name in labels)) for name in self.names
        )

    def templates(
        self, source: int, sequence: Sequence, frames: NDArray[np.int32], x: int, name: str
    ) -> NDArray[np.intp]:
        """Positions of the template frames that hold an attribute together with a search frame.

        Empty where the attribute does not depend on the template.

        Args:
            source: number of the sequence's source.
            sequence: of both frames.
            frames: template frames to choose from.
            x: the search frame.
            name: of the attribute.
        """
        definitions = self._definitions[source]
        if name not in _RELATIVE or name not in definitions.derives or name in sequence.frame_attributes:
            return np.empty(0, dtype=np.intp)
        return np.flatnonzero(derive_pairs(sequence, frames, x, definitions)[name])
