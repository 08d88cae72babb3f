"""The ablation's table by hand, its arms, and its resumption, with stand-ins for training and evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdst_edge.evaluation.bootstrap import Bootstrap
from sdst_edge.evaluation.compare import compare_results
from sdst_edge.training.recipe import Recipe, load_recipe
from sdst_edge.workflows.ablation import ARMS, ablation_markdown, make_table, run_ablation, with_arm
from sdst_edge.workflows.ablation.ablation import AblationSettings
from sdst_edge.workflows.ablation.table import Asked, mean_result
from sdst_edge.workflows.trials import Timing, Trained, Trial, TrialSettings, run_trial
from sdst_edge.workflows.trials.steps import OnShare
from sdst_runtime.errors import ConfigError, DatasetError
from tests.made_up_evaluation import made_up
from tests.made_up_trials import StandIns, write_recipe
from tests.tolerances import ABS_METRIC


@pytest.fixture(autouse=True)
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matplotlib takes seconds to start."""
    monkeypatch.setattr("sdst_edge.workflows.ablation.ablation.write_plot", lambda table, path: None)


PHOTOS = "data.sources=[{path='p', layout='photos'}]"
HELD = {"a": ("OCC",), "b": ("OCC", "FM"), "c": ("FM",), "d": ()}


def trial(arm: str, seed: int, scores: Mapping[str, float], **changes: Any) -> Trial:
    evaluation = made_up({name: (value, HELD[name]) for name, value in scores.items()}, tracker=f"{arm}-seed-{seed}")
    return replace(
        Trial(name=evaluation.tracker, bundle=Path("b"), parameters=1000, evaluation=evaluation, seconds=8.0), **changes
    )


def asked(arms: tuple[str, ...] = ("none", "general"), seeds: tuple[int, ...] = (0, 1)) -> Asked:
    return Asked(
        recipe="student.toml",
        overrides=(),
        arms=arms,
        seeds=seeds,
        steps=100,
        batch_size=8,
        command="sdst-edge distill student.toml --ablate",
        bootstrap=Bootstrap(resamples=500, seed=3),
    )


GENERAL = {0: {"a": 0.5, "b": 0.25, "c": 0.5, "d": 0.75}, 1: {"a": 0.5, "b": 0.75, "c": 0.0, "d": 0.75}}
NONE = {0: {"a": 0.25, "b": 0.25, "c": 0.5, "d": 0.5}, 1: {"a": 0.5, "b": 0.25, "c": 0.5, "d": 0.25}}


def full() -> dict[tuple[str, int], Trial]:
    return {
        (arm, seed): trial(arm, seed, by_seed[seed])
        for arm, by_seed in (("none", NONE), ("general", GENERAL))
        for seed in (0, 1)
    }


def test_an_arm_is_the_mean_over_its_seeds_and_each_seed_is_a_point() -> None:
    none, general = make_table(asked(), full()).arms
    assert [point.value for point in general.points] == [0.5, 0.5]
    assert [point.value for point in none.points] == [0.375, 0.375]
    assert none.value == pytest.approx(0.375, abs=ABS_METRIC)
    assert general.attributes["FM"] == pytest.approx((0.375 + 0.375) / 2, abs=ABS_METRIC)  # b and c, both seeds
    assert none.attributes["OCC"] == pytest.approx((0.25 + 0.375) / 2, abs=ABS_METRIC)
    assert (none.missing, none.seconds) == ((), 8.0)


def test_a_difference_is_that_of_sequences_averaged_over_seeds() -> None:
    none, general = make_table(asked(), full()).arms
    assert general.difference is None, "the baseline has none"
    assert none.difference is not None
    # a: .375 - .5, b: .25 - .5, c: .5 - .25, d: .375 - .75
    assert none.difference.difference == pytest.approx((-0.125 - 0.25 + 0.25 - 0.375) / 4, abs=ABS_METRIC)
    assert none.attribute_differences["FM"].difference == pytest.approx(0.0, abs=ABS_METRIC)
    assert none.attribute_differences["OCC"].difference == pytest.approx(-0.1875, abs=ABS_METRIC)
    assert (none.difference.sequences, none.paired_seeds) == (4, (0, 1))


def test_the_interval_is_the_paired_bootstrap_of_the_averaged_sequences() -> None:
    none, _ = make_table(asked(), full()).arms
    averaged = [
        made_up({name: ((runs[0][name] + runs[1][name]) / 2, HELD[name]) for name in HELD}) for runs in (GENERAL, NONE)
    ]
    (contrast,) = compare_results(averaged, bootstrap=Bootstrap(resamples=500, seed=3)).contrasts
    expected = contrast.overall["success_auc"]
    assert none.difference is not None
    assert (none.difference.low, none.difference.high) == pytest.approx((expected.low, expected.high), abs=ABS_METRIC)


