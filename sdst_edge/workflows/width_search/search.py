"""The width search: time all candidates, train those that are fast enough, keep the better half, train longer.

::

    candidates/             untrained bundles
    frame-times.json        measured once: all of them and the teacher, in turns
    <stage>/                teachers that the recipe names by recipe, as ``sdst-edge distill`` leaves them
    references/<teacher>/   bundle and figures of the general teacher
    rung-<n>-<steps>/<candidate>/   short runs, see :mod:`sdst_edge.workflows.trials.trial`
    search.md, .json        the table
    best.toml               the student's recipe with the options of the best
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sdst_edge.training.recipe import Recipe, load_recipe
from sdst_edge.workflows.ablation.arms import general_teachers
from sdst_edge.workflows.distill.stage_overrides import STUDENT, StageOverrides
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.processes import is_first_process
from sdst_edge.workflows.trials.frame_times import FrameTimes, Timing, time_in_turns
from sdst_edge.workflows.trials.steps import OnStage, Steps, TrialSettings, real_steps
from sdst_edge.workflows.trials.trial import Trial, evaluation_of, run_reference, run_trial
from sdst_edge.workflows.width_search.best import write_best
from sdst_edge.workflows.width_search.candidates import FULL, Candidate, check_start, make_grid
from sdst_edge.workflows.width_search.markdown import width_markdown
from sdst_edge.workflows.width_search.reward import keep_better_half, reward
from sdst_edge.workflows.width_search.table import Rung, Score, WidthRow, WidthTable
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import to_plain

__all__ = ["SearchRequest", "run_width_search"]

#: Of the recipe's budget, in the first rung, where the user says nothing.
FIRST_SHARE = 1 / 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to search, and how.

    Attributes:
        recipe: file of the student's recipe, with a table of evaluation.
        budget_ms: most milliseconds of a frame: one ``update()``, float32, one thread, this machine.
        overrides: as ``sdst-edge distill`` takes them.
        widths: to try.
        depths: to try.
        steps: of each run in the first rung; each rung has twice those of the one before. 0 for an eighth of the
            recipe's budget.
        rungs: at most; the search ends earlier where one candidate is left.
        trials: how each run is.
        timing: of the frame times.
    """

    recipe: Path
    budget_ms: float
    overrides: tuple[str, ...] = ()
    widths: tuple[float, ...] = (0.25, 0.35, 0.5, 0.7, 1.0)
    depths: tuple[float, ...] = (0.5, 1.0)
    steps: int = 0
    rungs: int = 3
    trials: TrialSettings = field(default_factory=TrialSettings)
    timing: Timing = field(default_factory=Timing)

    def __post_init__(self) -> None:
        if not 0 < self.budget_ms < float("inf"):
            raise ConfigError(f"the budget is {self.budget_ms} ms, expected a finite number above 0")
        if self.steps < 0 or self.rungs < 1:
            raise ConfigError(f"{self.steps} steps and {self.rungs} rungs, expected steps >= 0 and rungs >= 1")


def run_width_search(
    request: SearchRequest, out: Path, on_progress: OnStage | None = None, *, steps: Steps | None = None
) -> WidthTable:
    """The candidate with the highest :func:`~sdst_edge.workflows.width_search.reward.reward` within a frame time.

    It can be interrupted at any time and goes on when it is called again. Times are measured once and kept; given them,
    the same request chooses the same candidate.

    Args:
        request: what to search.
        out: folder for all that comes of it; made if it is missing.
        on_progress: told of each step.
        steps: what does the work; None for the real ones.

    Raises:
        ConfigError: the recipe lacks what the search needs, no candidate is fast enough, or ``out`` holds another
            recipe's runs.
        SdstError: of a run.
    """
    grid = make_grid(request.widths, request.depths)
    overrides = StageOverrides.parse(request.overrides)
    recipe, first = _checked(load_recipe(request.recipe, overrides.of(STUDENT)), request)
    steps, on_stage = steps or real_steps(request.trials), on_progress or _ignore
    out.mkdir(parents=True, exist_ok=True)
    prepared = steps.prepare(recipe, overrides, out, on_stage)
    search = _Search(request, prepared, out, steps, on_stage)
    search.measure(grid)
    search.halve(first)
    if is_first_process():
        write_best(out / "best.toml", request.recipe, search.table())
    return search.table()


