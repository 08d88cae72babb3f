"""VOT from many starts: how trackers are run, and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.evaluation.vot import PROTOCOLS, MultistartProtocol, Run, SequenceRuns
from sdst_edge.evaluation.vot.multistart import MultistartScores, score_multistart_overlaps, score_multistart_set
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_METRIC
from tests.vot_clips import ScriptedTracker, clip, moving_boxes

PROTOCOL = MultistartProtocol(name="short", low=5, high=20)
BOX = Rectangle(10, 10, 20, 16)


def scored(*runs: list[float], absent: list[list[int]] | None = None, high: int = 20) -> MultistartScores:
    """From overlaps of runs, and for each the frames in which the target is absent."""
    hidden = [
        np.isin(np.arange(len(run)), frames) for run, frames in zip(runs, absent or [[]] * len(runs), strict=True)
    ]
    passes = [(np.array(run), flags) for run, flags in zip(runs, hidden, strict=True)]
    return score_multistart_overlaps("clip", len(runs[0]), passes, high)


def curve(item: MultistartScores, high: int = 20) -> NDArray[np.float64]:
    return score_multistart_set([item], 5, high).eao_curve


def test_a_perfect_tracker_loses_the_first_frame_of_each_run_alone() -> None:
    sequence = clip(moving_boxes(40), anchors={0: 1, 30: -1})
    tracker = ScriptedTracker.perfect(sequence)
    runs = PROTOCOL.run(tracker, sequence)
    found = PROTOCOL.score([(sequence, runs)])
    assert found.overall == {"eao": 1.0, "accuracy": (39 + 30) / (40 + 31), "robustness": 1.0}
    assert found.eao_curve.tolist() == [0.0] + [1.0] * 19
    assert found.sequences[0].frames == 71


def test_runs_go_forward_and_backward_from_their_anchors() -> None:
    sequence = clip(moving_boxes(12), anchors={0: 1, 4: 1, 3: -1, 11: -1})
    tracker = ScriptedTracker.perfect(sequence)
    runs = PROTOCOL.run(tracker, sequence).runs
    assert [(run.start, run.backward) for run in runs] == [(0, False), (4, False), (3, True), (11, True)]
    assert [list(run.frames()) for run in runs] == [
        list(range(12)),
        list(range(4, 12)),
        [3, 2, 1, 0],
        list(range(11, -1, -1)),
    ]
    assert tracker.starts == [(start, (5 + start, 10, 20, 16)) for start in (0, 4, 3, 11)]
    assert tracker.updates[11 + 7 : 11 + 7 + 3] == [2, 1, 0]
    assert all(run.answers[0] is SpecialCode.INITIALIZATION for run in runs)
    assert runs[2].answers[3] == Rectangle(5, 10, 20, 16)


def test_a_lost_tracker_has_no_progress() -> None:
    sequence = clip(moving_boxes(40), anchors={0: 1, 39: -1})
    found = PROTOCOL.score([(sequence, PROTOCOL.run(ScriptedTracker.lost(), sequence))])
    assert found.overall == {"eao": 0.0, "accuracy": 0.0, "robustness": 0.0}


def test_ten_frames_in_a_row_are_a_failure_and_nine_are_not() -> None:
    assert scored([0.0, 0.8, *[0.1] * 9, 0.8, 0.8]).progress == 13
    assert scored([0.0, 0.8, *[0.1] * 10, 0.8]).progress == 2
    assert scored([0.0, 0.8, *[0.1] * 5, 0.11, *[0.1] * 6]).progress == 14


def test_the_first_frame_counts_in_a_row() -> None:
    assert scored([0.0] * 10 + [0.8]).progress == 0
    assert scored([0.0] * 9 + [0.8]).progress == 10


def test_a_row_that_ends_the_run_is_a_failure_too() -> None:
    assert scored([0.0, 0.8, 0.8, *[0.0] * 10]).progress == 3
    assert scored([0.0, 0.8, 0.8, *[0.0] * 9]).progress == 12


def test_frames_without_a_target_end_a_row() -> None:
    overlaps = [0.0, 0.8, *[0.0] * 12, 0.8]
    assert scored(overlaps).progress == 2
    assert scored(overlaps, absent=[[7]]).progress == 15
    assert scored(overlaps, absent=[[2]]).progress == 3


def test_accuracy_and_robustness_are_over_the_progress() -> None:
    item = scored([0.0, 0.8, 0.6, *[0.05] * 10, 0.9], [0.0, 0.5])
    assert item.scores["accuracy"] == pytest.approx((0.8 + 0.6 + 0.5) / 5, rel=0, abs=ABS_METRIC)
    assert item.scores["robustness"] == 5 / 16


def test_a_set_weighs_accuracy_by_progress_and_robustness_by_length() -> None:
    first = scored([0.0, 0.8, 0.8, *[0.0] * 10])
    second = scored([0.0, 0.5, 0.5, 0.5, 0.5])
    overall = score_multistart_set([first, second], 2, 20).overall
    assert overall["accuracy"] == pytest.approx((1.6 + 2.0) / (3 + 5), rel=0, abs=ABS_METRIC)
    assert overall["robustness"] == pytest.approx((13 * 3 / 13 + 5 * 1.0) / 18, rel=0, abs=ABS_METRIC)


def test_a_run_drops_out_of_the_curve_at_its_end_unless_it_failed() -> None:
    through, failed = [0.0, 0.4, 0.8, 0.6], [0.0, 1.0, *[0.0] * 10]
    found = curve(scored(through, failed))
    assert found[1] == pytest.approx((0.4 + 1.0) / 2, rel=0, abs=ABS_METRIC)
    assert found[3] == pytest.approx((1.8 / 3 + 1.0 / 3) / 2, rel=0, abs=ABS_METRIC)
    assert found[4] == pytest.approx(1.0 / 4, rel=0, abs=ABS_METRIC)
    assert found[11] == pytest.approx(1.0 / 11, rel=0, abs=ABS_METRIC)
    assert found[12] == pytest.approx(1.0 / 11, rel=0, abs=ABS_METRIC)  # from its end on by one frame less
    assert found[19] == pytest.approx(1.0 / 18, rel=0, abs=ABS_METRIC)


def test_overlaps_after_a_failure_are_0_in_the_curve() -> None:
    found = curve(scored([0.0, 1.0, *[0.0] * 10, 1.0, 1.0]))
    assert found[13] == pytest.approx(1.0 / 13, rel=0, abs=ABS_METRIC)


def test_the_curve_is_0_where_no_run_is_so_long() -> None:
    found = score_multistart_set([scored([0.0, 0.5, 0.5])], 2, 20)
    assert found.eao_curve[:4].tolist() == [0.0, 0.5, 0.5, 0.0]
    assert found.overall["eao"] == pytest.approx(0.5 / 18, rel=0, abs=ABS_METRIC)


def test_a_longer_run_than_the_curve_is_cut() -> None:
    assert curve(scored([0.0] + [0.5] * 30), 20).tolist() == [0.0] + [0.5] * 19


def test_tags_give_the_figures_of_the_sequences_that_carry_them() -> None:
    tagged = clip(moving_boxes(30), name="tagged", anchors={0: 1}, tags={"CM": [3], "IV": []})
    other = clip(moving_boxes(30), name="other", anchors={0: 1})
    pairs = [
        (tagged, PROTOCOL.run(ScriptedTracker.lost(), tagged)),
        (other, PROTOCOL.run(ScriptedTracker.perfect(other), other)),
    ]
    found = PROTOCOL.score(pairs)
    assert list(found.attributes) == ["CM"]
    assert found.attributes["CM"].sequences == 1
    assert found.attributes["CM"].scores == {"eao": 0.0, "accuracy": 0.0, "robustness": 0.0}
    assert found.overall["robustness"] == 0.5


def test_a_tracker_is_given_the_box_around_a_mask_or_polygon() -> None:
    mask = Mask(np.pad(np.ones((4, 13), np.bool_), ((5, 2), (7, 1))), 10, 20)
    polygon = Polygon(np.array(((40.0, 20.0), (50.0, 30.0), (40.0, 40.0), (30.0, 30.0))))
    tracker = ScriptedTracker(lambda _: (1, 2, 3, 4))
    PROTOCOL.run(tracker, clip([mask, polygon], anchors={0: 1, 1: -1}))
    assert tracker.starts == [(0, (17, 25, 13, 4)), (1, (30, 20, 20, 20))]


def test_boxes_are_compared_with_masks_pixel_by_pixel() -> None:
    mask = Mask(np.ones((10, 10), np.bool_), 20, 20)
    sequence = clip([mask] * 6, anchors={0: 1})
    runs = PROTOCOL.run(ScriptedTracker(lambda _: (20, 20, 10, 5)), sequence)
    found = PROTOCOL.score([(sequence, runs)])
    assert found.overall["accuracy"] == pytest.approx(0.5 * 5 / 6, rel=0, abs=ABS_METRIC)


def test_an_answer_that_is_no_number_is_no_answer() -> None:
    sequence = clip(moving_boxes(3), anchors={0: 1})
    (run,) = PROTOCOL.run(ScriptedTracker(lambda _: (float("inf"), 1, 2, 3)), sequence).runs
    assert run.answers[1:] == (SpecialCode.UNKNOWN, SpecialCode.UNKNOWN)


@pytest.mark.parametrize(("start", "backward"), [(1, False), (1, True), (4, False)])
def test_a_run_that_leaves_the_sequence_is_refused(start: int, backward: bool) -> None:
    run = Run(start=start, backward=backward, answers=(SpecialCode.INITIALIZATION, BOX, BOX))
    with pytest.raises(DatasetError, match=rf"clip: a run from frame {start + 1} has 3 answers and leaves .* 3 frames"):
        PROTOCOL.score([(clip([BOX] * 3, anchors={1: 1}), SequenceRuns(name="clip", runs=(run,)))])


def test_a_sequence_without_runs_is_refused() -> None:
    with pytest.raises(DatasetError, match="clip: no runs to score"):
        PROTOCOL.score([(clip([BOX] * 3, anchors={1: 1}), SequenceRuns(name="clip", runs=()))])


@pytest.mark.parametrize("anchors", [None, {}])
def test_without_anchors_there_is_nothing_to_run(anchors: dict[int, int] | None) -> None:
    with pytest.raises(DatasetError, match="no anchors"):
        PROTOCOL.run(ScriptedTracker.lost(), clip(moving_boxes(3), anchors=anchors))


def test_a_target_that_is_absent_at_an_anchor_cannot_be_given() -> None:
    with pytest.raises(DatasetError, match="absent in frame 2, an anchor"):
        PROTOCOL.run(ScriptedTracker.lost(), clip([BOX, None, BOX], anchors={0: 1, 1: -1}))


def test_the_protocols_have_the_challenges_lengths() -> None:
    ranges = {name: (protocol.low, protocol.high) for name, protocol in PROTOCOLS.items()}  # type: ignore[attr-defined]
    assert ranges == {"vot2016": (108, 371), "vot2018": (100, 356), "vot2019": (46, 291), "vot2020": (115, 755)}
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert protocol.metrics[0].key == "eao"
        assert str(ranges[name][1]) in protocol.description
