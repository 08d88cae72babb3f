"""Batches of pairs: the device's crops, boxes where the pixels are, in whatever way they are cut and changed."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.models import build
from sdst_edge.training.crops.regions import RegionRule
from sdst_edge.training.crops.store import RegionStore
from sdst_edge.training.pairs.assembly import cut_pairs
from sdst_edge.training.pairs.augment import without_light
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.pairs.planning import PairPlan, PairPlanner
from sdst_edge.training.pairs.reading import RegionReader
from sdst_edge.training.pairs.region_batch import plan_batch
from sdst_edge.training.pairs.sampling import Draw, Sampler
from sdst_edge.training.recipe import Augmentation, Cache, Source
from sdst_edge.training.targets.points import make_point_targets
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, State
from tests.painted_target import found_box, painted_clip
from tests.pair_recipes import STILL, opened
from tests.tolerances import (
    ABS_PAINTED_IN_CROP_PX,
    ABS_TARGET_ROUND_TRIP_PX,
    ABS_WARPED_BOX_PX,
    MEAN_PART_OF_REGION_LEVELS,
    MEAN_SAMPLED_LEVELS,
    REL_F32,
)

CONFIG = build("sdst-nano-s").config
#: Ours; pysot's, which starts half a pixel off; FEAR's, which is not square.
CONFIGS = tuple(replace(build(name).config, small_target=None) for name in ("sdst-nano-s", "nanotrack-v3", "fear-xs"))
BOXES = [(90.0, 60.0, 36.0, 30.0), (110.0, 80.0, 30.0, 36.0), (70.0, 70.0, 40.0, 40.0)]
#: Network px per image px around the smallest of them.
TEMPLATE_SCALE = 128 / 66
#: As usual, but in the same light, by which a painted target is found.
STRAYING = Augmentation(gain=0.0, tint=0.0, offset=0.0)


class Pairs:
    """Draws, plans and batches of pairs from sequences in memory."""

    def __init__(
        self,
        *collections: Items[Sequence],
        configs: tuple[TrackerConfig, ...] = (CONFIG,),
        clean_from: int | None = None,
        **data: Any,
    ) -> None:
        recipe, sources = opened(*collections, **data)
        rule = RegionRule(config=configs[0], scale=recipe.loading.region_scale)
        store = RegionStore(Cache(kind="memory", limit_gb=1.0), rule, sources.key, sources.slots)
        self.configs = configs
        self._sampler = Sampler(recipe, sources)
        self.planner = PairPlanner(recipe, configs, RegionReader(sources, rule, store), clean_from)

    def draws(self, count: int) -> list[Draw]:
        return self._sampler.draws(0, count)

    def plans(self, count: int) -> list[PairPlan]:
        return [self.planner.plan(draw) for draw in self.draws(count)]

    def batch(self, count: int) -> PairBatch:
        return cut_pairs(self.plans(count), self.configs)


@pytest.fixture(scope="module")
def clip() -> Sequence:
    """Two frames, so that a pair is one and the other."""
    return render_clip(0, frames=31, size_wh=(240, 160)).held([0, 30])


def levels(values: NDArray[np.float32], config: TrackerConfig) -> NDArray[np.float32]:
    """A network's input (3, H, W) as pixels (H, W, 3); the student's channels are BGR."""
    rule = config.normalization
    std, mean = np.array(rule.std, np.float32), np.array(rule.mean, np.float32)
    pixels: NDArray[np.float32] = values.transpose(1, 2, 0) * std + mean
    return pixels


def assert_boxes_on_target(batch: PairBatch, configs: tuple[TrackerConfig, ...], within_px: float) -> None:
    """Bright pixels of the search crops lie where the boxes say, of targets that are all in the crop; image px."""
    seen = 0
    for view, config in enumerate(configs):
        scale = np.tile(batch.views[view].scale.numpy(), 2)
        said = batch.boxes_xyxy(view).numpy() + config.search_size / 2
        for row in np.flatnonzero((said.min(axis=1) >= 0) & (said.max(axis=1) <= config.search_size)).tolist():
            found = found_box(batch.views[view].x[row].numpy())
            assert found is not None
            x, y, w, h = found
            assert (np.abs(np.array([x, y, x + w, y + h]) - said[row]) / scale[row]).max() <= within_px
            seen += 1
    assert seen > len(batch) * len(configs) / 2


@pytest.mark.parametrize("config", CONFIGS[:2], ids=["sdst-nano-s", "nanotrack-v3"])
def test_pair_without_augmentation_is_what_the_tracker_hands_to_its_network(
    clip: Sequence, config: TrackerConfig
) -> None:
    pairs = Pairs((clip,), configs=(config,), augmentation=STILL)
    batch = pairs.batch(4)
    for row, draw in enumerate(pairs.draws(4)):
        tracker = NativeTracker(config)
        z = tracker.template_input(clip.frames[draw.template.frame], draw.template.box_xywh)[0].copy()
        x, y, w, h = draw.search.box_xywh
        offset = config.init_center_offset_px
        tracker.set_state(x + w / 2 + offset, y + h / 2 + offset, w, h)
        searched = tracker.search_input(clip.frames[draw.search.frame])[0]
        (crops,) = batch.views
        assert np.abs(levels(searched, config) - crops.x[row].numpy()).mean() <= MEAN_PART_OF_REGION_LEVELS
        assert np.array_equal(levels(z, config).round(), crops.z[row].numpy())
        half = np.array([-w, -h, w, h]) / 2
        assert batch.boxes_image[row].tolist() == pytest.approx(half.tolist(), rel=REL_F32)  # motionless: centred


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_boxes_are_where_the_target_is_in_every_view(flip: float) -> None:
    pairs = Pairs((painted_clip(BOXES),), configs=CONFIGS, augmentation=replace(STRAYING, flip=flip))
    assert_boxes_on_target(pairs.batch(12), CONFIGS, ABS_PAINTED_IN_CROP_PX)


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_template_shows_the_jittered_target_in_the_middle(flip: float) -> None:
    rule = replace(STILL, flip=flip)
    middle = Pairs((painted_clip(BOXES),), augmentation=rule).batch(6)
    for crop in middle.views[0].z.numpy():
        found = found_box(crop)
        assert found is not None
        assert np.abs(found[:2] + found[2:] / 2 - 64).max() <= TEMPLATE_SCALE * ABS_PAINTED_IN_CROP_PX
    jittered = Pairs((painted_clip(BOXES),), augmentation=replace(rule, template_shift_px=20.0)).batch(6)
    shifts = [found_box(crop) for crop in jittered.views[0].z.numpy()]
    off = np.array([box[:2] + box[2:] / 2 - 64 for box in shifts if box is not None])
    assert 10 < np.abs(off).max() <= 20 + TEMPLATE_SCALE * ABS_PAINTED_IN_CROP_PX


@pytest.mark.parametrize("attribute", ["SV", "ARC", "FM", "CM", "LR", "IV"])
def test_boxes_are_where_a_simulated_attribute_puts_the_target(attribute: str) -> None:
    options: dict[str, Any] = {"attributes": (attribute,), "attribute_share": 1.0, "simulation_share": 1.0}
    pairs = Pairs((painted_clip(BOXES, round_=True),), configs=CONFIGS, augmentation=STRAYING, **options)
    batch = pairs.batch(10)
    assert batch.attributes.tolist() == [[1.0]] * 10
    assert batch.positive.all()
    if attribute in ("SV", "ARC", "FM", "CM"):  # others change the light that the target is found by, or smear it
        assert_boxes_on_target(batch, CONFIGS, ABS_PAINTED_IN_CROP_PX + ABS_WARPED_BOX_PX)


def test_a_weaker_simulation_changes_less() -> None:
    options: dict[str, Any] = {"attributes": ("IV",), "attribute_share": 1.0, "simulation_share": 1.0}
    clips = (painted_clip(BOXES, round_=True),)
    still = Pairs(clips, augmentation=STILL).plans(20)

    def change(strength: float) -> float:
        plans = Pairs(clips, augmentation=STILL, simulation_strength=strength, **options).plans(20)
        searches = [plan.searches[0] for plan in plans]
        kept = {plan.searches[0].window: plan.searches[0].pixels.astype(np.int16) for plan in still}
        return float(np.mean([np.abs(search.pixels - kept[search.window]).mean() for search in searches]))

    assert 0.0 < change(0.2) < 0.8 * change(1.0)


def test_fast_target_is_farther_from_the_middle_and_still_inside() -> None:
    options: dict[str, Any] = {"attributes": ("FM",), "attribute_share": 1.0, "simulation_share": 1.0}
    boxes = Pairs((painted_clip(BOXES),), augmentation=STILL, **options).batch(20).boxes_xyxy()
    off = ((boxes[:, :2] + boxes[:, 2:]) / 2).abs().amax(dim=1)
    assert off.min() > 40.0
    assert off.max() <= 0.4 * CONFIG.search_size + ABS_TARGET_ROUND_TRIP_PX


@pytest.mark.parametrize("attribute", ["FOC", "OV"])
def test_pair_whose_target_is_hidden_is_not_positive(attribute: str) -> None:
    options: dict[str, Any] = {"attributes": ("IV", attribute), "attribute_share": 1.0, "simulation_share": 1.0}
    pairs = Pairs((painted_clip(BOXES),), **options)
    batch = pairs.batch(20)
    hidden = torch.tensor([draw.simulated == 1 for draw in pairs.draws(20)])
    assert hidden.any()
    assert torch.equal(~batch.positive, hidden)
    assert torch.equal(batch.attributes[:, 1] == 1.0, hidden)
    assert batch.boxes_image.isfinite().all()


def test_distractor_stands_beside_the_target_and_covers_none_of_it() -> None:
    textured = render_clip(3, frames=31, size_wh=(240, 180)).held([0, 30])
    clips = (painted_clip(BOXES), textured)
    plain = Pairs(clips, augmentation=STILL).plans(30)
    crowded = Pairs(clips, augmentation=STILL, distractor_share=1.0).plans(30)
    changed = 0
    for before, after in zip(plain, crowded, strict=True):
        differs = (before.searches[0].pixels != after.searches[0].pixels).any(axis=2)
        x1, y1, x2, y2 = (192 + np.array(before.box_image) * np.tile(before.scales[0], 2)).round().astype(int)
        assert not differs[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].any()
        changed += bool(differs.any())
        assert after.box_image == before.box_image
    assert changed > 20


def test_negative_pair_shows_the_other_target() -> None:
    clips = (painted_clip(BOXES), painted_clip([(x, y, h, w) for x, y, w, h in BOXES]))
    pairs = Pairs(clips, augmentation=STILL, negative_share=1.0)
    batch = pairs.batch(6)
    assert not batch.positive.any()
    for row, draw in enumerate(pairs.draws(6)):
        _, _, w, h = draw.search.box_xywh
        assert batch.boxes_image[row].tolist() == pytest.approx([-w / 2, -h / 2, w / 2, h / 2], rel=REL_F32)


@pytest.mark.parametrize("context", ["square", "rectangular"])
def test_box_is_where_the_decoder_finds_the_target(clip: Sequence, context: Literal["square", "rectangular"]) -> None:
    config = replace(
        CONFIG, window_influence=0.0, penalty_k=0.0, size_lr=1.0, crop=replace(CONFIG.crop, context=context)
    )
    pairs = Pairs((clip,), configs=(config,), augmentation=replace(Augmentation(), flip=0.0))
    batch = pairs.batch(12)
    targets = make_point_targets(batch.boxes_xyxy(), batch.positive, config)
    score = torch.where(targets.positive, 40.0, -40.0).to(torch.float32)
    for row, (draw, plan) in enumerate(zip(pairs.draws(12), pairs.plans(12), strict=True)):
        x, y, w, h = draw.search.box_xywh
        x1, y1, _, _ = plan.box_image
        root = draw.variation.aspect**0.5
        state = State(x - x1, y - y1, w * draw.variation.size * root, h * draw.variation.size / root)
        tracker = NativeTracker(config)
        tracker.template_input(clip.frames[0], draw.search.box_xywh)
        tracker.set_state(*state)
        tracker.search_input(clip.frames[0])
        found = tracker.decode(score[row : row + 1].numpy(), targets.ltrb[row : row + 1].numpy())
        assert np.abs(np.array(found.box_xywh) - draw.search.box_xywh).max() <= ABS_TARGET_ROUND_TRIP_PX


def test_family_that_starts_half_a_pixel_off_is_centred_on_a_motionless_target() -> None:
    config = CONFIGS[1]
    assert config.init_center_offset_px == -0.5
    (plan,) = Pairs((painted_clip(BOXES[:1] * 2),), configs=(config,), augmentation=STILL).plans(1)
    assert plan.box_image == pytest.approx((-18.0, -15.0, 18.0, 15.0), rel=REL_F32)
    tracker = NativeTracker(config)
    tracker.template_input(painted_clip(BOXES[:1]).frames[0], BOXES[0])
    state = tracker.state()
    assert (state.center_x, state.center_y) == (90.0 + 18.0 - 0.5, 60.0 + 15.0 - 0.5)
    window = plan.search_windows[0]
    assert window.left + window.width / 2 == pytest.approx(state.center_x, abs=1.0)


def test_carried_template_serves_every_view_with_its_rule(clip: Sequence) -> None:
    wider = replace(CONFIG, search_size=288, crop=replace(CONFIG.crop, search_scale=2.25))
    pairs = Pairs((clip,), configs=(CONFIG, wider, CONFIGS[2]), augmentation=replace(STILL, flip=0.5))
    for plan in pairs.plans(6):
        sides = [region.pixels.shape[0] for region in plan.templates]
        assert sides == [128, 128, plan.searches[2].pixels.shape[0]]
    own, others, _ = pairs.batch(6).views
    assert torch.equal(own.z, others.z)
    jittered = Pairs((clip,), augmentation=replace(STILL, template_scale_octaves=0.1)).plans(1)
    assert jittered[0].templates[0].pixels.shape == jittered[0].searches[0].pixels.shape


#: What only makes a pair hard to see.
DIM: dict[str, Any] = {"gain": 0.5, "tint": 0.3, "offset": 40.0, "gray": 0.5, "blur": 0.5}


@pytest.mark.parametrize("attribute", ["LR", "MB", "IV", "POC"])
def test_clean_view_shows_nothing_that_only_makes_a_pair_hard_to_see(attribute: str) -> None:
    clips = (render_clip(0, frames=31, size_wh=(240, 160)).held([0, 30]), painted_clip(BOXES, round_=True))
    straying = Augmentation(template_shift_px=8.0, template_scale_octaves=0.1)
    hard = {"attributes": (attribute,), "attribute_share": 1.0, "simulation_share": 1.0, "distractor_share": 1.0}
    pairs = Pairs(clips, configs=(CONFIG, *CONFIGS), clean_from=1, augmentation=replace(straying, **DIM), **hard)
    plain = Pairs(clips, configs=CONFIGS, augmentation=replace(straying, gain=0.0, tint=0.0, offset=0.0))
    seen = pairs.batch(8)
    for number, draw in enumerate(pairs.draws(8)):  # the same pair without an attribute
        plan = plain.planner.plan(replace(draw, simulated=None, distractor=None))
        plan = plan._replace(variations=(without_light(draw.variation),) * len(CONFIGS))
        expected = cut_pairs([plan], CONFIGS).views
        for view, alone in zip(seen.views[1:], expected, strict=True):
            assert torch.equal(view.z[number], alone.z[0])
            assert torch.equal(view.x[number], alone.x[0])
        assert (seen.views[0].x[number] != seen.views[1].x[number]).any()
    assert torch.equal(seen.views[0].scale, seen.views[1].scale)


@pytest.mark.parametrize("attribute", ["FM", "SV", "ROT", "FOC"])
def test_clean_view_shows_where_an_attribute_took_the_target(attribute: str) -> None:
    hard = {"attributes": (attribute,), "attribute_share": 1.0, "simulation_share": 1.0}
    pairs = Pairs((painted_clip(BOXES),), configs=(CONFIG, CONFIG), clean_from=1, augmentation=STILL, **hard)
    hard_view, clean_view = pairs.batch(8).views
    assert torch.equal(hard_view.x, clean_view.x)


@pytest.mark.parametrize("clean_from", [None, 1])
@pytest.mark.parametrize("shift_px", [0.0, 8.0])
@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_batch_cut_on_the_device_is_that_of_the_workers(
    clip: Sequence, flip: float, shift_px: float, clean_from: int | None
) -> None:
    rule = replace(Augmentation(), flip=flip, gray=0.4, blur=0.5, template_shift_px=shift_px)
    pairs = Pairs((clip,), configs=CONFIGS, clean_from=clean_from, augmentation=rule)
    plans = pairs.plans(8)
    cut, planned = cut_pairs(plans, CONFIGS), plan_batch(plans, CONFIGS)
    batch = planned.cut(torch.device("cpu"))
    sides = [pixels.shape[1] for pixels in planned.pixels]  # of the templates of each view, then of search regions
    assert (sides[0] == 128) == (shift_px == 0.0)
    assert len(sides) == 3 + (1 if clean_from is None else 2)
    assert max(sides[:3]) < min(sides[3:]) <= max(sides) <= plans[0].searches[0].pixels.shape[0]
    for name in ("boxes_image", "positive", "attributes", "index"):
        assert torch.equal(getattr(batch, name), getattr(cut, name))
    for one, other in zip(batch.views, cut.views, strict=True):
        assert torch.equal(one.scale, other.scale)
        assert (one.z.float() - other.z.float()).abs().mean() <= MEAN_SAMPLED_LEVELS
        assert (one.x.float() - other.x.float()).abs().mean() <= MEAN_SAMPLED_LEVELS


def test_colors_change_both_sides_apart_and_gray_both_together(clip: Sequence) -> None:
    crops = Pairs((clip,), augmentation=replace(STILL, offset=60.0)).batch(8).views[0]
    plain = Pairs((clip,), augmentation=STILL).batch(8).views[0]
    change = [
        (one.float() - other.float()).mean(dim=(1, 2, 3)) for one, other in ((crops.z, plain.z), (crops.x, plain.x))
    ]
    assert (change[0] - change[1]).abs().max() > 20.0
    assert np.ptp(change[1].numpy()) > 30.0
    grays = Pairs((clip,), augmentation=replace(STILL, gray=0.5)).batch(16).views[0]
    is_gray = [(side == side[..., :1]).all(dim=3).all(dim=2).all(dim=1) for side in (grays.z, grays.x)]
    assert torch.equal(*is_gray)
    assert 0 < int(is_gray[0].sum()) < 16


def test_sources_of_several_sizes_share_a_batch(clip: Sequence) -> None:
    pairs = Pairs((clip,), (painted_clip(BOXES),), sources=(Source(path="a"), Source(path="b", weight=2.0)))
    batch = pairs.batch(8)
    assert batch.views[0].x.shape == (8, 224, 224, 3)
    assert batch.attributes.shape == (8, 0)
    assert batch.index.tolist() == list(range(8))