def test_a_missing_run_is_named_and_its_seed_compared_in_neither_arm() -> None:
    trials = full()
    del trials["none", 1]
    table = make_table(asked(), trials)
    none, general = table.arms
    assert table.missing == ("none, seed 1",)
    assert (none.missing, none.paired_seeds, len(general.points)) == ((1,), (0,), 2)
    assert none.difference is not None
    assert none.difference.difference == pytest.approx(-0.125, abs=ABS_METRIC)  # .375 - .5 of seed 0 alone
    text = ablation_markdown(table)
    assert "1 of 4 runs are missing" in text
    assert "none has 1 seeds so far, compared over 1" in text


def test_an_arm_without_runs_has_no_figures() -> None:
    trials = {key: item for key, item in full().items() if key[0] == "general"}
    none, general = make_table(asked(), trials).arms
    assert (none.value, none.points, none.difference, none.missing) == (None, (), None, (0, 1))
    assert general.value == 0.5
    assert "| none | – | – | – | – | – |  | – |" in ablation_markdown(make_table(asked(), trials))


def test_nothing_finished_is_a_table_that_says_so() -> None:
    table = make_table(asked(), {})
    assert len(table.missing) == 4
    assert "Nothing is evaluated yet" in ablation_markdown(table)


def test_the_first_arm_is_the_baseline_where_general_is_left_out() -> None:
    trials = {("none", 0): trial("none", 0, NONE[0]), ("specialised", 0): trial("specialised", 0, GENERAL[0])}
    table = make_table(asked(("none", "specialised"), (0,)), trials)
    assert table.baseline == "none"
    assert table.arms[1].difference is not None
    assert table.arms[1].difference.difference == pytest.approx(0.125, abs=ABS_METRIC)


def test_a_teacher_is_compared_in_size_and_on_its_attribute() -> None:
    general = trial("general", 0, GENERAL[0], name="general", parameters=8000)
    special = trial("FM", 0, NONE[1], name="FM", parameters=8000)
    table = make_table(asked(), full(), general=[general], specialised=[special])
    assert table.general[0].compression == 8.0
    assert table.specialised[0].attributes["FM"] == pytest.approx(0.375, abs=ABS_METRIC)
    text = ablation_markdown(table)
    assert "| teacher general | 8,000 | 8.0 | – | – | 0.500 |" in text
    assert "| FM | 2 | 0.375 | 0.375 |" in text


def test_the_page_says_how_it_was_made() -> None:
    text = ablation_markdown(make_table(asked(), full()))
    assert "| none | 0.375 | 0.375 0.375 | −0.125 |" in text
    assert "| FM | 2 | 0.375 | 0.375 |" in text
    for said in ("2 seeds (0, 1)", "4 sequences of data/toy", "100 steps of 8 pairs (800 pairs)", "toy rule"):
        assert said in text
    assert "`sdst-edge distill student.toml --ablate`" in text


def test_runs_on_other_sequences_are_not_averaged() -> None:
    results = [trial("none", 0, NONE[0]).evaluation, trial("none", 1, {"a": 0.5}).evaluation]
    with pytest.raises(DatasetError, match="same sequences"):
        mean_result(results, "none")


