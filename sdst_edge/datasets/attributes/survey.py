"""How often a data set holds each attribute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sdst_edge.datasets.attributes.definitions import Definitions, definitions_for
from sdst_edge.datasets.attributes.derive import derive_sequence
from sdst_edge.datasets.attributes.held import held_attributes, held_frames, labelled_attributes, listing_order
from sdst_edge.datasets.attributes.names import ATTRIBUTES, SEQUENCE_LABELS
from sdst_edge.datasets.sequence import Sequence

__all__ = ["AttributeCount", "survey_attributes"]


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


def survey_attributes(
    sequences: Iterable[Sequence], layout: str, definitions: Definitions | None = None
) -> tuple[AttributeCount, ...]:
    """Counts over sequences that are read one by one.

    Args:
        sequences: of one data set.
        layout: name of its layout, such as ``lasot``.
        definitions: by which to compute; None: those that belong to the layout.

    Returns:
        In the data set's order: all that it labels, and all that some sequence holds or is computed for.
    """
    definitions = definitions or definitions_for(layout)
    tallies = {name: _Tally() for name in SEQUENCE_LABELS.get(layout, ())}
    total = 0
    for sequence in sequences:
        total += len(sequence)
        _add(tallies, sequence, layout, definitions)
    counts = []
    for name in listing_order(layout, set(tallies)):
        tally = tallies[name]
        counts.append(
            AttributeCount(
                name=name,
                title=ATTRIBUTES[name].title if name in ATTRIBUTES else "",
                sequences=tally.sequences,
                labelled=tally.labelled,
                computed=tally.computed,
                frames=tally.frames,
                share=None if tally.frames is None else tally.frames / total,
            )
        )
    return tuple(counts)


def _add(tallies: dict[str, _Tally], sequence: Sequence, layout: str, definitions: Definitions) -> None:
    for name in held_attributes(sequence, layout, definitions):
        tallies.setdefault(name, _Tally()).sequences += 1
    for name in labelled_attributes(sequence):
        tallies.setdefault(name, _Tally()).labelled += 1
    for name, holds in derive_sequence(sequence, definitions).items():
        tally = tallies.setdefault(name, _Tally())
        tally.computed = (tally.computed or 0) + holds
    for name, frames in held_frames(sequence, definitions).items():
        tally = tallies.setdefault(name, _Tally())
        tally.frames = (tally.frames or 0) + int(frames.sum())
