"""Manifests: read strictly, written stably."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Manifest
from tests.toy_bundle import FOLDER, toy_graphs, toy_manifest


def plain() -> dict[str, Any]:
    return dict(json.loads(toy_manifest(toy_graphs()).dumps()))


def test_manifest_survives_a_round_trip() -> None:
    manifest = toy_manifest(toy_graphs())
    text = manifest.dumps()
    assert Manifest.loads(text) == manifest
    assert Manifest.loads(text).dumps() == text


def test_dumps_puts_the_version_first_and_ends_in_a_newline() -> None:
    text = toy_manifest(toy_graphs()).dumps()
    assert text.startswith('{\n  "format_version": 1,\n')
    assert text.endswith("}\n")


@pytest.mark.parametrize("version", [2, 0, "1", 1.0, None, True, [1]])
def test_loads_refuses_another_format_version(version: object) -> None:
    value = plain()
    value["format_version"] = version
    with pytest.raises(ManifestError, match=r"format_version .* this runtime reads 1; update sdst-edge"):
        Manifest.loads(json.dumps(value))


@pytest.mark.parametrize(
    "text", ["", "{", "no json", "[1, 2", '{"a": NaN}', "[" * 100_000, "\ud800", '{"a": 1e5000000']
)
def test_loads_refuses_what_is_no_json(text: str) -> None:
    with pytest.raises(ManifestError, match="is no valid JSON"):
        Manifest.loads(text)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"manifest"', "{}"])
def test_loads_refuses_json_without_a_version(text: str) -> None:
    with pytest.raises(ManifestError, match="format_version None"):
        Manifest.loads(text)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("nmae",), "x", "unknown key 'nmae'; did you mean 'name'"),
        (("family",), None, "manifest.family is None"),
        (("tracker", "stride_px"), "16", "manifest.tracker.stride_px is '16'"),
        (("tracker", "stride_px"), 0.0, "stride_px is 0.0, expected a number in"),
        (("tracker", "crop", "rounding"), "down", "manifest.tracker.crop.rounding is 'down'"),
        (("correlations", 0, "kind"), "circular", "manifest.correlations[0].kind is 'circular'"),
        (("default_variant",), "onnx/int8", "default_variant is 'onnx/int8', the variants are onnx/fp32"),
        (("variants", FOLDER, "session"), "fast", "session is 'fast'"),
        (("variants", FOLDER, "graphs", "neck"), {}, "key 'neck' of manifest.variants.onnx/fp32.graphs"),
    ],
)
def test_loads_tells_the_key_that_is_wrong(path: tuple[Any, ...], value: object, message: str) -> None:
    whole = plain()
    at = whole
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(ManifestError) as caught:
        Manifest.loads(json.dumps(whole), name="n3/manifest.json")
    assert str(caught.value).startswith("n3/manifest.json: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("file", ["", "/etc/passwd", "../head.onnx", "a/../../b", "a\\b", "C:/a", "a\0b"])
def test_loads_refuses_files_outside_of_the_bundle(file: str) -> None:
    value = plain()
    value["variants"][FOLDER]["graphs"]["head"]["file"] = file
    with pytest.raises(ManifestError, match="expected a path inside the bundle"):
        Manifest.loads(json.dumps(value))


def test_read_tells_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"does not exist; a bundle is a folder that holds a manifest.json"):
        Manifest.read(tmp_path / "manifest.json")
    with pytest.raises(ManifestError, match="is no file of at most"):
        Manifest.read(tmp_path)
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="cannot be read"):
        Manifest.read(tmp_path / "manifest.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_read_does_not_wait_for_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(ManifestError, match="is no file of at most"):
        Manifest.read(tmp_path / "manifest.json")


def test_read_refuses_a_file_that_is_far_too_large(tmp_path: Path) -> None:
    with (tmp_path / "manifest.json").open("wb") as file:
        file.truncate(1 << 34)  # takes no space on the disk
    with pytest.raises(ManifestError, match="is no file of at most"):
        Manifest.read(tmp_path / "manifest.json")
