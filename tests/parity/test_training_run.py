"""The parts of a run, and a run from a recipe alone."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from sdst_edge.datasets import render_clip, write_got10k_sequence
from sdst_edge.models import build, load_checkpoint, save_checkpoint, untrained_checkpoint
from sdst_edge.training.loop import train
from sdst_edge.training.losses.term import Term
from sdst_edge.training.recipe import (
    Augmentation,
    Distillation,
    Evaluation,
    Freezing,
    ModelSpec,
    Optimization,
    Recipe,
    TeacherSpec,
)
from sdst_edge.training.run.averaging import Meter, StepLoss, step_loss
from sdst_edge.training.run.files import RunFiles, check_recipe, claim, recipe_sha256
from sdst_edge.training.run.freezing import Freezer
from sdst_edge.training.run.logs import RunLog
from sdst_edge.training.run.memory_format import fast_format, laid_out
from sdst_edge.training.run.optimizer import budget_fraction, make_optimizer, rate, set_rate
from sdst_edge.training.run.processes import launch, others_may_end, share_of_batch
from sdst_edge.training.run.result import TrainProgress
from sdst_edge.training.run.validation import Validation
from sdst_edge.training.students.starting import make_student, trained_config
from sdst_runtime.errors import CheckpointError, ConfigError, DatasetError, SdstError
from sdst_runtime.manifest import Provenance
from tests.stand_in_training import RECIPE, one_process, recipe_with
from tests.tolerances import REL_F32, REL_NETWORK_F32

CPU = torch.device("cpu")
SMALL = {"width": 0.25, "depth": 0.5}


def optimization(**numbers: object) -> Optimization:
    return Optimization(**{"steps": 100, **numbers})  # type: ignore[arg-type]


# Schedule


@pytest.mark.parametrize(
    ("schedule", "fraction", "expected"),
    [
        ("cosine", 0.0, 0.01),
        ("cosine", 0.1, 0.5),
        ("cosine", 0.2, 1.0),
        ("cosine", 0.6, 0.5),
        ("cosine", 1.0, 0.0),
        ("log", 0.2, 1.0),
        ("log", 0.6, 0.1),
        ("log", 1.0, 0.01),
        ("constant", 0.9, 1.0),
    ],
)
def test_the_rate_rises_and_falls_as_the_schedule_says(schedule: str, fraction: float, expected: float) -> None:
    table = optimization(schedule=schedule, warmup=0.2, final_lr_share=0.01)
    assert rate(table, fraction) == pytest.approx(expected, rel=REL_F32, abs=REL_F32)


def test_a_run_without_warmup_begins_at_the_highest_rate() -> None:
    assert rate(optimization(warmup=0.0), 0.0) == 1.0


@pytest.mark.parametrize(("step", "seconds", "expected"), [(25, 0.0, 0.25), (25, 5.0, 0.5), (90, 100.0, 1.0)])
def test_the_budget_that_runs_out_first_counts(step: int, seconds: float, expected: float) -> None:
    assert budget_fraction(optimization(seconds=10.0), step, seconds) == expected


# Optimiser and freezing


def small_network() -> nn.Sequential:
    return nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)), nn.Conv2d(4, 2, 1))


def test_biases_and_norms_are_not_decayed_and_slow_modules_learn_slowly() -> None:
    network = small_network()
    table = optimization(
        weight_decay=0.1,
        freeze=(Freezing(modules=("0",), until=0.0, lr_factor=0.5), Freezing(modules=("0.1",), lr_factor=0.2)),
    )
    optimizer = make_optimizer(network, table, Freezer(network, network, table).lr_factors())
    set_rate(optimizer, 2.0)
    found = {
        id(each): (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for each in group["params"]
    }
    rates = {name: found[id(parameter)] for name, parameter in network.named_parameters()}
    assert rates == {
        "0.0.weight": (1.0, 0.1),
        "0.0.bias": (1.0, 0.0),
        "0.1.weight": (0.2, 0.0),
        "0.1.bias": (0.2, 0.0),
        "1.weight": (2.0, 0.1),
        "1.bias": (2.0, 0.0),
    }


def test_sgd_has_momentum() -> None:
    (group, _) = make_optimizer(small_network(), optimization(optimizer="sgd"), {}).param_groups
    assert group["momentum"] == 0.9


def test_freezer_tells_when_others_learn() -> None:
    network = small_network()
    freezer = Freezer(network, network, optimization(freeze=(Freezing(modules=("0.1",), until=0.5),)))
    assert [freezer.apply(fraction) for fraction in (0.0, 0.4, 0.5, 0.9)] == [True, False, True, False]


def test_a_frozen_module_has_no_gradients_and_its_norms_are_in_eval_mode() -> None:
    network = small_network()
    freezer = Freezer(network, network, optimization(freeze=(Freezing(modules=("0",), until=0.5),)))
    freezer.apply(0.0)
    assert [name for name, each in network.named_parameters() if each.requires_grad] == ["1.weight", "1.bias"]
    assert not network.get_submodule("0.1").training
    freezer.apply(0.5)
    assert all(each.requires_grad for each in network.parameters())
    assert network.get_submodule("0.1").training


def test_an_unknown_module_is_an_error_that_names_the_known_ones() -> None:
    network = small_network()
    with pytest.raises(ConfigError, match=r"names '0\.7', which is no module of the network; 0 has 0, 1"):
        Freezer(network, network, optimization(freeze=(Freezing(modules=("0.7",)),)))


# Losses


def test_the_loss_is_the_weighted_sum_of_means_over_all_that_counts() -> None:
    """Factors 2 and 0.5: 2 (3 + 5) / (1 + 3) + 0.5 * 0, the last concerning no pair."""
    totals = torch.tensor([3.0, 5.0], requires_grad=True)
    terms = {
        "a": Term(totals, torch.tensor([1.0, 3.0]), 2.0),
        "b": Term(totals * 0, torch.zeros(2), 0.5),
    }
    loss = step_loss(one_process(), terms)
    loss.loss.backward()  # type: ignore[no-untyped-call]
    assert loss.loss.item() == loss.total.item() == 4.0
    assert loss.means.tolist() == [2.0, 0.0]
    assert totals.grad is not None
    assert totals.grad.tolist() == [0.5, 0.5]


def step_of(*means: float, names: tuple[str, ...]) -> StepLoss:
    values = torch.tensor(means)
    return StepLoss(loss=values.sum(), names=names, means=values, total=values.sum())


def test_a_report_has_means_of_each_loss_over_the_steps_that_had_it() -> None:
    meter = Meter(skips_steps=False)
    meter.add(1, step_of(1.0, names=("a",)), torch.tensor(4.0), {})
    meter.add(2, step_of(3.0, 5.0, names=("a", "b")), torch.tensor(6.0), {"gate/FM": torch.tensor(0.25)})
    assert meter.report() == {"loss": 4.5, "gradient_norm": 5.0, "a": 2.0, "b": 5.0, "gate/FM": 0.25}


def test_gradients_that_are_not_finite_end_a_run_unless_the_scaler_skips_the_step() -> None:
    patient, strict = Meter(skips_steps=True), Meter(skips_steps=False)
    for meter in (patient, strict):
        meter.add(7, step_of(1.0, names=("a",)), torch.tensor(math.inf), {})
    assert patient.report()["gradient_norm"] == math.inf
    with pytest.raises(ConfigError, match="broke down in step 7: gradient norm is inf"):
        strict.report()


# Memory formats


def test_a_strided_pointwise_convolution_of_odd_width_is_kept_from_channels_last() -> None:
    safe = nn.Sequential(nn.Conv2d(16, 4, 1, stride=2))
    unsafe = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1, stride=2))
    assert fast_format(safe, CPU) == torch.channels_last
    assert fast_format(unsafe, CPU) == torch.contiguous_format
    seen: list[torch.Tensor] = []
    unsafe[1].register_forward_hook(lambda _module, inputs, _output: seen.extend(inputs))
    with laid_out(unsafe, torch.contiguous_format):
        unsafe(torch.zeros(2, 3, 9, 9).contiguous(memory_format=torch.channels_last))
    assert seen[0].is_contiguous()


def test_a_connection_that_broke_is_told_as_the_end_of_the_other_process() -> None:
    with pytest.raises(SdstError, match="another process of this run has ended"), others_may_end():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:46315")
    with pytest.raises(RuntimeError, match="shapes"), others_may_end():
        raise RuntimeError("shapes")


# Logs


def test_a_new_column_keeps_the_rows_before_it(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    log = RunLog(files, 0)
    log.write(1, {"a": 1.5})
    log.write(2, {"a": 2.5, "b": 3.5})
    log.close()
    lines = [line.split(",") for line in files.log.read_text().splitlines()]
    assert lines[0] == ["step", "time", "a", "b"]
    assert [line[:1] + line[2:] for line in lines[1:]] == [["1", "1.5", ""], ["2", "2.5", "3.5"]]


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    files.log.write_text("step,time,a\n1,10.0,1.5\n2,10.")
    RunLog(files, 5).close()
    assert files.log.read_text().split() == ["step,time,a", "1,10.0,1.5"]


# The folder


HOLDER = """
import fcntl, sys
lock = open(sys.argv[1], "a")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ConfigError, match="another process trains in"), claim(RunFiles(tmp_path), RECIPE):
            pass
        other.kill()
    with claim(RunFiles(tmp_path), RECIPE):
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds thesis\.txt and no run"), claim(RunFiles(tmp_path), RECIPE):
        pass