class _Search:
    """What is known so far."""

    def __init__(self, request: SearchRequest, recipe: Recipe, out: Path, steps: Steps, on_stage: OnStage) -> None:
        self._request, self._recipe, self._out = request, recipe, out
        self._steps, self._on_stage = steps, on_stage
        self._family = recipe.model.family
        self._general = _general_teacher(recipe, out, steps, on_stage)
        self._teacher = FULL.name(self._family) if self._general is None else self._general.name
        self._rows: dict[str, WidthRow] = {}
        self._same: dict[str, str] = {}
        self._rungs: list[Rung] = []
        self._times: FrameTimes
        self._trial: Trial | None = None  # any: all were evaluated alike
        self._best: str | None = None

    def measure(self, grid: Sequence[Candidate]) -> None:
        """Exports and times the candidates and the teacher.

        Raises:
            ConfigError: none is fast enough.
        """
        folder = self._out / "candidates"
        parameters: dict[str, int] = {}
        first_of: dict[str, str] = {}
        names = {item.name(self._family): item for item in grid}
        timed = names if self._general is not None else {self._teacher: FULL, **names}
        for name, item in timed.items():
            self._on_stage("export candidates", len(parameters) / len(timed))
            parameters[name], print_ = self._steps.untrained(item.model(self._recipe.model), folder, name)
            if (first := first_of.setdefault(print_, name)) != name and first in names:
                self._same[name] = first
        bundles = {name: folder / name for name in timed if name not in self._same}
        if self._general is not None:
            bundles[self._teacher] = self._general.bundle
        self._times = time_in_turns(
            bundles,
            self._out / "frame-times.json",
            self._request.timing,
            time_bundle=self._steps.time_bundle,
            on_progress=lambda share: self._on_stage("frame times", share),
        )
        for name, item in names.items():
            if name not in self._same:
                time, count = self._times.by_name[name], parameters[name]
                fits = time.ms <= self._request.budget_ms
                self._rows[name] = WidthRow(name=name, options=item, parameters=count, time=time, fits=fits)
        self._write()
        _require_fitting(list(self._rows.values()), self._request.budget_ms)

    def halve(self, steps: int) -> None:
        """Runs the rungs.

        Args:
            steps: of each run in the first.
        """
        left = [name for name, row in self._rows.items() if row.fits]
        for number in range(self._request.rungs):
            rewards = self._run_rung(number, steps * 2**number, left)
            left = keep_better_half(rewards)
            if len(left) == 1:
                break
        self._best = left[0]
        self._write()

    def table(self) -> WidthTable:
        """Of what is finished."""
        request, known = self._request, self._trial
        table = WidthTable(
            recipe=Path(request.recipe).name,
            overrides=request.overrides,
            command=request.trials.command,
            family=self._family,
            budget_ms=request.budget_ms,
            teacher=self._teacher,
            frame_times=self._times,
            rows=tuple(self._rows.values()),
            same=self._same,
            rungs=tuple(self._rungs),
            best=self._best,
        )
        if known is None:
            return table
        result = known.evaluation
        return replace(
            table,
            dataset=result.dataset,
            sequences=len(result.sequences),
            rule_text=result.rule_text,
            metric=result.metrics[0],
        )

    def _run_rung(self, number: int, steps: int, names: Sequence[str]) -> dict[str, float]:
        """Rewards of candidates that are trained for so many steps."""
        place = self._out / f"rung-{number}-{steps}"
        teacher = self._general or self._run(FULL, place, steps)
        teacher_score, teacher_ms = _headline(teacher), self._times.by_name[self._teacher].ms
        self._rungs.append(Rung(steps=steps, teacher=teacher_score, finished=False))
        rewards = {}
        for name in names:
            row = self._rows[name]
            value = _headline(self._run(row.options, place, steps))
            rewards[name] = reward(value, teacher_score, row.time.ms, teacher_ms)
            score = Score(value=value, reward=rewards[name])
            self._rows[name] = replace(row, scores=(*row.scores, score))
            self._write()
        self._rungs[-1] = replace(self._rungs[-1], finished=True)
        return rewards

    def _run(self, candidate: Candidate, place: Path, steps: int) -> Trial:
        recipe, name = candidate.recipe(self._recipe), candidate.name(self._family)
        recipe = replace(recipe, optimization=replace(recipe.optimization, steps=steps))
        self._trial = run_trial(recipe, place / name, name, self._steps, self._on_stage)
        return self._trial

    def _write(self) -> None:
        if not is_first_process():
            return
        table = self.table()
        text = json.dumps(to_plain(table), indent=2, ensure_ascii=False) + "\n"
        for name, content in (("search.json", text), ("search.md", width_markdown(table))):
            with replacing(self._out / name) as part:
                part.write_text(content, encoding="utf-8", newline="\n")


def _checked(recipe: Recipe, request: SearchRequest) -> tuple[Recipe, int]:
    """The recipe with a budget of steps alone, and the steps of the first rung.

    Raises:
        ConfigError: it lacks what a search needs.
    """
    check_start(recipe)
    evaluation = replace(evaluation_of(recipe), every=0)
    whole = recipe.optimization.steps
    if whole == 0 and request.steps == 0:
        raise ConfigError(
            "recipe: optimization.steps is 0, and candidates are compared at equal steps; set it, or give --steps"
        )
    steps = request.steps or max(1, round(whole * FIRST_SHARE))
    optimization = replace(recipe.optimization, steps=steps, seconds=0.0)
    return replace(recipe, optimization=optimization, evaluation=evaluation), steps


def _general_teacher(recipe: Recipe, out: Path, steps: Steps, on_stage: OnStage) -> Trial | None:
    """The first general teacher of the recipe that can be run; None where it has none."""
    for name, teacher in general_teachers(recipe).items():
        found = run_reference(teacher, recipe, out / "references" / name, steps, on_stage)
        if found is not None:
            return found
    return None


def _require_fitting(rows: Sequence[WidthRow], budget_ms: float) -> None:
    if any(row.fits for row in rows):
        return
    fastest = min(rows, key=lambda row: row.time.ms)
    raise ConfigError(
        f"no candidate takes {budget_ms:g} ms or less: the fastest, {fastest.name}, takes {fastest.time.ms:.2f} ms; "
        "allow more time, or try smaller widths and depths"
    )


def _headline(trial: Trial) -> float:
    """The first figure of a trial.

    Raises:
        ConfigError: the rule gives none for this set.
    """
    result = trial.evaluation
    value = result.overall.get(result.metrics[0].key)
    if value is None:
        raise ConfigError(f"{trial.name} has no {result.metrics[0].label} on {result.dataset}; choose another set")
    return value


def _ignore(_stage: str, _share: float) -> None:
    """No progress is wanted."""
