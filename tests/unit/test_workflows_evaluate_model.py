"""What is told from a path: a bundle, a checkpoint, or a folder of boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_edge.workflows.evaluate.model import find_model, open_tracker
from sdst_runtime.errors import ConfigError, ManifestError


def test_find_model_tells_bundles_checkpoints_and_boxes_apart(tmp_path: Path) -> None:
    bundle, boxes, checkpoint = tmp_path / "n3", tmp_path / "boxes", tmp_path / "net.safetensors"
    for folder in (bundle, boxes):
        folder.mkdir()
    (bundle / "manifest.json").write_text("{}", encoding="utf-8")
    checkpoint.write_bytes(b"weights")
    found = [find_model(path) for path in (bundle, bundle / "manifest.json", boxes, checkpoint)]
    assert [item.kind for item in found] == ["bundle", "bundle", "boxes", "checkpoint"]
    assert [item.name for item in found] == ["n3", "n3", "boxes", "net"]


def test_identity_changes_with_what_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"weights")
    before = find_model(path).identity()
    assert before == find_model(path).identity()
    path.write_bytes(b"others!")
    after = find_model(path).identity()
    assert before.sha256 != after.sha256
    assert find_model(tmp_path).identity().sha256 is None


def test_find_model_refuses_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(b"weights")
    with pytest.raises(ConfigError, match=r"net\.pth is no such thing; expected a bundle's folder"):
        find_model(tmp_path / "net.pth")
    with pytest.raises(ConfigError, match="none does not exist"):
        find_model(tmp_path / "none")


def test_find_model_refuses_options_that_only_bundles_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no bundle"):
        find_model(tmp_path, variant="onnx/fp32")
    with pytest.raises(ConfigError, match="is no bundle"):
        find_model(tmp_path, session="split")


def test_open_tracker_says_what_is_wrong_with_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ManifestError), open_tracker(find_model(tmp_path)):
        pass
