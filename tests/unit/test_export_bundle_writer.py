"""Bundles appear whole or not at all, and replace nothing but bundles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdst_export.bundle_writer import check_target, write_bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.manifest import Macs, Manifest, Parity, Provenance, Variant

FILES = {"onnx/fp32/head.onnx": b"head", "onnx/fp32/tail.onnx": b"tail"}


@pytest.fixture
def manifest() -> Manifest:
    parity = Parity(reference="nothing", inputs=0, max_rel_error={})
    return Manifest(
        name="test",
        family="test",
        tracker=TrackerConfig(
            template_size=1,
            search_size=1,
            response_size=1,
            stride_px=1,
            score_kind="logit",
            point_origin_px=0,
            window_influence=0,
            penalty_k=0,
            size_lr=0,
        ),
        correlations=(),
        variants={"v": Variant(engine="onnxruntime", precision="fp32", session="baked", graphs={}, parity=parity)},
        default_variant="v",
        parameters=0,
        macs=Macs(template=0, search=0, head=0),
        tools={},
        provenance=Provenance(source="test"),
    )


def content(folder: Path) -> dict[str, bytes]:
    return {str(item.relative_to(folder)): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


@pytest.mark.parametrize("exists", [True, False])
def test_write_bundle_writes_all_files_and_nothing_beside(tmp_path: Path, manifest: Manifest, exists: bool) -> None:
    out = tmp_path / "deep" / "bundle"
    if exists:
        out.mkdir(parents=True)
    write_bundle(out, manifest, FILES)
    assert content(out) == {**FILES, "manifest.json": manifest.dumps().encode()}
    assert Manifest.read(out / "manifest.json") == manifest
    assert [item.name for item in out.parent.iterdir()] == ["bundle"]


def test_write_bundle_replaces_the_whole_folder(tmp_path: Path, manifest: Manifest) -> None:
    out = tmp_path / "bundle"
    write_bundle(out, manifest, {"old/stale.onnx": b"stale"})
    write_bundle(out, manifest, FILES)
    assert content(out).keys() == {*FILES, "manifest.json"}
    assert [item.name for item in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize(
    ("failure", "expected"), [(OSError("disk on fire"), SdstError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_write_bundle_restores_what_was_there_when_it_fails(
    tmp_path: Path,
    manifest: Manifest,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    expected: type[BaseException],
) -> None:
    out = tmp_path / "bundle"
    write_bundle(out, manifest, FILES)
    before, rename = content(out), os.rename

    def failing(source: Path, target: Path) -> None:
        if Path(source).name == "new":
            raise failure
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(expected):
        write_bundle(out, manifest, {"other.onnx": b""})
    assert content(out) == before
    assert [item.name for item in tmp_path.iterdir()] == ["bundle"]


def test_write_bundle_raises_when_parent_is_a_file(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SdstError, match="cannot be written"):
        write_bundle(tmp_path / "file" / "bundle", manifest, FILES)


def test_check_target_refuses_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="is the current folder or holds it"):
        check_target(Path(), overwrite=False)


def test_check_target_accepts_a_new_or_an_empty_folder(tmp_path: Path) -> None:
    check_target(tmp_path / "new", overwrite=False)
    check_target(tmp_path, overwrite=False)


@pytest.mark.parametrize("overwrite", [True, False])
def test_check_target_refuses_what_is_no_bundle(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="no bundle"):
        check_target(tmp_path, overwrite=overwrite)
    with pytest.raises(ConfigError, match="is a file"):
        check_target(tmp_path / "thesis.txt", overwrite=overwrite)


def test_check_target_refuses_a_bundle_unless_overwrite(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds a bundle already"):
        check_target(tmp_path, overwrite=False)
    check_target(tmp_path, overwrite=True)


def test_check_target_refuses_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SdstError, match=r"file is a file, expected the folder to write the bundle in"):
        check_target(tmp_path / "file" / "deep" / "bundle", overwrite=False)
    asked: list[Path] = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append(path))  # root may write what it likes
    with pytest.raises(SdstError, match="cannot be written; name another folder"):
        check_target(tmp_path / "new" / "deep" / "bundle", overwrite=False)
    assert asked == [tmp_path]
