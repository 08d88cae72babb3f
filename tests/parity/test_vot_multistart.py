"""VOT2020 to VOT2022 against vot-toolkit's own numbers: its overlaps, and what it makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.datasets.frame_files import MissingFrames
from sdst_edge.datasets.region import Rectangle
from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.vot import PROTOCOLS, Run, SequenceRuns, VotScores
from sdst_edge.evaluation.vot.multistart import score_multistart_overlaps
from sdst_edge.evaluation.vot.toolkit_overlap import pixel_shapes, raster_overlaps
from sdst_edge.evaluation.vot.truth import true_regions
from tests.tolerances import ABS_METRIC

PROTOCOL = PROTOCOLS["vot2020"]
TRACKERS = ("a", "b", "c")


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, Any]:
    path = shared / "reference/metrics/vot_multistart/expected_vot_multistart.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def arrays(shared: Path) -> dict[str, NDArray[np.float64]]:
    with np.load(shared / "reference/metrics/vot_multistart/multistart.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def sequences(golden: dict[str, Any], arrays: dict[str, NDArray[np.float64]], shared: Path) -> list[Sequence]:
    found = []
    for name, info in golden["sequences"].items():
        boxes_xywh = arrays[f"{name}_gt"]
        found.append(
            Sequence(
                name=name,
                frames=MissingFrames(shared, info["frames"]),
                boxes_xywh=boxes_xywh,
                visible=(boxes_xywh[:, 2:] > 0).all(axis=1),
                regions=tuple(Rectangle(*box) for box in boxes_xywh.tolist()),
                anchors=arrays[f"{name}_anchor"].astype(np.int8),
                size_wh=(info["width"], info["height"]),
            )
        )
    return found


def runs_of(arrays: dict[str, NDArray[np.float64]], tracker: str, sequence: Sequence) -> SequenceRuns:
    assert sequence.anchors is not None
    starts = [(sign, start) for sign in (1, -1) for start in np.flatnonzero(sequence.anchors == sign).tolist()]
    runs = []
    for sign, start in starts:
        boxes = [Rectangle(*box) for box in arrays[f"{tracker}_{sequence.name}_{start:08d}"][1:].tolist()]
        runs.append(Run(start=start, backward=sign < 0, answers=(SpecialCode.INITIALIZATION, *boxes)))
    return SequenceRuns(name=sequence.name, runs=tuple(runs))


def assert_equal(found: VotScores, expected: dict[str, Any]) -> None:
    for key in ("eao", "accuracy", "robustness"):
        assert found.overall[key] == pytest.approx(expected[key], rel=0, abs=ABS_METRIC)
    for length, value in expected["eao_curve_at"].items():
        assert found.eao_curve[int(length)] == pytest.approx(value, rel=0, abs=ABS_METRIC)
        assert found.lengths[int(length)] == int(length)
    for item in found.sequences:
        figures = expected["per_sequence"][item.name]
        for key in ("accuracy", "robustness"):
            assert item.scores[key] == pytest.approx(figures[key], rel=0, abs=ABS_METRIC)
        assert item.progress == figures["accuracy_weight"]  # type: ignore[attr-defined]
        assert item.length == figures["robustness_weight"]  # type: ignore[attr-defined]


def test_overlaps_are_equal(arrays: dict[str, NDArray[np.float64]], sequences: list[Sequence]) -> None:
    compared = 0
    for tracker in TRACKERS:
        for sequence in sequences:
            truth = pixel_shapes(true_regions(sequence))
            assert sequence.size_wh is not None
            for run in runs_of(arrays, tracker, sequence).runs:
                shown = [truth[frame] for frame in run.frames()]
                found = raster_overlaps(pixel_shapes(run.answers), shown, sequence.size_wh)
                expected = arrays[f"{tracker}_{sequence.name}_{run.start:08d}_overlaps"]
                assert np.abs(found - expected).max() <= ABS_METRIC
                compared += len(found)
    assert compared > 50_000


def test_the_first_overlaps_are_equal(
    golden: dict[str, Any], arrays: dict[str, NDArray[np.float64]], sequences: list[Sequence]
) -> None:
    tracker, name, start = golden["overlaps_first_60_frames_of"].split("_")
    sequence = next(item for item in sequences if item.name == name)
    run = next(run for run in runs_of(arrays, tracker, sequence).runs if run.start == int(start))
    assert sequence.size_wh is not None
    found = raster_overlaps(pixel_shapes(run.answers[:60]), pixel_shapes(true_regions(sequence)[:60]), sequence.size_wh)
    assert np.abs(found - np.array(golden["overlaps"])).max() <= ABS_METRIC


@pytest.mark.parametrize("tracker", TRACKERS)
def test_figures_from_the_toolkit_s_overlaps_are_equal(
    golden: dict[str, Any], arrays: dict[str, NDArray[np.float64]], sequences: list[Sequence], tracker: str
) -> None:
    items = []
    for sequence in sequences:
        runs = runs_of(arrays, tracker, sequence).runs
        overlaps = [arrays[f"{tracker}_{sequence.name}_{run.start:08d}_overlaps"] for run in runs]
        absent = [~sequence.visible[list(run.frames())] for run in runs]
        passes = list(zip(overlaps, absent, strict=True))
        items.append(score_multistart_overlaps(sequence.name, len(sequence), passes, golden["high"]))
    assert_equal(PROTOCOL.score_set(items), golden["trackers"][tracker])


@pytest.mark.parametrize("tracker", TRACKERS)
def test_figures_from_result_files_are_equal(
    golden: dict[str, Any],
    arrays: dict[str, NDArray[np.float64]],
    sequences: list[Sequence],
    tracker: str,
    tmp_path: Path,
) -> None:
    for sequence in sequences:
        PROTOCOL.write(tmp_path, tracker, runs_of(arrays, tracker, sequence))
    pairs = [(sequence, PROTOCOL.read(tmp_path, tracker, sequence)) for sequence in sequences]
    assert_equal(PROTOCOL.score(pairs), golden["trackers"][tracker])
