"""What a sequence and its frames hold, by the makers' labels and by derivation together."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes.definitions import Definitions, definitions_for
from sdst_edge.datasets.attributes.derive import derive_frames, derive_sequence
from sdst_edge.datasets.attributes.names import ATTRIBUTES, FLAGGED, SEQUENCE_LABELS
from sdst_edge.datasets.sequence import Sequence

__all__ = ["Source", "held_attributes", "held_frames", "labelled_attributes", "listing_order"]

#: Who says that a sequence holds an attribute.
Source: TypeAlias = Literal["labelled", "derived"]


def held_attributes(sequence: Sequence, layout: str, definitions: Definitions | None = None) -> dict[str, Source]:
    """The challenges that a sequence holds, to score by: labelled by the makers, else derived.

    Labels win, also where they say that an attribute does not hold: once a sequence has labels, nothing is derived of
    what its set's makers labelled (``SEQUENCE_LABELS``, and any frame labels such as VOT's tags). What they did not
    label is derived where the definitions allow.

    Args:
        sequence: any.
        layout: name of the layout of its data set, such as ``lasot``.
        definitions: by which to derive; None: those that belong to the layout.

    Returns:
        Name to source, in the data set's order, then as in ``ATTRIBUTES``.
    """
    labelled = labelled_attributes(sequence)
    decided = set() if sequence.attributes is None else set(SEQUENCE_LABELS.get(layout, ()))
    decided |= labelled | {name for name in sequence.frame_attributes if name not in FLAGGED}
    holds = derive_sequence(sequence, definitions or definitions_for(layout))
    derived = {name for name, flag in holds.items() if flag} - decided
    return {name: "labelled" if name in labelled else "derived" for name in listing_order(layout, labelled | derived)}


def held_frames(sequence: Sequence, definitions: Definitions) -> dict[str, NDArray[np.bool_]]:
    """The frames that hold a challenge, where that is known for frames: labelled ones, else derived ones.

    Returns:
        By name, (N,) bool each. Challenges labelled for whole sequences only are not in it.
    """
    return {**derive_frames(sequence, definitions), **sequence.frame_attributes}


def labelled_attributes(sequence: Sequence) -> set[str]:
    """What the makers labelled the sequence with, or any of its frames from the second on.

    The first frame is given to a tracker and scored by nobody. POC, FOC and OV of frames are not counted: what follows
    from them for the sequence is derived.
    """
    tagged = {
        name for name, flags in sequence.frame_attributes.items() if name not in FLAGGED and bool(flags[1:].any())
    }
    return tagged | set(sequence.attributes or ())


def listing_order(layout: str, names: set[str]) -> list[str]:
    """The names in the order of the layout's data set, then as in ``ATTRIBUTES``, then unknown ones by letter."""
    known = list(dict.fromkeys([*SEQUENCE_LABELS.get(layout, ()), *ATTRIBUTES]))
    return [name for name in known if name in names] + sorted(names - set(known))
