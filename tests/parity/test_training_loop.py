"""The loop: it learns, keeps to its budget, repeats itself, goes on where it was left, and fails without loss."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sdst_edge.models import SiameseModel, load_checkpoint
from sdst_edge.training.losses.term import Term, Terms
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.recipe import Evaluation, Freezing, Recipe
from sdst_edge.training.run.files import RunFiles
from sdst_edge.training.run.fit import Rhythm, fit
from sdst_edge.training.run.result import TrainProgress, TrainResult, read_result
from sdst_edge.training.run.setting import Setting
from sdst_edge.training.run.validation import Validation
from sdst_runtime.errors import CheckpointError, ConfigError
from tests.stand_in_training import RECIPE, TaskLosses, one_process, recipe_with, run_files, setting_of
from tests.tolerances import REL_F32

EACH_STEP = Rhythm(report_steps=1, save_seconds=0.0)


class BrokenOffError(Exception):
    pass


class ScriptedValidation(Validation):
    """Says these scores, one after the other."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__(())
        self.scores = scores
        self.seen: list[Tensor] = []

    def auc(self, model: SiameseModel) -> float:
        self.seen.append(first_weight(model))
        return self.scores[len(self.seen) - 1]


def first_weight(model: SiameseModel) -> Tensor:
    return next(model.parameters()).detach().clone()


def run(
    folder: Path, recipe: Recipe = RECIPE, rhythm: Rhythm = EACH_STEP, setting: Setting | None = None
) -> TrainResult:
    return fit(one_process(recipe), setting or setting_of(recipe), RunFiles(run_files(folder)), rhythm)


def until(step: int) -> Callable[[TrainProgress], None]:
    def stop(progress: TrainProgress) -> None:
        if progress.step == step:
            raise BrokenOffError

    return stop


def rows(files: RunFiles) -> list[dict[str, str]]:
    with files.log.open(newline="") as file:
        return list(csv.DictReader(file))


def test_fit_lowers_the_losses_on_few_pairs(tmp_path: Path) -> None:
    told: list[TrainProgress] = []
    recipe = recipe_with(steps=60)
    rhythm = Rhythm(report_steps=10, on_progress=told.append)
    result = run(tmp_path, recipe, rhythm, setting_of(recipe, pool=4))
    assert result.steps == 60
    assert [progress.step for progress in told] == [10, 20, 30, 40, 50, 60]
    assert told[-1].fraction == 1.0
    assert told[-1].eta_s == 0.0
    assert result.losses["loss"] < 0.2 * told[0].losses["loss"]
    assert result.losses["box"] < 0.5 * told[0].losses["box"]


def test_fit_ends_with_its_seconds(tmp_path: Path) -> None:
    result = run(tmp_path, recipe_with(steps=10_000, seconds=0.3))
    assert result.steps < 1000
    assert result.seconds >= 0.3


@pytest.mark.parametrize("options", [{"width": 0.25, "depth": 0.5}, {"width": 0.5, "depth": 0.5}])
def test_fit_gives_the_same_bytes_for_the_same_seed(tmp_path: Path, options: dict[str, float]) -> None:
    """The two widths are trained in different memory formats."""
    recipe = replace(recipe_with(steps=3), model=replace(RECIPE.model, options=options))
    first, second = (run(tmp_path / name, recipe) for name in "ab")
    assert first.files.model.read_bytes() == second.files.model.read_bytes()


def test_the_result_does_not_depend_on_how_often_it_is_reported(tmp_path: Path) -> None:
    often, rarely = run(tmp_path / "a"), run(tmp_path / "b", rhythm=Rhythm(report_steps=5))
    assert often.files.model.read_bytes() == rarely.files.model.read_bytes()
    assert [row["step"] for row in rows(rarely.files)] == ["5", "8"]


