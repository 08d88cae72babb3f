"""Trials and teachers in their folders, and frame times that are measured once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sdst_edge.training.recipe import TeacherSpec, load_recipe
from sdst_edge.workflows.ablation.arms import chosen_teachers
from sdst_edge.workflows.trials import Timing, TrialSettings, find_trial, run_reference, run_trial, time_in_turns
from sdst_edge.workflows.trials.steps import real_steps
from sdst_edge.workflows.trials.trial import evaluation_of
from sdst_runtime.errors import BackendUnavailable, ConfigError, SdstError
from tests.made_up_trials import StandIns, write_recipe

QUICK = Timing(rounds=3, frames=4)


def ignore(_stage: str, _share: float) -> None:
    """No progress is wanted."""


class Clock:
    """Times of bundles, the next ones at each call.

    Attributes:
        calls: names of the bundles in the order in which they were timed, and for how many frames.
    """

    def __init__(self, **times: list[float]) -> None:
        self._times = times
        self.calls: list[tuple[str, int]] = []

    def __call__(self, bundle: Path, frames: int) -> float:
        self.calls.append((bundle.name, frames))
        return self._times[bundle.name].pop(0)


def bundles(*names: str) -> dict[str, Path]:
    return {name: Path(name) for name in names}


def test_trackers_take_turns_and_the_median_round_counts(tmp_path: Path) -> None:
    clock = Clock(a=[3.0, 1.0, 2.0], b=[5.0, 9.0, 4.0])
    times = time_in_turns(bundles("a", "b"), tmp_path / "times.json", QUICK, time_bundle=clock)
    assert clock.calls == [("a", 4), ("b", 4)] * 3
    assert (times.by_name["a"].ms, times.by_name["a"].low, times.by_name["a"].high) == (2.0, 1.0, 3.0)
    assert times.by_name["b"].ms == 5.0
    assert "median of 3 rounds in which the trackers took turns, each the median of 4 frames" in times.text


def test_times_are_kept_until_another_tracker_or_way_is_asked_for(tmp_path: Path) -> None:
    kept = tmp_path / "times.json"
    first = time_in_turns(bundles("a", "b"), kept, QUICK, time_bundle=Clock(a=[1.0] * 3, b=[2.0] * 3))
    assert time_in_turns(bundles("a"), kept, QUICK, time_bundle=Clock()) == first
    more = Clock(a=[7.0] * 3, c=[8.0] * 3)
    assert time_in_turns(bundles("a", "c"), kept, QUICK, time_bundle=more).by_name["a"].ms == 7.0
    longer = time_in_turns(bundles("a"), kept, Timing(rounds=1, frames=9), time_bundle=Clock(a=[6.0]))
    assert longer.by_name["a"].ms == 6.0


@pytest.mark.parametrize("text", ["{", "[]", '{"timing": 3}'])
def test_damaged_times_are_an_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    kept = tmp_path / "times.json"
    kept.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="remove it, and the times are measured again"):
        time_in_turns(bundles("a"), kept, QUICK, time_bundle=Clock())


def test_a_trial_is_found_once_it_is_finished(tmp_path: Path) -> None:
    recipe, folder = load_recipe(write_recipe(tmp_path)), tmp_path / "trial"
    assert find_trial(recipe, folder, "trial") is None
    interrupted = StandIns(stop_before="evaluate trial")
    with pytest.raises(KeyboardInterrupt):
        run_trial(recipe, folder, "trial", interrupted.steps, ignore)
    assert find_trial(recipe, folder, "trial") is None
    trial = run_trial(recipe, folder, "trial", StandIns().steps, ignore)
    assert find_trial(recipe, folder, "trial") == trial
    assert (trial.steps, trial.pairs, trial.seconds, trial.evaluation.tracker) == (80, 320, 8.0, "trial")


def test_how_fast_pairs_are_loaded_may_change(tmp_path: Path) -> None:
    recipe, folder = load_recipe(write_recipe(tmp_path)), tmp_path / "trial"
    run_trial(recipe, folder, "trial", StandIns().steps, ignore)
    faster = replace(recipe, loading=replace(recipe.loading, workers=7))
    assert find_trial(faster, folder, "trial") is not None


def test_a_teacher_that_was_trained_again_is_another_one(tmp_path: Path) -> None:
    teacher = tmp_path / "big.safetensors"
    teacher.write_bytes(b"one")
    recipe = load_recipe(write_recipe(tmp_path), (f"distillation.general=[{{checkpoint='{teacher}'}}]",))
    run_trial(recipe, tmp_path / "trial", "trial", StandIns().steps, ignore)
    teacher.write_bytes(b"two")
    with pytest.raises(
        ConfigError, match=r"another recipe: teachers.0 was '.*', is '.*'; choose another output folder"
    ):
        find_trial(recipe, tmp_path / "trial", "trial")


def test_a_damaged_trial_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "trial.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"lacks .*; remove the folder, and the trial is run again"):
        find_trial(load_recipe(write_recipe(tmp_path)), tmp_path, "trial")


def test_teachers_are_run_from_checkpoints_and_bundles_and_not_from_bare_models(tmp_path: Path) -> None:
    recipe, stand_ins = load_recipe(write_recipe(tmp_path)), StandIns()

    def run(teacher: TeacherSpec, name: str) -> str | None:
        found = run_reference(teacher, recipe, tmp_path / name, stand_ins.steps, ignore)
        return None if found is None else str(found.bundle)

    assert run(TeacherSpec(checkpoint="big.safetensors"), "general") == str(tmp_path / "general" / "general")
    assert run(TeacherSpec(bundle="ready"), "general-2") == "ready"
    assert run(TeacherSpec(onnx="bare.onnx", family="siamfc"), "general-3") is None
    assert stand_ins.calls == ["export general", "evaluate general", "export ready", "evaluate ready"]
    run(TeacherSpec(checkpoint="big.safetensors"), "general")
    assert len(stand_ins.calls) == 4, "once is enough"
    with pytest.raises(ConfigError, match=r"another recipe: teacher.checkpoint"):
        run(TeacherSpec(checkpoint="other.safetensors"), "general")
    with pytest.raises(SdstError, match="still the recipe"):
        run(TeacherSpec(recipe="teacher.toml"), "general-4")


def test_a_teacher_that_a_validation_set_chose_is_named(tmp_path: Path) -> None:
    def trained(name: str, every: int) -> str:
        folder = tmp_path / name
        folder.mkdir()
        plain = {"evaluation": {"path": "val", "every": every}}
        (folder / "recipe.json").write_text(json.dumps(plain), encoding="utf-8")
        return str(folder / "best.safetensors")

    overrides = (
        f"distillation.general=[{{checkpoint='{trained('often', 100)}'}}, {{checkpoint='{trained('once', 0)}'}}]",
        f"distillation.specialised.FM.checkpoint={tmp_path / 'unknown' / 'best.safetensors'}",
    )
    assert chosen_teachers(load_recipe(write_recipe(tmp_path), overrides)) == {"general-1": "val"}


def test_settings_and_recipes_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="-1 workers"):
        TrialSettings(workers=-1)
    assert TrialSettings().processes >= 1
    assert TrialSettings(workers=3).processes == 3
    with pytest.raises(ConfigError, match="0 rounds of 60 frames"):
        Timing(rounds=0)
    with pytest.raises(ConfigError, match=r"no table \[evaluation\]"):
        evaluation_of(load_recipe(write_recipe(tmp_path), ("evaluation=",)))


def test_missing_packages_of_export_are_told_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "onnx" else name)
    with pytest.raises(BackendUnavailable, match=r"export needs onnx, .*sdst-edge\[export\]"):
        real_steps(TrialSettings())
