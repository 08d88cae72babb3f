"""Attributes derived from boxes against those that were computed beside real sequences, by LaSOT's definitions.

``min_area_px_source`` is left out: it was measured before the pictures were made smaller, which boxes do not tell.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdst_edge.datasets import Sequence, open_dataset
from sdst_edge.datasets.attributes import LASOT, describe_sequence, held_attributes, read_labels


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, Any]:
    path = shared / "data" / "tracking" / "val" / "attributes.json"
    records: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return records


@pytest.fixture(scope="module")
def sequences(shared: Path) -> tuple[Sequence, ...]:
    return tuple(open_dataset(shared / "data" / "tracking" / "val", "got10k", cache=False).sequences)


def test_flags_and_measures_are_the_same(expected: dict[str, Any], sequences: tuple[Sequence, ...]) -> None:
    assert {sequence.name for sequence in sequences} == set(expected)
    assert len(sequences) == 20
    for sequence in sequences:
        computed = describe_sequence(sequence, LASOT, "val")["computed"]
        theirs = expected[sequence.name]["computed"]
        assert {name: computed["flags"][name] for name in theirs["flags"]} == theirs["flags"], sequence.name
        derivable = {name: value for name, value in theirs["measures"].items() if name != "min_area_px_source"}
        assert {name: computed["measures"][name] for name in derivable} == derivable, sequence.name


def test_labels_and_flags_make_the_same_list(
    shared: Path, expected: dict[str, Any], sequences: tuple[Sequence, ...]
) -> None:
    labels = read_labels(shared / "data" / "tracking" / "val" / "attributes.json")
    assert set(labels) == set(expected)
    for sequence in sequences:
        labelled = Sequence(
            name=sequence.name,
            frames=sequence.frames,
            boxes_xywh=sequence.boxes_xywh,
            visible=sequence.visible,
            attributes=labels[sequence.name],
        )
        theirs = expected[sequence.name]["attributes"]
        assert describe_sequence(labelled, LASOT, "val")["attributes"] == theirs
        assert held_attributes(labelled, "got10k") == {
            name: "derived" if source == "computed" else "labelled" for name, source in theirs.items()
        }
