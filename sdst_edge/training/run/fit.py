"""Steps until the budget is spent, with reports, validation and kept states between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lightning_fabric import Fabric

from sdst_edge.models import save_checkpoint
from sdst_edge.training.run.averaging import Meter
from sdst_edge.training.run.files import RunFiles, write_whole
from sdst_edge.training.run.logs import RunLog
from sdst_edge.training.run.memory_format import fast_format, laid_out
from sdst_edge.training.run.optimizer import budget_fraction
from sdst_edge.training.run.provenance import provenance
from sdst_edge.training.run.result import TrainProgress, TrainResult
from sdst_edge.training.run.setting import Batches, Setting
from sdst_edge.training.run.state import load_state, save_state
from sdst_edge.training.run.step import Stepper
from sdst_edge.training.run.timing import Pace, Speed, Stopwatch

__all__ = ["OnProgress", "Rhythm", "fit"]

OnProgress = Callable[[TrainProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a run tells and keeps what it has; its result does not depend on it.

    Attributes:
        report_steps: steps from one report to the next. On a GPU each waits for it.
        save_seconds: from one kept state to the next, which is at the first report after them; one is kept after each
            validation, too.
        on_progress: called at each report, in the first process.
        profile: whether the time of each part of a step is measured.
    """

    report_steps: int = 10
    save_seconds: float = 30.0
    on_progress: OnProgress | None = None
    profile: bool = False


def fit(fabric: Fabric, setting: Setting, files: RunFiles, rhythm: Rhythm) -> TrainResult:
    """Runs what was put together, from the state in ``files`` on.

    Args:
        fabric: launched.
        setting: on the device of ``fabric``; its weights are changed.
        files: of the run; their folder exists.
        rhythm: of reports and kept states.

    Raises:
        ConfigError: a loss is not finite.
        CheckpointError: a file cannot be read or written.
    """
    with ExitStack() as stack:
        stack.enter_context(laid_out(setting.module, fast_format(setting.module, fabric.device)))
        run = _Run(fabric, setting, files, rhythm)
        stack.callback(run.close)
        run.spend_budget(stack.enter_context(setting.batches(run.progress.step)))
        result: TrainResult = fabric.broadcast(run.finish())
    return result


class _Run:
    """A run in one process: when it steps, reports, validates, keeps its state, and ends."""

    def __init__(self, fabric: Fabric, setting: Setting, files: RunFiles, rhythm: Rhythm) -> None:
        self._fabric, self._setting, self._files, self._rhythm = fabric, setting, files, rhythm
        self._optimization = setting.recipe.optimization
        self._watch = Stopwatch(fabric.device, on=rhythm.profile)
        self._stepper = Stepper(fabric, setting, self._watch)
        self._meter = Meter(skips_steps=self._optimization.precision == "16-mixed")
        self.progress = load_state(files.state, self._stepper.parts, fabric.device)
        self._log = RunLog(files, self.progress.step) if fabric.is_global_zero else None
        self._first_step = self.progress.step
        self._saved = time.perf_counter()
        self._start = self._saved - self.progress.seconds

    def spend_budget(self, batches: Batches) -> None:
        """Steps until the budget is spent."""
        done, fraction = self.progress, self._fraction()
        pace = Pace(done.step, fraction, self._optimization.batch_size)
        pairs = iter(batches)
        while fraction < 1.0:
            self._watch.lap("rest")
            batch = next(pairs)
            self._watch.lap("data")
            self._meter.add(done.step + 1, *self._stepper.step(batch, done.step, fraction))
            done.step += 1
            fraction = self._fraction()
            validates = self._validates(fraction)
            if validates or fraction >= 1.0 or done.step % self._rhythm.report_steps == 0:
                done.losses = dict(self._meter.report())
                if self._log is not None:
                    self._report(self._log, fraction, pace.speed(done.step, fraction, batches.waited_s), validates)
                pace.restart(done.step, batches.waited_s)

    def finish(self) -> TrainResult:
        """Writes what the run came to; the state that it could be resumed from goes."""
        done = self.progress
        result = TrainResult(
            files=self._files,
            steps=done.step,
            seconds=done.seconds,
            losses=done.losses,
            auc=done.auc,
            best_auc=done.best_auc,
            best_step=done.best_step,
            profile=self._watch.profile(done.step - self._first_step),
        )
        if self._log is not None:
            self._save_model(self._files.model)
            write_whole(self._files.result, lambda file: file.write(result.text().encode()))
            self._files.state.unlink(missing_ok=True)
        return result

    def close(self) -> None:
        """Closes the log."""
        if self._log is not None:
            self._log.close()

    def _fraction(self) -> float:
        """Of the budget that is spent; all processes agree on it."""
        self.progress.seconds = time.perf_counter() - self._start
        fraction = budget_fraction(self._optimization, self.progress.step, self.progress.seconds)
        return self._fabric.broadcast(fraction) if self._optimization.seconds else fraction

    def _validates(self, fraction: float) -> bool:
        evaluation = self._setting.recipe.evaluation
        if evaluation is None:
            return False
        return fraction >= 1.0 or (evaluation.every > 0 and self.progress.step % evaluation.every == 0)

    def _report(self, log: RunLog, fraction: float, speed: Speed, validates: bool) -> None:
        """What the first process does at a report; all losses up to here were finite."""
        done = self.progress
        row = {
            "fraction": fraction,
            "seconds": done.seconds,
            "lr": self._stepper.lr,
            "pairs_per_s": speed.pairs_per_s,
            "waiting": speed.waiting,
            **done.losses,
        }
        if validates:
            self._watch.lap("rest")
            row["auc"] = self._validate()
            self._watch.lap("validation")
        log.write(done.step, row)
        due = time.perf_counter() - self._saved >= self._rhythm.save_seconds
        if due or validates or fraction >= 1.0:
            save_state(self._files.state, done, self._stepper.parts)
            self._saved = time.perf_counter()
        if self._rhythm.on_progress is not None:
            progress = TrainProgress(
                fraction=fraction,
                step=done.step,
                losses=done.losses,
                pairs_per_s=speed.pairs_per_s,
                eta_s=speed.eta_s,
                waiting=speed.waiting,
            )
            self._rhythm.on_progress(progress)

    def _validate(self) -> float:
        """Scores the running mean, and keeps it where it is the best so far."""
        done = self.progress
        assert self._setting.validation is not None
        auc = self._setting.validation.auc(self._setting.mean.model)
        done.auc = auc
        if done.best_auc is None or auc > done.best_auc:
            done.best_auc, done.best_step = auc, done.step
            self._save_model(self._files.best)
        return auc

    def _save_model(self, path: Path) -> None:
        save_checkpoint(self._setting.mean.model, path, provenance(self._setting.recipe, self.progress.step))
