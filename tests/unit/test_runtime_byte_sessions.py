"""Variants whose graphs begin with bytes: tracked as those of floats are, box by box, and fed with either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_runtime.bundle import Bundle
from sdst_runtime.byte_crops import byte_shape
from sdst_runtime.config import Normalization
from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.loading import load, open_session
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.session import reads_bytes
from sdst_runtime.tracker import Tracker, TrackResult
from tests.toy_bundle import bright_frame, build_toy_bundle
from tests.toys import POINTS, TOYS

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")
pytest.importorskip("onnx", reason="the toy bundles' graphs are made with the onnx package")

PATH = [(60.0 + 3 * i, 50.0 + i) for i in range(8)]
BOX = (50.0, 40.0, 20.0, 20.0)
RGB = replace(POINTS, config=replace(POINTS.config, normalization=Normalization(channel_order="rgb")))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bool], Path]:
    """The folder of a toy's bundle, of floats or of bytes."""
    folder = tmp_path_factory.mktemp("bytes")

    @cache
    def build(name: str, as_bytes: bool) -> Path:
        return build_toy_bundle(folder / f"{name}-{as_bytes}", TOYS[name], as_bytes=as_bytes)

    return build


@pytest.fixture
def session(bundles: Callable[[str, bool], Path]) -> OrtSession:
    return OrtSession(Bundle.open(bundles("points", True)))


def crops(seed: int, name: str = "points") -> tuple[Any, Any]:
    """Template and search region as bytes."""
    random, config = np.random.default_rng(seed), TOYS[name].config
    z, x = (
        random.integers(0, 256, byte_shape(shape), np.uint8) for shape in (config.template_shape, config.search_shape)
    )
    return z, x


def floats(crop: Any) -> Any:
    """The same crop as a graph of floats takes it; toys normalise nothing."""
    return np.ascontiguousarray(crop.transpose(0, 3, 1, 2), np.float32)


def maps(session: OrtSession, z: Any, x: Any) -> list[Any]:
    return [item.copy() for item in session.match(session.embed(z), x)]


def follow(path: Path, kind: Any, side: int) -> list[TrackResult]:
    with load(path, kind) as tracker:
        tracker.init(bright_frame(PATH[0], side), (60 - side / 2, 50 - side / 2, side, side))
        return [tracker.update(bright_frame(place, side)) for place in PATH]


@pytest.mark.parametrize("kind", ["baked", "split"])
@pytest.mark.parametrize("name", TOYS)
def test_bytes_give_the_boxes_that_floats_give(bundles: Callable[[str, bool], Path], name: str, kind: str) -> None:
    for side in (20, 40):  # a small target for the toy that tells them apart, and one that is not
        assert follow(bundles(name, True), kind, side) == follow(bundles(name, False), kind, side)


def test_masks_are_cut_from_features_of_bytes(bundles: Callable[[str, bool], Path]) -> None:
    found = []
    for as_bytes in (True, False):
        with load(bundles("masks", as_bytes)) as tracker:
            tracker.init(bright_frame(PATH[0]), BOX)
            tracker.update(bright_frame(PATH[1]))
            found.append(tracker.segment().mask)
    np.testing.assert_array_equal(*found)
    assert found[0].any()


def test_a_session_says_what_it_reads(bundles: Callable[[str, bool], Path], session: OrtSession) -> None:
    assert reads_bytes(session)
    assert not reads_bytes(open_session(bundles("points", False)))
    assert not reads_bytes(object())


@pytest.mark.parametrize("name", ["points", "small", "response"])
def test_floats_are_taken_too_and_turned_back(bundles: Callable[[str, bool], Path], name: str) -> None:
    session, (z, x) = open_session(bundles(name, True)), crops(0, name)
    want = maps(session, z, x)
    for got in (maps(session, floats(z), floats(x)), maps(session, z, floats(x)), maps(session, z, x)):
        for one, other in zip(got, want, strict=True):
            np.testing.assert_array_equal(one, other)


