"""From a draw to a pair that is ready to be cut: regions read, things put into them, and where each view lies."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import replace
from typing import NamedTuple

from sdst_edge.training.crops.geometry import Window, search_center, search_scale, search_window, template_window
from sdst_edge.training.crops.regions import Region
from sdst_edge.training.pairs.augment import Step, Variation, jittered_box, stray_state, without_light
from sdst_edge.training.pairs.clips import Box
from sdst_edge.training.pairs.draws import effect_generator
from sdst_edge.training.pairs.reading import RegionReader
from sdst_edge.training.pairs.sampling import Draw
from sdst_edge.training.pairs.scenes import Scene, simulated, with_distractor
from sdst_edge.training.recipe import Recipe
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State

__all__ = ["PairPlan", "PairPlanner"]

#: A box that differs by less, image px, was not moved: it went to px of the region and back.
_STILL_PX = 1e-3


class PairPlan(NamedTuple):
    """A pair whose pixels only have to be cut.

    Attributes:
        templates: for each view the region of the template frame, or the template crop in its place.
        searches: for each view the region of the search frame, with whatever was put into it.
        template_windows: of each view, image px of the frame as it is, mirrored or not.
        search_windows: likewise.
        scales: network px per image px of each view's search region, along x and y.
        box_image: the target as x1, y1, x2, y2 from the search centre, image px; mirrored where the pair is.
        positive: whether the search region shows the template's target.
        annotated: whether ``box_image`` and ``positive`` are an annotation, not a proposal.
        attributes: 1.0 for those of ``data.attributes`` that the pair holds.
        global_index: of the pair.
        variations: augmentation as each view shows it; their geometry is the same.
        clean_from: number of the first view that shows the pair clean; that of views where there is none.
    """

    templates: tuple[Region, ...]
    searches: tuple[Region, ...]
    template_windows: tuple[Window, ...]
    search_windows: tuple[Window, ...]
    scales: tuple[tuple[float, float], ...]
    box_image: tuple[float, float, float, float]
    positive: bool
    annotated: bool
    attributes: tuple[float, ...]
    global_index: int
    variations: tuple[Variation, ...]
    clean_from: int


class PairPlanner:
    """Plans pairs for tracker configurations.

    Attributes:
        configs: of the views, the student's first.
    """

    def __init__(
        self, recipe: Recipe, configs: Items[TrackerConfig], reader: RegionReader, clean_from: int | None = None
    ) -> None:
        """A planner.

        Args:
            recipe: with attributes, strength of simulation and seed.
            configs: of the views, the student's first: what augmentation says in network px is of its network.
            reader: of regions.
            clean_from: number of the first view that shows pairs without what only makes them hard to see: other light,
                blur, distractors, and simulated attributes that leave the target where it is; where one moves or hides
                the target, all stays. None for no view.
        """
        self._data = recipe.data
        self._seed = recipe.seed
        self.configs = tuple(configs)
        self._reader = reader
        self._clean_from = len(self.configs) if clean_from is None else clean_from
        still = recipe.augmentation.template_shift_px == recipe.augmentation.template_scale_octaves == 0.0
        #: Whose templates regions carry as the device cuts them.
        self._carried = tuple(still and _has_template_of(config, self.configs[0]) for config in self.configs)

    def plan(self, draw: Draw) -> PairPlan:
        """The pair of a draw.

        Raises:
            DatasetError: a frame cannot be read.
        """
        student, variation = self.configs[0], draw.variation
        template = self._reader.region(draw.template)
        search = template if draw.search is draw.template else self._reader.region(draw.search)
        scene, attributes = self._scene(draw, search)
        clean_from, clean = self._clean_from, len(self.configs) - self._clean_from
        template_xywh = _seen(jittered_box(variation, student, draw.template.box_xywh), template, variation.mirrored)
        search_xywh = _seen(scene.box_xywh, scene.region, variation.mirrored)
        state = stray_state(variation, student, search_xywh, _step(draw, scene))
        template_windows = tuple(
            _unmirrored(template_window(config, template_xywh), template, variation) for config in self.configs
        )
        states = tuple(_as_believed(config, state) for config in self.configs)
        search_windows = (search_window(config, own) for config, own in zip(self.configs, states, strict=True))
        return PairPlan(
            templates=tuple(
                template.template(window, variation.mirrored) if carried else template
                for window, carried in zip(template_windows, self._carried, strict=True)
            ),
            searches=(scene.region,) * clean_from + (_clean_region(draw, search, scene),) * clean,
            template_windows=template_windows,
            search_windows=tuple(_unmirrored(window, search, variation) for window in search_windows),
            scales=tuple(search_scale(config, state.width, state.height) for config in self.configs),
            box_image=_from_center(student, states[0], search_xywh),
            positive=draw.positive and scene.visible,
            annotated=draw.annotated,
            attributes=attributes,
            global_index=draw.index,
            variations=(variation,) * clean_from + (without_light(variation),) * clean,
            clean_from=clean_from,
        )

    def _scene(self, draw: Draw, search: Region) -> tuple[Scene, tuple[float, ...]]:
        """The search region with what the draw puts into it, and the attributes that the pair then holds."""
        box, attributes = draw.search.box_xywh, draw.attributes
        scene = Scene(search, box, visible=True, shown=False)
        if draw.distractor is not None:
            place, numbers = draw.distractor
            region = with_distractor(search, box, self._reader.region(place), place.box_xywh, numbers)
            scene = scene._replace(region=region)
        if draw.simulated is not None:
            name, rng = self._data.attributes[draw.simulated], effect_generator(self._seed, draw.index)
            strength = self._data.simulation_strength
            scene = simulated(draw.template.box_xywh, scene.region, box, name, rng, strength)
            if scene.shown:
                attributes = (*attributes[: draw.simulated], 1.0, *attributes[draw.simulated + 1 :])
        return scene, attributes


def _clean_region(draw: Draw, search: Region, scene: Scene) -> Region:
    """The search region as it was read, where what was put into it left the target in its place."""
    stays = all(abs(now - was) < _STILL_PX for now, was in zip(scene.box_xywh, draw.search.box_xywh, strict=True))
    return search if scene.visible and stays else scene.region


def _has_template_of(config: TrackerConfig, other: TrackerConfig) -> bool:
    """Whether two trackers cut the same template."""
    crop = replace(config.crop, search_scale=other.crop.search_scale)
    own = (crop, config.template_size, config.init_center_offset_px)
    return own == (other.crop, other.template_size, other.init_center_offset_px)


def _step(draw: Draw, scene: Scene) -> Step | None:
    """From the target's centre to where it was before it moved: a frame earlier, or before the simulation."""
    offset_x, offset_y = draw.step_px
    if draw.simulated is not None:
        (x, y, w, h), (old_x, old_y, old_w, old_h) = scene.box_xywh, draw.search.box_xywh
        offset_x, offset_y = old_x - x + (old_w - w) / 2, old_y - y + (old_h - h) / 2
    if offset_x == offset_y == 0.0:
        return None
    if draw.variation.mirrored:
        return Step((-offset_x, offset_y), scene.region.window.mirrored(scene.region.frame_wh[0]))
    return Step((offset_x, offset_y), scene.region.window)


def _seen(box_xywh: Box, region: Region, mirrored: bool) -> Box:
    """A box in the frame as the pair shows it."""
    if not mirrored:
        return box_xywh
    x, y, w, h = box_xywh
    return region.frame_wh[0] - x - w, y, w, h


def _unmirrored(window: Window, region: Region, variation: Variation) -> Window:
    return window.mirrored(region.frame_wh[0]) if variation.mirrored else window


def _as_believed(config: TrackerConfig, state: State) -> State:
    """The state as a family has it that starts half a pixel off, and stays so."""
    offset = config.init_center_offset_px
    if offset == 0.0:
        return state
    return State(state.center_x + offset, state.center_y + offset, state.width, state.height)


def _from_center(config: TrackerConfig, state: State, box_xywh: Box) -> tuple[float, float, float, float]:
    """A box as x1, y1, x2, y2 from the search centre, image px: what the decoder adds, taken off."""
    center_x, center_y = search_center(config, state)
    x, y, w, h = box_xywh
    left, top = x - center_x + config.init_center_offset_px, y - center_y + config.init_center_offset_px
    return left, top, left + w, top + h
