"""Which templates and search regions make pairs: drawn by seed and global index alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from sdst_edge.datasets import FileFrames, Sequence
from sdst_edge.datasets.attributes import derive_pairs
from sdst_edge.datasets.simulation import EFFECTS
from sdst_edge.training.pairs.augment import Variation, draw_variation
from sdst_edge.training.pairs.clips import Clip, Place
from sdst_edge.training.pairs.draws import uniforms
from sdst_edge.training.pairs.sources import Sources
from sdst_edge.training.recipe import Recipe
from sdst_runtime.errors import ConfigError, DatasetError

__all__ = ["Distractor", "Draw", "Sampler"]

#: Held or not by the two frames together, not by the search frame alone.
_RELATIVE = frozenset({"SV", "ARC"})
#: How many clips in a row may show the pictures of another one, as the objects of one picture do.
_MOST_SHARING = 1000


class Distractor(NamedTuple):
    """Another target to paste beside a pair's.

    Attributes:
        place: where it comes from.
        numbers: in [0, 1): of its size, where it stands, and how far away.
    """

    place: Place
    numbers: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A pair before any pixel was read.

    Attributes:
        index: global.
        template: where the template comes from.
        search: where the search region comes from.
        positive: whether it shows the template's target.
        attributes: 1.0 for those of ``data.attributes`` that the pair holds, else 0.0.
        simulated: number of the attribute to simulate in the search region, or None.
        distractor: to paste beside the target, or None.
        step_px: from the target's centre to where it was one frame earlier, for fast motion; image px.
        variation: augmentation.
    """

    index: int
    template: Place
    search: Place
    positive: bool
    attributes: tuple[float, ...]
    simulated: int | None = None
    distractor: Distractor | None = None
    step_px: tuple[float, float] = (0.0, 0.0)
    variation: Variation


