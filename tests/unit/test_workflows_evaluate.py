"""Evaluations from end to end, with a double in the place of the tracker."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_edge.datasets import Sequence, write_got10k_sequence
from sdst_edge.evaluation import EvaluationResult
from sdst_edge.evaluation.compare import compare_results
from sdst_edge.workflows.evaluate import Request, find_model, run_evaluation
from sdst_runtime.errors import BoxError, ConfigError, DatasetError, SdstError

NAMES = ("a", "b", "c")
FRAMES = 4


class StillTracker:
    """Repeats its box; writes down which sequence it saw, told by the colour, and may fail on one."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fails: dict[str, BaseException] = {}

    def init(self, frame: Any, box_xywh: Any) -> None:
        name = NAMES[round(int(frame[0, 0, 0]) / 80)]
        self.seen.append(name)
        self.box_xywh = box_xywh

    def update(self, frame: Any) -> Any:
        if self.seen[-1] in self.fails:
            raise self.fails[self.seen[-1]]
        return self.box_xywh


@pytest.fixture
def tracker(monkeypatch: pytest.MonkeyPatch) -> StillTracker:
    double = StillTracker()

    @contextmanager
    def opener(_: object) -> Iterator[StillTracker]:
        yield double

    for module in ("running", "evaluation"):
        monkeypatch.setattr(f"sdst_edge.workflows.evaluate.{module}.open_tracker", opener)
    return double


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the page and the plots out, which take a second."""
    monkeypatch.setattr("sdst_edge.workflows.report.write_report", lambda *_, **__: None)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three sequences; the target stands still in a, moves in b and c."""
    for number, name in enumerate(NAMES):
        boxes = np.array([(2.0 + number * index, 3.0, 8.0, 6.0) for index in range(FRAMES)])
        frames = [np.full((24, 32, 3), 80 * number, np.uint8)] * FRAMES
        visible = np.ones(FRAMES, np.bool_)
        write_got10k_sequence(
            tmp_path / "data" / name, Sequence(name=name, frames=frames, boxes_xywh=boxes, visible=visible)
        )
    return tmp_path / "data"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder that looks like a bundle; the double is opened in its place."""
    (tmp_path / "n3").mkdir()
    (tmp_path / "n3" / "manifest.json").write_text("{}", encoding="utf-8")
    return tmp_path / "n3"


def run(model: Path, data: Path, **options: Any) -> EvaluationResult:
    return run_evaluation(Request(model=find_model(model), dataset=data, layout="got10k", **options))


def test_a_run_leaves_figures_tables_and_boxes(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    told: list[tuple[int, int, str]] = []
    request = Request(model=find_model(bundle), dataset=data, layout="got10k", out=out, command="sdst-edge eval n3")
    result = run_evaluation(request, lambda *step: told.append(step))
    assert EvaluationResult.read(out / "result.json") == result
    assert (result.tracker, result.dataset, result.layout, result.rule) == ("n3", "data", "got10k", "house")
    assert result.sequences[0].scores["ao"] == 1.0
    rows = (out / "result.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("sequence,frames,scored,success_auc,precision_20,ao,sr_50,fps,median_ms,attributes")
    assert rows[1].startswith("a,4,3,")
    assert len(rows) == 4
    assert (out / "attributes.csv").read_text(encoding="utf-8").startswith("attribute,source,sequences,success_auc")
    assert np.loadtxt(out / "boxes" / "n3" / "b" / "b_001.txt", delimiter=",").tolist() == [[3.0, 4.0, 8.0, 6.0]] * 4
    assert told[0] == (0, 3, "")
    assert told[1] == (1, 3, "success AUC 0.952")
    assert told[-1][:2] == (3, 3)


@pytest.mark.parametrize("rule", ["house", "got10k"])
def test_the_last_running_mean_is_the_figure_of_the_set(
    tracker: StillTracker, bundle: Path, data: Path, rule: str
) -> None:
    (data / "c" / "absence.label").write_text("0\n0\n1\n1\n", encoding="utf-8")
    told: list[str] = []
    request = Request(model=find_model(bundle), dataset=data, layout="got10k", rule=rule)
    result = run_evaluation(request, lambda *step: told.append(step[2]))
    assert [item.scored for item in result.sequences] == [3, 3, 1]
    metric = result.metrics[0]
    assert told[-1] == f"{metric.label} {result.overall[metric.key]:.3f}"


def test_the_running_mean_of_clips_too_short_for_an_overlap_is_of_failures(
    tracker: StillTracker, bundle: Path, data: Path
) -> None:
    told: list[str] = []
    request = Request(model=find_model(bundle), dataset=data, protocol="vot2018", sequences=("a",))
    run_evaluation(request, lambda *step: told.append(step[2]))
    assert told[-1] == "robustness 0.000"


@pytest.fixture
def kept_back(data: Path) -> Path:
    """The same sequences without all boxes but the first, as GOT-10k's test set has them."""
    root = data.rename(data.with_name("test"))
    for name in NAMES:
        (root / name / "absence.label").unlink()
        boxes = root / name / "groundtruth.txt"
        boxes.write_text(boxes.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    return root


@pytest.mark.parametrize("options", [{}, {"rule": "got10k"}, {"protocol": "vot2018"}])
def test_a_set_whose_boxes_are_not_published_is_not_scored(
    tracker: StillTracker, bundle: Path, kept_back: Path, options: Any
) -> None:
    with pytest.raises(DatasetError, match=r"none is left to score: .* --rules none` leaves boxes for their server"):
        run(bundle, kept_back, **options)
    assert tracker.seen == []


def test_boxes_of_such_a_set_are_left_for_its_server(
    tracker: StillTracker, bundle: Path, kept_back: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run(bundle, kept_back, rule="none", out=out, attributes=True)
    assert np.loadtxt(out / "boxes" / "n3" / "c" / "c_001.txt", delimiter=",").tolist() == [[3.0, 4.0, 8.0, 6.0]] * 4
    assert (result.rule, result.metrics, result.overall, result.curves) == ("none", (), {}, {})
    assert [(item.frames, item.scored, item.scores) for item in result.sequences] == [(4, 0, {})] * 3
    assert result.speed is not None
    assert EvaluationResult.read(out / "result.json") == result
    assert "nothing was scored" in (out / "report.html").read_text(encoding="utf-8")
    run(bundle, kept_back, rule="none", out=out)
    assert tracker.seen == ["a", "b", "c"], "nothing is run twice"
    with pytest.raises(DatasetError, match="none is left to score"):
        run(out / "boxes" / "n3", kept_back)
    with pytest.raises(DatasetError, match="n3 was not scored"):
        compare_results([result, result])


def test_a_second_run_runs_nothing_and_gives_the_same(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path
) -> None:
    first = run(bundle, data, out=tmp_path / "out")
    assert tracker.seen == ["a", "b", "c"]
    second = run(bundle, data, out=tmp_path / "out", workers=4)
    assert tracker.seen == ["a", "b", "c"]
    assert first == second
    assert first.speed is not None
    other = run(bundle, data, out=tmp_path / "out", rule="otb")
    assert (other.rule, tracker.seen) == ("otb", ["a", "b", "c"]), "another rule needs no new boxes"


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), SdstError("no memory")])
def test_an_interrupted_run_is_resumed(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path, failure: BaseException
) -> None:
    tracker.fails = {"b": failure}
    with pytest.raises(type(failure)):
        run(bundle, data, out=tmp_path / "out")
    assert not (tmp_path / "out" / "result.json").exists()
    tracker.fails = {}
    resumed = run(bundle, data, out=tmp_path / "out")
    assert tracker.seen == ["a", "b", "b", "c"]
    assert resumed.overall == run(bundle, data).overall


