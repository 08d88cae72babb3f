"""Where each attribute is found in a data set, to draw training pairs evenly over attributes."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes.definitions import Definitions, definitions_for
from sdst_edge.datasets.attributes.held import held_attributes, held_frames, listing_order
from sdst_edge.datasets.sequence import Sequence

__all__ = ["AttributeIndex"]


class AttributeIndex:
    """Which sequences hold an attribute, and which of their frames: built in one pass, asked in constant time.

    A sequence from a "fast motion" list need not move fast at the frame that is drawn, hence the frames. Search frames
    come from :meth:`frames_holding`; which template frames go with one is asked with
    :func:`~sdst_edge.datasets.attributes.derive.derive_pairs`, a window of them at a time.

    Attributes:
        names: held by some sequence, in the data set's order.
    """

    def __init__(self, sequences: Items[Sequence], layout: str, definitions: Definitions | None = None) -> None:
        """Reads each sequence once and keeps none.

        Args:
            sequences: of one data set.
            layout: name of its layout, such as ``lasot``.
            definitions: by which to derive; None: those that belong to the layout.
        """
        definitions = definitions or definitions_for(layout)
        holders: dict[str, list[int]] = {}
        frames: dict[str, dict[int, NDArray[np.int32]]] = {}
        for number, sequence in enumerate(sequences):
            for name in held_attributes(sequence, layout, definitions):
                holders.setdefault(name, []).append(number)
            for name, flags in held_frames(sequence, definitions).items():
                if flags.any():
                    frames.setdefault(name, {})[number] = np.flatnonzero(flags).astype(np.int32)
        self.names = tuple(listing_order(layout, set(holders)))
        self._holders = {name: np.array(numbers, dtype=np.int32) for name, numbers in holders.items()}
        self._frames = frames
        self._with_frames = {name: np.array(list(found), dtype=np.int32) for name, found in frames.items()}

    def sequences_holding(self, name: str) -> NDArray[np.int32]:
        """Numbers of the sequences that hold the attribute, labelled or derived, ascending."""
        return self._holders.get(name, _NONE)

    def sequences_with_frames(self, name: str) -> NDArray[np.int32]:
        """Numbers of the sequences with frames that are known to hold it, ascending; none for labels such as MB."""
        return self._with_frames.get(name, _NONE)

    def frames_holding(self, name: str, sequence: int) -> NDArray[np.int32]:
        """Frames of a sequence, given by its number, that hold the attribute, ascending; empty where none is known.

        Whether SV and ARC hold is against the sequence's first visible frame here.
        """
        return self._frames.get(name, {}).get(sequence, _NONE)


_NONE: NDArray[np.int32] = np.empty(0, dtype=np.int32)
_NONE.flags.writeable = False
