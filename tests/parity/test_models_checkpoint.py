"""Own checkpoints: what goes in comes out, and every damaged file is one clear error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from sdst_edge.models import build, fold, load_checkpoint, save_checkpoint
from sdst_edge.models.checkpoint import METADATA_KEY
from sdst_edge.models.key_mapping import weights_of
from sdst_runtime.errors import CheckpointError
from sdst_runtime.manifest import Provenance

PROVENANCE = Provenance(source="random weights", notes="of a test: \u00e4 \U0001f600")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "nano.safetensors"
    torch.manual_seed(0)
    save_checkpoint(build("sdst-nano-s", width=0.5), path, PROVENANCE)
    return path


def rewrite(path: Path, change: Callable[[dict[str, torch.Tensor], dict[str, object]], None]) -> None:
    """Changes tensors and our metadata of a checkpoint in place."""
    weights = safetensors.torch.load_file(path)
    with safetensors.safe_open(path, framework="pt") as file:
        metadata = json.loads(file.metadata()[METADATA_KEY])
    change(weights, metadata)
    safetensors.torch.save_file(weights, path, metadata={METADATA_KEY: json.dumps(metadata)})


def test_load_returns_what_was_saved(tmp_path: Path) -> None:
    model = build("sdst-nano-s", width=0.5)
    save_checkpoint(model, tmp_path / "a.safetensors", PROVENANCE)
    loaded = load_checkpoint(tmp_path / "a.safetensors")
    assert loaded.family == "sdst-nano-s"
    assert loaded.provenance == PROVENANCE
    assert loaded.model.options == {"width": 0.5}
    assert not loaded.model.training
    want, got = weights_of(model), weights_of(loaded.model)
    assert want.keys() == got.keys()
    assert all(torch.equal(want[key], got[key]) for key in want)


def test_save_writes_equal_bytes_for_equal_weights_and_leaves_nothing_else(checkpoint: Path) -> None:
    first = checkpoint.read_bytes()
    save_checkpoint(load_checkpoint(checkpoint).model, checkpoint, PROVENANCE)
    assert checkpoint.read_bytes() == first
    assert [item.name for item in checkpoint.parent.iterdir()] == [checkpoint.name]


def test_save_refuses_when_model_is_folded(tmp_path: Path) -> None:
    model = build("sdst-nano-s")
    fold(model)
    with pytest.raises(CheckpointError, match="folded"):
        save_checkpoint(model, tmp_path / "a.safetensors", PROVENANCE)
    assert not list(tmp_path.iterdir())


def test_save_raises_when_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_checkpoint(build("sdst-nano-s"), tmp_path / "no" / "a.safetensors", PROVENANCE)


@pytest.mark.parametrize("content", [b"", b"hello, I am text\n", b"\xff" * 64, b"PK\x03\x04zip"])
def test_load_raises_when_file_is_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.safetensors is no checkpoint of sdst-edge, or is damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.999])
def test_load_raises_when_file_is_truncated(checkpoint: Path, share: float) -> None:
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(checkpoint)


def test_load_raises_when_path_is_missing_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.safetensors")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(CheckpointError, match="is no file, expected"):
            load_checkpoint(path)


def test_load_says_that_a_folder_hides_a_student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sdst-nano-m").mkdir()
    with pytest.raises(CheckpointError, match=r"sdst-nano-m is no file \(and hides the student of that name\)"):
        load_checkpoint(Path("sdst-nano-m"))


def test_load_raises_when_metadata_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(1)}, path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="not ours"):
        load_checkpoint(path)
    safetensors.torch.save_file({"a": torch.zeros(1)}, path, metadata={METADATA_KEY: "{"})
    with pytest.raises(CheckpointError, match="no JSON"):
        load_checkpoint(path)
    safetensors.torch.save_file({"a": torch.zeros(1)}, path, metadata={METADATA_KEY: "[" * 100_000})
    with pytest.raises(CheckpointError, match="no JSON"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format_version", 2, "format_version"),
        ("family", "sdst-giant", "unknown family 'sdst-giant'; known are .*nanotrack-v1"),
        ("family", 3, "expected str"),
        ("options", {"colour": 3}, "has no option 'colour'"),
        ("options", {"width": "wide"}, "width is 'wide'"),
        ("options", {"width": 1.0}, "of another shape"),
        ("options", [], "expected a table"),
        ("surprise", 1, "unknown key 'surprise'"),
        ("provenance", {}, "lacks source"),
    ],
)
def test_load_raises_when_metadata_is_wrong(checkpoint: Path, key: str, value: object, message: str) -> None:
    rewrite(checkpoint, lambda weights, metadata: metadata.update({key: value}))
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(checkpoint)


def test_load_lists_what_does_not_fit(checkpoint: Path) -> None:
    def change(weights: dict[str, torch.Tensor], metadata: dict[str, object]) -> None:
        del weights["trunk.0.conv.weight"]
        weights["extra.weight"] = torch.zeros(2)
        weights["branches.score.predict.bias"] = torch.zeros(7)
        weights["branches.ltrb.predict.bias"] = torch.full((4,), torch.nan)
        weights["trunk.0.norm.bias"] = torch.zeros(8, dtype=torch.int32)
        weights["trunk.0.norm.weight"] = torch.ones(8).to(torch.float8_e4m3fn)

    rewrite(checkpoint, change)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(checkpoint)
    message = str(caught.value)
    assert "1 missing: trunk.0.conv.weight" in message
    assert "1 left over: extra.weight" in message
    assert "3 of another shape or type" in message
    assert "branches.score.predict.bias torch.float32 (7,) for (1,)" in message
    assert "1 with NaN or infinite values: branches.ltrb.predict.bias" in message
