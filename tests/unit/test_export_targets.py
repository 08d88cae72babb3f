"""Recipes of targets: those of the package are whole, and what is wrong in one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_export.targets import Target, TensorRTRange, list_targets, load_target, parse_version
from sdst_runtime.errors import ConfigError

GOOD = """
title = "A board"
engine = "onnxruntime"
runtime = "python"
opset = 17
precisions = ["fp32"]
default_variant = "onnx/fp32"
session = "split"
threads = 1
correlation_forms = ["conv"]
calibration = "min-max"
verified = "not verified on hardware"
"""


def recipe(folder: Path, text: str) -> str:
    path = folder / "board.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_targets_of_the_package() -> None:
    assert list_targets() == (
        "android-vulkan",
        "cpu-x86",
        "jetson-orin-jp6",
        "jetson-orin-jp7",
        "jetson-thor-jp7",
        "jetson-xavier-nx-jp5",
        "raspberry-pi-5",
    )


@pytest.mark.parametrize("name", list_targets())
def test_packaged_target_says_what_was_verified_and_where_its_facts_are_from(name: str) -> None:
    target = load_target(name)
    assert target.name == name
    assert target.verified.startswith("not verified on hardware") or name == "cpu-x86"
    assert target.notes
    assert all(note.text and note.source for note in target.notes)
    assert target.default_variant.rpartition("/")[2] in target.precisions


@pytest.mark.parametrize(
    ("name", "versions", "runtime"),
    [
        ("jetson-xavier-nx-jp5", ("8.5", "8.5"), "cpp"),
        ("jetson-orin-jp6", ("10.3", "10.3"), "python"),
        ("jetson-orin-jp7", ("10.16", "10.16"), "python"),
        ("jetson-thor-jp7", ("10.13", "10.16"), "python"),
    ],
)
def test_jetson_runs_a_split_session_on_its_tensorrt(name: str, versions: tuple[str, str], runtime: str) -> None:
    target = load_target(name)
    assert (target.engine, target.session, target.runtime) == ("tensorrt", "split", runtime)
    assert target.tensorrt == TensorRTRange(lowest=versions[0], highest=versions[1])
    assert target.correlation_forms == ("conv", "matmul", "taps")
    assert target.opset == 17


def test_vulkan_target_spells_correlations_as_products() -> None:
    target = load_target("android-vulkan")
    assert (target.engine, target.session, target.correlation_forms) == ("ncnn", "whole", ("matmul",))
    assert "int8" not in target.precisions


def test_recipe_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    target = load_target(recipe(tmp_path, GOOD))
    assert isinstance(target, Target)
    assert (target.name, target.title, target.tensorrt, target.dla, target.notes) == (
        "board",
        "A board",
        None,
        False,
        (),
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [("jetson-orin-jp8", "jetson-orin-jp7"), ("cpu-x64", "cpu-x86"), ("Raspberry_Pi_5", "raspberry-pi-5")],
)
def test_unknown_target_is_told_the_nearest_and_all(name: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"target {name!r} does not exist; did you mean {meant!r}") as told:
        load_target(name)
    assert all(known in str(told.value) for known in list_targets())


@pytest.mark.parametrize("name", ["", "no such thing at all", "../targets", "cpu-x86/"])
def test_name_that_is_like_no_target_is_told_all(name: str) -> None:
    with pytest.raises(ConfigError, match="targets are android-vulkan, cpu-x86"):
        load_target(name)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("threads = 1", "thread = 1", "unknown key 'thread'; did you mean 'threads'"),
        ("threads = 1", "", "lacks threads"),
        ("threads = 1", 'threads = "two"', "threads is 'two'"),
        ("threads = 1", "threads = 0", "threads is 0, expected at least 1"),
        ("opset = 17", "opset = 9", "opset is 9, expected a number from 13 to 25"),
        ('precisions = ["fp32"]', "precisions = []", "precisions is [], expected at least one"),
        ('precisions = ["fp32"]', 'precisions = ["fp32", "fp32"]', "and each once"),
        ('precisions = ["fp32"]', 'precisions = ["fp8"]', "'fp8'"),
        ('engine = "onnxruntime"', 'engine = "onnx"', "'onnx'"),
        ('session = "split"', 'session = "whole"', "expected 'baked' or 'split'"),
        ('engine = "onnxruntime"', 'engine = "ncnn"', "session is 'split', but ncnn has 'whole' sessions only"),
        ('engine = "onnxruntime"', 'engine = "tensorrt"', "tensorrt is None, expected versions"),
        ("opset = 17", 'opset = 17\ntensorrt = { lowest = "8.5", highest = "8.5" }', "and for no other"),
        ("opset = 17", 'opset = 17\nname = "other"', "name is given by the file"),
        ("opset = 17", "opset = ", "is no valid TOML"),
    ],
)
def test_wrong_recipe_is_told_with_its_name(old: str, new: str, expected: str, tmp_path: Path) -> None:
    path = recipe(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as told:
        load_target(path)
    assert str(told.value).startswith(f"target {path}")
    assert expected in str(told.value)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ('{ lowest = "10.16", highest = "10.3" }', "tensorrt.lowest is 10.16, above tensorrt.highest, which is 10.3"),
        ('{ lowest = "ten", highest = "10.3" }', "version is 'ten', expected major.minor"),
        ('{ lowest = "10", highest = "10.3" }', "version is '10'"),
        ('{ lowest = "10.3" }', "lacks highest"),
    ],
)
def test_versions_that_cannot_be_are_told(versions: str, expected: str, tmp_path: Path) -> None:
    text = GOOD.replace('"onnxruntime"', '"tensorrt"') + f"tensorrt = {versions}\n"
    with pytest.raises(ConfigError) as told:
        load_target(recipe(tmp_path, text))
    assert expected in str(told.value)


def test_recipe_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: No such file"):
        load_target(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"bytes\.toml'? cannot be read"):
        load_target(str(tmp_path / "bytes.toml"))


def test_versions_are_compared_as_numbers() -> None:
    assert parse_version("10.3") == parse_version("10.3.0.26") == (10, 3)
    assert parse_version("8.6") < parse_version("10.3") < parse_version("10.13")
