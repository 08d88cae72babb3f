"""The binding of libsdst: which library is loaded, what it takes and refuses, and in which words."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime import native, native_config
from sdst_runtime.config import (
    MAX_ANCHORS,
    MAX_SCALES,
    CropRule,
    OutputKind,
    ScalePyramid,
    ScoreKind,
    SizeSmoothing,
    SmallTarget,
    TrackerConfig,
)
from sdst_runtime.core import NativeTracker
from sdst_runtime.crop_rule import Border, Context, Interpolation, Rounding
from sdst_runtime.errors import BackendUnavailable, BoxError, ConfigError, FrameError, NativeError
from sdst_runtime.kernels import crop_f32, crop_u8, frame_mean

HEADER = Path(__file__).resolve().parents[2] / "runtimes" / "core" / "include" / "sdst.h"
CONFIG = TrackerConfig(
    template_size=32,
    search_size=64,
    response_size=16,
    stride_px=4.0,
    score_kind="logit",
    point_origin_px=-30.0,
    window_influence=0.3,
    penalty_k=0.1,
    size_lr=0.5,
    min_side_px=4.0,
)
FRAME = np.full((120, 160, 3), 50, np.uint8)
BOX = (60.0, 40.0, 16.0, 16.0)  # its template side is 32 px: image px are network px


@pytest.fixture
def tracker() -> Iterator[NativeTracker]:
    made = NativeTracker(CONFIG)
    made.template_input(FRAME, BOX)
    yield made
    made.close()


@pytest.fixture
def fresh_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test load another library, or fail to."""
    native.library.cache_clear()
    yield monkeypatch
    native.library.cache_clear()