def test_a_folder_that_keeps_nothing_yet_takes_the_corrected_recipe(tmp_path: Path) -> None:
    files, corrected = RunFiles(tmp_path), replace(RECIPE, seed=1)
    with claim(files, RECIPE):
        files.log.write_text("step,time\n")
    with claim(files, corrected):
        assert json.loads(files.recipe.read_text())["seed"] == 1
    files.state.write_bytes(b"learned")
    with pytest.raises(ConfigError, match="holds the run of another recipe: seed is 1, not 0"), claim(files, RECIPE):
        pass


def test_a_recipe_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text('{"flour": 500}')
    with pytest.raises(ConfigError, match=r"recipe\.json is not that of a run"), claim(RunFiles(tmp_path), RECIPE):
        pass


def test_a_file_is_no_folder_to_train_in(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file is a file or lies below one"):
        check_recipe(RunFiles(tmp_path / "file"), RECIPE)


def test_recipes_that_differ_in_workers_alone_come_to_the_same() -> None:
    assert recipe_sha256(RECIPE) == recipe_sha256(replace(RECIPE, loading=replace(RECIPE.loading, workers=7)))
    assert recipe_sha256(RECIPE) != recipe_sha256(replace(RECIPE, seed=1))


# What a run starts from


def checkpoint(folder: Path, family: str = "sdst-nano-s", **options: float) -> str:
    model = untrained_checkpoint(family, seed=3, **options).model
    save_checkpoint(model, folder / "start.safetensors", Provenance(source="test"))
    return str(folder / "start.safetensors")


def test_a_student_starts_from_a_checkpoint(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, **SMALL)
    student = make_student(ModelSpec(start=path), 0)
    wanted = load_checkpoint(Path(path)).model
    assert student.training
    assert all(torch.equal(a, b) for a, b in zip(student.parameters(), wanted.parameters(), strict=True))
    make_student(ModelSpec(family="sdst-nano-s", options=SMALL, start=path), 0)


def test_a_start_of_default_options_fits_a_recipe_that_names_them(tmp_path: Path) -> None:
    make_student(ModelSpec(options={"width": 1.0}, start=checkpoint(tmp_path, depth=0.5)), 0)


def test_a_student_grows_from_a_smaller_one(tmp_path: Path) -> None:
    start = checkpoint(tmp_path, width=0.25, depth=0.5)
    grown = make_student(ModelSpec(start=start, grow=True, options={"width": 0.5, "depth": 1.0}), 0)
    assert grown.training
    assert grown.options == {"width": 0.5, "depth": 1.0}
    small, crops = load_checkpoint(Path(start)).model.eval(), (torch.randn(1, 3, 128, 128), torch.randn(1, 3, 224, 224))
    for ours, theirs in zip(grown.eval()(*crops), small(*crops), strict=True):
        assert float((ours - theirs).detach().abs().max() / theirs.detach().abs().max()) <= REL_NETWORK_F32
    again = make_student(ModelSpec(start=start, grow=True, options={"width": 0.5, "depth": 1.0}), 0)
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in grown.state_dict().items())
    with pytest.raises(ConfigError, match=r"or set model\.grow = true where they are larger"):
        make_student(ModelSpec(start=start, options={"width": 0.5}), 0)
    with pytest.raises(ConfigError, match=r"model\.grow needs model\.start"):
        ModelSpec(family="sdst-nano-s", grow=True)


