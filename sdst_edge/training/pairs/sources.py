"""From a recipe's sources to clips that pairs can be drawn from: opened once, before any worker is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Items
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence, open_dataset
from sdst_edge.datasets.attributes import AttributeIndex, Definitions, definitions_for
from sdst_edge.datasets.index import fingerprint
from sdst_edge.training.pairs.clips import Clip, Place, StillClips, make_clip
from sdst_edge.training.pairs.pool import render_pool
from sdst_edge.training.recipe import Data, Source
from sdst_runtime.errors import ConfigError, DatasetError

__all__ = ["Collection", "OpenSource", "Sources", "make_sources", "open_sources"]

_NO_FRAMES: NDArray[np.int32] = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenSource:
    """A source whose clips are known.

    Attributes:
        name: for messages.
        key: changes when clips, their boxes or their slots do. Pictures that are replaced under their names do not.
        clips: at least one. Those of annotated pictures without number are made on access.
        definitions: by which pairs are judged.
        holders: by wanted attribute: numbers of the clips that hold it, and of each the positions in its ``frames``.
        annotated: whether somebody drew its boxes.
        gap: most frames between the sides of a pair.
        weight: among the sources.
    """

    name: str
    key: str
    clips: Items[Clip]
    definitions: Definitions
    holders: Mapping[str, Items[tuple[int, NDArray[np.int32]]]]
    annotated: bool
    gap: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """All sources of a run.

    Attributes:
        items: in the recipe's order.
        slots: regions that there are.
        key: of all of them.
    """

    items: tuple[OpenSource, ...]
    slots: int
    key: str

    def clip(self, place: Place) -> Clip:
        """The clip of a place."""
        return self.items[place.source].clips[place.clip]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Collection:
    """Sequences before clips are made of them.

    Attributes:
        sequences: a tuple, or annotated pictures without number that are made on access.
        layout: name of the data set's; empty for none.
        place: tells apart where they come from, for the key.
    """

    sequences: Items[Sequence]
    layout: str
    place: str


def open_sources(data: Data, on_progress: Callable[[float], None] | None = None) -> Sources:
    """Opens data sets, renders clips, and finds out which frames hold the wanted attributes.

    Args:
        data: of the recipe.
        on_progress: called with the share done, 0..1, while clips are rendered.

    Raises:
        ConfigError: a layout that there is none of, or a gap so small that no source's frames make a pair.
        DatasetError: a data set is missing or broken, or shows its targets too seldom; names the source.
    """
    collections: list[Collection] = []
    for name, source in _named(data):
        with _naming(name):
            collections.append(_collection(data, source, on_progress))
    return make_sources(collections, data)


def make_sources(collections: Items[Collection], data: Data) -> Sources:
    """The sources of collections that are open already, one for each of ``data.sources``; raises likewise."""
    items: list[OpenSource] = []
    slots = 0
    for (name, source), collection in zip(_named(data), collections, strict=True):
        with _naming(name):
            opened = _opened(collection, name, source, data.attributes, slots)
        slots += len(opened.clips) if isinstance(opened.clips, StillClips) else _frames(opened.clips)
        items.append(opened)
    return Sources(items=tuple(items), slots=slots, key=_hash(*(item.key for item in items)))


def _named(data: Data) -> list[tuple[str, Source]]:
    return [
        (f"data.sources[{number}], {source.path or 'rendered clips'}", source)
        for number, source in enumerate(data.sources)
    ]


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except (ConfigError, DatasetError) as error:
        raise type(error)(f"recipe: {name}: {error}") from None


def _collection(data: Data, source: Source, on_progress: Callable[[float], None] | None) -> Collection:
    if source.rendered is not None:
        pool = render_pool(source.rendered, on_progress)
        return Collection(sequences=pool, layout="", place=repr(source.rendered))
    dataset = open_dataset(Path(data.root, source.path), source.layout)
    parts = [os.path.realpath(dataset.root)]
    if not isinstance(dataset.sequences, tuple):  # too many to look at each: their files' sizes and times must do
        entries = dataset.layout.find(dataset.root)
        parts += [dataset.name, str(len(dataset)), *(fingerprint(entry, dataset.root) for entry in entries)]
    return Collection(sequences=dataset.sequences, layout=dataset.layout.name, place="\n".join(parts))


def _opened(
    collection: Collection, name: str, source: Source, attributes: tuple[str, ...], first_slot: int
) -> OpenSource:
    sequences, definitions = collection.sequences, definitions_for(collection.layout)
    clips: Items[Clip] = StillClips(sequences, first_slot)
    key, holders = _hash(collection.place), {}
    if isinstance(sequences, tuple):
        index = AttributeIndex(sequences, collection.layout, definitions) if attributes else None
        numbered = _clips(sequences, index, source, attributes, first_slot)
        clips = [clip for _, clip in numbered]
        key = _clips_key(collection.place, clips)
        if index is not None:
            holders = {attribute: _holders(index, numbered, attribute, definitions) for attribute in attributes}
    return OpenSource(
        name=name,
        key=key,
        clips=clips,
        definitions=definitions,
        holders=holders,
        annotated=source.annotated,
        gap=source.gap,
        weight=source.weight,
    )


def _frames(clips: Items[Clip]) -> int:
    return sum(len(clip.frames) for clip in clips)


def _clips(
    sequences: tuple[Sequence, ...],
    index: AttributeIndex | None,
    source: Source,
    attributes: tuple[str, ...],
    first_slot: int,
) -> list[tuple[int, Clip]]:
    """The clips that show their target often enough, each with the number of its sequence."""
    found: list[tuple[int, Clip]] = []
    for number, sequence in enumerate(sequences):
        holding = [] if index is None else [index.frames_holding(name, number) for name in attributes]
        union = np.unique(np.concatenate(holding)) if holding else _NO_FRAMES
        clip = make_clip(sequence, union, source.frames_per_sequence, first_slot)
        if clip is not None:
            found.append((number, clip))
            first_slot += len(clip.frames)
    if not found:
        raise DatasetError(f"of {len(sequences)} sequences none shows its target in two frames; training needs pairs")
    if not any(_has_pair(clip, source.gap) for _, clip in found):
        raise ConfigError(
            f"no two of its frames that show a target are within gap {source.gap} with frames_per_sequence "
            f"{source.frames_per_sequence}; raise either (0 frames are all)"
        )
    return found


def _has_pair(clip: Clip, gap: int) -> bool:
    return clip.seen == 1 or gap == 0 or int(np.diff(clip.frames[: clip.seen]).min()) <= gap


def _holders(
    index: AttributeIndex, numbered: list[tuple[int, Clip]], name: str, definitions: Definitions
) -> list[tuple[int, NDArray[np.int32]]]:
    """The clips that hold an attribute, and where: at frames that are known to, or anywhere by a sequence's label."""
    labelled = set(index.sequences_holding(name).tolist())
    found: list[tuple[int, NDArray[np.int32]]] = []
    for place, (number, clip) in enumerate(numbered):
        if name in definitions.derives or name in clip.sequence.frame_attributes:
            positions = np.flatnonzero(np.isin(clip.frames, index.frames_holding(name, number)))
        else:
            positions = np.arange(clip.seen if number in labelled else 0)
        if len(positions):
            found.append((place, positions.astype(np.int32)))
    return found


def _clips_key(place: str, clips: Items[Clip]) -> str:
    state = hashlib.blake2b(place.encode("utf-8", "surrogateescape"), digest_size=16)
    for clip in clips:
        state.update(f"\n{clip.sequence.name} {clip.seen}\n".encode("utf-8", "surrogateescape"))
        state.update(clip.frames.tobytes())
        state.update(np.array([clip.box(frame) for frame in clip.frames.tolist()]).tobytes())
    return state.hexdigest()


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
