"""Fixtures of the parity tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdst_runtime import native


@pytest.fixture(params=["ref", "avx2"])
def each_isa(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Runs a test once per instruction set; skips the one that this processor lacks.

    A library chooses its kernels once, so each run loads a copy of the file.
    """
    source = Path(native.library()._name)
    copy = shutil.copy(source, tmp_path / source.name)
    monkeypatch.setenv("SDST_LIBRARY", str(copy))
    monkeypatch.setenv("SDST_ISA", request.param)
    native.library.cache_clear()
    if native.isa() != request.param:
        native.library.cache_clear()
        pytest.skip(f"this processor or build has no {request.param}")
    yield request.param
    native.library.cache_clear()
