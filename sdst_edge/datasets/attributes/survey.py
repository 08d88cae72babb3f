"""How often a data set holds each attribute."""

from __future__ import annotations

from dataclasses import dataclass

from sdst_edge.datasets.attributes.definitions import Definitions, definitions_for
from sdst_edge.datasets.attributes.derive import derive_sequence
from sdst_edge.datasets.attributes.held import held_attributes, held_frames, labelled_attributes, listing_order
from sdst_edge.datasets.attributes.names import ATTRIBUTES, SEQUENCE_LABELS
from sdst_edge.datasets.sequence import Sequence

__all__ = ["AttributeCount", "AttributeSurvey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeCount:
    """How often one attribute is held.

    Attributes:
        name: such as ``FM``.
        title: in full.
        sequences: how many hold it, labels before what is derived, as an evaluation counts them.
        labelled: how many are labelled with it.
        computed: how many hold it by their boxes and flags, whatever the labels say; None where nothing is computed.
        frames: how many hold it; None where that is not known for frames.
        share: of all frames; None likewise.
    """

    name: str
    title: str
    sequences: int
    labelled: int
    computed: int | None
    frames: int | None
    share: float | None


@dataclass(slots=True)
class _Tally:
    sequences: int = 0
    labelled: int = 0
    computed: int | None = None
    frames: int | None = None


class AttributeSurvey:
    """Counts over sequences that are read one by one and not kept.

    Attributes:
        sequences: counted so far.
        frames: of them, absent ones included.
    """

    def __init__(self, layout: str, definitions: Definitions | None = None) -> None:
        """Starts with none.

        Args:
            layout: name of the data set's layout, such as ``lasot``.
            definitions: by which to compute; None: those that belong to the layout.
        """
        self.sequences = self.frames = 0
        self._layout = layout
        self._definitions = definitions or definitions_for(layout)
        self._tallies = {name: _Tally() for name in SEQUENCE_LABELS.get(layout, ())}

    def add(self, sequence: Sequence) -> None:
        """Counts a sequence."""
        self.sequences += 1
        self.frames += len(sequence)
        for name in held_attributes(sequence, self._layout, self._definitions):
            self._tally(name).sequences += 1
        for name in labelled_attributes(sequence):
            self._tally(name).labelled += 1
        for name, holds in derive_sequence(sequence, self._definitions).items():
            tally = self._tally(name)
            tally.computed = (tally.computed or 0) + holds
        for name, frames in held_frames(sequence, self._definitions).items():
            tally = self._tally(name)
            tally.frames = (tally.frames or 0) + int(frames.sum())

    def counts(self) -> tuple[AttributeCount, ...]:
        """In the data set's order: all that it labels, and all that is labelled or computed for some sequence."""
        return tuple(self._count(name) for name in listing_order(self._layout, set(self._tallies)))

    def _tally(self, name: str) -> _Tally:
        return self._tallies.setdefault(name, _Tally())

    def _count(self, name: str) -> AttributeCount:
        tally = self._tallies[name]
        return AttributeCount(
            name=name,
            title=ATTRIBUTES[name].title if name in ATTRIBUTES else "",
            sequences=tally.sequences,
            labelled=tally.labelled,
            computed=tally.computed,
            frames=tally.frames,
            share=None if tally.frames is None else tally.frames / self.frames,
        )
