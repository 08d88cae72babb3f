"""Effects that move pixels move the box with them: a painted target is found again where the box says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sdst_edge.datasets.simulation import EFFECTS, Effect, Scene
from sdst_edge.datasets.simulation.outline import bounds, clipped, ellipse
from sdst_edge.datasets.simulation.picture_warp import surrounded
from tests.painted_target import BRIGHT, Box, found_box, painted
from tests.tolerances import ABS_WARPED_BOX_PX, REL_SUM_F64

SIZE_WH = (240, 180)

#: In the middle; in a corner; on an edge; tiny; large; in the far corner.
BOXES = (
    (100.0, 70.0, 40.0, 30.0),
    (10.0, 10.0, 30.0, 40.0),
    (0.0, 100.0, 20.0, 24.0),
    (150.0, 120.0, 12.0, 10.0),
    (60.0, 40.0, 100.0, 90.0),
    (200.0, 150.0, 40.0, 30.0),
)

EXTREME_BOXES = (
    (-8.0, -5.0, 20.0, 20.0),
    (0.0, 0.0, 240.0, 180.0),
    (118.0, 90.0, 2.0, 1.5),
    (230.0, 2.0, 40.0, 9.0),
)


def drawn(attribute: str, box: Box, seed: int, strength: float = 1.0) -> Effect:
    scene = Scene(size_wh=SIZE_WH, template_xywh=box, start_xywh=box, target_xywh=box)
    return EFFECTS[attribute].draw(np.random.default_rng(seed), strength, scene)


@pytest.mark.parametrize("box", BOXES, ids=str)
@pytest.mark.parametrize("attribute", ["FM", "SV", "ARC", "CM", "ROT", "VC", "DEF"])
def test_place_gives_the_box_of_the_painted_target(attribute: str, box: Box) -> None:
    round_ = attribute in ("CM", "ROT", "VC", "DEF")  # these take the silhouette for an ellipse
    frame = painted(box, SIZE_WH, round_=round_)
    for seed, phase in itertools.product((BOXES.index(box), 7), (0.3, 0.5)):
        effect = drawn(attribute, box, seed)
        placement = effect.place(box, phase)
        found = found_box(effect.paint(frame, box, phase))
        assert placement.visible
        assert found is not None
        assert edges_apart(placement.box_xywh, found) <= ABS_WARPED_BOX_PX


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_out_of_view_cuts_the_box_and_then_leaves_nothing(box: Box) -> None:
    frame = painted(box, SIZE_WH)
    for seed in range(2):
        effect = drawn("OV", box, seed)
        cut = effect.place(box, 0.2)
        found = found_box(effect.paint(frame, box, 0.2))
        assert found is not None
        assert edges_apart(cut.box_xywh, found) <= ABS_WARPED_BOX_PX
        assert not effect.place(box, 0.5).visible
        assert found_box(effect.paint(frame, box, 0.5)) is None


@pytest.mark.parametrize("strength", [0.3, 0.7])
def test_out_of_view_below_full_strength_leaves_that_share_outside(strength: float) -> None:
    box = BOXES[0]
    placement = drawn("OV", box, 0, strength).place(box, 0.5)
    assert placement.visible
    seen = placement.box_xywh[2] * placement.box_xywh[3] / (box[2] * box[3])
    assert seen == pytest.approx(1 - strength, abs=1 / min(box[2:]))


@pytest.mark.parametrize("attribute", sorted(EFFECTS.keys() - {"LR", "FM"}))
def test_effects_begin_and_end_with_the_frame_as_it_is(attribute: str) -> None:
    box = BOXES[0]
    effect = drawn(attribute, box, 0)
    frame = painted(box, SIZE_WH)
    for phase in (0.0, 1.0):
        placement = effect.place(box, phase)
        assert placement.visible
        assert np.allclose(placement.box_xywh, box, rtol=REL_SUM_F64)
        assert np.array_equal(effect.paint(frame, box, phase)[70:100, 100:140], frame[70:100, 100:140])


@pytest.mark.parametrize("attribute", EFFECTS)
def test_effects_take_extreme_boxes(attribute: str) -> None:
    for box, phase in itertools.product(EXTREME_BOXES, (0.1, 0.5)):
        frame = painted(box, SIZE_WH)
        effect = drawn(attribute, box, 1)
        placement = effect.place(box, phase)
        result = effect.paint(frame, box, phase)
        assert result.shape == (effect.size_wh[1], effect.size_wh[0], 3)
        assert result.dtype == np.uint8
        assert not placement.visible or min(placement.box_xywh[2:]) > 0
        assert np.isfinite(placement.box_xywh).all()


@pytest.mark.parametrize("box", [*BOXES, (24.0, 18.0, 192.0, 144.0)], ids=str)
def test_surrounded_never_mirrors_the_target(box: Box) -> None:
    wide = surrounded(painted(box, SIZE_WH), box, (90, 60, 70, 80))
    assert wide.shape == (180 + 140, 240 + 160, 3)
    found = found_box(wide)
    assert found is not None
    assert found.tolist() == [box[0] + 90, box[1] + 60, box[2], box[3]]
    assert (wide.max(axis=2) > 0).mean() > 0.9  # no black border


def test_surrounded_repeats_nothing_within_a_picture() -> None:
    """A target near an edge leaves a narrow strip there, which would look kaleidoscopic if it were repeated."""
    box = (10.0, 60.0, 60.0, 50.0)
    left = surrounded(painted(box, SIZE_WH), box, (200, 0, 0, 0))[:, :200].astype(np.int64)
    for period in (10, 20, 30):
        assert np.abs(left[:, period:] - left[:, :-period]).mean() > 10


def test_jumps_keep_pixels_sharp() -> None:
    box = BOXES[0]
    frame = painted(box, SIZE_WH)
    for attribute, phase in (("FM", 0.5), ("OV", 0.2)):
        (x, y, _, _), _, _ = drawn(attribute, box, 3).place(box, phase)
        dx, dy = round(x - box[0]), round(y - box[1])
        result = drawn(attribute, box, 3).paint(frame, box, phase)
        kept = frame[max(0, -dy) : 180 - max(0, dy), max(0, -dx) : 240 - max(0, dx)]
        assert (dx, dy) != (0, 0)
        assert np.array_equal(result[max(0, dy) : 180 + min(0, dy), max(0, dx) : 240 + min(0, dx)], kept)


def test_surrounded_gives_what_is_asked_for_when_the_target_is_the_picture() -> None:
    frame = painted((0.0, 0.0, 240.0, 180.0), SIZE_WH)
    wide = surrounded(frame, (0.0, 0.0, 240.0, 180.0), (300, 0, 0, 200))
    assert wide.shape == (380, 540, 3)
    assert np.array_equal(wide[:180, 300:], frame)
    assert wide.mean() > BRIGHT


def test_ellipse_touches_the_sides_of_its_box() -> None:
    assert np.allclose(bounds(ellipse((3.0, 4.0, 50.0, 20.0))), (3.0, 4.0, 50.0, 20.0), rtol=REL_SUM_F64)


@pytest.mark.parametrize(
    ("box", "visible", "expected"),
    [
        ((-10.0, 5.0, 30.0, 10.0), True, (0.0, 5.0, 20.0, 10.0)),
        ((230.0, 170.0, 30.0, 30.0), True, (230.0, 170.0, 10.0, 10.0)),
        ((239.5, 5.0, 30.0, 10.0), False, (239.5, 5.0, 30.0, 10.0)),
        ((-40.0, 5.0, 30.0, 10.0), False, (-40.0, 5.0, 30.0, 10.0)),
        ((50.1, 50.1, 0.3, 40.0), True, (50.1, 50.1, 0.3, 40.0)),  # 50.1 + 0.3 - 50.1 < 0.3
        ((50.0, -9.5, 0.3, 10.0), False, (50.0, -9.5, 0.3, 10.0)),
    ],
)
def test_clipped_cuts_at_the_picture(box: Box, visible: bool, expected: Box) -> None:
    placement = clipped(box, SIZE_WH)
    assert placement.visible == visible
    assert placement.box_xywh == pytest.approx(expected)


def edges_apart(box_xywh: Box, found_xywh: np.ndarray) -> float:
    """Largest distance between the four edges of two boxes, px."""
    x, y, w, h = box_xywh
    left, top, width, height = found_xywh.tolist()
    return max(abs(x - left), abs(y - top), abs(x + w - left - width), abs(y + h - top - height))
