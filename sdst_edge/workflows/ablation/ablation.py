"""The ablation: teachers once, then the student with each arm and seed, then one table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sdst_edge.evaluation.bootstrap import Bootstrap
from sdst_edge.training.recipe import Recipe, load_recipe
from sdst_edge.workflows.ablation.arms import (
    ARMS,
    check_arms,
    chosen_teachers,
    general_teachers,
    needed,
    specialised_teachers,
    with_arm,
)
from sdst_edge.workflows.ablation.markdown import ablation_markdown
from sdst_edge.workflows.ablation.plot import write_plot
from sdst_edge.workflows.ablation.table import STUDENT, AblationTable, Asked, make_table
from sdst_edge.workflows.distill.stage_overrides import STUDENT as STUDENT_STAGE
from sdst_edge.workflows.distill.stage_overrides import StageOverrides
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.processes import is_first_process
from sdst_edge.workflows.trials.frame_times import FrameTimes, Timing, time_in_turns
from sdst_edge.workflows.trials.steps import OnStage, Steps, TrialSettings, real_steps
from sdst_edge.workflows.trials.trial import Trial, evaluation_of, find_trial, run_reference, run_trial
from sdst_runtime.errors import BackendUnavailable, ConfigError, SdstError
from sdst_runtime.strict import to_plain

__all__ = ["AblationSettings", "run_ablation"]

DEFAULT_SEEDS = (0, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationSettings:
    """How an ablation is run; of it only ``bootstrap`` and ``timing`` change what the table says.

    Attributes:
        trials: how each run is.
        bootstrap: behind the intervals.
        timing: of the frame times.
        steps: what does the work; None for the real ones.
    """

    trials: TrialSettings = field(default_factory=TrialSettings)
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    timing: Timing = field(default_factory=Timing)
    steps: Steps | None = None


def run_ablation(
    recipe_path: Path,
    out: Path,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] = DEFAULT_SEEDS,
    arms: Sequence[str] = ARMS,
    on_progress: OnStage | None = None,
    *,
    settings: AblationSettings | None = None,
) -> AblationTable:
    """Trains the student of a recipe with each arm and seed, for as many steps, and compares them.

    It can be interrupted at any time and goes on when it is called again: finished runs are read, others resumed. The
    table is written after each run, and says what is missing::

        <stage>/                         teachers that the recipe names by recipe, as ``sdst-edge distill`` leaves them
        ablation/references/<teacher>/   bundle and figures of each teacher
        ablation/<arm>/seed-<n>/         see :mod:`sdst_edge.workflows.trials.trial`
        ablation/frame-times.json        measured once
        ablation/ablation.md, .json      the table
        ablation/ablation.png            each seed as a point, where matplotlib is installed

    Args:
        recipe_path: of the student, with tables of distillation and evaluation, and a budget of steps.
        out: folder for all of it; made if it is missing.
        overrides: as ``sdst-edge distill`` takes them: ``key=value`` of the recipe, ``STAGE:key=value`` of a teacher's.
        seeds: at least one; in the place of the recipe's.
        arms: of :data:`~sdst_edge.workflows.ablation.arms.ARMS` and the optional ones.
        on_progress: told of each step.
        settings: how it is run.

    Raises:
        ConfigError: an arm is unknown, the recipe lacks what it needs, or ``out`` holds another recipe's runs.
        SdstError: of a run.
    """
    settings = settings or AblationSettings()
    staged = StageOverrides.parse(overrides)
    recipe = _checked(load_recipe(recipe_path, staged.of(STUDENT_STAGE)), seeds, arms)
    asked = Asked(
        recipe=Path(recipe_path).name,
        overrides=tuple(overrides),
        arms=tuple(arms),
        seeds=tuple(seeds),
        steps=recipe.optimization.steps,
        batch_size=recipe.optimization.batch_size,
        command=settings.trials.command,
        bootstrap=settings.bootstrap,
    )
    steps = settings.steps or real_steps(settings.trials)
    on_stage = on_progress or _ignore
    folder = out / "ablation"
    folder.mkdir(parents=True, exist_ok=True)
    prepared = steps.prepare(needed(recipe, arms), staged, out, on_stage)
    work = _Ablation(asked, prepared, folder, steps, on_stage)
    work.run(settings.timing)
    return work.table()


class _Ablation:
    """Runs what is not finished, and knows what is."""

    def __init__(self, asked: Asked, recipe: Recipe, out: Path, steps: Steps, on_stage: OnStage) -> None:
        self._asked, self._recipe, self._out = asked, recipe, out
        self._steps, self._on_stage = steps, on_stage
        self._trials: dict[tuple[str, int], Trial] = {}
        self._teachers: dict[str, Trial] = {}
        self._frame_times: FrameTimes | None = None

    def run(self, timing: Timing) -> None:
        """All runs, seed by seed: an interrupted ablation has compared all arms on the seeds that it got to."""
        for run in self._runs():
            self._find(*run)
        self._write()
        general = general_teachers(self._recipe)
        for name, teacher in {**general, **specialised_teachers(self._recipe)}.items():
            folder = self._out / "references" / name
            found = run_reference(teacher, self._recipe, folder, self._steps, self._on_stage)
            if found is not None:
                self._teachers[name] = found
        for run in self._runs():
            is_new = run not in self._trials
            recipe, folder, name = self._place(*run)
            trial = self._trials[run] = run_trial(recipe, folder, name, self._steps, self._on_stage)
            if self._frame_times is None:
                self._time(timing, trial.bundle, [name for name in general if name in self._teachers])
            if is_new:
                self._write()
        self._write()
        with suppress(BackendUnavailable):  # the points are in the table, too
            if is_first_process():
                write_plot(self.table(), self._out / "ablation.png")

    def table(self) -> AblationTable:
        """Of what is finished."""
        general, specialised = (
            [self._teachers[name] for name in names if name in self._teachers]
            for names in (general_teachers(self._recipe), specialised_teachers(self._recipe))
        )
        table = make_table(
            self._asked, self._trials, general=general, specialised=specialised, frame_times=self._frame_times
        )
        return replace(table, chosen=chosen_teachers(self._recipe))

    def _runs(self) -> Iterator[tuple[str, int]]:
        for seed in self._asked.seeds:
            for arm in self._asked.arms:
                yield arm, seed

    def _place(self, arm: str, seed: int) -> tuple[Recipe, Path, str]:
        """Recipe, folder and name of a run."""
        return replace(with_arm(self._recipe, arm), seed=seed), self._out / arm / f"seed-{seed}", f"{arm}-seed-{seed}"

    def _find(self, arm: str, seed: int) -> None:
        finished = find_trial(*self._place(arm, seed))
        if finished is not None:
            self._trials[arm, seed] = finished

    def _time(self, timing: Timing, student: Path, teachers: Sequence[str]) -> None:
        """Of the student, whose architecture all arms share, and of the general teachers, in turns."""
        self._frame_times = time_in_turns(
            {STUDENT: student, **{name: self._teachers[name].bundle for name in teachers}},
            self._out / "frame-times.json",
            timing,
            time_bundle=self._steps.time_bundle,
            on_progress=lambda share: self._on_stage("frame times", share),
        )

    def _write(self) -> None:
        if not is_first_process():
            return
        table = self.table()
        _write_text(self._out / "ablation.json", json.dumps(to_plain(table), indent=2, ensure_ascii=False) + "\n")
        _write_text(self._out / "ablation.md", ablation_markdown(table))


def _checked(recipe: Recipe, seeds: Sequence[int], arms: Sequence[str]) -> Recipe:
    """The recipe with a budget of steps alone and the whole validation set.

    Raises:
        ConfigError: it lacks what an ablation needs.
    """
    check_arms(recipe, arms)
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise ConfigError(f"seeds are {', '.join(map(str, seeds)) or 'none at all'}, expected some >= 0, each once")
    if recipe.optimization.steps == 0:
        raise ConfigError(
            "recipe: optimization.steps is 0, and an ablation compares at equal steps: in equal time an arm with "
            "teachers makes fewer; set it"
        )
    evaluation = replace(evaluation_of(recipe), sequences=0, every=0)
    return replace(recipe, optimization=replace(recipe.optimization, seconds=0.0), evaluation=evaluation)


def _write_text(path: Path, text: str) -> None:
    try:
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SdstError(f"{path} cannot be written: {error.strerror}; make room, and run it again to go on") from None


def _ignore(_stage: str, _share: float) -> None:
    """No progress is wanted."""
