"""Crops to calibrate on: what the tracker itself cuts, the same every time; too few or plain ones are refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import Sequence, render_clip
from sdst_export.calibration import CalibrationSet, CropPair, collect, random_calibration
from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import ConfigError, DatasetError
from sdst_runtime.loading import open_session
from sdst_runtime.tracker import Tracker
from tests.toy_bundle import build_toy_bundle
from tests.toys import POINTS, SMALL


@cache
def clip(seed: int, frames: int = 30) -> Sequence:
    return render_clip(seed, frames=frames, size_wh=(160, 120), distractors=1).held(range(frames))


def crops(count: int, *, shared_template: bool = True) -> tuple[CropPair, ...]:
    generator = np.random.default_rng(0)
    z = generator.normal(size=(1, 3, 8, 8)).astype(np.float32)
    return tuple(
        CropPair(z=z if shared_template else z + index, x=generator.normal(size=(1, 3, 16, 16)).astype(np.float32))
        for index in range(count)
    )


def made(pairs: tuple[CropPair, ...]) -> CalibrationSet:
    return CalibrationSet(source="set", sequences=1, pairs=pairs)


def test_facts_count_templates_once() -> None:
    facts = made(crops(9)).facts("entropy")
    assert (facts.source, facts.templates, facts.searches, facts.method) == ("set", 1, 9, "entropy")
    assert made(crops(9, shared_template=False)).facts("entropy").templates == 9


def test_spread_takes_pairs_from_all_over_and_of_every_size() -> None:
    pairs = crops(9)
    large = tuple(CropPair(z=pair.z, x=np.tile(pair.x, (1, 1, 2, 2))) for pair in pairs[:2])
    chosen = made((*pairs, *large)).spread(6)
    assert [pair.x.shape[2] for pair in chosen] == [16, 16, 16, 32, 32]
    assert chosen[0] is pairs[0]
    assert chosen[2] is pairs[-1]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("which", ["x", "z"])
def test_crops_that_are_no_numbers_are_refused(which: str, value: float) -> None:
    pairs = list(crops(9, shared_template=False))
    broken = getattr(pairs[4], which).copy()
    broken[0, 1, 2, 3] = value
    pairs[4] = replace(pairs[4], **{which: broken})
    with pytest.raises(DatasetError, match="crop 4 to calibrate on holds NaN or infinity"):
        made(tuple(pairs))


@pytest.mark.parametrize("which", ["x", "z"])
def test_plain_crops_are_refused(which: str) -> None:
    pairs = list(crops(9, shared_template=False))
    plain = np.zeros_like(getattr(pairs[3], which))
    plain += np.array([0.5, -1.0, 100.0], np.float32).reshape(3, 1, 1)  # one colour, three channels
    pairs[3] = replace(pairs[3], **{which: plain})
    with pytest.raises(DatasetError, match="crop 3 to calibrate on is of one colour"):
        made(tuple(pairs))


def test_too_few_crops_are_refused() -> None:
    with pytest.raises(DatasetError, match="7 search crops to calibrate on, expected at least 8"):
        made(crops(7))


def test_random_calibration_says_that_it_is_random() -> None:
    found = random_calibration(SMALL.config)
    small = SMALL.config.for_small_target()
    assert small is not None
    assert found.source == "random"
    assert found.sequences == 0
    assert {pair.x.shape for pair in found.pairs} == {SMALL.config.search_shape, small.search_shape}
    again = random_calibration(SMALL.config)
    assert all(np.array_equal(one.x, other.x) for one, other in zip(found.pairs, again.pairs, strict=True))


def test_collect_gives_what_the_tracker_gives_its_network(toy_bundle: Path) -> None:
    found = collect(Bundle.open(toy_bundle), [clip(1), clip(2)], "clips", searches=16)
    assert found.sequences == 2
    assert 8 <= len(found.pairs) <= 24
    assert len(found.template_crops) == 4  # two starts in each
    assert {pair.z.shape for pair in found.pairs} == {POINTS.config.template_shape}
    assert {pair.x.shape for pair in found.pairs} == {POINTS.config.search_shape}
    assert len({pair.x.tobytes() for pair in found.pairs}) > 8


def test_collect_is_the_same_every_time(toy_bundle: Path) -> None:
    one, other = (collect(Bundle.open(toy_bundle), [clip(1)], "clips", searches=12) for _ in range(2))
    assert len(one.pairs) == len(other.pairs)
    for a, b in zip(one.pairs, other.pairs, strict=True):
        assert np.array_equal(a.z, b.z)
        assert np.array_equal(a.x, b.x)


def test_collect_takes_the_frames_that_the_tracker_is_least_sure_of(toy_bundle: Path) -> None:
    """One dark frame among even ones: whatever the score makes of it, the lowest score's crop is there."""
    plain = clip(1, frames=36)
    frames = [plain.frames[index] for index in range(36)]
    frames[17] = frames[17] // 32
    dark = replace(plain, frames=tuple(frames))
    found = collect(Bundle.open(toy_bundle), [dark], "clips", searches=16)
    kept = {pair.x.tobytes() for pair in found.pairs}
    core: list[NativeTracker] = []

    def make_core(config: TrackerConfig) -> NativeTracker:
        core.append(NativeTracker(config))
        return core[-1]

    seen: list[tuple[float, bytes]] = []
    with open_session(toy_bundle) as session, Tracker(session, POINTS.config, core=make_core) as tracker:
        tracker.init(dark.frames[0], dark.boxes_xywh[0])
        for frame in frames[1:]:
            x = core[-1].search_input(frame).tobytes()
            seen.append((tracker.update(frame).score, x))
    assert min(seen)[1] in kept
    assert max(seen)[0] > min(seen)[0]


def test_collect_has_crops_of_both_search_sizes(tmp_path: Path) -> None:
    bundle = Bundle.open(build_toy_bundle(tmp_path / "small", SMALL))
    found = collect(bundle, [clip(1)], "clips", searches=32)
    small = SMALL.config.for_small_target()
    assert small is not None
    counts = [sum(pair.x.shape == each.search_shape for pair in found.pairs) for each in (SMALL.config, small)]
    assert min(counts) >= 8


def test_collect_refuses_what_it_cannot_use(toy_bundle: Path) -> None:
    bundle = Bundle.open(toy_bundle)
    with pytest.raises(DatasetError, match="nothing: no sequence with a visible target in 0"):
        collect(bundle, [], "nothing")
    hidden = replace(clip(1), visible=np.zeros(30, np.bool_))
    with pytest.raises(DatasetError, match="no sequence with a visible target in 1"):
        collect(bundle, [hidden], "hidden")
    black = replace(clip(1), frames=tuple(np.zeros((120, 160, 3), np.uint8) for _ in range(30)))
    with pytest.raises(DatasetError, match="0 search crops to calibrate on"):
        collect(bundle, [black], "black")
    with pytest.raises(DatasetError, match="search crops to calibrate on, expected at least 8"):
        collect(bundle, [clip(1, frames=3)], "short")
    with pytest.raises(ConfigError, match="searches is 0"):
        collect(bundle, [clip(1)], "clips", searches=0)