@pytest.mark.parametrize("step", [1, 5])
def test_a_run_that_was_broken_off_goes_on_to_the_same_bytes(tmp_path: Path, step: int) -> None:
    recipe = recipe_with(freeze=(Freezing(modules=("trunk",), until=0.5, lr_factor=0.1),))
    unbroken = run(tmp_path / "a", recipe)
    with pytest.raises(BrokenOffError):
        run(tmp_path / "b", recipe, replace(EACH_STEP, on_progress=until(step)))
    resumed = run(tmp_path / "b", recipe)
    assert resumed.files.model.read_bytes() == unbroken.files.model.read_bytes()
    assert resumed.losses == unbroken.losses
    assert not resumed.files.state.exists()


def test_a_resumed_log_has_each_row_once_and_no_row_of_steps_that_were_lost(tmp_path: Path) -> None:
    with pytest.raises(BrokenOffError):
        run(tmp_path, rhythm=replace(EACH_STEP, save_seconds=1e9, on_progress=until(5)))  # nothing is kept
    with pytest.raises(BrokenOffError):
        run(tmp_path, rhythm=replace(EACH_STEP, on_progress=until(3)))
    files = run(tmp_path).files
    assert [int(row["step"]) for row in rows(files)] == list(range(1, 9))
    assert event_steps(files.folder) == list(range(1, 9))


def event_steps(folder: Path) -> list[int]:
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.glob("events.out.tfevents.*")
    data, at, steps = path.read_bytes(), 0, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        steps.append(Event.FromString(data[at + 12 : at + 12 + size]).step)
        at += 12 + size + 4
    return steps[1:]  # the first names the format


def test_seconds_count_over_resumptions(tmp_path: Path) -> None:
    recipe = recipe_with(steps=0, seconds=1.0)
    told: list[TrainProgress] = []
    with pytest.raises(BrokenOffError):
        run(tmp_path, recipe, replace(EACH_STEP, on_progress=until(3)))
    result = run(tmp_path, recipe, replace(EACH_STEP, on_progress=told.append))
    assert told[0].step == 4
    assert 0 < float(rows(result.files)[2]["seconds"]) < float(rows(result.files)[3]["seconds"])
    assert told[0].fraction > float(rows(result.files)[2]["fraction"])


def test_fit_returns_the_running_mean_of_the_weights(tmp_path: Path) -> None:
    """Steps 1 and 2 end at weights a and b; their running mean is 0.75 a + 0.25 b."""

    def weights(steps: int, ema_decay: float) -> Tensor:
        recipe = recipe_with(steps=steps, ema_decay=ema_decay, warmup=0.0, schedule="constant")
        result = run(tmp_path / f"{steps}-{ema_decay}", recipe)
        return first_weight(load_checkpoint(result.files.model).model)

    first, second, mean = weights(1, 0.0), weights(2, 0.0), weights(2, 0.75)
    assert not torch.equal(first, second)
    assert (mean - (0.75 * first + 0.25 * second)).abs().max() <= REL_F32 * second.abs().max()


def test_gradients_are_clipped_to_their_norm(tmp_path: Path) -> None:
    """A step of plain descent is as long as the rate times the norm, which is told as it was before."""

    def step(clip_norm: float) -> tuple[float, float]:
        recipe = recipe_with(
            steps=1, clip_norm=clip_norm, optimizer="sgd", lr=0.1, weight_decay=0.0, warmup=0.0, schedule="constant"
        )
        setting = setting_of(recipe)
        before = [parameter.detach().clone() for parameter in setting.student.parameters()]
        result = run(tmp_path / str(clip_norm), recipe, setting=setting)
        moved = [(now.detach() - then).norm() for now, then in zip(setting.student.parameters(), before, strict=True)]
        return float(torch.stack(moved).norm()), result.losses["gradient_norm"]

    free, told = step(0.0)
    clipped, told_clipped = step(told / 2)
    assert told_clipped == told
    assert free == pytest.approx(0.1 * told, rel=REL_F32)
    assert clipped == pytest.approx(0.1 * told / 2, rel=REL_F32)


