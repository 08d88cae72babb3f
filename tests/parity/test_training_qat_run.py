"""Runs under rounding: broken off and gone on with, what they leave, and what they refuse."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.datasets import render_clip, write_got10k_sequence
from sdst_edge.models import fold, load_checkpoint, save_checkpoint
from sdst_edge.training.quantization_aware.learner import RANGES, QuantizationAware
from sdst_edge.training.quantization_aware.quantizer import Quantizer
from sdst_edge.training.recipe import Quantization
from sdst_edge.training.run.files import RunFiles
from sdst_edge.training.run.fit import Rhythm, fit
from sdst_edge.training.run.result import TrainProgress, TrainResult
from sdst_runtime.manifest import Provenance
from tests.parity.rounded_run import inputs, rounded
from tests.stand_in_training import one_process, recipe_with, run_files, setting_of

TABLE = Quantization(range_decay=0.5, freeze_ranges=0.5)
RECIPE = replace(recipe_with(steps=6, frozen_norms=True), quantization=TABLE)


class BrokenOffError(Exception):
    pass


def learn(folder: Path, on_progress: Callable[[TrainProgress], None] | None = None) -> tuple[TrainResult, Quantizer]:
    setting = setting_of(RECIPE)
    learner = QuantizationAware(setting.module, setting.student, TABLE)
    rhythm = Rhythm(report_steps=1, save_seconds=0.0, on_progress=on_progress)
    result = fit(one_process(RECIPE), replace(setting, module=learner), RunFiles(run_files(folder)), rhythm)
    return result, learner.quantizer


def test_a_run_that_was_broken_off_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    def stop(progress: TrainProgress) -> None:
        if progress.step == 2:
            raise BrokenOffError

    unbroken, ranges = learn(tmp_path / "a")
    with pytest.raises(BrokenOffError):
        learn(tmp_path / "b", stop)
    resumed, ranges_too = learn(tmp_path / "b")
    assert resumed.files.model.read_bytes() == unbroken.files.model.read_bytes()
    assert all(torch.equal(value, ranges_too.ranges[name]) for name, value in ranges.ranges.items())
    assert not any(value.isnan().any() for value in ranges.ranges.values())


def test_what_is_learned_is_a_plain_checkpoint_whose_norms_kept_their_statistics(tmp_path: Path) -> None:
    start = setting_of(RECIPE).student
    result, quantizer = learn(tmp_path)
    learned = load_checkpoint(result.files.model).model
    assert learned.state_dict().keys() == start.state_dict().keys()
    for name, value in start.state_dict().items():
        is_statistic = name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        assert torch.equal(learned.state_dict()[name], value) == is_statistic, name
    z, x = inputs(learned)
    exported = copy.deepcopy(learned)
    fold(exported)
    for got, want in zip(rounded(exported, quantizer, z, x), rounded(learned, quantizer, z, x), strict=True):
        assert torch.equal(got, want)


def test_a_loss_of_ranges_is_added_where_it_has_weight() -> None:
    setting = setting_of(RECIPE)
    for weight in (0.0, 0.5):
        learner = QuantizationAware(setting.module, setting.student, replace(TABLE, range_weight=weight))
        with setting.batches(0) as batches:
            batch = next(iter(batches))
            plain, terms = setting.module(batch, 0.0), learner(batch, 0.0)
        assert terms.keys() - plain.keys() == ({RANGES} if weight else set())
        if weight:
            assert terms[RANGES].factor == weight
            assert terms[RANGES].total.shape == (len(batch),)
            assert terms[RANGES].total.requires_grad


def test_ranges_stay_after_their_share_of_the_budget() -> None:
    setting = setting_of(RECIPE)
    learner = QuantizationAware(setting.module, setting.student, TABLE)
    with setting.batches(0) as batches:
        source = iter(batches)
        learner(next(source), 0.49)
        kept = {name: value.clone() for name, value in learner.quantizer.ranges.items()}
        learner(next(source), 0.5)
        assert all(torch.equal(value, kept[name]) for name, value in learner.quantizer.ranges.items())
        learner(next(source), 0.0)
    moved = [name for name, value in learner.quantizer.ranges.items() if not torch.equal(value, kept[name])]
    assert len(moved) > len(kept) / 2
    assert learner.quantizer.observing == "no"


# The command


def test_a_checkpoint_that_is_missing_or_damaged_is_an_error(tmp_path: Path) -> None:
    data, good, cut = tmp_path / "data", tmp_path / "good.safetensors", tmp_path / "cut.safetensors"
    write_got10k_sequence(data / "one", render_clip(5, frames=3, size_wh=(160, 120)))
    save_checkpoint(setting_of(RECIPE).student, good, provenance=Provenance(source="test"))
    cut.write_bytes(good.read_bytes()[:1000])
    before = sorted(tmp_path.iterdir())
    for start, message in ((tmp_path / "no.safetensors", "does not exist"), (cut, "is damaged")):
        output = tmp_path / "out.safetensors"
        result = CliRunner().invoke(app, ["qat", str(start), "--data", str(data), "-o", str(output)])
        assert (result.exit_code, result.stdout) == (1, "")
        assert str(start) in result.stderr
        assert message in result.stderr
    assert sorted(tmp_path.iterdir()) == before
