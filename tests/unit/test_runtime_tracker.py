"""The tracker: one target through libsdst and a session, many targets on one session, errors that change nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import BoxError, ConfigError, FrameError, ManifestError, SdstError
from sdst_runtime.loading import load, open_session
from sdst_runtime.session import Outputs
from sdst_runtime.tracker import Tracker, TrackResult
from tests.toy_bundle import CONFIG, bright_frame, build_toy_bundle
from tests.toys import MASKS, SMALL

BOX = (50.0, 40.0, 20.0, 20.0)
PATH = [(60.0 + 3 * i, 50.0 + i) for i in range(12)]  # of a bright square that starts in BOX


class FakeTemplate:
    size_bytes = 0

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeSession:
    """Says that the target has moved one cell to the right, and fails when it is told to."""

    def __init__(self) -> None:
        self.templates: list[FakeTemplate] = []
        self.fails: Exception | None = None
        self.closed = False
        side = CONFIG.response_size
        score = np.full((1, 1, side, side), -20, np.float32)
        score[0, 0, side // 2, side // 2 + 1] = 3.0
        self.outputs: Outputs = (score, np.full((1, 4, side, side), 10, np.float32))

    def embed(self, z: NDArray[np.float32]) -> FakeTemplate:
        if self.fails:
            raise self.fails
        self.templates.append(FakeTemplate())
        return self.templates[-1]

    def match(self, template: Any, x: NDArray[np.float32]) -> Outputs:
        if self.fails:
            raise self.fails
        assert not template.closed
        return self.outputs

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fake() -> FakeSession:
    return FakeSession()


def center(result: TrackResult) -> tuple[float, float]:
    x, y, w, h = result.box_xywh
    return x + w / 2, y + h / 2


def follow(tracker: Tracker) -> list[TrackResult]:
    return [tracker.update(bright_frame(place)) for place in PATH]


def test_update_moves_by_one_cell_in_image_pixels(fake: FakeSession) -> None:
    tracker = Tracker(fake, CONFIG)
    tracker.init(bright_frame(PATH[0]), BOX)
    result = tracker.update(bright_frame(PATH[0]))
    image_px_per_network_px = 2 * 20 / CONFIG.template_size  # context 0.5 of a square box: its side twice
    assert center(result) == pytest.approx((60 + CONFIG.stride_px * image_px_per_network_px, 50))
    assert result.score == pytest.approx(1 / (1 + math.exp(-3)))
    assert result.found is True


def test_update_says_not_found_when_the_score_is_low(fake: FakeSession) -> None:
    fake.outputs[0][:] = -1.0
    tracker = Tracker(fake, CONFIG)
    tracker.init(bright_frame(PATH[0]), BOX)
    result = tracker.update(bright_frame(PATH[0]))
    assert (result.found, result.score) == (False, pytest.approx(1 / (1 + math.e)))


@pytest.mark.parametrize("kind", ["baked", "split"])
def test_tracker_follows_the_bright_square(toy_bundle: Path, kind: Any) -> None:
    with load(toy_bundle, kind) as tracker:
        tracker.init(bright_frame(PATH[0]), BOX)
        for place, result in zip(PATH, follow(tracker), strict=True):
            assert result.found
            assert math.dist(center(result), place) < CONFIG.stride_px  # scores are a cell apart
        assert not tracker.update(np.full((120, 160, 3), 20, np.uint8)).found


def test_update_before_init_tells_the_fix(fake: FakeSession) -> None:
    with pytest.raises(SdstError, match=r"no target; call init\(frame, box_xywh\) first"):
        Tracker(fake, CONFIG).update(bright_frame(PATH[0]))


@pytest.mark.parametrize(
    "box",
    [
        [50, 40, 20, 20],
        np.array(BOX),
        np.array(BOX, np.float32),
        np.array([50, 40, 20, 20], np.int64),
        tuple(np.float32(value) for value in BOX),
        (True, 40, 20, 20),
    ],
)
def test_init_takes_any_four_numbers(fake: FakeSession, box: Any) -> None:
    tracker = Tracker(fake, CONFIG)
    tracker.init(bright_frame(PATH[0]), box)
    assert tracker.update(bright_frame(PATH[0])).found


@pytest.mark.parametrize(
    "box",
    [
        None,
        5,
        "1234",
        ("50", "40", "20", "20"),
        (50, 40, 20),
        (50, 40, 20, 20, 1),
        (50, 40, None, 20),
        (50, 40, 20j, 20),
        np.zeros((4, 4)),
        (10**400, 40, 20, 20),
        (math.nan, 40, 20, 20),
        (50, 40, math.inf, 20),
        (50, 40, 0, 20),
        (50, 40, 20, -1),
        (200, 40, 20, 20),
        (50, -30, 20, 20),
    ],
)
def test_init_refuses_a_box_that_is_none_and_keeps_the_old_target(fake: FakeSession, box: Any) -> None:
    tracker, control = Tracker(fake, CONFIG), Tracker(FakeSession(), CONFIG)
    for each in (tracker, control):
        each.init(bright_frame(PATH[0]), BOX)
        each.update(bright_frame(PATH[0]))
    with pytest.raises(BoxError, match="box"):
        tracker.init(bright_frame(PATH[5]), box)
    assert tracker.update(bright_frame(PATH[1])) == control.update(bright_frame(PATH[1]))


def test_init_takes_a_box_that_sticks_out(fake: FakeSession) -> None:
    tracker = Tracker(fake, CONFIG)
    tracker.init(bright_frame((0, 0)), (-10, -10, 20, 20))
    assert tracker.update(bright_frame((0, 0))).found


@pytest.mark.parametrize(
    "frame",
    [
        None,
        np.zeros((120, 160), np.uint8),
        np.zeros((120, 160, 4), np.uint8),
        np.zeros((120, 160, 3), np.float32),
        np.zeros((0, 160, 3), np.uint8),
        np.zeros((120, 161, 3), np.uint8),
        np.zeros((3, 120, 160), np.uint8).transpose(1, 2, 0),
    ],
)
def test_update_refuses_another_frame_and_stays_where_it_was(fake: FakeSession, frame: Any) -> None:
    tracker, control = Tracker(fake, CONFIG), Tracker(FakeSession(), CONFIG)
    for each in (tracker, control):
        each.init(bright_frame(PATH[0]), BOX)
    with pytest.raises(FrameError, match="frame"):
        tracker.update(frame)
    assert tracker.update(bright_frame(PATH[1])) == control.update(bright_frame(PATH[1]))


def test_update_stays_where_it_was_when_the_session_fails(fake: FakeSession) -> None:
    tracker, control = Tracker(fake, CONFIG), Tracker(FakeSession(), CONFIG)
    for each in (tracker, control):
        each.init(bright_frame(PATH[0]), BOX)
    fake.fails = SdstError("the engine stumbled")
    with pytest.raises(SdstError, match="stumbled"):
        tracker.update(bright_frame(PATH[1]))
    fake.fails = None
    assert tracker.update(bright_frame(PATH[1])) == control.update(bright_frame(PATH[1]))


def test_update_stays_where_it_was_when_the_outputs_are_not_finite(fake: FakeSession) -> None:
    tracker, control = Tracker(fake, CONFIG), Tracker(FakeSession(), CONFIG)
    for each in (tracker, control):
        each.init(bright_frame(PATH[0]), BOX)
    fake.outputs[1][0, 2, 3, 3] = np.nan
    with pytest.raises(SdstError):
        tracker.update(bright_frame(PATH[1]))
    fake.outputs[1][0, 2, 3, 3] = 10
    assert tracker.update(bright_frame(PATH[1])) == control.update(bright_frame(PATH[1]))


def test_init_takes_another_target_and_closes_the_old_template(fake: FakeSession) -> None:
    tracker = Tracker(fake, CONFIG)
    tracker.init(bright_frame((60, 50)), BOX)
    tracker.init(bright_frame((100, 70), size_wh=(200, 150)), (90, 60, 20, 20))
    assert [template.closed for template in fake.templates] == [True, False]
    assert center(tracker.update(bright_frame((100, 70), size_wh=(200, 150))))[0] > 100


def test_init_keeps_the_old_target_when_the_session_fails(fake: FakeSession) -> None:
    tracker, control = Tracker(fake, CONFIG), Tracker(FakeSession(), CONFIG)
    for each in (tracker, control):
        each.init(bright_frame(PATH[0]), BOX)
    fake.fails = SdstError("out of memory")
    with pytest.raises(SdstError, match="out of memory"):
        tracker.init(bright_frame((100, 70), size_wh=(200, 150)), (90, 60, 20, 20))
    fake.fails = None
    assert not fake.templates[0].closed
    assert tracker.update(bright_frame(PATH[1])) == control.update(bright_frame(PATH[1]))


def test_close_closes_template_and_own_session_only(fake: FakeSession) -> None:
    for owns in (False, True):
        with Tracker(fake, CONFIG, owns_session=owns) as tracker:
            tracker.init(bright_frame(PATH[0]), BOX)
        tracker.close()
        assert fake.templates[-1].closed
        assert fake.closed is owns
        with pytest.raises(SdstError, match="no target"):
            tracker.update(bright_frame(PATH[0]))


def test_core_is_made_once_per_target_and_sees_every_call(fake: FakeSession) -> None:
    calls: list[str] = []

    class Spy:
        def __init__(self, config: TrackerConfig) -> None:
            self.inner = NativeTracker(config)

        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(self.inner, name)

    tracker = Tracker(fake, CONFIG, core=Spy)
    tracker.init(bright_frame(PATH[0]), BOX)
    assert calls == ["template_input", "close"]  # the close is that of the core that had no target
    tracker.update(bright_frame(PATH[0]))
    assert calls[2:] == ["search_input", "decode"]


def test_trackers_on_one_session_give_what_each_gives_alone(toy_bundle: Path) -> None:
    bundle = Bundle.open(toy_bundle)
    starts = [((60.0, 50.0), (3, 1)), ((100.0, 60.0), (-2, 1)), ((40.0, 80.0), (1, -2))]

    def frames(start: tuple[float, float], step: tuple[int, int]) -> list[Any]:
        return [bright_frame((start[0] + step[0] * i, start[1] + step[1] * i)) for i in range(10)]

    def box(start: tuple[float, float]) -> tuple[float, float, float, float]:
        return start[0] - 10, start[1] - 10, 20, 20

    alone = []
    for start, step in starts:
        with load(bundle) as tracker:
            clip = frames(start, step)
            tracker.init(clip[0], box(start))
            alone.append([tracker.update(frame) for frame in clip])

    session = open_session(bundle)
    trackers = [Tracker(session, bundle.manifest.tracker) for _ in starts]
    for tracker, (start, step) in zip(trackers, starts, strict=True):
        tracker.init(frames(start, step)[0], box(start))
    together: list[list[TrackResult]] = [[], [], []]
    for i in range(10):
        for k in (range(3), reversed(range(3)))[i % 2]:
            together[k].append(trackers[k].update(frames(*starts[k])[i]))
    assert together == alone


def test_load_takes_a_path_or_an_open_bundle_and_refuses_what_cannot_be(toy_bundle: Path) -> None:
    for bundle in (toy_bundle, str(toy_bundle), Bundle.open(toy_bundle)):
        load(bundle).close()
    with pytest.raises(ManifestError, match="no variant"):
        load(toy_bundle, variant="onnx/int8")
    with pytest.raises(ConfigError, match="session is"):
        load(toy_bundle, "quick")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="threads is"):
        load(toy_bundle, threads=0)
    with pytest.raises(ManifestError, match="does not exist"):
        load(toy_bundle / "nothing")


def test_tracker_says_closed_when_its_session_was_closed(toy_bundle: Path) -> None:
    session = open_session(toy_bundle)
    tracker = Tracker(session, CONFIG)
    tracker.init(bright_frame(PATH[0]), BOX)
    session.close()
    with pytest.raises(SdstError, match="the session is closed"):
        tracker.update(bright_frame(PATH[0]))
    with pytest.raises(SdstError, match="the session is closed"):
        tracker.init(bright_frame(PATH[0]), BOX)


class SizedSession(FakeSession):
    """Takes both search sizes of the toy for small targets, and keeps the shapes that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def match(self, template: Any, x: NDArray[np.float32]) -> Outputs:
        super().match(template, x)
        self.shapes.append(x.shape)
        side = x.shape[-1] // 8
        score = np.full((1, 1, side, side), -20, np.float32)
        score[0, 0, side // 2, side // 2] = 3.0
        return score, np.full((1, 4, side, side), 10, np.float32)


@pytest.mark.parametrize(("side", "size"), [(20, 88), (40, 72)])
def test_a_small_target_is_searched_with_the_larger_input_from_init_on(side: int, size: int) -> None:
    session = SizedSession()
    tracker = Tracker(session, SMALL.config)
    tracker.init(bright_frame((60, 50), side), (60 - side / 2, 50 - side / 2, side, side))
    assert session.shapes == [(1, 3, size, size)]  # init() has the session build what this size needs
    result = tracker.update(bright_frame((60, 50), side))
    assert session.shapes == 2 * [(1, 3, size, size)]
    assert center(result) == pytest.approx((60, 50))


def test_init_keeps_the_old_target_when_the_first_match_fails() -> None:
    class FailsToMatch(SizedSession):
        def match(self, template: Any, x: NDArray[np.float32]) -> Outputs:
            if len(self.templates) == 2:
                raise SdstError("out of memory")
            return super().match(template, x)

    session = FailsToMatch()
    tracker = Tracker(session, SMALL.config)
    tracker.init(bright_frame(PATH[0]), BOX)
    with pytest.raises(SdstError, match="out of memory"):
        tracker.init(bright_frame((100, 70)), (90, 60, 20, 20))
    assert [template.closed for template in session.templates] == [False, True]
    session.templates.pop()
    assert center(tracker.update(bright_frame(PATH[0]))) == pytest.approx(PATH[0])


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("onnx", reason="the toy bundles' graphs are made with the onnx package")
    folder = tmp_path_factory.mktemp("toys")
    return {name: build_toy_bundle(folder / name, toy) for name, toy in (("small", SMALL), ("masks", MASKS))}


@pytest.mark.parametrize("kind", ["baked", "split"])
@pytest.mark.parametrize("side", [20, 40])
def test_tracker_follows_small_and_large_targets_of_one_bundle(bundles: Any, kind: Any, side: int) -> None:
    with load(bundles["small"], kind) as tracker:
        tracker.init(bright_frame(PATH[0], side), (60 - side / 2, 50 - side / 2, side, side))
        for place in PATH:
            assert math.dist(center(tracker.update(bright_frame(place, side))), place) < side / 2


@pytest.mark.parametrize("kind", ["baked", "split"])
def test_segment_puts_the_mask_where_the_target_is(bundles: Any, kind: Any) -> None:
    with load(bundles["masks"], kind) as tracker:
        tracker.init(bright_frame(PATH[0]), BOX)
        for place in PATH:
            result = tracker.update(bright_frame(place))
            mask, polygon = tracker.segment()
            assert mask.shape == (120, 160)
            rows, columns = np.nonzero(mask)
            # The bar of the toy's mask is the middle 6 x 10 of 20 x 20, on a square of twice the target's side of 20 px
            # about the chosen cell, which is a cell's half from the box's centre at most, and a px from its own place.
            assert np.ptp(columns) == pytest.approx(40 * 6 / 20, abs=2)
            assert np.ptp(rows) == pytest.approx(40 * 10 / 20, abs=2)
            assert math.dist((columns.mean(), rows.mean()), center(result)) < 3
            assert polygon.mean(axis=0) == pytest.approx((columns.mean(), rows.mean()), abs=1)


def test_segment_is_of_the_crop_before_the_move(bundles: Any) -> None:
    with load(bundles["masks"]) as tracker:
        tracker.init(bright_frame((60, 50)), BOX)
        tracker.update(bright_frame((76, 50)))  # two cells to the right at once
        mask, _ = tracker.segment()
        assert np.nonzero(mask)[1].mean() == pytest.approx(76, abs=2)
        again, _ = tracker.segment()
        np.testing.assert_array_equal(again, mask)


def test_segment_tells_why_it_cannot(bundles: Any, toy_bundle: Path) -> None:
    bundle, frame = Bundle.open(bundles["masks"]), bright_frame(PATH[0])
    session = open_session(bundle)
    mask = bundle.manifest.mask
    assert mask is not None
    one, other = (Tracker(session, MASKS.config, mask_threshold=mask.threshold) for _ in range(2))
    with pytest.raises(SdstError, match=r"no frame to segment; call update\(frame\) first"):
        one.segment()
    one.init(frame, BOX)
    other.init(frame, BOX)
    with pytest.raises(SdstError, match="no frame to segment"):
        one.segment()
    one.update(frame)
    other.update(frame)
    with pytest.raises(SdstError, match="last match was not of this template"):
        one.segment()
    other.segment()
    with pytest.raises(FrameError):
        other.update(frame[:50])
    with pytest.raises(SdstError, match="no frame to segment"):
        other.segment()
    one.close()
    with pytest.raises(SdstError, match="no frame to segment"):
        one.segment()
    with load(toy_bundle) as plain, pytest.raises(ConfigError, match="has no mask branch"):
        plain.segment()


def test_tracker_refuses_a_mask_threshold_for_a_session_without_masks(fake: FakeSession) -> None:
    with pytest.raises(ConfigError, match=r"mask_threshold is 0.3, but a FakeSession has no segment\(\)"):
        Tracker(fake, CONFIG, mask_threshold=0.3)