def test_the_saved_network_takes_whole_search_regions_and_says_where_it_comes_from(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(run(tmp_path, recipe_with(steps=1)).files.model)
    assert checkpoint.model.config.search_size == 224
    with torch.inference_mode():
        score, ltrb = checkpoint.model(torch.zeros(1, 3, 128, 128), torch.zeros(1, 3, 224, 224))
    assert score.shape == (1, 1, 14, 14)
    assert ltrb.shape == (1, 4, 14, 14)
    assert checkpoint.provenance.notes == "1 steps of 2 pairs; data: 3 rendered clips"
    assert len(checkpoint.provenance.sha256) == 64


def test_frozen_modules_do_not_move_until_their_time(tmp_path: Path) -> None:
    recipe = recipe_with(freeze=(Freezing(modules=("trunk",), until=0.5),), ema_decay=0.0)
    setting = setting_of(recipe)
    trunk = {key: value.clone() for key, value in setting.student.state_dict().items() if key.startswith("trunk")}
    others = {key: value.clone() for key, value in setting.student.state_dict().items() if key not in trunk}
    moved: list[tuple[int, int]] = []

    def look(_: TrainProgress) -> None:
        now = setting.student.state_dict()
        moved.append(
            tuple(sum(not torch.equal(now[key], then) for key, then in part.items()) for part in (trunk, others))  # type: ignore[arg-type]
        )

    run(tmp_path, recipe, replace(EACH_STEP, on_progress=look), setting)
    assert [inside for inside, _ in moved[:4]] == [0] * 4  # statistics of the norms among them
    assert all(inside > 0.9 * len(trunk) for inside, _ in moved[4:])
    assert moved[0][1] > 0


def test_frozen_norms_keep_their_statistics_and_learn(tmp_path: Path) -> None:
    recipe = recipe_with(frozen_norms=True, steps=2, ema_decay=0.0)
    setting = setting_of(recipe)
    before = {key: value.clone() for key, value in setting.student.state_dict().items()}
    run(tmp_path, recipe, EACH_STEP, setting)
    changed = {key for key, value in setting.student.state_dict().items() if not torch.equal(value, before[key])}
    assert not [key for key in changed if "running" in key or "num_batches" in key]
    assert len(changed) > 10


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    recipe = replace(RECIPE, evaluation=Evaluation(path="none", every=3))
    validation = ScriptedValidation([0.2, 0.6, 0.5])
    result = run(tmp_path, recipe, EACH_STEP, setting_of(recipe, validation=validation))
    assert (result.auc, result.best_auc, result.best_step) == (0.5, 0.6, 6)
    best, final = (load_checkpoint(path).model for path in (result.files.best, result.files.model))
    assert torch.equal(first_weight(best), validation.seen[1])
    assert torch.equal(first_weight(final), validation.seen[2])
    assert [row["auc"] for row in rows(result.files) if row["auc"]] == ["0.2", "0.6", "0.5"]
    assert read_result(result.files) == result


def test_the_best_score_outlives_a_break(tmp_path: Path) -> None:
    """The state is kept after a validation, whatever the time."""
    recipe = replace(RECIPE, evaluation=Evaluation(path="none", every=3))
    setting = setting_of(recipe, validation=ScriptedValidation([0.6]))
    with pytest.raises(BrokenOffError):
        run(tmp_path, recipe, Rhythm(report_steps=1, save_seconds=1e9, on_progress=until(4)), setting)
    result = run(tmp_path, recipe, EACH_STEP, setting_of(recipe, validation=ScriptedValidation([0.3, 0.4])))
    assert (result.auc, result.best_auc, result.best_step) == (0.4, 0.6, 3)


class BreaksDown(TaskLosses):
    """Its score loss is not finite from a step on."""

    steps = 0

    def forward(self, batch: PairBatch, fraction: float) -> Terms:
        terms = dict(super().forward(batch, fraction))
        self.steps += 1
        if self.steps > 4:
            term = terms["score/negative"]
            terms["score/negative"] = Term(term.total * float("nan"), term.weight, term.factor)
        return terms


def test_a_loss_that_is_not_finite_ends_the_run_and_the_last_good_state_is_kept(tmp_path: Path) -> None:
    setting = setting_of(RECIPE)
    broken = replace(setting, module=BreaksDown(setting.student, setting.module.config, RECIPE))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"broke down in step 5: score/negative is nan, .*lower optimization\.lr"):
        run(tmp_path, rhythm=Rhythm(report_steps=2, save_seconds=0.0), setting=broken)
    kept = torch.load(tmp_path / "state.pt", weights_only=True)
    assert kept["progress"]["step"] == 4
    assert all(torch.isfinite(value).all() for value in kept["parts"]["mean"].values())
    assert not (tmp_path / "model.safetensors").exists()


