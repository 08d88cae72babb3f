"""Labels and derivation together: what a sequence holds, where it is found, how often, and the file of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets.attributes import (
    ATTRIBUTES,
    LASOT,
    OTB,
    SEQUENCE_LABELS,
    VOT_TAGS,
    AttributeIndex,
    AttributeSurvey,
    Measures,
    describe_sequence,
    held_attributes,
    held_frames,
    labelled_attributes,
    measure,
    read_labels,
)
from sdst_runtime.errors import DatasetError
from tests.boxes_only import boxes_only

FIRST = (100.0, 100.0, 40.0, 40.0)
#: 1600 px, then 4200 px (SV) 50 px to the right (FM), then nothing new.
MOVED = [FIRST, (135.0, 85.0, 70.0, 60.0), (135.0, 85.0, 70.0, 60.0)]


def test_every_name_of_a_data_set_is_explained() -> None:
    named = {*VOT_TAGS.values()}.union(*SEQUENCE_LABELS.values())
    assert named <= set(ATTRIBUTES)
    assert [len(SEQUENCE_LABELS[layout]) for layout in ("lasot", "otb", "uav123")] == [14, 11, 12]
    assert all(name == item.name and item.title and item.meaning for name, item in ATTRIBUTES.items())


def test_without_labels_all_is_derived() -> None:
    sequence = boxes_only(MOVED, tags={"FOC": [1], "OV": []})
    assert held_attributes(sequence, "lasot") == {"SV": "derived", "FOC": "derived", "FM": "derived"}


def test_labels_of_the_makers_win_also_where_they_say_no() -> None:
    sequence = boxes_only(MOVED, labels=("FM", "MB"), tags={"FOC": [1]})
    held = held_attributes(sequence, "lasot")
    assert list(held.items()) == [("MB", "labelled"), ("FM", "labelled")], "in LaSOT's order; neither SV nor FOC"


def test_no_labels_found_is_not_the_same_as_no_labels() -> None:
    assert held_attributes(boxes_only(MOVED, labels=()), "uav123") == {}
    assert held_attributes(boxes_only(MOVED, labels=None), "uav123") == {"SV": "derived", "FM": "derived"}


def test_what_the_makers_did_not_label_is_derived() -> None:
    sequence = boxes_only([*MOVED, (160.0, 20.0, 20.0, 190.0)], labels=("OCC",), tags={"SV": [], "CM": [2]})
    held = held_attributes(sequence, "vot")
    assert held == {"CM": "labelled", "FM": "derived", "ARC": "derived", "OCC": "labelled"}
    assert list(held) == ["CM", "FM", "ARC", "OCC"]


def test_definitions_change_what_is_derived() -> None:
    steps = boxes_only([FIRST, (125.0, 100.0, 40.0, 40.0)])
    assert held_attributes(steps, "otb") == {"FM": "derived"}, "25 px of more than 20"
    assert held_attributes(steps, "otb", LASOT) == {}, "25 px of more than 40"


def test_a_tag_on_the_first_frame_alone_is_not_held() -> None:
    assert labelled_attributes(boxes_only(MOVED, tags={"CM": [0], "IV": [0, 2]})) == {"IV"}


def test_held_frames_prefers_labels_of_frames() -> None:
    frames = held_frames(boxes_only(MOVED, tags={"SV": [2], "CM": [1]}), LASOT)
    assert frames["SV"].tolist() == [False, False, True]
    assert frames["CM"].tolist() == [False, True, False]
    assert frames["FM"].tolist() == [False, True, False]


def test_unknown_names_come_last() -> None:
    assert list(held_attributes(boxes_only([FIRST], labels=("snow", "SOB", "fog")), "folder")) == ["SOB", "fog", "snow"]


def test_measure_by_hand() -> None:
    boxes = [(0.0, 0.0, 40.0, 10.0), (3.0, 4.0, 40.0, 10.0), (500.0, 0.0, 1.0, 1.0), (0.0, 0.0, 10.0, 10.0)]
    assert measure(boxes_only(boxes, absent=[2])) == Measures(
        max_area_ratio_to_first=4.0,
        max_aspect_ratio_change_to_first=4.0,
        max_step_over_box_size=0.25,
        max_step_px=5.0,
        min_area_px=100.0,
        absent_frames=1,
    )


def test_measure_of_one_frame_has_no_step_and_of_no_target_nothing() -> None:
    one, none = measure(boxes_only([FIRST])), measure(boxes_only([FIRST], absent=[0]))
    assert (one.max_area_ratio_to_first, one.max_step_px, one.min_area_px) == (1.0, None, 1600.0)
    assert none == Measures(
        max_area_ratio_to_first=None,
        max_aspect_ratio_change_to_first=None,
        max_step_over_box_size=None,
        max_step_px=None,
        min_area_px=None,
        absent_frames=1,
    )


def test_describe_sequence_keeps_sources_apart() -> None:
    record = describe_sequence(boxes_only(MOVED, labels=("SV", "MB"), tags={"CM": [0, 2], "OV": [1]}), LASOT, "Set")
    assert record["attributes"] == {
        "CM": "labelled",
        "FM": "computed",
        "MB": "labelled",
        "OV": "computed",
        "SV": "labelled+computed",
    }
    assert record["labelled"]["names"] == ["CM", "MB", "SV"]
    assert record["labelled"]["fraction_of_frames_tagged"] == {"CM": 0.667}
    assert record["computed"]["flags"] == {"SV": True, "FM": True, "LR": False, "ARC": False, "OV": True}
    assert record["computed"]["measures"]["max_area_ratio_to_first"] == 2.625
    assert "labelled" not in describe_sequence(boxes_only(MOVED), LASOT, "Set")


def test_read_labels_is_given_back_what_was_described(tmp_path: Path) -> None:
    labels: dict[str, tuple[str, ...] | None] = {"one": ("FM", "SV"), "none": (), "unlabelled": None}
    records = {name: describe_sequence(boxes_only(MOVED, labels=held), OTB, "Set") for name, held in labels.items()}
    path = tmp_path / "attributes.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    assert read_labels(path) == {"one": ("FM", "SV"), "none": ()}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "cannot be read"),
        ("[]", "no table of sequences"),
        ('{"car": []}', "car is no table"),
        ('{"car": {"labelled": ["FM"]}}', r"labelled\.names of car"),
        ('{"car": {"labelled": {"names": [1]}}}', r"labelled\.names of car"),
        (None, "does not exist"),
    ],
)
def test_read_labels_names_what_is_wrong(tmp_path: Path, text: str | None, named: str) -> None:
    path = tmp_path / "attributes.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"attributes\.json.*{named}.*sdst-edge attributes"):
        read_labels(path)


def test_index_finds_sequences_and_frames() -> None:
    still = boxes_only([FIRST] * 3, labels=("FM", "MB"), name="still")
    index = AttributeIndex([boxes_only(MOVED), still, boxes_only(MOVED, labels=())], "lasot")
    assert index.names == ("MB", "SV", "FM")
    assert index.sequences_holding("FM").tolist() == [0, 1]
    assert index.sequences_with_frames("FM").tolist() == [0, 2], "of a sequence without the label too"
    assert index.frames_holding("SV", 0).tolist() == [1, 2]
    assert index.frames_holding("FM", 0).tolist() == [1]
    assert index.frames_holding("FM", 1).tolist() == []
    assert index.sequences_with_frames("MB").tolist() == [], "a label of sequences says nothing of frames"
    assert index.sequences_holding("OV").tolist() == []


def test_survey_counts_sequences_and_frames() -> None:
    survey = AttributeSurvey("lasot")
    for sequence in (
        boxes_only(MOVED, labels=("MB", "SV")),
        boxes_only(MOVED, tags={"FOC": [1, 2]}),
        boxes_only([FIRST] * 2),
    ):
        survey.add(sequence)
    assert (survey.sequences, survey.frames) == (3, 8)
    counts = {count.name: count for count in survey.counts()}
    assert list(counts) == list(SEQUENCE_LABELS["lasot"]), "all that LaSOT labels, held or not"
    scale, blur, fast, full = (counts[name] for name in ("SV", "MB", "FM", "FOC"))
    assert (scale.sequences, scale.labelled, scale.computed, scale.frames) == (2, 1, 2, 4)
    assert (fast.sequences, fast.labelled, fast.computed, fast.frames) == (1, 0, 2, 2)
    assert (full.sequences, full.computed, full.frames, full.share) == (1, 1, 2, 0.25)
    assert (blur.sequences, blur.labelled, blur.computed, blur.frames, blur.share) == (1, 1, None, None, None)
    assert blur.title == "motion blur"


def test_survey_of_nothing_has_no_share() -> None:
    assert AttributeSurvey("folder").counts() == ()


def test_flags_do_not_change_the_sequence() -> None:
    sequence = boxes_only(MOVED, tags={"SV": [2]})
    before = sequence.boxes_xywh.copy(), sequence.frame_attributes["SV"].copy()
    held_frames(sequence, LASOT)
    describe_sequence(sequence, LASOT, "Set")
    assert np.array_equal(sequence.boxes_xywh, before[0])
    assert np.array_equal(sequence.frame_attributes["SV"], before[1])
