"""Augmentation of pairs: as far as the rule lets it go and no farther, and what a fast target leaves to see."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sdst_edge.training.crops.geometry import Window, search_scale
from sdst_edge.training.pairs.augment import Step, draw_variation, jittered_box, stray_state
from sdst_edge.training.pairs.draws import NUMBERS, uniforms
from sdst_edge.training.recipe import Augmentation
from sdst_runtime.config import TrackerConfig
from tests.pair_recipes import STILL
from tests.tolerances import ABS_MOVED_PX, REL_F32, SIGMAS_SHARE

CONFIG = TrackerConfig(
    template_size=128,
    search_size=256,
    response_size=16,
    stride_px=16,
    score_kind="logit",
    point_origin_px=-120.0,
    window_influence=0.4,
    penalty_k=0.1,
    size_lr=0.3,
)
BOX = (100.0, 50.0, 40.0, 40.0)  # template side 80: 1.6 network px a px
SCALE = 1.6
ROWS = uniforms(3, 0, 500)


def test_uniforms_of_a_pair_are_its_own_wherever_a_batch_begins() -> None:
    assert uniforms(3, 77, 2) == ROWS[77:79]
    assert len(ROWS[0]) == NUMBERS
    assert len({row[0] for row in ROWS}) == 500
    assert uniforms(4, 77, 1)[0] != ROWS[77]
    assert np.mean(ROWS) == pytest.approx(0.5, abs=SIGMAS_SHARE / math.sqrt(12 * 500 * NUMBERS))


def test_still_variation_changes_nothing() -> None:
    variation = draw_variation(STILL, iter(ROWS[0]))
    assert stray_state(variation, CONFIG, BOX) == pytest.approx((120.0, 70.0, 40.0, 40.0), abs=ABS_MOVED_PX)
    assert jittered_box(variation, CONFIG, BOX) == BOX
    assert (variation.mirrored, variation.gray, variation.blur_side) == (False, False, 1)
    assert variation.search_color == variation.template_color == ((1.0, 1.0, 1.0), 0.0)


def test_variations_go_as_far_as_the_rule_says() -> None:
    rule = Augmentation(
        shift_px=20.0,
        scale_octaves=0.5,
        aspect_octaves=0.3,
        gain=0.2,
        tint=0.1,
        offset=9.0,
        flip=0.5,
        gray=0.2,
        blur=0.3,
    )
    drawn = [draw_variation(rule, iter(row)) for row in ROWS]
    for values, most in (
        ([math.log2(item.size) for item in drawn], 0.5),
        ([math.log2(item.aspect) for item in drawn], 0.3),
        ([item.shift_px[1] for item in drawn], 20.0),
        ([item.search_color.offset for item in drawn], 9.0),
        ([item.template_color.gain_bgr[2] - 1 for item in drawn], 1.2 * 1.1 - 1),
    ):
        assert 0.8 * most < max(values) <= most
        assert min(values) < -0.7 * most
    assert {item.blur_side for item in drawn} == {1, 3, 5, 7}
    shares = [np.mean([item.mirrored for item in drawn]), np.mean([item.blur_side > 1 for item in drawn])]
    assert shares == pytest.approx([0.5, 0.3], abs=SIGMAS_SHARE * 0.5 / math.sqrt(500))


def test_stray_state_is_off_by_network_px_of_the_region_that_is_searched() -> None:
    variation = draw_variation(STILL, iter(ROWS[0]))._replace(shift_px=(16.0, -8.0), size=2.0, aspect=4.0)
    x, y, width, height = stray_state(variation, CONFIG, BOX)
    assert (width, height) == pytest.approx((160.0, 40.0), rel=REL_F32)
    scale, _ = search_scale(CONFIG, 160.0, 40.0)
    assert (x - 120.0, y - 70.0) == pytest.approx((16.0 / scale, -8.0 / scale), rel=REL_F32)


def test_template_is_jittered_by_network_px_of_the_template() -> None:
    variation = draw_variation(STILL, iter(ROWS[0]))._replace(template_shift_px=(16.0, -8.0), template_size=2.0)
    narrow = replace(CONFIG, search_size=192, crop=replace(CONFIG.crop, search_scale=1.0))  # another scale in search
    for config in (CONFIG, narrow):
        x, y, w, h = jittered_box(variation, config, BOX)
        assert (w, h) == pytest.approx((80.0, 80.0), rel=REL_F32)
        moved = (x + w / 2 - 120.0) * SCALE / 2, (y + h / 2 - 70.0) * SCALE / 2
        assert moved == pytest.approx((16.0, -8.0), rel=REL_F32)


@pytest.mark.parametrize(
    ("step", "region", "shown"),
    [
        ((-30.0, 0.0), Window(0.0, -50.0, 240.0, 240.0), (-30.0, 0.0)),  # 160 px are searched, 40 to either side left
        ((-300.0, 55.0), Window(0.0, -50.0, 240.0, 240.0), (-40.0, 40.0)),
        ((-300.0, 0.0), Window(40.0, -10.0, 160.0, 160.0), (0.0, 0.0)),  # the region is what is searched
        ((-90.0, 0.0), Window(-60.0, -50.0, 240.0, 240.0), (-64.0, 0.0)),  # simulated: the region is where it was
    ],
)
def test_step_is_shown_as_far_as_region_and_search_allow(
    step: tuple[float, float], region: Window, shown: tuple[float, float]
) -> None:
    still = draw_variation(STILL, iter(ROWS[0]))
    x, y, _, _ = stray_state(still, CONFIG, BOX, Step(step, region))
    assert (x - 120.0, y - 70.0) == pytest.approx(shown, abs=ABS_MOVED_PX)


def test_step_and_shift_together_are_not_beyond_what_is_searched() -> None:
    shifted = draw_variation(STILL, iter(ROWS[0]))._replace(shift_px=(-48.0, 16.0))
    x, y, _, _ = stray_state(shifted, CONFIG, BOX, Step((-60.0, -20.0), Window(-60.0, -50.0, 240.0, 240.0)))
    assert (x - 120.0, y - 70.0) == pytest.approx((-64.0, -10.0), abs=ABS_MOVED_PX)
