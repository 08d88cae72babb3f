"""Students that come with the package: found by name, wherever the program runs, and after what lies there."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import sdst_edge
import sdst_runtime
from sdst_runtime import shipped
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ManifestError
from tests.shipped_student import NAME, student
from tests.toy_bundle import FOLDER, bright_frame

__all__ = ["student"]


def test_shipped_students_are_the_folders_that_hold_a_bundle(student: Path) -> None:
    assert sdst_runtime.shipped_students() == (NAME,)


@pytest.mark.parametrize("spelling", [NAME, Path(NAME)])
def test_a_name_opens_the_shipped_bundle(student: Path, spelling: str | Path) -> None:
    bundle = Bundle.open(spelling)
    assert bundle.path == student
    assert bundle.manifest == Bundle.open(student).manifest


@pytest.mark.parametrize("package", [sdst_runtime, sdst_edge])
def test_load_tracks_with_a_student_by_its_name(student: Path, package: object) -> None:
    frame = bright_frame((80, 60))
    with package.load(NAME, variant=FOLDER) as tracker:  # type: ignore[attr-defined]
        tracker.init(frame, (70, 50, 20, 20))
        by_name = tracker.update(frame)
    with sdst_runtime.load(student) as tracker:
        tracker.init(frame, (70, 50, 20, 20))
        assert tracker.update(frame) == by_name


def test_a_path_that_exists_comes_before_a_name(student: Path) -> None:
    own = Path(shutil.copytree(student, NAME))
    assert Bundle.open(NAME).path == own
    assert shipped.find_bundle(own) == own
    assert not shipped.is_shipped(own)


def test_a_file_of_that_name_is_told(student: Path) -> None:
    Path(NAME).touch()
    with pytest.raises(ManifestError, match=f"{NAME} is a file, expected the folder of a bundle"):
        Bundle.open(NAME)


def test_a_folder_that_hides_a_student_is_told(student: Path) -> None:
    Path(NAME).mkdir()
    with pytest.raises(ManifestError, match=r"holds no manifest\.json, and hides the student of that name; rename it"):
        Bundle.open(NAME)


def test_a_path_that_ends_in_a_name_is_no_name(student: Path, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="does not exist"):
        Bundle.open(tmp_path / NAME)


def test_an_unknown_name_is_told_with_those_that_there_are(student: Path) -> None:
    with pytest.raises(ManifestError, match=rf"no-bundle does not exist, .*manifest\.json, or the name of .*: {NAME}$"):
        Bundle.open("no-bundle")


def test_no_name_is_told_where_no_student_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "STUDENTS", tmp_path / "nothing")
    assert sdst_runtime.shipped_students() == ()
    with pytest.raises(ManifestError, match=r"nothing does not exist, expected .*, which holds a manifest\.json$"):
        Bundle.open("nothing")


def test_a_bundle_is_narrowed_to_the_files_of_one_variant(student: Path) -> None:
    manifest = (student / "manifest.json").read_text(encoding="utf-8")
    shutil.copytree(student / FOLDER, student / "onnx/other")
    other = (student / FOLDER / "head.onnx").read_bytes() + b"other"
    (student / "onnx/other/head.onnx").write_bytes(other)
    bundle = Bundle.open(_with_other_variant(student, manifest))
    narrow = bundle.of_variant(FOLDER)
    assert narrow.graph_bytes(FOLDER, "head") == bundle.graph_bytes(FOLDER, "head")
    assert narrow.manifest == bundle.manifest
    with pytest.raises(ManifestError, match=r"other/head\.onnx .* was not kept: the bundle was narrowed to another"):
        narrow.graph_bytes("onnx/other", "head")
    assert bundle.graph_bytes("onnx/other", "head") == other
    with pytest.raises(ManifestError, match="has no variant 'onnx/none'"):
        bundle.of_variant("onnx/none")


def _with_other_variant(folder: Path, manifest: str) -> Path:
    """The bundle with a second variant, of the files in ``onnx/other``."""
    plain = json.loads(manifest)
    other = json.loads(json.dumps(plain["variants"][FOLDER]).replace(f"{FOLDER}/", "onnx/other/"))
    for graph in other["graphs"].values():
        data = (folder / graph["file"]).read_bytes()
        graph |= {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    plain["variants"]["onnx/other"] = other
    (folder / "manifest.json").write_text(json.dumps(plain), encoding="utf-8")
    return folder
