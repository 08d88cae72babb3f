"""The search for parameters: what is kept between trials, what survives, what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.evaluation import evaluate
from sdst_edge.workflows.tune import Parameters, TuneOptions, TuneResult, tune, write_tuned
from sdst_edge.workflows.tune.memory import FrameMemory, TemplateMemory
from sdst_edge.workflows.tune.passes import passes
from sdst_runtime import Bundle, load
from sdst_runtime.errors import ConfigError, DatasetError
from sdst_runtime.loading import open_session
from sdst_runtime.tracker import Tracker
from tests.tolerances import ABS_MOVED_PX

pytest.importorskip("optuna", reason="needs the extra tune")
pytest.importorskip("scipy", reason="needs the extra tune")


class CountedFrames:
    """Frames that count how often they are asked for."""

    def __init__(self, frames: Any) -> None:
        self.frames, self.asked = frames, 0

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        self.asked += 1
        return np.asarray(self.frames[index])


def clip(seed: int = 3, frames: int = 12) -> Sequence:
    return render_clip(seed, frames=frames, size_wh=(128, 96), distractors=0).held(range(frames))


def options(tmp_path: Path, **changes: Any) -> TuneOptions:
    return TuneOptions(study=tmp_path / "study.log", **{"trials": 4, **changes})


def test_frames_are_decoded_once_within_the_budget() -> None:
    sequence = clip(frames=4)
    counted = CountedFrames(sequence.frames)
    held = FrameMemory(3 * sequence.frames[0].nbytes).held(replace(sequence, frames=counted))
    for _ in range(2):
        assert [held.frames[index].tobytes() for index in range(4)] == [
            sequence.frames[index].tobytes() for index in range(4)
        ]
    assert counted.asked == 5  # three once, the fourth twice


def test_passes_begin_where_the_target_is_seen_and_show_it_in_the_mirror() -> None:
    sequence = clip(frames=12)
    sequence.visible[3:5] = False
    sequence.visible[10:] = False
    found = passes(sequence, 3, mirrored=True)
    assert [each.name for each in found[:3]] == [sequence.name, f"{sequence.name} from 5", f"{sequence.name} from 6"]
    assert [each.name for each in found[3:]] == [f"{each.name} mirrored" for each in found[:3]]
    for one, other in zip(found[:3], found[3:], strict=True):
        start = 12 - len(one)
        assert len(one.frames) == len(other.frames) == len(other) == len(one)
        assert np.array_equal(one.boxes_xywh, sequence.boxes_xywh[start:], equal_nan=True)
        assert np.array_equal(one.visible, sequence.visible[start:])
        assert np.array_equal(one.frames[1], sequence.frames[start + 1])
        assert np.array_equal(other.frames[1], sequence.frames[start + 1][:, ::-1])
        x, y, w, h = one.boxes_xywh[0]
        assert np.allclose(other.boxes_xywh[0], (128 - x - w, y, w, h), rtol=0, atol=ABS_MOVED_PX)
    assert passes(sequence) == (sequence,)


def test_a_start_with_nothing_to_follow_is_left_out() -> None:
    sequence = clip(frames=4)
    sequence.visible[2:] = False
    assert passes(sequence, 3) == (sequence,)


def test_a_search_over_passes_scores_them_all(toy_bundle: Path, tmp_path: Path) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3), clip(4)]
    result = tune(bundle, sequences, options(tmp_path, trials=1, starts=3, mirrored=True))
    assert (result.sequences, result.passes) == (2, 12)
    alone = [each for sequence in sequences for each in passes(sequence, 3, mirrored=True)]
    (tmp_path / "other").mkdir()
    assert result.score == tune(bundle, alone, options(tmp_path / "other", trials=1)).score
    with pytest.raises(ConfigError, match="is of another network, data set"):
        tune(bundle, sequences, options(tmp_path))


def test_a_template_is_embedded_once_and_outlives_its_trackers(toy_bundle: Path) -> None:
    bundle, sequence = Bundle.open(toy_bundle), clip()
    session = open_session(bundle)
    embedded: list[int] = []
    embed = session.embed
    session.embed = lambda z: (embedded.append(1), embed(z))[1]  # type: ignore[method-assign]
    memory = TemplateMemory(session)
    boxes = []
    for _ in range(2):
        with Tracker(memory, bundle.manifest.tracker) as tracker:
            tracker.init(sequence.frames[0], sequence.boxes_xywh[0].tolist())
            boxes.append([tracker.update(sequence.frames[index]).box_xywh for index in range(1, 4)])
    assert len(embedded) == 1
    assert boxes[0] == boxes[1]
    memory.close()


def test_the_first_trial_is_the_bundle_as_it_is(toy_bundle: Path, tmp_path: Path) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3), clip(4)]
    result = tune(bundle, sequences, options(tmp_path))
    with load(bundle) as tracker:
        assert result.score_before == evaluate(tracker, sequences).overall["success_auc"]
    assert result.before == Parameters.of(bundle.manifest.tracker)
    assert result.score >= result.score_before
    assert result.completed + result.pruned == 4
    assert result.improved == (result.score > result.score_before)


def test_the_best_trial_gives_its_score_again(toy_bundle: Path, tmp_path: Path) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3), clip(4)]
    result = tune(bundle, sequences, options(tmp_path, trials=8))
    with Tracker(open_session(bundle), result.best.applied(bundle.manifest.tracker), owns_session=True) as tracker:
        assert evaluate(tracker, sequences).overall["success_auc"] == result.score


def test_the_same_seed_searches_the_same(toy_bundle: Path, tmp_path: Path) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3), clip(4)]
    results = [
        tune(bundle, sequences, TuneOptions(study=tmp_path / name, trials=5, seed=seed))
        for name, seed in (("a", 1), ("b", 1))
    ]
    assert results[0] == results[1]


def test_a_search_goes_on_where_it_was_interrupted(toy_bundle: Path, tmp_path: Path) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3), clip(4)]
    told: list[float] = []

    def interrupt(done: float, total: float | None, text: str) -> None:
        told.append(done)
        if done >= 2.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(bundle, sequences, options(tmp_path, trials=5), interrupt)
    told.clear()
    result = tune(bundle, sequences, options(tmp_path, trials=5), lambda done, total, text: told.append(done))
    assert min(told) > 2.0  # the two that were done are not run again
    assert result.completed + result.pruned == 5


def test_a_search_that_was_interrupted_at_once_still_begins_with_the_bundle(toy_bundle: Path, tmp_path: Path) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3), clip(4)]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(bundle, sequences, options(tmp_path), interrupt)
    assert tune(bundle, sequences, options(tmp_path)).before == Parameters.of(bundle.manifest.tracker)


def test_a_finished_search_runs_nothing(toy_bundle: Path, tmp_path: Path) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3), clip(4)]
    result = tune(bundle, sequences, options(tmp_path))
    told: list[float] = []
    assert tune(bundle, sequences, options(tmp_path), lambda *step: told.append(step[0])) == result
    assert told == []


def test_a_hopeless_trial_ends_early(toy_bundle: Path, tmp_path: Path) -> None:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    bundle, whole = Bundle.open(toy_bundle), [clip(3, frames=24), clip(4, frames=24)]
    sequences = [
        replace(item.held(range(start, start + 6)), name=f"{item.name}-{start}")
        for item in whole
        for start in (0, 6, 12, 18)
    ]
    result = tune(bundle, sequences, options(tmp_path, trials=10))
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / "study.log")))
    study = optuna.load_study(study_name=None, storage=storage)
    pruned = [trial for trial in study.trials if trial.state.name == "PRUNED"]
    assert len(pruned) == result.pruned > 0
    assert all(len(trial.intermediate_values) < len(sequences) for trial in pruned)


@pytest.mark.parametrize("change", ["sequences", "metric", "bundle"])
def test_a_study_of_something_else_is_refused(toy_bundle: Path, tmp_path: Path, change: str) -> None:
    bundle, sequences = Bundle.open(toy_bundle), [clip(3)]
    tune(bundle, sequences, options(tmp_path, trials=1))
    metric = ""
    if change == "sequences":
        sequences = [clip(4)]
    elif change == "metric":
        metric = "ao"
    else:
        tracker = replace(bundle.manifest.tracker, found_threshold=0.25)
        bundle = Bundle(bundle.path, replace(bundle.manifest, tracker=tracker), {})
    with pytest.raises(ConfigError, match=r"study\.log is of another .*--study"):
        tune(bundle, sequences, options(tmp_path, metric=metric))


def test_tune_refuses_what_cannot_be(toy_bundle: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(toy_bundle)
    with pytest.raises(DatasetError, match="no sequences"):
        tune(bundle, [], options(tmp_path))
    with pytest.raises(ConfigError, match="no metric 'eao'"):
        tune(bundle, [clip()], options(tmp_path, metric="eao"))
    with pytest.raises(ConfigError, match="trials is 0, expected >= 1"):
        options(tmp_path, trials=0)
    with pytest.raises(ConfigError, match="does not exist"):
        tune(bundle, [clip()], TuneOptions(study=tmp_path / "missing" / "study.log"))
    (tmp_path / "study.log").write_text("no journal\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be used"):
        tune(bundle, [clip()], options(tmp_path))


def test_write_tuned_changes_the_parameters_and_says_what_they_reach(toy_bundle: Path, tmp_path: Path) -> None:
    import shutil

    bundle = Bundle.open(shutil.copytree(toy_bundle, tmp_path / "copy"))
    best = Parameters(penalty_k=0.2, window_influence=0.3, size_lr=0.4)
    result = TuneResult(
        rule="house",
        metric="success_auc",
        sequences=2,
        passes=12,
        before=Parameters.of(bundle.manifest.tracker),
        score_before=0.5,
        best=best,
        score=0.6,
        completed=3,
        pruned=1,
    )
    write_tuned(bundle, result, "val")
    manifest = Bundle.open(tmp_path / "copy").manifest
    assert Parameters.of(manifest.tracker) == best
    assert manifest.accuracy == {"val, tuned on it, house rule": {"success_auc": 0.6, "sequences": 2, "passes": 12}}
    assert replace(manifest, tracker=bundle.manifest.tracker, accuracy={}) == bundle.manifest