def maps(cell: int = 8 * 16 + 8) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Outputs that are sure, at one cell, of a box of 16 px at the search centre."""
    score = np.full((1, 1, 16, 16), -8, np.float32)
    score.reshape(-1)[cell] = 8
    x, y = -30 + 4 * (cell % 16), -30 + 4 * (cell // 16)
    ltrb = np.full((1, 4, 16, 16), 9, np.float32)
    ltrb.reshape(4, -1)[:, cell] = (x + 8, y + 8, 8 - x, 8 - y)
    return score, ltrb


# ----------------------------------------------------------------------------------------------- the library --


def test_constants_are_those_of_the_header() -> None:
    header = HEADER.read_text(encoding="utf-8")
    abi = re.search(r"#define SDST_ABI_VERSION (\d+)", header)
    assert abi is not None
    assert int(abi[1]) == native.ABI_VERSION
    values = {name: int(value, 0) for name, value in re.findall(r"SDST_(?:ERR_)?(\w+) = (0x\w+|0),", header)}
    ours = {name: value for name, value in vars(native.Status).items() if name.isupper()}
    assert ours
    assert ours == {name: values[name] for name in ours}


@pytest.mark.parametrize(
    ("prefix", "ours", "names"),
    [
        ("OUTPUT", native_config.OUTPUT_KINDS, OutputKind),
        ("SCORE", native_config.SCORE_KINDS, ScoreKind),
        ("SMOOTHING", native_config.SIZE_SMOOTHINGS, SizeSmoothing),
        ("CONTEXT", native_config.CONTEXTS, Context),
        ("ROUNDING", native.ROUNDINGS, Rounding),
        ("INTERPOLATION", native.INTERPOLATIONS, Interpolation),
        ("BORDER", native.BORDERS, Border),
    ],
)
def test_choices_have_the_values_of_the_header(prefix: str, ours: dict[str, int], names: Any) -> None:
    theirs = re.findall(rf"SDST_{prefix}_(\w+) = (\d+)", HEADER.read_text(encoding="utf-8"))
    assert {name.upper().replace("-", "_"): value for name, value in ours.items()} == {
        name: int(value) for name, value in theirs
    }
    assert set(ours) == set(get_args(names))


def test_limits_are_those_of_the_header() -> None:
    limits = re.findall(r"SDST_(MAX_\w+) = (\d+)", HEADER.read_text(encoding="utf-8"))
    assert {name: int(value) for name, value in limits} == {"MAX_ANCHORS": MAX_ANCHORS, "MAX_SCALES": MAX_SCALES}


def test_isa_is_known() -> None:
    assert native.isa() in {"ref", "avx2"}


def test_library_is_the_one_that_the_environment_names(fresh_library: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = shutil.copy(native.library()._name, tmp_path)
    native.library.cache_clear()
    fresh_library.setenv("SDST_LIBRARY", str(copy))
    assert native.library()._name == str(copy)


def test_library_raises_when_the_environment_names_no_file(fresh_library: pytest.MonkeyPatch) -> None:
    fresh_library.setenv("SDST_LIBRARY", "/nowhere/libsdst.so")
    with pytest.raises(BackendUnavailable, match=r"SDST_LIBRARY is '/nowhere/libsdst.so'"):
        native.library()


def test_library_raises_when_the_file_is_no_library(fresh_library: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = tmp_path / "libsdst.so"
    text.write_text("no library")
    fresh_library.setenv("SDST_LIBRARY", str(text))
    with pytest.raises(BackendUnavailable, match="cannot be used as libsdst"):
        native.library()


def test_library_raises_when_the_package_has_none(fresh_library: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh_library.delenv("SDST_LIBRARY", raising=False)
    fresh_library.setattr("sdst_runtime.__path__", [str(tmp_path)])
    with pytest.raises(BackendUnavailable, match=r"pip install sdst-edge.*SDST_LIBRARY"):
        native.library()


def test_library_raises_when_the_abi_differs(fresh_library: pytest.MonkeyPatch) -> None:
    fresh_library.setattr(native, "ABI_VERSION", 99)
    with pytest.raises(BackendUnavailable, match="has ABI version 2, this package needs 99"):
        native.library()


# ---------------------------------------------------------------------------------------------------- frames --


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (FRAME.astype(np.float32), "dtype float32"),
        (FRAME.tolist(), "a list"),
        (FRAME[:, :, 0], r"shape \(120, 160\)"),
        (np.zeros((120, 160, 4), np.uint8), r"shape \(120, 160, 4\)"),
        (np.zeros((0, 160, 3), np.uint8), r"shape \(0, 160, 3\)"),
        (FRAME[:, ::2], r"strides \(480, 6, 1\).*ascontiguousarray"),
        (FRAME[:, :, ::-1], r"strides \(480, 3, -1\)"),
        (FRAME[::-1], r"strides \(-480, 3, 1\)"),
        (FRAME.transpose(1, 0, 2), r"strides \(3, 480, 1\)"),
    ],
)
def test_frames_are_refused_in_clear_words(tracker: NativeTracker, frame: Any, words: str) -> None:
    before = tracker.state()
    for call in (tracker.search_input, lambda bad: tracker.template_input(bad, BOX), frame_mean):
        with pytest.raises(FrameError, match=words):
            call(frame)
    assert tracker.state() == before


def test_frames_may_be_read_only_or_views(tracker: NativeTracker) -> None:
    wide = np.random.default_rng(0).integers(0, 256, (140, 200, 3), dtype=np.uint8)
    view = wide[10:130, 20:180]
    copy = view.copy()
    expected = tracker.search_input(copy).copy()
    copy.flags.writeable = False
    assert np.array_equal(tracker.search_input(copy), expected)
    assert np.array_equal(tracker.search_input(view), expected)


@pytest.mark.parametrize("frame", [FRAME[::-1][:1], FRAME[:, ::-1][:1, :1], FRAME[:, :, ::-1][:1, :1, ::-1]])
def test_strides_of_an_axis_of_one_pixel_mean_nothing(frame: NDArray[np.uint8]) -> None:
    assert frame.flags.c_contiguous
    assert frame_mean(frame) == (50, 50, 50)


def test_search_input_raises_when_the_target_has_grown_too_large(tracker: NativeTracker) -> None:
    tracker.set_state(80.0, 60.0, 9000.0, 9000.0)
    with pytest.raises(FrameError, match=r"search crop would be wider than 32767 px; resize the frames"):
        tracker.search_input(FRAME)


def test_search_input_raises_when_the_frame_changed_size(tracker: NativeTracker) -> None:
    with pytest.raises(FrameError, match=r"\(119, 160, 3\), the target was taken in one of \(120, 160, 3\)"):
        tracker.search_input(FRAME[:-1])


# ----------------------------------------------------------------------------------------------------- boxes --


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((float("nan"), 0, 5, 5), "nan.*expected finite numbers"),
        ((0, float("inf"), 5, 5), "inf"),
        ((0, 0, 0, 5), r"\(0.0, 0.0, 0.0, 5.0\), expected finite numbers and w, h > 0"),
        ((0, 0, 5, -1), "-1.0"),
        ((160, 0, 5, 5), "does not meet the frame of 160 x 120 px"),
        ((0, -5, 5, 5), "does not meet the frame"),
        ((0, 0, 1e6, 1e6), "too large"),
        ((0, 0, 9000, 9000), "too large: its search crop would be wider than 32767 px; resize the frame"),
    ],
)
def test_boxes_are_refused_in_clear_words(tracker: NativeTracker, box: Any, words: str) -> None:
    before = tracker.state()
    with pytest.raises(BoxError, match=words):
        tracker.template_input(FRAME, box)
    assert tracker.state() == before


def test_boxes_may_stick_out(tracker: NativeTracker) -> None:
    tracker.template_input(FRAME, (-10, -10, 11, 11))
    assert tracker.state() == (-4.5, -4.5, 11.0, 11.0)


@pytest.mark.parametrize("state", [(0, 0, 0, 1), (float("nan"), 0, 1, 1), (0, 0, 1, float("inf"))])
def test_set_state_refuses_what_is_no_box(tracker: NativeTracker, state: Any) -> None:
    with pytest.raises(BoxError, match="expected finite numbers and sides > 0"):
        tracker.set_state(*state)


# ------------------------------------------------------------------------------------------------ the tracker --


def test_inputs_are_the_same_arrays_every_time(tracker: NativeTracker) -> None:
    z, x = tracker.template_input(FRAME, BOX), tracker.search_input(FRAME)
    assert (z.shape, z.dtype) == ((1, 3, 32, 32), np.float32)
    assert (x.shape, x.dtype) == ((1, 3, 64, 64), np.float32)
    assert tracker.template_input(FRAME, BOX) is z
    assert tracker.search_input(FRAME) is x
    assert np.all(x == 50)


def test_a_motionless_target_stays_put(tracker: NativeTracker) -> None:
    for cell in (7 * 16 + 7, 8 * 16 + 8, 7 * 16 + 8):
        tracker.search_input(FRAME)
        result = tracker.decode(*maps(cell))
        assert result.box_xywh == BOX
        assert result.found is True
        assert result.best_index == cell
        assert result.score == pytest.approx(1 / (1 + np.exp(-8)))
        assert 0 < result.penalized_score <= 1


def test_decode_reads_the_arrays_of_each_call(tracker: NativeTracker) -> None:
    tracker.search_input(FRAME)
    tracker.decode(*maps())
    score, ltrb = maps()
    ltrb.reshape(4, -1)[:, 8 * 16 + 8] += (-3, 0, 3, 0)
    tracker.search_input(FRAME)
    assert tracker.decode(score, ltrb).box_xywh == (63.0, 40.0, 16.0, 16.0)


def test_decode_raises_when_a_map_is_another(tracker: NativeTracker) -> None:
    score, ltrb = maps()
    tracker.search_input(FRAME)
    for bad in (score[:, :, :-1], score.astype(np.float64), np.repeat(score, 2, axis=1), score.transpose(0, 1, 3, 2)):
        with pytest.raises(ConfigError, match=r"score map is .* wants \(1, 1, 16, 16\) float32"):
            tracker.decode(bad, ltrb)
    with pytest.raises(ConfigError, match=r"ltrb map is .* wants \(1, 4, 16, 16\) float32"):
        tracker.decode(score, ltrb[:, :3])
    assert tracker.decode(score, ltrb).box_xywh == BOX


def test_decode_raises_when_there_are_more_or_fewer_maps(tracker: NativeTracker) -> None:
    score, ltrb = maps()
    tracker.search_input(FRAME)
    for bad in ((), (score,), (score, ltrb, ltrb)):
        with pytest.raises(ConfigError, match=rf"^{len(bad)} maps, the tracker's configuration wants score, ltrb"):
            tracker.decode(*bad)
    assert tracker.decode(score, ltrb).box_xywh == BOX


def test_decode_raises_when_outputs_are_not_finite(tracker: NativeTracker) -> None:
    score, ltrb = maps()
    tracker.search_input(FRAME)
    ltrb[0, 2, 3, 3] = np.nan
    with pytest.raises(NativeError, match=r"NaN or infinity among .* export the bundle again") as caught:
        tracker.decode(score, ltrb)
    assert (caught.value.status, caught.value.call) == (native.Status.NOT_FINITE, "sdst_tracker_decode")
    assert tracker.decode(*maps()).box_xywh == BOX  # the same search is still open


def test_calls_out_of_order_raise() -> None:
    tracker = NativeTracker(CONFIG)
    for call in (tracker.state, lambda: tracker.search_input(FRAME), lambda: tracker.set_state(1, 1, 1, 1)):
        with pytest.raises(NativeError, match="no target yet"):
            call()
    tracker.template_input(FRAME, BOX)
    with pytest.raises(NativeError, match="no search pending"):
        tracker.decode(*maps())


def test_set_state_moves_the_target(tracker: NativeTracker) -> None:
    tracker.set_state(100.0, 70.0, 16.0, 16.0)
    assert tracker.state() == (100.0, 70.0, 16.0, 16.0)
    tracker.search_input(FRAME)
    assert tracker.decode(*maps()).box_xywh == (92.0, 62.0, 16.0, 16.0)


def test_a_closed_tracker_says_so(tracker: NativeTracker) -> None:
    tracker.close()
    tracker.close()
    for call in (tracker.state, lambda: tracker.search_input(FRAME), lambda: tracker.template_input(FRAME, BOX)):
        with pytest.raises(NativeError, match="the tracker is closed"):
            call()


def test_two_trackers_are_independent(tracker: NativeTracker) -> None:
    other = NativeTracker(replace(CONFIG, search_size=48))
    other.template_input(FRAME, (10, 10, 20, 20))
    assert other.state() == (20.0, 20.0, 20.0, 20.0)
    assert tracker.state() == (68.0, 48.0, 16.0, 16.0)
    assert other.search_input(FRAME).shape == (1, 3, 48, 48)


def test_border_is_the_mean_of_the_first_frame_or_a_constant() -> None:
    tracker = NativeTracker(CONFIG)
    assert tracker.template_input(FRAME, (-8, -8, 16, 16))[0, 0, 0, 0] == 50
    constant = NativeTracker(replace(CONFIG, crop=CropRule(border="constant", border_value=(1, 2, 3))))
    z = constant.template_input(FRAME, (-8, -8, 16, 16))
    assert z[0, :, 0, 0].tolist() == [1, 2, 3]


def test_anchors_are_decoded() -> None:
    tracker = NativeTracker(replace(CONFIG, score_kind="softmax2", anchors=((16.0, 16.0), (8.0, 24.0))))
    tracker.template_input(FRAME, BOX)
    score, deltas = (np.zeros(shape, np.float32) for shape in tracker.config.outputs.values())
    score[0, 2 + 1, 8, 9] = 9
    tracker.search_input(FRAME)
    with pytest.raises(ConfigError, match=r"deltas map is \(1, 4, 16, 16\) float32, .* wants \(1, 8, 16, 16\)"):
        tracker.decode(score, deltas[:, :4])
    result = tracker.decode(score, deltas)
    assert result.best_index == 256 + 8 * 16 + 9
    assert tracker.state()[:2] == (68.0 + 6, 48.0 + 2)


def test_response_maps_come_alone_and_in_a_batch() -> None:
    config = replace(CONFIG, pyramid=ScalePyramid(count=3, step=1.25, penalty=0.9, upsampling=2))
    tracker = NativeTracker(config)
    tracker.template_input(FRAME, BOX)
    x = tracker.search_input(FRAME)
    assert (x.shape, x.dtype) == ((3, 3, 64, 64), np.float32)
    assert np.all(x == 50)
    with pytest.raises(ConfigError, match=r"^2 maps, the tracker's configuration wants score;"):
        tracker.decode(*maps())
    response = np.zeros((3, 1, 16, 16), np.float32)
    with pytest.raises(ConfigError, match=r"score map is \(1, 1, 16, 16\) float32, .* wants \(3, 1, 16, 16\)"):
        tracker.decode(response[:1])
    response[2, 0, 8, 8] = 5
    result = tracker.decode(response)
    assert result.best_index // 32**2 == 2
    assert result.box_xywh[2] == pytest.approx(16 * (1 + 0.5 * 0.25))


def test_small_targets_have_a_search_input_and_maps_of_their_own() -> None:
    config = replace(CONFIG, small_target=SmallTarget(max_area_share=0.02, search_size=80, response_size=20))
    tracker = NativeTracker(config)
    assert tracker.target_config is config
    tracker.template_input(FRAME, (60.0, 40.0, 24.0, 16.0))  # 384 of 19200 px: not below
    assert tracker.target_config is config
    large = tracker.search_input(FRAME)
    tracker.template_input(FRAME, BOX)
    assert tracker.target_config == config.for_small_target()
    small = tracker.search_input(FRAME)
    assert (large.shape, small.shape) == ((1, 3, 64, 64), (1, 3, 80, 80))
    with pytest.raises(ConfigError, match=r"score map is .* wants \(1, 1, 20, 20\)"):
        tracker.decode(*maps())
    tracker.set_state(60.0, 60.0, 50.0, 50.0)  # no longer small, but it was at its start
    assert tracker.search_input(FRAME) is small
    with pytest.raises(BoxError):
        tracker.template_input(FRAME, (0, 0, -1, 5))
    assert tracker.search_input(FRAME) is small


def test_libsdst_has_the_last_word_on_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdst_runtime.config.MAX_SCALES", 99)
    with pytest.raises(ConfigError, match="libsdst refuses this tracker configuration"):
        NativeTracker(replace(CONFIG, pyramid=ScalePyramid(count=11)))


# ------------------------------------------------------------------------------------------------------ crops --


@pytest.mark.parametrize(
    "change",
    [
        {"out_wh": (0, 5)},
        {"out_wh": (5, 4097)},
        {"size_wh": (0.5, 5.0)},
        {"size_wh": (5.0, 40000.0)},
        {"center_xy": (float("nan"), 0.0)},
        {"border": (0, 256, 0)},
    ],
)
def test_crops_refuse_numbers_out_of_range(change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"center_xy": (5.0, 5.0), "size_wh": (5.0, 5.0), "out_wh": (5, 5), **change}
    with pytest.raises(ConfigError, match=r"^crop: "):
        crop_u8(FRAME, **arguments)
    with pytest.raises(ConfigError, match=r"^crop: "):
        crop_f32(FRAME, **arguments)