class Sampler:
    """Draws pairs. What a pair is depends on the recipe's seed and the pair's global index, and on nothing else."""

    def __init__(self, recipe: Recipe, sources: Sources) -> None:
        """Finds out which attributes can be had.

        Args:
            recipe: with the shares and the seed.
            sources: as opened for its data.

        Raises:
            ConfigError: an attribute that no clip holds and that cannot be simulated; or shares of negative pairs or
                distractors where there is one clip alone.
        """
        data = recipe.data
        self._recipe, self._data, self._sources = recipe, data, sources
        self._ends = list(accumulate(source.weight for source in sources.items))
        self._holders = tuple(
            [
                (number, clip, positions)
                for number, source in enumerate(sources.items)
                for clip, positions in source.holders.get(name, ())
            ]
            for name in data.attributes
        )
        self._definitions = tuple(
            replace(
                source.definitions,
                derives=tuple(name for name in source.definitions.derives if name in data.attributes),
            )
            for source in sources.items
        )
        self._require_attributes()
        self._require_others()

    def draw(self, index: int) -> Draw:
        """The pair of a global index."""
        return self.draws(index, 1)[0]

    def draws(self, first: int, count: int) -> list[Draw]:
        """The pairs of ``count`` global indices from ``first`` on."""
        rows = uniforms(self._recipe.seed, first, count)
        return [self._draw(index, iter(row)) for index, row in enumerate(rows, start=first)]

    def _draw(self, index: int, numbers: Iterator[float]) -> Draw:
        data = self._data
        variation = draw_variation(self._recipe.augmentation, numbers)
        if next(numbers) < data.negative_share:
            return self._negative(index, variation, numbers)
        if next(numbers) < data.attribute_share:
            chosen = int(next(numbers) * len(data.attributes))
            holders, name = self._holders[chosen], data.attributes[chosen]
            simulate = next(numbers) < data.simulation_share and name in EFFECTS
            if holders and not simulate:
                source, clip, positions = holders[int(next(numbers) * len(holders))]
                position = int(positions[int(next(numbers) * len(positions))])
                return self._positive(index, variation, (source, clip, position, name), numbers)
            source, clip, position = self._anywhere(numbers)
            pair = self._positive(index, variation, (source, clip, position, ""), numbers)
            return replace(pair, simulated=chosen)
        source, clip, position = self._anywhere(numbers)
        return self._positive(index, variation, (source, clip, position, ""), numbers)

    def _anywhere(self, numbers: Iterator[float]) -> tuple[int, int, int]:
        """A source by weight, one of its clips, the position of one of the frames that show the target."""
        source = min(bisect_right(self._ends, next(numbers) * self._ends[-1]), len(self._ends) - 1)
        clips = self._sources.items[source].clips
        clip = int(next(numbers) * len(clips))
        return source, clip, int(next(numbers) * clips[clip].seen)

    def _positive(
        self, index: int, variation: Variation, where: tuple[int, int, int, str], numbers: Iterator[float]
    ) -> Draw:
        """A pair of one clip, with its search frame at a position and, where named, an attribute."""
        source, number, position, name = where
        clip = self._sources.items[source].clips[number]
        partner = self._partner(source, clip, position, name, next(numbers))
        template = _place(source, number, clip, partner)
        search = template if partner == position else _place(source, number, clip, position)
        visible = position < clip.seen
        held = self._held(source, clip.sequence, template.frame, search.frame)
        distractor = None
        if next(numbers) < self._data.distractor_share and visible:
            place = self._other(template, clip, numbers)
            distractor = Distractor(place, (next(numbers), next(numbers), next(numbers)))
        return Draw(
            index=index,
            template=template,
            search=search,
            positive=visible,
            attributes=held,
            distractor=distractor,
            step_px=_step_back(clip.sequence, search.frame) if name == "FM" else (0.0, 0.0),
            variation=variation,
        )

    def _partner(self, source: int, clip: Clip, position: int, name: str, number: float) -> int:
        """Position of the template frame: within the gap, with the attribute where one of them has it.

        Where none is within the gap, it is the frame itself, or the nearest one before where that is not seen.
        """
        gap, seen = self._sources.items[source].gap, clip.frames[: clip.seen]
        frame = int(clip.frames[position])
        low, high = (int(end) for end in np.searchsorted(seen, (frame - gap, frame + gap + 1)))
        if position < clip.seen:
            choices = high - low - 1
            if choices < 1:
                return position
        else:
            choices = high - low
            if choices < 1:
                return max(0, low - 1)
        if name in self._definitions[source].derives and name in _RELATIVE:
            flags = derive_pairs(clip.sequence, seen[low:high], frame, self._definitions[source])[name]
            holding = np.flatnonzero(flags)
            if len(holding):
                return low + int(holding[int(number * len(holding))])
        partner = low + int(number * choices)
        return partner + 1 if position < clip.seen and partner >= position else partner

    def _held(self, source: int, sequence: Sequence, z: int, x: int) -> tuple[float, ...]:
        """1.0 for each attribute that a pair of frames holds: by a frame's label, its box, or the sequence's label."""
        names = self._data.attributes
        if not names:
            return ()
        definitions, flags, labels = self._definitions[source], sequence.frame_attributes, sequence.attributes or ()
        derived = derive_pairs(sequence, z, x, definitions) if definitions.derives else {}
        return tuple(float(flags[name][x] if name in flags else derived.get(name, name in labels)) for name in names)

    def _negative(self, index: int, variation: Variation, numbers: Iterator[float]) -> Draw:
        source, number, position = self._anywhere(numbers)
        clip = self._sources.items[source].clips[number]
        template = _place(source, number, clip, position)
        return Draw(
            index=index,
            template=template,
            search=self._other(template, clip, numbers),
            positive=False,
            attributes=(0.0,) * len(self._data.attributes),
            variation=variation,
        )

    def _other(self, place: Place, clip: Clip, numbers: Iterator[float]) -> Place:
        """Another clip's target, of the same source where it is to be a hard one, never in the same pictures."""
        hard = next(numbers) < self._data.hard_negative_share and len(self._sources.items[place.source].clips) > 1
        source, first, _ = self._anywhere(numbers)
        where = next(numbers)
        if hard:
            source, first = place.source, int(where * len(self._sources.items[place.source].clips))
        choices = [(source, first), *((other, 0) for other in range(len(self._sources.items)) if other != source)]
        at = next(numbers)
        for source, first in choices:
            clips = self._sources.items[source].clips
            for number in range(first, first + min(len(clips), _MOST_SHARING)):
                other = clips[number % len(clips)]
                is_same = source == place.source and number % len(clips) == place.clip
                if not is_same and not _share_pictures(clip.sequence, other.sequence):
                    return _place(source, number % len(clips), other, int(at * other.seen))
        raise DatasetError(
            f"sequence {clip.sequence.name}: no other shows other pictures, which negative pairs and distractors need; "
            "add a source, or set data.negative_share and data.distractor_share to 0"
        )

    def _require_attributes(self) -> None:
        for name, holders in zip(self._data.attributes, self._holders, strict=True):
            if not holders and name not in EFFECTS:
                raise ConfigError(
                    f"recipe: no used frame of data.sources holds attribute {name}, and it cannot be simulated; "
                    f"expected one that is labelled or can be derived, or one of {', '.join(EFFECTS)}"
                )

    def _require_others(self) -> None:
        clips = sum(len(source.clips) for source in self._sources.items)
        if clips < 2 and (self._data.negative_share > 0 or self._data.distractor_share > 0):
            raise ConfigError(
                "recipe: data.negative_share and data.distractor_share need a second sequence, data.sources have one; "
                "add more, or set both to 0"
            )


def _place(source: int, number: int, clip: Clip, position: int) -> Place:
    frame = int(clip.frames[position])
    return Place(source, number, frame, clip.first_slot + position, clip.box(frame))


def _step_back(sequence: Sequence, frame: int) -> tuple[float, float]:
    """From a target's centre to where it was in the frame before; none where it was not seen there."""
    if frame == 0 or not (sequence.visible[frame] and sequence.visible[frame - 1]):
        return 0.0, 0.0
    before, now = sequence.boxes_xywh[frame - 1], sequence.boxes_xywh[frame]
    step = (before[:2] - now[:2]) + (before[2:] - now[2:]) / 2
    return float(step[0]), float(step[1])


def _share_pictures(one: Sequence, other: Sequence) -> bool:
    """Whether two targets are in the same pictures: both may then be in one search region."""
    if not (isinstance(one.frames, FileFrames) and isinstance(other.frames, FileFrames)):
        return one.frames is other.frames
    if one.frames.folder != other.frames.folder:
        return False
    stills = len(one.frames) == len(other.frames) == 1
    return not stills or one.frames.names[0] == other.frames.names[0]