def test_a_file_that_is_half_written_is_not_taken_as_finished(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path
) -> None:
    whole = run(bundle, data, out=tmp_path / "out")
    boxes = tmp_path / "out" / "boxes" / "n3" / "b" / "b_001.txt"
    text = boxes.read_text(encoding="utf-8")
    for broken in ("\n".join(text.splitlines()[:-1]), text + "1,2,3,4\n", "", "1,2,3\n" * 4):
        boxes.write_text(broken, encoding="utf-8")
        assert run(bundle, data, out=tmp_path / "out").overall == whole.overall
        assert tracker.seen.pop() == "b"
        assert boxes.read_text(encoding="utf-8") == text


def test_a_changed_model_is_refused_and_may_replace(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path
) -> None:
    run(bundle, data, out=tmp_path / "out")
    (bundle / "manifest.json").write_text('{"other": 1}', encoding="utf-8")
    with pytest.raises(ConfigError, match="holds an evaluation of something else: model n3"):
        run(bundle, data, out=tmp_path / "out")
    run(bundle, data, out=tmp_path / "out", overwrite=True)
    assert tracker.seen == ["a", "b", "c"] * 2


def test_a_model_that_cannot_be_opened_replaces_nothing(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(bundle, data, out=tmp_path / "out")
    monkeypatch.undo()
    with pytest.raises(SdstError, match="manifest"):
        run(bundle, data, out=tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "boxes" / "n3" / "a" / "a_001.txt").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_that_cannot_be_opened_begins_nothing(bundle: Path, data: Path, tmp_path: Path, workers: int) -> None:
    with pytest.raises(SdstError, match="manifest"):
        run(bundle, data, out=tmp_path / "out", workers=workers)
    assert not (tmp_path / "out").exists(), "the right options would be refused as those of another run"


def test_recorded_boxes_score_as_the_run_that_left_them(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path
) -> None:
    ran = run(bundle, data, out=tmp_path / "out")
    for picture in data.rglob("*.jpg"):
        picture.unlink()
    recorded = run(tmp_path / "out" / "boxes" / "n3", data, attributes=True)
    assert recorded == ran
    assert tracker.seen == ["a", "b", "c"]


def recorded_boxes(folder: Path, names: tuple[str, ...], rows: int = FRAMES) -> Path:
    folder.mkdir()
    for name in names:
        (folder / f"{name}.txt").write_text("3\t4\t8\t6\n" * rows, encoding="utf-8")
    return folder


def test_recorded_boxes_without_times_have_no_speed(data: Path, tmp_path: Path) -> None:
    result = run(recorded_boxes(tmp_path / "other", NAMES), data)
    assert (result.tracker, result.speed, result.workers) == ("other", None, 1)


def test_missing_results_are_listed_or_skipped(data: Path, tmp_path: Path) -> None:
    folder = recorded_boxes(tmp_path / "other", ("b",))
    with pytest.raises(DatasetError, match=r"no result of 2 of 3 sequences: a, c; .*--skip-broken"):
        run(folder, data)
    result = run(folder, data, skip_broken=True)
    assert [item.name for item in result.sequences] == ["b"]
    assert [item.name for item in result.skipped] == ["a", "c"]


def test_a_folder_without_results_is_refused_with_a_hint(data: Path, tmp_path: Path) -> None:
    recorded_boxes(tmp_path / "results", ())
    with pytest.raises(DatasetError, match=r"is no bundle.*expected a\.txt or a/a_001\.txt"):
        run(tmp_path / "results", data)
    recorded_boxes(tmp_path / "results" / "other", NAMES)
    with pytest.raises(DatasetError, match=r"results/other does: give that folder"):
        run(tmp_path / "results", data, skip_broken=True)


def test_results_of_another_length_are_refused_by_file_or_skipped(data: Path, tmp_path: Path) -> None:
    folder = recorded_boxes(tmp_path / "other", NAMES)
    (folder / "b.txt").write_text("3,4,8,6\n" * 3, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"b\.txt: sequence b: 3 predicted boxes for 4 frames"):
        run(folder, data)
    result = run(folder, data, skip_broken=True)
    assert [item.name for item in result.sequences] == ["a", "c"]
    assert "b.txt" in result.skipped[0].reason


@pytest.mark.parametrize("rows", [354, 349])
def test_results_of_tiger1_are_held_against_the_frames_that_the_toolkit_took(tmp_path: Path, rows: int) -> None:
    truth = ["1,1,10,10"] * 5 + ["100,100,10,10"] * 349
    (tmp_path / "otb" / "Tiger1").mkdir(parents=True)
    (tmp_path / "otb" / "Tiger1" / "groundtruth_rect.txt").write_text("\n".join(truth), encoding="utf-8")
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "tiger1.txt").write_text("\n".join(truth[-rows:]), encoding="utf-8")
    result = run_evaluation(Request(model=find_model(tmp_path / "boxes"), dataset=tmp_path / "otb", rule="otb"))
    assert result.sequences[0].frames == rows
    assert result.overall["precision_20"] == 1.0


