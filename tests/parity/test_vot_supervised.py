"""VOT2016 to VOT2019 against PySOT's own numbers, from its kind of result files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_edge.datasets.frame_files import MissingFrames
from sdst_edge.datasets.region import bounding_box
from sdst_edge.datasets.region_text import parse_region, region_text
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.vot import PROTOCOLS, SupervisedProtocol, VotScores
from sdst_edge.evaluation.vot.pysot_overlap import outline_overlaps
from sdst_edge.evaluation.vot.supervised import SupervisedScores
from tests.tolerances import ABS_EAO_F32, ABS_METRIC

TRACKERS = ("a", "b", "c")
YEARS = ("VOT2016", "VOT2018", "VOT2019")


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "reference/metrics/vot_supervised"


@pytest.fixture(scope="module")
def golden(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "expected_pysot_vot.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def sequences(folder: Path, golden: dict[str, Any]) -> list[Sequence]:
    return [read(folder, name, info, golden["tags"]) for name, info in golden["sequences"].items()]


def read(folder: Path, name: str, info: dict[str, int], tags: list[str]) -> Sequence:
    regions = [parse_region(line) for line in (folder / f"{name}_gt.txt").read_text(encoding="utf-8").split()]
    flags = np.loadtxt(folder / f"{name}_tags.txt", delimiter=",") == 1
    return Sequence(
        name=name,
        frames=MissingFrames(folder, info["frames"]),
        boxes_xywh=np.array([bounding_box(region) for region in regions]),  # type: ignore[arg-type]
        visible=np.ones(info["frames"], np.bool_),
        regions=tuple(regions),  # type: ignore[arg-type]
        frame_attributes=dict(zip(tags, flags.T, strict=True)),
        size_wh=(info["width"], info["height"]),
    )


@pytest.fixture(scope="module")
def scored(folder: Path, sequences: list[Sequence]) -> dict[str, list[SupervisedScores]]:
    protocol = PROTOCOLS["vot2018"]
    assert isinstance(protocol, SupervisedProtocol)
    runs = {tracker: [protocol.read(folder / "results", tracker, item) for item in sequences] for tracker in TRACKERS}
    return {
        tracker: [protocol.score_sequence(*pair) for pair in zip(sequences, runs[tracker], strict=True)]
        for tracker in TRACKERS
    }


def scores(scored: dict[str, list[SupervisedScores]], year: str, tracker: str) -> VotScores:
    return PROTOCOLS[year.lower()].score_set(scored[tracker])


def test_single_overlaps_are_equal(golden: dict[str, Any]) -> None:
    for case in golden["region_overlaps"]:
        a, b = (parse_region(",".join(map(str, case[key]))) for key in ("pred", "gt"))
        assert outline_overlaps([a], [b])[0] == case["overlap"]
        assert outline_overlaps([a], [b], tuple(case["bound"]))[0] == case["overlap_bounded"]


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize("year", YEARS)
def test_a_set_s_figures_are_equal(
    scored: dict[str, list[SupervisedScores]], golden: dict[str, Any], year: str, tracker: str
) -> None:
    expected, found = golden["expected"][year][tracker], scores(scored, year, tracker)
    for key in ("accuracy", "robustness", "lost_number"):
        assert found.overall[key] == pytest.approx(expected[key], rel=0, abs=ABS_METRIC)
    assert found.overall["eao"] == pytest.approx(expected["eao"]["all"], rel=0, abs=ABS_EAO_F32)


@pytest.mark.parametrize("tracker", TRACKERS)
def test_the_eao_of_tags_is_equal(
    scored: dict[str, list[SupervisedScores]], golden: dict[str, Any], tracker: str
) -> None:
    expected, found = golden["expected"]["VOT2018"][tracker]["eao"], scores(scored, "VOT2018", tracker)
    assert sorted(found.attributes) == sorted(golden["tags"])
    for tag in golden["tags"]:
        assert found.attributes[tag].scores["eao"] == pytest.approx(expected[tag], rel=0, abs=ABS_EAO_F32)


@pytest.mark.parametrize("tracker", TRACKERS)
def test_figures_of_sequences_are_equal(
    scored: dict[str, list[SupervisedScores]], golden: dict[str, Any], tracker: str
) -> None:
    expected = golden["expected"]["VOT2018"][tracker]["per_sequence"]
    for item in scored[tracker]:
        assert item.scores["accuracy"] == pytest.approx(expected[item.name]["accuracy"], rel=0, abs=ABS_METRIC)
        assert item.failures.tolist() == expected[item.name]["failures"]


def test_results_come_back_as_they_were_written(folder: Path, sequences: list[Sequence], tmp_path: Path) -> None:
    protocol, sequence = PROTOCOLS["vot2018"], sequences[0]
    runs = protocol.read(folder / "results", "b", sequence)
    assert len(runs.runs) == 3
    protocol.write(tmp_path, "again", runs)
    again = protocol.read(tmp_path, "again", sequence)
    for one, other in zip(runs.runs, again.runs, strict=True):
        assert list(map(region_text, one.answers)) == list(map(region_text, other.answers))