def test_equal_seeds_make_equal_students() -> None:
    first, second, other = (next(make_student(RECIPE.model, seed).parameters()) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (ModelSpec(family="sdst-nano-m", start="START"), ConfigError, "is of family sdst-nano-s, model.family is"),
        (ModelSpec(options={"width": 0.5}, start="START"), ConfigError, "built with depth 0.5, width 0.25, model.opt"),
        (ModelSpec(start="missing.safetensors"), CheckpointError, "does not exist"),
        (ModelSpec(start="teacher.toml"), ConfigError, "'sdst-edge distill' does so"),
        (ModelSpec(), ConfigError, "neither model.family nor model.start"),
    ],
)
def test_an_unfit_start_is_an_error(tmp_path: Path, model: ModelSpec, error: type[Exception], message: str) -> None:
    start = checkpoint(tmp_path, **SMALL) if model.start == "START" else model.start
    with pytest.raises(error, match=message):
        make_student(replace(model, start=start), 0)


def test_more_cells_than_the_tracker_has_are_an_error() -> None:
    student = make_student(RECIPE.model, 0)
    assert trained_config(student, replace(RECIPE.model, search_cells=0)) is student.config
    most = student.config.response_size
    with pytest.raises(ConfigError, match=rf"model\.search_cells is {most + 1}, .* expected 1 to {most}"):
        trained_config(student, replace(RECIPE.model, search_cells=most + 1))


