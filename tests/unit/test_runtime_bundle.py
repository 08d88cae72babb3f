"""Bundles: nothing of a folder is used before all of it is known to be what was exported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ManifestError
from tests.toy_bundle import FOLDER

HEAD = f"{FOLDER}/head.onnx"


@pytest.fixture
def copy(toy_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the toy bundle that may be damaged."""
    return Path(shutil.copytree(toy_bundle, tmp_path / "copy"))


def flip_a_bit(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "manifest.json"
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_open_takes_the_folder_or_its_manifest(toy_bundle: Path) -> None:
    for path in (toy_bundle, str(toy_bundle), toy_bundle / "manifest.json", f"{toy_bundle}/manifest.json"):
        bundle = Bundle.open(path)
        assert bundle.path == toy_bundle
        assert bundle.manifest.family == "toy"


def test_graph_bytes_are_those_of_the_file(toy_bundle: Path) -> None:
    bundle = Bundle.open(toy_bundle)
    for role in ("template", "search", "head", "tail"):
        assert bundle.graph_bytes(None, role) == (toy_bundle / FOLDER / f"{role}.onnx").read_bytes()  # type: ignore[arg-type]
    assert bundle.graph_bytes(FOLDER, "head") == bundle.graph_bytes(None, "head")


def test_graph_bytes_are_those_that_were_checked_when_a_file_changes_later(copy: Path) -> None:
    bundle = Bundle.open(copy)
    before = (copy / HEAD).read_bytes()
    (copy / HEAD).write_bytes(b"something else")
    assert bundle.graph_bytes(None, "head") == before


def test_variant_is_the_default_one_when_none_is_named(toy_bundle: Path) -> None:
    bundle = Bundle.open(toy_bundle)
    assert bundle.variant() == bundle.variant(FOLDER)
    with pytest.raises(ManifestError, match="no variant 'onnx/int8'; it has onnx/fp32"):
        bundle.variant("onnx/int8")


def test_graph_bytes_tells_which_graphs_there_are(copy: Path) -> None:
    edit_manifest(copy, lambda value: value["variants"][FOLDER]["graphs"].pop("tail"))
    with pytest.raises(ManifestError, match="has no tail graph; it has template, search, head"):
        Bundle.open(copy).graph_bytes(None, "tail")


@pytest.mark.parametrize("role", ["template", "search", "head", "tail"])
@pytest.mark.parametrize("where", [0, -1])
def test_open_refuses_a_changed_byte_in_any_graph(copy: Path, role: str, where: int) -> None:
    path = copy / FOLDER / f"{role}.onnx"
    flip_a_bit(path, where)
    with pytest.raises(ManifestError, match=rf"{role}.onnx has SHA-256 .*: it was changed; copy the bundle again"):
        Bundle.open(copy)


def test_open_refuses_a_missing_file(copy: Path) -> None:
    (copy / HEAD).unlink()
    with pytest.raises(ManifestError, match=r"head.onnx does not exist, but the manifest names it"):
        Bundle.open(copy)


def test_open_refuses_a_truncated_file(copy: Path) -> None:
    data = (copy / HEAD).read_bytes()
    (copy / HEAD).write_bytes(data[:-1])
    with pytest.raises(ManifestError, match=f"head.onnx has {len(data) - 1} bytes, the manifest says {len(data)}"):
        Bundle.open(copy)


def test_open_refuses_a_folder_in_place_of_a_file(copy: Path) -> None:
    (copy / HEAD).unlink()
    (copy / HEAD).mkdir()
    with pytest.raises(ManifestError, match=r"head.onnx is not a file"):
        Bundle.open(copy)


def test_open_refuses_another_format_version(copy: Path) -> None:
    edit_manifest(copy, lambda value: value.update(format_version=2))
    with pytest.raises(ManifestError, match="format_version 2, this runtime reads 1"):
        Bundle.open(copy)


def test_open_names_the_manifest_when_it_contradicts_itself(copy: Path) -> None:
    edit_manifest(copy, lambda value: value["tracker"].update(search_size=80))
    with pytest.raises(ManifestError, match=r"manifest.json: manifest.variants.onnx/fp32.graphs.search: inputs are"):
        Bundle.open(copy)


@pytest.mark.parametrize("text", ["", "not json", "[]"])
def test_open_refuses_a_manifest_that_is_none(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    with pytest.raises(ManifestError, match=r"manifest\.json"):
        Bundle.open(copy)


def test_open_refuses_what_is_no_bundle(toy_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.json does not exist; a bundle is a folder"):
        Bundle.open(tmp_path)
    with pytest.raises(ManifestError, match="nowhere does not exist, expected the folder of a bundle"):
        Bundle.open(tmp_path / "nowhere")
    with pytest.raises(ManifestError, match=r"head.onnx is a file, expected the folder of a bundle"):
        Bundle.open(toy_bundle / HEAD)
    with pytest.raises(ManifestError, match=r"is no path|does not exist"):
        Bundle.open("a\0b")


def test_open_refuses_a_name_that_no_file_can_have(copy: Path) -> None:
    edit_manifest(copy, lambda value: value["variants"][FOLDER]["graphs"]["head"].update(file="a\ud800"))
    with pytest.raises(ManifestError, match="cannot be read"):
        Bundle.open(copy)