def test_a_toolkit_that_fills_up_short_results_does_so_here(data: Path, tmp_path: Path) -> None:
    folder = recorded_boxes(tmp_path / "other", NAMES, rows=3)
    assert len(run(folder, data, rule="pytracking").sequences) == 3


@pytest.mark.parametrize("failure", [DatasetError("b is torn"), BoxError("box does not meet the frame")])
def test_a_sequence_that_fails_is_named_or_skipped(
    tracker: StillTracker, bundle: Path, data: Path, failure: SdstError
) -> None:
    tracker.fails = {"b": failure}
    with pytest.raises(DatasetError, match=r"sequence b: box does not meet|b is torn"):
        run(bundle, data)
    result = run(bundle, data, skip_broken=True)
    assert [item.name for item in result.sequences] == ["a", "c"]
    assert [item.name for item in result.skipped] == ["b"]


def test_a_sequence_that_cannot_be_started_is_refused_before_any_run_or_skipped(
    tracker: StillTracker, bundle: Path, data: Path
) -> None:
    (data / "c" / "absence.label").write_text("1\n0\n0\n0\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="sequence c: the target is absent in frame 1"):
        run(bundle, data)
    assert tracker.seen == []
    assert [item.name for item in run(bundle, data, skip_broken=True).sequences] == ["a", "b"]


def test_only_the_sequences_asked_for_are_run(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path
) -> None:
    (data / "a" / "groundtruth.txt").write_text("torn", encoding="utf-8")  # of no concern
    first = run(bundle, data, out=tmp_path / "out", sequences=("c",))
    assert [item.name for item in first.sequences] == ["c"]
    assert first.skipped == ()
    both = run(bundle, data, out=tmp_path / "out", sequences=("b", "c"))
    assert [item.name for item in both.sequences] == ["b", "c"]
    assert tracker.seen == ["c", "b"]
    with pytest.raises(DatasetError, match="no sequence 'd'; it has b, c"):
        run(bundle, data, sequences=("d",))
    with pytest.raises(DatasetError, match="a is broken"):
        run(bundle, data, sequences=("a", "b"))
    skipping = run(bundle, data, sequences=("a", "b"), skip_broken=True)
    assert [item.name for item in skipping.skipped] == ["a"]


def test_nothing_left_to_score_is_an_error(tracker: StillTracker, bundle: Path, data: Path) -> None:
    tracker.fails = {name: DatasetError(f"{name} is torn") for name in NAMES}
    with pytest.raises(DatasetError, match="no sequence is left to score: a is torn; b is torn"):
        run(bundle, data, skip_broken=True)


def test_plots_that_cannot_be_drawn_are_a_remark(
    tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    notes: list[str] = []
    request = Request(model=find_model(bundle), dataset=data, layout="got10k", out=tmp_path / "out")
    run_evaluation(request, on_note=notes.append)
    assert [note for note in notes if "pip install 'sdst-edge[plots]'" in note] == notes
    assert len(notes) == 1
    assert json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["rule"] == "house"


def vot_data(data: Path, folder: Path) -> Path:
    """The same sequences in the layout of VOT, the first two frames tagged."""
    for name in NAMES:
        (folder / name / "color").mkdir(parents=True)
        for picture in (data / name).glob("*.jpg"):
            picture.rename(folder / name / "color" / picture.name)
        (data / name / "groundtruth.txt").rename(folder / name / "groundtruth.txt")
        (folder / name / "camera_motion.tag").write_text("1\n1\n0\n0\n", encoding="utf-8")
    (folder / "list.txt").write_text("\n".join(NAMES), encoding="utf-8")
    return folder


def test_vot_protocols_run_resume_and_score_recorded_results(
    no_plots: None, tracker: StillTracker, bundle: Path, data: Path, tmp_path: Path
) -> None:
    vot = vot_data(data, tmp_path / "vot")
    out = tmp_path / "out"

    def evaluated(model: Path, **options: Any) -> EvaluationResult:
        request = Request(model=find_model(model), dataset=vot, layout="vot", protocol="vot2018", **options)
        return run_evaluation(request)

    ran = evaluated(bundle, out=out)
    assert tracker.seen == ["a", "b", "c"]
    assert (ran.protocol, ran.rule, ran.layout) == ("vot2018", "vot2018", "vot")
    assert ran.metrics[0].key == "eao"
    assert [item.scores["eao"] for item in ran.sequences] == [None] * 3, "of sets only"
    assert list(ran.attributes) == ["CM"]
    assert ran.attributes["CM"].sequences == 3
    assert (out / "boxes" / "n3" / "baseline" / "a" / "a_001.txt").is_file()
    assert EvaluationResult.read(out / "result.json") == ran
    assert evaluated(bundle, out=out) == ran
    assert evaluated(out / "boxes" / "n3", attributes=True) == ran
    assert tracker.seen == ["a", "b", "c"]

    (out / "boxes" / "n3" / "baseline" / "b" / "b_001.txt").unlink()
    with pytest.raises(DatasetError, match=r"no result of 1 of 3 sequences: b"):
        evaluated(out / "boxes" / "n3")
    evaluated(bundle, out=out)
    assert tracker.seen == ["a", "b", "c", "b"]
    with pytest.raises(ConfigError, match="protocol vot2018 and not ope"):
        run_evaluation(Request(model=find_model(bundle), dataset=vot, layout="vot", out=out))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "0 workers"),
        ({"overwrite": True}, "there is no --out"),
        ({"protocol": "vot1999"}, "protocol is 'vot1999', expected one of ope, vot2016, vot2018"),
        ({"protocol": "vot2018", "rule": "otb"}, "has a rule of its own"),
        ({"rule": "lasso"}, "there is no rule 'lasso'"),
        ({"rule": "none"}, "--rules none scores nothing"),
    ],
)
def test_options_that_cannot_be_are_refused(bundle: Path, data: Path, options: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(bundle, data, **options)
