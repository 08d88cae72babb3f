"""The recipe of quantisation-aware training, and what its command refuses before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.training.recipe import Quantization, Recipe, load_recipe
from sdst_runtime.errors import ConfigError


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("int8.toml")


def test_packaged_recipe_learns_from_its_float_self_with_norms_that_stay(recipe: Recipe) -> None:
    assert recipe.quantization == Quantization(variant="int8-ort", range_weight=0.3)
    assert recipe.optimization.frozen_norms
    assert recipe.distillation is not None
    (teacher,) = recipe.distillation.general
    assert teacher.checkpoint == recipe.model.start


def test_norms_must_keep_their_statistics(recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match=r"set optimization\.frozen_norms = true"):
        replace(recipe, optimization=replace(recipe.optimization, frozen_norms=False))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("quantization.variant=int4", "quantization.variant is 'int4', expected one of 'int8-ort', 'int8-qdq'"),
        ("quantization.range_decay=1", "quantization.range_decay is 1.0, expected a number in [0, 0.9999]"),
        ("quantization.freeze_ranges=2", "quantization.freeze_ranges is 2.0, expected a number in [0, 1]"),
        ("quantization.float_module=x", "'float_module'; did you mean 'float_modules'?"),
    ],
)
def test_values_that_make_no_sense_are_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe("int8.toml", [override])
    assert message in str(caught.value)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder that holds no data set."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def qat(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["qat", *map(str, arguments)])


def test_output_must_be_a_checkpoint(data: Path) -> None:
    result = qat("a.safetensors", "--data", data, "-o", "b.onnx")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ends in '.onnx', expected .safetensors" in result.stderr


def test_the_start_is_not_written_over(data: Path) -> None:
    result = qat("a.safetensors", "--data", data, "-o", "a.safetensors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a.safetensors is the checkpoint to start from; give the output another name" in result.stderr


def test_output_must_not_be_a_folder(data: Path) -> None:
    (data.parent / "b.safetensors").mkdir()
    result = qat("a.safetensors", "--data", data, "-o", data.parent / "b.safetensors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "b.safetensors is a folder, expected the name of a checkpoint to write" in result.stderr


def test_data_must_be_named_and_hold_sequences(data: Path) -> None:
    result = qat("a.safetensors", "-o", "b.safetensors")
    assert result.exit_code == 2
    assert "--data" in result.stderr
    result = qat("a.safetensors", "--data", data, "-o", data.parent / "b.safetensors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert str(data) in result.stderr
    result = qat("a.safetensors", "--data", data / "missing", "-o", data.parent / "b.safetensors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not exist" in result.stderr
    assert [item.name for item in data.parent.iterdir()] == ["empty"]


@pytest.mark.parametrize("option", [("--variant", "int4"), ("--steps", "0")])
def test_wrong_usage(option: tuple[str, str], data: Path) -> None:
    assert qat("a.safetensors", "--data", data, "-o", "b.safetensors", *option).exit_code == 2
