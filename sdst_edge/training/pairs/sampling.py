"""Which templates and search regions make pairs: drawn by seed and global index alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from sdst_edge.datasets import FileFrames, Sequence
from sdst_edge.datasets.simulation import EFFECTS
from sdst_edge.training.pairs.attributes import HeldAttributes
from sdst_edge.training.pairs.augment import Variation, draw_variation
from sdst_edge.training.pairs.clips import Clip, Place
from sdst_edge.training.pairs.draws import uniforms
from sdst_edge.training.pairs.sources import Sources
from sdst_edge.training.recipe import Recipe
from sdst_runtime.errors import ConfigError, DatasetError

__all__ = ["Distractor", "Draw", "Sampler"]

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
        annotated: whether both sides come from annotated sources.
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
    annotated: bool
    attributes: tuple[float, ...]
    simulated: int | None = None
    distractor: Distractor | None = None
    step_px: tuple[float, float] = (0.0, 0.0)
    variation: Variation


class _Spot(NamedTuple):
    """A frame of a clip: the numbers of source and clip, the clip, and the position in its ``frames``."""

    source: int
    number: int
    clip: Clip
    position: int

    @property
    def place(self) -> Place:
        """The target there."""
        frame = int(self.clip.frames[self.position])
        return Place(self.source, self.number, frame, self.clip.first_slot + self.position, self.clip.box(frame))


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
        self._recipe, self._data, self._sources = recipe, recipe.data, sources.items
        self._ends = list(accumulate(source.weight for source in sources.items))
        self._attributes = HeldAttributes(recipe.data.attributes, sources)
        clips = sum(len(source.clips) for source in sources.items)
        if clips < 2 and (recipe.data.negative_share > 0 or recipe.data.distractor_share > 0):
            raise ConfigError(
                "recipe: data.negative_share and data.distractor_share need a second sequence, data.sources have one; "
                "add more, or set both to 0"
            )

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
        if next(numbers) >= data.attribute_share:
            return self._positive(index, variation, self._anywhere(numbers), numbers)
        chosen = int(next(numbers) * len(data.attributes))
        name, holders = data.attributes[chosen], self._attributes.holders[chosen]
        is_simulated = next(numbers) < data.simulation_share and name in EFFECTS
        if is_simulated or not holders:
            return replace(self._positive(index, variation, self._anywhere(numbers), numbers), simulated=chosen)
        source, number, positions = holders[int(next(numbers) * len(holders))]
        position = int(positions[int(next(numbers) * len(positions))])
        spot = _Spot(source, number, self._sources[source].clips[number], position)
        return self._positive(index, variation, spot, numbers, name)

    def _anywhere(self, numbers: Iterator[float]) -> _Spot:
        """A source by weight, one of its clips, one of the frames that show the target."""
        source = min(bisect_right(self._ends, next(numbers) * self._ends[-1]), len(self._ends) - 1)
        clips = self._sources[source].clips
        number = int(next(numbers) * len(clips))
        clip = clips[number]
        return _Spot(source, number, clip, int(next(numbers) * clip.seen))

    def _positive(
        self, index: int, variation: Variation, spot: _Spot, numbers: Iterator[float], name: str = ""
    ) -> Draw:
        """A pair of one clip with its search frame at a spot, drawn for an attribute where that is named."""
        clip, search = spot.clip, spot.place
        partner = self._partner(spot, name, next(numbers))
        template = search if partner == spot.position else spot._replace(position=partner).place
        is_seen = spot.position < clip.seen
        distractor = None
        if next(numbers) < self._data.distractor_share and is_seen:
            place = self._other(spot, numbers)
            distractor = Distractor(place, (next(numbers), next(numbers), next(numbers)))
        return Draw(
            index=index,
            template=template,
            search=search,
            positive=is_seen,
            annotated=self._sources[spot.source].annotated,
            attributes=self._attributes.of_pair(spot.source, clip.sequence, template.frame, search.frame),
            distractor=distractor,
            step_px=_step_back(clip.sequence, search.frame) if name == "FM" else (0.0, 0.0),
            variation=variation,
        )

    def _partner(self, spot: _Spot, name: str, number: float) -> int:
        """Position of the template frame: within the gap, with the attribute where one of them has it.

        Where none is within the gap, it is the frame itself, or the nearest one before where that is not seen.
        """
        source, _, clip, position = spot
        gap, seen, frame = self._sources[source].gap, clip.frames[: clip.seen], int(clip.frames[position])
        low, high = (int(end) for end in np.searchsorted(seen, (frame - gap, frame + gap + 1)))
        is_seen = position < clip.seen
        choices = high - low - is_seen
        if choices < 1:
            return position if is_seen else max(0, low - 1)
        holding = self._attributes.templates(source, clip.sequence, seen[low:high], frame, name)
        if len(holding):
            return low + int(holding[int(number * len(holding))])
        partner = low + int(number * choices)
        return partner + 1 if is_seen and partner >= position else partner

    def _negative(self, index: int, variation: Variation, numbers: Iterator[float]) -> Draw:
        spot = self._anywhere(numbers)
        search = self._other(spot, numbers)
        return Draw(
            index=index,
            template=spot.place,
            search=search,
            positive=False,
            annotated=all(self._sources[source].annotated for source in (spot.source, search.source)),
            attributes=(0.0,) * len(self._data.attributes),
            variation=variation,
        )

    def _other(self, spot: _Spot, numbers: Iterator[float]) -> Place:
        """Another clip's target, of the same source where it is to be a hard one, never in the same pictures."""
        is_hard = next(numbers) < self._data.hard_negative_share and len(self._sources[spot.source].clips) > 1
        source, first, _, _ = self._anywhere(numbers)
        where, at = next(numbers), next(numbers)
        if is_hard:
            source, first = spot.source, int(where * len(self._sources[spot.source].clips))
        choices = [(source, first), *((other, 0) for other in range(len(self._sources)) if other != source)]
        for source, first in choices:
            clips = self._sources[source].clips
            for number in range(first, first + min(len(clips), _MOST_SHARING)):
                number %= len(clips)
                clip = clips[number]
                is_same = (source, number) == (spot.source, spot.number)
                if not is_same and not _share_pictures(spot.clip.sequence, clip.sequence):
                    return _Spot(source, number, clip, int(at * clip.seen)).place
        raise DatasetError(
            f"sequence {spot.clip.sequence.name}: no other shows other pictures, which negative pairs and distractors "
            "need; add a source, or set data.negative_share and data.distractor_share to 0"
        )


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
    are_stills = len(one.frames) == len(other.frames) == 1
    return not are_stills or one.frames.names[0] == other.frames.names[0]