def test_a_full_disk_ends_the_run_and_the_last_good_state_is_kept(tmp_path: Path) -> None:
    """Writing to /dev/full fails as on a full disk."""

    def fill(progress: TrainProgress) -> None:
        if progress.step == 4:
            os.symlink("/dev/full", tmp_path / ".state.pt.partial")

    with pytest.raises(CheckpointError, match=r"state\.pt cannot be written: No space left on device; what it held"):
        run(tmp_path, rhythm=replace(EACH_STEP, on_progress=fill))
    assert torch.load(tmp_path / "state.pt", weights_only=True)["progress"]["step"] == 4
    assert run(tmp_path).files.model.read_bytes() == run(tmp_path / "b").files.model.read_bytes()


def test_events_on_a_full_disk_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.run").symlink_to("/dev/full")
    with pytest.raises(CheckpointError, match=r"tfevents\.run cannot be written: No space left on device"):
        run(tmp_path)


def test_a_log_on_a_full_disk_is_an_error(tmp_path: Path) -> None:
    def fill(progress: TrainProgress) -> None:
        if progress.step == 2:
            (tmp_path / "log.csv").unlink()
            (tmp_path / "log.csv").symlink_to("/dev/full")

    with pytest.raises(CheckpointError, match=r"log\.csv cannot be written: No space left on device"):
        run(tmp_path, rhythm=replace(EACH_STEP, on_progress=fill))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no state", b"x" * 100])
def test_a_damaged_state_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"state\.pt is damaged: .*remove it"):
        run(tmp_path)


def test_a_state_of_another_network_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrokenOffError):
        run(tmp_path, rhythm=replace(EACH_STEP, on_progress=until(2)))
    other = replace(RECIPE, model=replace(RECIPE.model, options={"width": 0.5, "depth": 0.5}))
    with pytest.raises(CheckpointError, match=r"state\.pt does not fit this run"):
        run(tmp_path, other)


def test_the_profile_accounts_for_all_time(tmp_path: Path) -> None:
    result = run(tmp_path, rhythm=replace(EACH_STEP, profile=True))
    profile = result.profile
    assert profile is not None
    assert profile.steps == 8
    assert all(profile.seconds[part] > 0 for part in ("data", "forward", "backward", "optimizer"))
    assert abs(sum(map(profile.share, ("data", "forward", "backward", "optimizer"))) - 1) <= REL_F32
    assert sum(profile.seconds.values()) <= result.seconds * 1.2


@pytest.mark.parametrize("precision", ["bf16-mixed"])
def test_fit_learns_in_mixed_precision(tmp_path: Path, precision: str) -> None:
    told: list[TrainProgress] = []
    recipe = recipe_with(steps=16, precision=precision)
    run(tmp_path, recipe, Rhythm(report_steps=4, on_progress=told.append), setting_of(recipe, pool=4))
    assert told[-1].losses["loss"] < told[0].losses["loss"]
