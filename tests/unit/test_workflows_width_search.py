"""The width search's reward and choice by hand, and its resumption, with stand-ins for training and timing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdst_edge.training.recipe import load_recipe
from sdst_edge.workflows.trials import Timing
from sdst_edge.workflows.width_search import (
    Candidate,
    SearchRequest,
    keep_better_half,
    make_grid,
    reward,
    run_width_search,
)
from sdst_edge.workflows.width_search.best import continuing_overrides
from sdst_runtime.errors import ConfigError
from tests.made_up_trials import StandIns, write_recipe
from tests.tolerances import ABS_METRIC

W25, W50, W100 = (f"sdst-nano-s-w{width}-d1" for width in ("0.25", "0.5", "1"))
TIMES = {"general": 8.0, W25: 2.0, W50: 4.0, W100: 7.0}


def request(folder: Path, **changes: Any) -> SearchRequest:
    plain = SearchRequest(
        recipe=write_recipe(folder),
        budget_ms=6.0,
        widths=(0.25, 0.5, 1.0),
        depths=(1.0,),
        timing=Timing(rounds=2, frames=5),
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("score", "ms", "expected"),
    [
        (0.8, 4.0, 0.5 * 1.5),  # as good, in half the time
        (0.4, 4.0, 0.5 * 1.5 * 0.5),
        (0.8, 2.0, 0.75 * 1.25),
        (0.8, 8.0, 0.0),
        (0.8, 16.0, -1.0 * 3.0),
    ],
)
def test_reward_is_n2n_with_frame_time(score: float, ms: float, expected: float) -> None:
    assert reward(score, 0.8, ms, 8.0) == pytest.approx(expected, abs=ABS_METRIC)


def test_reward_needs_a_teacher_that_scores() -> None:
    with pytest.raises(ConfigError, match="the teacher scores 0, so no student can be compared"):
        reward(0.5, 0.0, 1.0, 2.0)


@pytest.mark.parametrize(
    ("rewards", "kept"),
    [
        ({"a": 0.1, "b": 0.3, "c": 0.2, "d": 0.0}, ["b", "c"]),
        ({"a": 0.1, "b": 0.3, "c": 0.2}, ["b", "c"]),
        ({"a": 0.2, "b": 0.2}, ["a"]),
        ({"a": -1.0}, ["a"]),
    ],
)
def test_the_better_half_goes_on(rewards: dict[str, float], kept: list[str]) -> None:
    assert keep_better_half(rewards) == kept


def test_grid_is_all_pairs_the_largest_first() -> None:
    assert make_grid((0.5, 1.0), (0.5, 1.0)) == (
        Candidate(1.0, 1.0),
        Candidate(1.0, 0.5),
        Candidate(0.5, 1.0),
        Candidate(0.5, 0.5),
    )


def test_the_fastest_enough_with_the_highest_reward_is_chosen(tmp_path: Path) -> None:
    # Teacher .8 - .4 on a, b: mean .6; w0.25: C = .75, .9375 * a / .6; w0.5: C = .5, .75 * a / .6.
    scores = {"general": 0.8, W25: 0.4, W50: 0.6}
    stand_ins = StandIns(score=lambda name: scores[name], ms=TIMES)
    table = run_width_search(request(tmp_path), tmp_path / "out", steps=stand_ins.steps)
    by_name = {row.name: row for row in table.rows}
    assert [row.name for row in table.rows] == [W100, W50, W25]
    assert (by_name[W100].fits, by_name[W100].scores) == (False, ())
    assert by_name[W50].scores[0].value == pytest.approx(0.45, abs=ABS_METRIC)
    assert by_name[W50].scores[0].reward == pytest.approx(0.75 * 0.75, abs=ABS_METRIC)
    assert by_name[W25].scores[0].reward == pytest.approx(0.9375 * 0.5, abs=ABS_METRIC)
    assert (table.best, table.teacher) == (W50, "general")
    assert stand_ins.budgets == [10, 10], "an eighth of 80 steps, one rung: half of two is one"
    text = (tmp_path / "out" / "search.md").read_text(encoding="utf-8")
    assert f"| {W50} | **chosen** | 0.5 | 1 | 500 | 4.00 | 4.00 to 4.00 | 0.450 | 0.562 |" in text
    assert f"| {W100} | too slow | 1 | 1 | 1,000 | 7.00 |" in text


def test_each_rung_trains_half_as_many_for_twice_the_steps(tmp_path: Path) -> None:
    widths = (0.2, 0.3, 0.4, 0.5)
    names = [f"sdst-nano-s-w{width}-d1" for width in widths]
    stand_ins = StandIns(score=lambda name: 0.8 if name == "general" else float(name.split("-w")[1].split("-")[0]))
    asked = request(tmp_path, widths=widths, steps=5)
    table = run_width_search(asked, tmp_path / "out", steps=stand_ins.steps)
    trained = [call.removeprefix("train ") for call in stand_ins.calls if call.startswith("train")]
    assert trained == [*reversed(names), names[3], names[2]]
    assert stand_ins.budgets == [5, 5, 5, 5, 10, 10]
    assert [rung.steps for rung in table.rungs] == [5, 10]
    assert table.best == names[3]


def test_without_a_general_teacher_the_full_student_is_the_measure(tmp_path: Path) -> None:
    full = "sdst-nano-s-w1-d1"
    stand_ins = StandIns(score=lambda name: 0.8 if name == full else 0.4, ms={full: 8.0, W25: 2.0})
    asked = request(tmp_path, overrides=("distillation=",), widths=(0.25,))
    table = run_width_search(asked, tmp_path / "out", steps=stand_ins.steps)
    assert (table.teacher, table.best) == (full, W25)
    (score,) = table.rows[0].scores
    assert score.reward == pytest.approx(0.9375 * 0.5, abs=ABS_METRIC)
    assert [call for call in stand_ins.calls if call.startswith("train")] == [f"train {full}", f"train {W25}"]


def test_networks_that_are_the_same_are_tried_once(tmp_path: Path) -> None:
    stand_ins = StandIns(ms=TIMES)  # to which depths up to 0.5 are the same
    asked = request(tmp_path, widths=(0.5,), depths=(0.25, 0.5))
    table = run_width_search(asked, tmp_path / "out", steps=stand_ins.steps)
    assert table.same == {"sdst-nano-s-w0.5-d0.25": "sdst-nano-s-w0.5-d0.5"}
    assert table.best == "sdst-nano-s-w0.5-d0.5"


def test_an_interrupted_search_goes_on_and_measures_no_time_twice(tmp_path: Path) -> None:
    first = StandIns(ms=TIMES, stop_before=f"train {W25}")
    with pytest.raises(KeyboardInterrupt):
        run_width_search(request(tmp_path), tmp_path / "out", steps=first.steps)
    partial = json.loads((tmp_path / "out" / "search.json").read_text(encoding="utf-8"))
    assert (partial["best"], partial["rungs"][0]["finished"]) == (None, False)
    assert "Not finished" in (tmp_path / "out" / "search.md").read_text(encoding="utf-8")
    second = StandIns(ms={name: 2 * ms for name, ms in TIMES.items()})
    table = run_width_search(request(tmp_path), tmp_path / "out", steps=second.steps)
    assert table.frame_times.by_name[W50].ms == 4.0
    assert [call for call in second.calls if call.split()[0] in ("train", "time")] == [f"train {W25}"]
    assert table.best is not None


def test_the_best_is_a_recipe_that_extends_the_students(tmp_path: Path) -> None:
    asked = request(tmp_path, overrides=("optimization.batch_size=2", "model.options.width=0.9"))
    table = run_width_search(asked, tmp_path / "out", steps=StandIns(ms=TIMES).steps)
    best = load_recipe(tmp_path / "out" / "best.toml")
    options = next(row.options for row in table.rows if row.name == table.best)
    plain = load_recipe(asked.recipe)
    assert best == replace(plain, model=replace(plain.model, options={"width": options.width, "depth": 1.0}))
    assert continuing_overrides(table) == (
        "optimization.batch_size=2",
        f"model.options.width={options.width:g}",
        "model.options.depth=1",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget_ms": 1.5}, r"no candidate takes 1.5 ms or less: the fastest, sdst-nano-s-w0.25-d1, takes 2.00 ms"),
        ({"overrides": ("evaluation=",)}, r"no table \[evaluation\]"),
        ({"overrides": ("model.start=weights.safetensors",)}, "whose weights fit no other width"),
        ({"overrides": ("optimization.steps=0", "optimization.seconds=5")}, "give --steps"),
        ({"widths": (0.5, 0.5)}, "widths are 0.5, 0.5, expected some numbers, each once"),
        ({"depths": ()}, "depths are none at all"),
    ],
)
def test_what_cannot_be_searched_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    stand_ins = StandIns(ms=TIMES)
    with pytest.raises(ConfigError, match=message):
        run_width_search(request(tmp_path, **changes), tmp_path / "out", steps=stand_ins.steps)
    assert not any(call.startswith("train") for call in stand_ins.calls)


@pytest.mark.parametrize("changes", [{"budget_ms": 0.0}, {"budget_ms": float("nan")}, {"rungs": 0}, {"steps": -1}])
def test_a_request_checks_its_numbers(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        request(tmp_path, **changes)