def test_floats_are_read_anew_and_no_callers_array_is_written_to(session: OrtSession) -> None:
    (z, x), (_, other) = crops(0), crops(1)
    want = [maps(session, z, each) for each in (x, other)]
    template, changing, kept = session.embed(z), floats(x), x.copy()
    session.match(template, x)
    for crop, expected in ((x, want[0]), (other, want[1]), (x, want[0])):
        changing[:] = floats(crop)
        for one, reference in zip(session.match(template, changing), expected, strict=True):
            np.testing.assert_array_equal(one, reference)
    np.testing.assert_array_equal(x, kept)


def test_bytes_are_read_where_they_are(session: OrtSession) -> None:
    (z, x), (_, other) = crops(0), crops(1)
    template = session.embed(z)
    first = [item.copy() for item in session.match(template, x)]
    x[:] = other
    second = [item.copy() for item in session.match(template, x)]
    for one, reference in zip(second, maps(session, z, other), strict=True):
        np.testing.assert_array_equal(one, reference)
    assert np.abs(second[0] - first[0]).max() > 0


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 3, 72, 72), np.uint8), r"uint8 \(1, 3, 72, 72\), the graph wants uint8 \(1, 72, 72, 3\)"),
        (np.zeros((1, 72, 72, 3), np.float32), r"float32 \(1, 72, 72, 3\), the graph wants float32 \(1, 3, 72, 72\)"),
        (np.zeros((1, 72, 72, 6), np.uint8)[..., ::2], "not C-contiguous, the graph wants uint8"),
        (np.zeros((1, 72, 72, 3), np.int8), "search input is int8"),
        (np.full((1, 3, 72, 72), np.nan, np.float32), "the crop holds NaN or infinity"),
        ([[0]], "search input is list"),
    ],
)
def test_other_input_is_refused_and_the_session_works_on(session: OrtSession, x: Any, message: str) -> None:
    z, good = crops(0)
    template = session.embed(z)
    want = [item.copy() for item in session.match(template, good)]
    with pytest.raises(SdstError, match=message):
        session.match(template, x)
    for one, reference in zip(session.match(template, good), want, strict=True):
        np.testing.assert_array_equal(one, reference)


def test_a_session_of_floats_refuses_bytes(bundles: Callable[[str, bool], Path]) -> None:
    session, (z, x) = open_session(bundles("points", False)), crops(0)
    with pytest.raises(SdstError, match=r"template input is uint8 \(1, 40, 40, 3\), the graph wants float32"):
        session.embed(z)
    with pytest.raises(SdstError, match=r"search input is uint8 \(1, 72, 72, 3\), the graph wants float32"):
        session.match(session.embed(floats(z)), x)


def test_trackers_share_a_session_of_bytes_without_disturbing_each_other(session: OrtSession) -> None:
    def clip(step: int) -> list[Any]:
        return [bright_frame((60 + step * i, 50 + i)) for i in range(6)]

    alone = []
    for step in (3, -2):
        tracker = Tracker(session, POINTS.config)
        tracker.init(clip(step)[0], BOX)
        alone.append([tracker.update(frame) for frame in clip(step)])
    trackers = [Tracker(session, POINTS.config) for _ in range(2)]
    for tracker in trackers:
        tracker.init(clip(0)[0], BOX)
    pairs = zip(clip(3), clip(-2), strict=True)
    together = [[tracker.update(frame) for tracker, frame in zip(trackers, pair, strict=True)] for pair in pairs]
    assert [list(results) for results in zip(*together, strict=True)] == alone


def test_bytes_are_bgr_whatever_the_networks_order(tmp_path: Path) -> None:
    """Two toys of the same graphs: their first layer is given the frame's order, so neither turns it around."""
    color = bright_frame(PATH[0])
    color[..., 0] //= 2
    found = []
    for name, toy in (("bgr", POINTS), ("rgb", RGB)):
        with load(build_toy_bundle(tmp_path / name, toy, as_bytes=True)) as tracker:
            tracker.init(color, BOX)
            found.append(tracker.update(color))
    assert found[0] == found[1]


def test_tensorrt_is_not_given_graphs_of_bytes(bundles: Callable[[str, bool], Path]) -> None:
    with pytest.raises(ConfigError, match="graphs begin with bytes, as ONNX Runtime takes them; export with"):
        open_session(bundles("points", True), engine="tensorrt")
