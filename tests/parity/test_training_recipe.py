"""Recipes: what is in the file is what is trained with, and nothing else is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_edge.training import Recipe, load_recipe
from sdst_edge.training.recipe import DEMO_RECIPE
from sdst_runtime.errors import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_load_recipe_reads_the_demo_recipe() -> None:
    recipe = load_recipe(DEMO_RECIPE)
    assert recipe.steps > 0
    assert recipe.seconds > 0
    assert recipe.clips.first_seed > 1000  # far from the seeds that people try


def test_load_recipe_takes_defaults_for_what_is_left_out(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, "steps = 7\n[augmentation]\nflip = 0\n[clips]\nsize_wh = [200, 100]\n"))
    assert recipe.steps == 7
    assert recipe.augmentation.flip == 0.0
    assert recipe.clips.size_wh == (200, 100)
    assert recipe.lr == Recipe().lr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step = 7", "unknown keys: step"),
        ("steps = 7.5", "steps is 7.5"),
        ("lr = 'high'", "lr is 'high'"),
        ("lr = 0.0", "lr is 0.0, expected"),
        ("seconds = 0", "neither seconds nor steps"),
        ("[augmentation]\nflip = 2", "flip is 2.0, expected"),
        ("[clips]\nframes = 1", "frames is 1, expected"),
        ("[clips]\nsize_wh = [1]", "size_wh has 1 items"),
        ("steps = ", "no valid TOML"),
    ],
)
def test_load_recipe_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_recipe(write(tmp_path, text))


def test_load_recipe_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml cannot be read"):
        load_recipe(tmp_path / "missing.toml")
