"""VOT with resets: how trackers are run, and figures worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.vot import Run, SequenceRuns, SupervisedProtocol, VotScores
from sdst_edge.evaluation.vot.runs import Answer
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_METRIC
from tests.vot_clips import SIZE_WH, ScriptedTracker, clip, moving_boxes

UNKNOWN, START, FAILURE = SpecialCode
BOX = Rectangle(10, 10, 20, 16)
#: Shares 11 x 17 of 21 x 17 pixels with it.
HALF = Rectangle(10, 10, 10, 16)
SHARE = float(np.float32(11) / np.float32(21))

PROTOCOL = SupervisedProtocol(name="short", low=2, high=12)


def still(count: int, **kwargs: Mapping[str, list[int]]) -> Sequence:
    return clip([BOX] * count, **kwargs)  # type: ignore[arg-type]


def score(sequence: Sequence, *runs: list[Answer], protocol: SupervisedProtocol = PROTOCOL) -> VotScores:
    passes = tuple(Run(start=0, backward=False, answers=tuple(answers)) for answers in runs)
    return protocol.score([(sequence, SequenceRuns(name=sequence.name, runs=passes))])


def codes(run: Run) -> str:
    """1, 2 and 0 for codes, b for a box."""
    return "".join(str(int(answer)) if isinstance(answer, SpecialCode) else "b" for answer in run.answers)


def test_a_perfect_tracker_runs_through_and_scores_1() -> None:
    sequence = clip(moving_boxes(30))
    tracker = ScriptedTracker.perfect(sequence)
    runs = PROTOCOL.run(tracker, sequence)
    assert codes(runs.runs[0]) == "1" + "b" * 29
    assert tracker.starts == [(0, (5, 10, 20, 16))]
    assert tracker.updates == list(range(1, 30))
    found = PROTOCOL.score([(sequence, runs)])
    assert found.overall == {"eao": 1.0, "accuracy": 1.0, "robustness": 0.0, "lost_number": 0.0}
    assert found.sequences[0].frames == 20
    assert found.eao_curve.tolist() == [1.0] * 30
    assert found.lengths.tolist() == list(range(1, 31))


def test_a_lost_tracker_is_set_anew_five_frames_after_each_failure() -> None:
    sequence = clip(moving_boxes(15))
    tracker = ScriptedTracker.lost()
    runs = PROTOCOL.run(tracker, sequence)
    assert codes(runs.runs[0]) == "120000120000120"
    assert [index for index, _ in tracker.starts] == [0, 6, 12]
    found = PROTOCOL.score([(sequence, runs)])
    assert np.isnan(found.overall["accuracy"])
    assert found.overall["lost_number"] == 3
    assert found.overall["robustness"] == 100 * 3 / 15
    assert found.overall["eao"] == 0.0
    assert found.sequences[0].frames == 0


def test_a_failure_in_the_last_frame_counts_but_ends_no_fragment() -> None:
    sequence = still(12)
    runs = PROTOCOL.run(ScriptedTracker(lambda index: (10, 10, 10, 16) if index < 11 else (50, 50, 9, 9)), sequence)
    assert codes(runs.runs[0]) == "1bbbbbbbbbb2"
    found = PROTOCOL.score([(sequence, runs)])
    assert found.overall["lost_number"] == 1
    # one fragment to the end: ten overlaps, and 0 in the last frame
    assert found.eao_curve[11] == pytest.approx(10 * SHARE / 11, rel=0, abs=ABS_METRIC)


def test_a_failure_five_frames_before_the_end_ends_a_fragment() -> None:
    answers: list[Answer] = [START, *[HALF] * 9, FAILURE, *[UNKNOWN] * 4]
    found = score(still(15), answers)
    # the fragment goes on with 0; the one that would begin after the last frame weighs nothing
    assert found.eao_curve[14] == pytest.approx(9 * SHARE / 14, rel=0, abs=ABS_METRIC)


def test_a_fragment_that_ends_with_the_sequence_weighs_as_if_it_were_longer() -> None:
    answers: list[Answer] = [START, *[HALF] * 9, FAILURE, *[UNKNOWN] * 4]
    found = score(still(15), answers, [START, *[BOX] * 14])
    # all frames of both count, divided by 16 and by 15
    assert found.eao_curve[14] == pytest.approx((15 / 16 * 9 * SHARE / 14 + 1) / (15 / 16 + 1), rel=0, abs=ABS_METRIC)


def test_runs_weigh_alike_in_the_eao_however_many_a_sequence_has() -> None:
    once, thrice = clip([BOX] * 8, name="once"), clip([BOX] * 8, name="thrice")
    run = Run(start=0, backward=False, answers=(START, *[BOX] * 7))
    other = Run(start=0, backward=False, answers=(START, *[HALF] * 7))
    runs = SequenceRuns(name="once", runs=(run,)), SequenceRuns(name="thrice", runs=(other,) * 3)
    found = PROTOCOL.score(list(zip((once, thrice), runs, strict=True)))
    assert found.overall["eao"] == pytest.approx((1 + 3 * SHARE) / 4, rel=0, abs=ABS_METRIC)


def test_an_unknown_overlap_is_0_in_a_run_with_failures_alone() -> None:
    protocol = SupervisedProtocol(name="short", low=2, high=4)
    without = score(still(4), [START, BOX, UNKNOWN, BOX], protocol=protocol)
    assert without.lengths.tolist() == [1, 2, 3]  # from there on it is no number
    assert without.eao_curve.tolist() == [1.0, 1.0, 0.0]
    assert without.overall["eao"] == 0.5
    failing = score(still(5), [START, BOX, UNKNOWN, BOX, FAILURE], protocol=protocol)
    assert failing.eao_curve[:4].tolist() == [1.0, 1.0, 0.5, pytest.approx(2 / 3)]


def test_a_frame_without_a_target_has_overlap_0_in_the_eao() -> None:
    protocol = SupervisedProtocol(name="short", low=2, high=4)
    found = score(clip([BOX, BOX, None, BOX]), [START, BOX, BOX, BOX], protocol=protocol)
    assert found.eao_curve.tolist() == [1.0, 1.0, 0.5, pytest.approx(2 / 3)]


@pytest.mark.parametrize("runs", [[], [[START, BOX]], [[START, BOX, BOX], [START] * 4]])
def test_runs_of_another_length_are_refused(runs: list[list[Answer]]) -> None:
    with pytest.raises(DatasetError, match=r"sequence clip: runs of \[.*\] answers, expected one a frame: 3"):
        score(still(3), *runs)


def test_eao_is_the_curve_s_mean_over_its_lengths_and_fragments() -> None:
    answers: list[Answer] = [START, HALF, FAILURE, *[UNKNOWN] * 4, START, *[BOX] * 4]
    found = score(still(12), answers, protocol=SupervisedProtocol(name="short", low=2, high=4))
    # failed: SHARE, then 0 for ever (8 frames long with the next start); the other one: 1 from frame 2 to 5
    curve = [1.0, (SHARE + 1) / 2, (SHARE / 2 + 1) / 2, (SHARE / 3 + 1) / 2, (SHARE / 4 + 1) / 2, SHARE / 5]
    assert found.eao_curve[:6] == pytest.approx(curve, rel=0, abs=ABS_METRIC)
    assert found.overall["eao"] == pytest.approx(np.mean(curve[1:4]), rel=0, abs=ABS_METRIC)


def test_fragments_weigh_as_much_as_of_them_carries_the_tag() -> None:
    answers: list[Answer] = [START, HALF, FAILURE, *[UNKNOWN] * 4, START, *[BOX] * 4]
    sequence = still(12, tags={"CM": [0, 1, 2, 3, 8], "IV": [9], "OCC": []})
    found = score(sequence, answers, protocol=SupervisedProtocol(name="short", low=2, high=2))
    # frames 0 to 7 and 7 to 11: 4 of 8 and 1 of 5
    tagged = (4 / 8 * SHARE + 1 / 5) / (4 / 8 + 1 / 5)
    assert found.attributes["CM"].scores["eao"] == pytest.approx(tagged, rel=0, abs=ABS_METRIC)
    assert found.attributes["IV"].scores["eao"] == 1.0
    assert list(found.attributes) == ["CM", "IV"]
    assert found.attributes["CM"].sequences == 1


def test_ten_frames_from_a_start_on_do_not_count_for_accuracy() -> None:
    found = score(still(13), [START, *[HALF] * 9, BOX, BOX, HALF])
    assert found.overall["accuracy"] == pytest.approx((2 + SHARE) / 3, rel=0, abs=ABS_METRIC)
    assert found.sequences[0].frames == 3


def test_repetitions_are_averaged_frame_by_frame_and_failures_too() -> None:
    through: list[Answer] = [START, *[BOX] * 24]
    failed: list[Answer] = [START, *[HALF] * 11, FAILURE, *[UNKNOWN] * 4, START, *[BOX] * 7]
    found = score(still(25), through, failed)
    # frames 10, 11: both; 12 to 24: the first run alone, as the second one burns in to the end
    assert found.overall["accuracy"] == pytest.approx((2 * (1 + SHARE) / 2 + 13) / 15, rel=0, abs=ABS_METRIC)
    assert found.overall["lost_number"] == 0.5
    assert found.overall["robustness"] == 100 * 0.5 / 25


def test_a_set_pools_frames_and_adds_failures() -> None:
    first, second = clip([BOX] * 20, name="first"), clip([BOX] * 40, name="second")
    runs = [
        SequenceRuns(name="first", runs=(Run(start=0, backward=False, answers=(START, *[HALF] * 19)),)),
        SequenceRuns(name="second", runs=(Run(start=0, backward=False, answers=(START, *[BOX] * 38, FAILURE)),)),
    ]
    found = PROTOCOL.score(list(zip((first, second), runs, strict=True)))
    assert found.overall["accuracy"] == pytest.approx((10 * SHARE + 29) / 39, rel=0, abs=ABS_METRIC)
    assert found.overall["robustness"] == pytest.approx(100 / 60, rel=0, abs=ABS_METRIC)
    assert [item.scores["lost_number"] for item in found.sequences] == [0, 1]


def test_as_many_passes_are_made_as_asked_for() -> None:
    sequence = clip(moving_boxes(4))
    tracker = ScriptedTracker.perfect(sequence)
    runs = SupervisedProtocol(name="thrice", low=2, high=4, repetitions=3).run(tracker, sequence)
    assert len(runs.runs) == 3
    assert len(tracker.starts) == 3


def test_a_tracker_is_given_the_box_of_a_rotated_target_s_area() -> None:
    diamond = Polygon(np.array(((40.0, 20.0), (50.0, 30.0), (40.0, 40.0), (30.0, 30.0))))
    tracker = ScriptedTracker(lambda _: (30, 20, 20, 20))
    PROTOCOL.run(tracker, clip([diamond, diamond]))
    side = 20 * np.sqrt(0.5)
    assert tracker.starts[0][1] == pytest.approx((40 - side / 2, 30 - side / 2, side + 1, side + 1))


def test_the_true_box_ends_with_its_last_pixel_when_failures_are_told() -> None:
    touching = ScriptedTracker(lambda _: (30, 10, 20, 16))  # begins where a box of 20 px from 10 on has ended
    near = ScriptedTracker(lambda _: (28, 10, 20, 16))
    assert codes(PROTOCOL.run(touching, still(2)).runs[0]) == "12"
    assert codes(PROTOCOL.run(near, still(2)).runs[0]) == "1b"


def test_a_box_that_is_no_number_is_a_failure() -> None:
    runs = PROTOCOL.run(ScriptedTracker(lambda _: (float("nan"), 1, 2, 3)), still(3))
    assert codes(runs.runs[0]) == "120"


def test_an_absent_target_is_no_failure_and_no_start() -> None:
    regions = [BOX, BOX, None, BOX, None, None, None, None, None, BOX, BOX]
    tracker = ScriptedTracker(lambda index: (50, 50, 9, 9) if index == 3 else (10, 10, 20, 16))
    sequence = clip(regions)  # type: ignore[arg-type]
    runs = PROTOCOL.run(tracker, sequence)
    assert codes(runs.runs[0]) == "1bb2000001b"
    found = PROTOCOL.score([(sequence, runs)])
    assert found.overall["lost_number"] == 1
    assert np.isfinite(found.overall["eao"])


def test_a_target_that_is_absent_from_the_start_cannot_be_given() -> None:
    with pytest.raises(DatasetError, match="absent in frame 1"):
        PROTOCOL.run(ScriptedTracker.lost(), clip([None, BOX]))


def test_masks_are_left_to_the_other_protocol() -> None:
    mask = Mask(np.ones((10, 10), np.bool_), 20, 20)
    with pytest.raises(DatasetError, match="vot2020"):
        PROTOCOL.run(ScriptedTracker.lost(), clip([mask, mask]))


def test_boxes_are_enough_where_a_set_has_no_regions() -> None:
    whole = clip(moving_boxes(30))
    sequence = Sequence(
        name="boxes", frames=whole.frames, boxes_xywh=whole.boxes_xywh, visible=whole.visible, size_wh=SIZE_WH
    )
    runs = PROTOCOL.run(ScriptedTracker.perfect(sequence), sequence)
    assert PROTOCOL.score([(sequence, runs)]).overall["eao"] == 1.0


def test_only_updates_are_timed_as_such() -> None:
    (run,) = PROTOCOL.run(ScriptedTracker.lost(), clip(moving_boxes(8))).runs
    assert codes(run) == "12000012"
    assert run.seconds is not None
    updates = run.update_seconds()
    assert updates is not None
    assert updates.tolist() == run.seconds[[1, 7]].tolist()
    assert (run.seconds[2:6] == 0).all()
