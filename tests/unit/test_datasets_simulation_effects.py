"""Each attribute is true to its name: what is hidden, smeared, darkened, crowded, small, or far away."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdst_edge.datasets.simulation import EFFECTS, Scene, SimulatedView, View, simulate_pair
from sdst_edge.datasets.simulation.clutter import Clutter, standing
from sdst_edge.datasets.simulation.light import line_kernel
from sdst_runtime.errors import ConfigError, DatasetError
from tests.painted_target import BRIGHT, Box, painted
from tests.tolerances import REL_F32

SIZE_WH = (240, 180)
BOX: Box = (100.0, 70.0, 40.0, 30.0)
TARGET = (slice(70, 100), slice(100, 140))
SEEDS = range(6)


def pair(attribute: str, seed: int, box: Box = BOX, template: Box = BOX, strength: float = 1.0) -> SimulatedView:
    search = View(painted(box, SIZE_WH), box)
    return simulate_pair(template, search, attribute, np.random.default_rng(seed), strength=strength)


@pytest.mark.parametrize("attribute", EFFECTS)
def test_simulate_pair_is_seeded_and_leaves_its_input(attribute: str) -> None:
    frame = painted(BOX, SIZE_WH)
    before = frame.copy()
    views = [simulate_pair(BOX, View(frame, BOX), attribute, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(frame, before)
    assert np.array_equal(views[0].frame, views[1].frame)
    assert views[0][1:] == views[1][1:]
    assert not np.array_equal(views[0].frame, views[2].frame)
    assert views[0].frame.flags.c_contiguous
    assert not np.shares_memory(views[0].frame, frame)


@pytest.mark.parametrize("attribute", EFFECTS)
def test_simulate_pair_says_that_the_attribute_shows(attribute: str) -> None:
    for seed in SEEDS:
        assert pair(attribute, seed).shown
        weak = pair(attribute, seed, (150.0, 90.0, 14.0, 10.0), (120.0, 60.0, 14.0, 10.0), strength=0.5)
        assert weak.shown == (attribute != "OV")


def test_simulate_pair_says_where_there_was_no_room() -> None:
    box = (5.0, 5.0, 230.0, 170.0)
    shown = {attribute: pair(attribute, 0, box, box).shown for attribute in EFFECTS}
    assert [attribute for attribute, holds in shown.items() if not holds] == ["FM", "BC", "ARC"]


@pytest.mark.parametrize("attribute", EFFECTS)
def test_gray_pictures_stay_gray(attribute: str) -> None:
    gray = np.repeat(painted(BOX, SIZE_WH).mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)
    for seed in range(3):
        frame = simulate_pair(BOX, View(gray, BOX), attribute, np.random.default_rng(seed)).frame
        assert (frame == frame[..., :1]).all()


def test_all_of_lasots_attributes_have_an_effect() -> None:
    assert sorted(EFFECTS) == ["ARC", "BC", "CM", "DEF", "FM", "FOC", "IV", "LR", "MB", "OV", "POC", "ROT", "SV", "VC"]


@pytest.mark.parametrize(("attribute", "strength"), [("HUE", 1.0), ("FM", 0.0), ("FM", 1.1), ("FM", math.nan)])
def test_simulate_pair_refuses_what_it_does_not_know(attribute: str, strength: float) -> None:
    with pytest.raises(ConfigError, match=attribute):
        pair(attribute, 0, strength=strength)


@pytest.mark.parametrize("box", [(100.0, 70.0, 0.0, 30.0), (math.nan, 70.0, 40.0, 30.0)], ids=str)
def test_simulate_pair_refuses_boxes_of_no_target(box: Box) -> None:
    for template, target in ((BOX, box), (box, BOX)):
        with pytest.raises(DatasetError, match="not finite or has no area"):
            simulate_pair(template, View(painted(BOX, SIZE_WH), target), "DEF", np.random.default_rng(0))


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_scale_and_aspect_leave_the_range_that_the_definition_allows(strength: float) -> None:
    for seed in SEEDS:
        for template in (BOX, (10.0, 10.0, 50.0, 50.0)):
            _, (_, _, w, h), _, _ = pair("SV", seed, template=template, strength=strength)
            ratio = w * h / (template[2] * template[3])
            assert ratio > 2 or ratio < 0.5
            _, (_, _, w, h), _, _ = pair("ARC", seed, template=template, strength=strength)
            change = (w / h) / (template[2] / template[3])
            assert change > 2 or change < 0.5


def test_fast_motion_takes_the_target_farther_than_its_size() -> None:
    for seed in SEEDS:
        template = (60.0, 60.0, 40.0, 30.0)
        view = pair("FM", seed, template=template)
        x, y, w, h = view.box_xywh
        assert math.hypot(x + w / 2 - 80, y + h / 2 - 75) > math.sqrt(40 * 30)
        assert (w, h) == pytest.approx((40, 30))  # all of it is in the picture


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_camera_motion_alone_is_no_fast_motion(strength: float) -> None:
    for seed in SEEDS:
        scene = Scene(size_wh=SIZE_WH, template_xywh=BOX, start_xywh=BOX, target_xywh=BOX)
        effect = EFFECTS["CM"].draw(np.random.default_rng(seed), strength, scene)
        places = [effect.place(BOX, index / 26).box_xywh for index in range(27)]
        centers = np.array([(x + w / 2, y + h / 2) for x, y, w, h in places])
        steps = np.linalg.norm(np.diff(centers, axis=0), axis=1)
        assert steps.max() < math.sqrt(40 * 30)
        assert np.ptp(centers, axis=0).max() > 0.2 * math.sqrt(40 * 30)


def test_full_occlusion_hides_every_pixel_at_the_peak_alone() -> None:
    for seed in SEEDS:
        scene = Scene(size_wh=SIZE_WH, template_xywh=BOX, start_xywh=BOX, target_xywh=BOX)
        effect = EFFECTS["FOC"].draw(np.random.default_rng(seed), 1.0, scene)
        bright, dark = painted(BOX, SIZE_WH), np.zeros((180, 240, 3), dtype=np.uint8)
        states = [effect.place(BOX, phase) for phase in (0.02, 0.5, 0.98)]
        assert [state.visible for state in states] == [True, False, True]
        assert all(state.box_xywh == BOX for state in states)
        for phase in np.linspace(0.3, 0.7, 21).tolist():
            if not effect.place(BOX, phase).visible:
                hidden = [effect.paint(frame, BOX, phase)[TARGET] for frame in (bright, dark)]
                assert np.array_equal(*hidden)  # nothing of what is behind shows


def test_partial_occlusion_covers_a_part() -> None:
    for seed in SEEDS:
        scene = Scene(size_wh=SIZE_WH, template_xywh=BOX, start_xywh=BOX, target_xywh=BOX)
        effect = EFFECTS["POC"].draw(np.random.default_rng(seed), 1.0, scene)
        frame = painted(BOX, SIZE_WH)
        assert effect.place(BOX, 0.5) == (BOX, True, True)
        covered = (effect.paint(frame, BOX, 0.5) != frame).any(axis=2)[TARGET].mean()
        assert 0.2 < covered < 0.8


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_illumination_changes_the_target_and_not_its_box(strength: float) -> None:
    for seed in SEEDS:
        view = pair("IV", seed, strength=strength)
        assert view.box_xywh == BOX
        change = view.frame[TARGET].astype(float) - painted(BOX, SIZE_WH)[TARGET]
        assert np.abs(change).mean() > 6
        assert np.abs(change.mean()) > 6  # one way


def test_motion_blur_smears_along_one_line_and_keeps_the_box() -> None:
    frame = painted(BOX, SIZE_WH)
    for seed in SEEDS:
        view = pair("MB", seed)
        assert view.box_xywh == BOX
        assert view.visible
        inner = (slice(80, 90), slice(112, 128))
        assert view.frame[inner].std() < 0.6 * frame[inner].std()  # its checks are gone
        assert np.array_equal(view.frame[:20], frame[:20])  # what is far away is sharp
        assert (view.frame.mean(axis=2) > BRIGHT).sum() > 300


@pytest.mark.parametrize(("length_px", "angle"), [(0.6, 0.0), (9.0, 0.0), (12.5, 1.1), (40.0, 2.0)])
def test_line_kernel_is_a_mean_along_a_line(length_px: float, angle: float) -> None:
    kernel = line_kernel(length_px, angle)
    side = len(kernel)
    assert side % 2 == 1
    assert kernel.sum() == pytest.approx(1, rel=REL_F32)
    rows, columns = np.mgrid[:side, :side] - side // 2
    along = columns * math.cos(angle) + rows * math.sin(angle)
    across = rows * math.cos(angle) - columns * math.sin(angle)
    assert abs((kernel * along).sum()) < 1e-3
    assert np.abs(across[kernel > 0]).max() < 1.5
    spread = math.sqrt((kernel * along**2).sum())
    assert spread == pytest.approx(length_px / math.sqrt(12), abs=0.6)


@pytest.mark.parametrize("box", [BOX, (0.0, 0.0, 30.0, 60.0), (180.0, 60.0, 60.0, 60.0)], ids=str)
def test_clutter_looks_like_the_target_and_leaves_it_alone(box: Box) -> None:
    for seed in SEEDS:
        frame = painted(box, SIZE_WH)
        scene = Scene(size_wh=SIZE_WH, template_xywh=box, start_xywh=box, target_xywh=box)
        effect = EFFECTS["BC"].draw(np.random.default_rng(seed), 1.0, scene)
        assert isinstance(effect, Clutter)
        assert len(effect.copies) >= 1
        result = effect.paint(frame, box, 0.5)
        x, y, w, h = (int(value) for value in box)
        assert np.array_equal(result[y : y + h, x : x + w], frame[y : y + h, x : x + w])
        elsewhere = result.mean(axis=2) > BRIGHT
        elsewhere[y : y + h, x : x + w] = False
        assert elsewhere.sum() > 0.15 * w * h
        for phase in (0.1, 0.5, 0.8):
            for copy in effect.copies:
                left, top, wide, high = standing(copy, box, phase)
                assert left >= x + w or top >= y + h or left + wide <= x or top + high <= y


def test_low_resolution_gives_fewer_pixels_of_the_same_picture() -> None:
    for seed in SEEDS:
        box = (60.0, 40.0, 100.0, 90.0)
        view = pair("LR", seed, box, box)
        x, y, w, h = view.box_xywh
        assert 100 < w * h < 1000
        height, width = view.frame.shape[:2]
        assert width / height == pytest.approx(SIZE_WH[0] / SIZE_WH[1], rel=0.05)
        assert (x / width, y / height) == pytest.approx((60 / 240, 40 / 180))
        middle = view.frame[math.ceil(y) : int(y + h), math.ceil(x) : int(x + w)]
        assert middle.mean() > BRIGHT


def test_low_resolution_leaves_what_is_small_already() -> None:
    box = (100.0, 70.0, 12.0, 10.0)
    view = pair("LR", 0, box, box)
    assert view.box_xywh == box
    assert np.array_equal(view.frame, painted(box, SIZE_WH))