def test_arms_change_the_table_of_distillation_alone(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    table = recipe.distillation
    assert table is not None
    changed = {arm: with_arm(recipe, arm) for arm in (*ARMS, "both-labels")}
    assert all(replace(item, distillation=table) == recipe for item in changed.values())
    assert changed["none"].distillation is None
    assert changed["general"].distillation == replace(table, specialised={})
    assert changed["specialised"].distillation == replace(table, general=())
    for weighting in ("uniform", "adaptive", "labels"):
        assert changed[f"both-{weighting}"].distillation == replace(table, weighting=weighting)


@pytest.mark.parametrize(
    ("overrides", "options", "message"),
    [
        ((), {"arms": ("general", "sdst")}, "unknown arm 'sdst'"),
        ((), {"arms": ()}, "arms are none at all"),
        ((), {"arms": ("none", "none")}, "each once"),
        ((), {"seeds": ()}, "seeds are none at all"),
        ((), {"seeds": (1, 1)}, "each once"),
        (("evaluation=",), {}, r"no table \[evaluation\]"),
        (("distillation=",), {}, r"no table \[distillation\]"),
        (("distillation.specialised=",), {}, "distillation.specialised is empty, and specialised, both-uniform"),
        (("distillation.general=",), {"arms": ("none", "general")}, "distillation.general is empty, and general need"),
        (("optimization.steps=0", "optimization.seconds=9"), {}, "compares at equal steps"),
        ((PHOTOS,), {}, "arm 'none' of the ablation: recipe: .*p, is not annotated .* or leave the arm out"),
        ((PHOTOS,), {"arms": ("general", "specialised")}, "arm 'specialised' of the ablation: recipe"),
    ],
)
def test_what_cannot_be_ablated_is_refused_before_anything_is_trained(
    tmp_path: Path, overrides: tuple[str, ...], options: dict[str, Any], message: str
) -> None:
    stand_ins = StandIns()
    with pytest.raises(ConfigError, match=message):
        run_ablation(
            write_recipe(tmp_path),
            tmp_path / "out",
            overrides,
            settings=AblationSettings(steps=stand_ins.steps),
            **options,
        )
    assert stand_ins.calls == []


def test_an_interrupted_ablation_goes_on_and_says_meanwhile_what_is_missing(tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path), tmp_path / "out"
    arms, seeds = ("none", "general"), (0, 1)

    def run(stand_ins: StandIns) -> Any:
        settings = AblationSettings(
            trials=TrialSettings(command="the command"), timing=Timing(rounds=2, frames=5), steps=stand_ins.steps
        )
        return run_ablation(recipe, out, (), seeds, arms, settings=settings)

    first = StandIns(stop_before="train none-seed-1")
    with pytest.raises(KeyboardInterrupt):
        run(first)
    assert [call for call in first.calls if call.startswith("train")] == ["train none-seed-0", "train general-seed-0"]
    partial = json.loads((out / "ablation" / "ablation.json").read_text(encoding="utf-8"))
    assert partial["missing"] == ["none, seed 1", "general, seed 1"]
    assert "2 of 4 runs are missing" in (out / "ablation" / "ablation.md").read_text(encoding="utf-8")

    second = StandIns()
    table = run(second)
    trained = [call for call in second.calls if call.split()[0] in ("train", "evaluate", "time")]
    assert trained == ["train none-seed-1", "evaluate none-seed-1", "train general-seed-1", "evaluate general-seed-1"]
    assert table.missing == ()
    assert table.frame_times.by_name["student"].ms == 3.0
    assert table.frame_times.by_name["general"].ms == 9.0
    assert (table.parameters, table.general[0].compression) == (1000, 8.0)

    third = StandIns()
    assert run(third) == table
    assert [call for call in third.calls if call != "prepare"] == []


def test_teachers_that_no_arm_learns_from_are_not_trained(tmp_path: Path) -> None:
    stand_ins = StandIns()
    run_ablation(
        write_recipe(tmp_path),
        tmp_path / "out",
        (),
        (0,),
        ("none", "general"),
        settings=AblationSettings(steps=stand_ins.steps),
    )
    assert stand_ins.prepared is not None
    assert stand_ins.prepared.distillation is not None
    assert stand_ins.prepared.distillation.specialised == {}


def test_another_recipe_does_not_mix_with_what_is_there(tmp_path: Path) -> None:
    recipe, settings = write_recipe(tmp_path), AblationSettings(steps=StandIns().steps)
    run_ablation(recipe, tmp_path / "out", (), (0,), ("none", "general"), settings=settings)
    with pytest.raises(ConfigError, match=r"another recipe: optimization.lr was 0.003, is 0.01; choose another"):
        run_ablation(recipe, tmp_path / "out", ("optimization.lr=0.01",), (0,), ("none", "general"), settings=settings)
    with pytest.raises(ConfigError, match=r"evaluation.path was 'val', is 'other'"):
        run_ablation(recipe, tmp_path / "out", ("evaluation.path=other",), (0,), ("none", "general"), settings=settings)


def test_of_several_processes_the_first_alone_exports_and_evaluates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_recipe(write_recipe(tmp_path), ("distillation=",))
    first, second = StandIns(), StandIns()

    def train_in_both(recipe: Recipe, out: Path, on_share: OnShare) -> Trained:
        """The training that both take part in; the first one then does all that follows."""
        monkeypatch.setenv("RANK", "0")
        run_trial(whole, out, "a", first.steps, told)
        monkeypatch.setenv("RANK", "1")
        return second.steps.train(recipe, out, on_share)

    def told(_stage: str, _share: float) -> None:
        pass

    monkeypatch.setenv("RANK", "1")
    trial = run_trial(whole, tmp_path / "a", "a", replace(second.steps, train=train_in_both), told)
    assert first.calls == ["train a", "export a", "evaluate a"]
    assert second.calls == ["train a"]
    assert trial == run_trial(whole, tmp_path / "a", "a", second.steps, told)
