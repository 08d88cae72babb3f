"""A student that comes with the package, made up for a test: its bundle and its checkpoint, found by their name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdst_edge import weights
from sdst_runtime import shipped

__all__ = ["NAME", "student"]

NAME = "made-up-student"


@pytest.fixture
def student(toy_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its bundle's folder; it is the only student, and the current folder is an empty one."""
    bundles, checkpoints, here = (tmp_path / name for name in ("bundles", "checkpoints", "here"))
    shutil.copytree(toy_bundle, bundles / NAME)
    (bundles / "no-bundle").mkdir()
    checkpoints.mkdir()
    (checkpoints / f"{NAME}.safetensors").write_bytes(b"its weights")
    monkeypatch.setattr(shipped, "STUDENTS", bundles)
    monkeypatch.setattr(weights, "WEIGHTS", checkpoints)
    here.mkdir()
    monkeypatch.chdir(here)
    return bundles / NAME