def test_what_the_machine_cannot_do_is_an_error() -> None:
    with pytest.raises(ConfigError, match="multiple of the 3 processes"):
        share_of_batch(optimization(batch_size=32), 3)
    with pytest.raises(ConfigError, match="0 devices to train on"):
        launch(optimization(), 0, partly_used=False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_half_precision_needs_a_gpu() -> None:
    with pytest.raises(ConfigError, match="16-mixed, which needs a GPU"):
        launch(optimization(precision="16-mixed"), "auto", partly_used=False)


# Validation


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for seed in range(3):
        write_got10k_sequence(folder / f"clip-{seed}", render_clip(seed, frames=3, size_wh=(128, 96), distractors=0))
    return folder


def test_validation_takes_sequences_spread_over_the_set(clips: Path) -> None:
    recipe = replace(
        RECIPE,
        data=replace(RECIPE.data, root=str(clips.parent)),
        evaluation=Evaluation(path=clips.name, sequences=2),
    )
    validation = Validation.of(recipe)
    assert validation is not None
    assert [sequence.name for sequence in validation.sequences] == ["clip-0", "clip-1"]
    assert 0.0 <= validation.auc(build("sdst-nano-s", **SMALL)) <= 20 / 21


def test_a_missing_validation_set_is_an_error() -> None:
    with pytest.raises(DatasetError, match=r"recipe: evaluation, nowhere: .*does not exist"):
        Validation.of(replace(RECIPE, evaluation=Evaluation(path="nowhere")))


# A whole run


def short(**numbers: object) -> Recipe:
    recipe = recipe_with(**{"steps": 2, **numbers})
    return replace(recipe, loading=replace(recipe.loading, workers=0))


def test_train_runs_a_recipe_once(tmp_path: Path, clips: Path) -> None:
    recipe = replace(short(), evaluation=Evaluation(path=str(clips), sequences=1))
    told: list[TrainProgress] = []
    result = train(recipe, tmp_path / "run", on_progress=told.append)
    files = result.files
    assert [progress.step for progress in told] == [2]
    assert (result.steps, result.auc, result.best_step) == (2, result.best_auc, 2)
    assert files.best.read_bytes() == files.model.read_bytes()
    assert load_checkpoint(files.model).provenance.sha256 == recipe_sha256(recipe)
    written = files.model.stat().st_mtime_ns
    assert train(recipe, tmp_path / "run", on_progress=told.append) == result
    assert (len(told), files.model.stat().st_mtime_ns) == (1, written)
    with pytest.raises(ConfigError, match=r"holds the run of another recipe: optimization\.steps is 2, not 3"):
        train(replace(recipe, optimization=replace(recipe.optimization, steps=3)), tmp_path / "run")


def test_train_leaves_random_numbers_and_threads_as_they_were(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train(short(steps=1), tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_train_learns_from_a_teacher(tmp_path: Path) -> None:
    table = Distillation(general=(TeacherSpec(checkpoint=checkpoint(tmp_path, width=0.25)),))
    result = train(replace(short(), distillation=table), tmp_path / "run")
    assert result.losses["general/soft"] > 0
    assert "teachers: start.safetensors" in load_checkpoint(result.files.model).provenance.notes


def test_a_teacher_that_sees_pairs_clean_says_something_else(tmp_path: Path) -> None:
    teacher = TeacherSpec(checkpoint=checkpoint(tmp_path, width=0.25))
    soft = {}
    for light in (0.0, 0.5):
        for clean in (False, True):
            table = Distillation(general=(teacher,), clean_views=clean)
            recipe = replace(short(steps=1), distillation=table)
            recipe = replace(recipe, augmentation=Augmentation(gain=light, tint=0.0, offset=0.0))
            result = train(recipe, tmp_path / f"{light}-{clean}")
            soft[light, clean] = result.losses["general/soft"]
    assert soft[0.0, False] == soft[0.0, True]
    assert soft[0.5, False] != soft[0.5, True]


def test_a_teacher_that_is_a_recipe_is_an_error(tmp_path: Path) -> None:
    table = Distillation(general=(TeacherSpec(recipe="teacher.toml"),))
    with pytest.raises(ConfigError, match="sdst-edge distill"):
        train(replace(short(), distillation=table), tmp_path / "run")
