"""The tables of what exports: what becomes of an export that fails, and of one that was done before."""

from __future__ import annotations

import importlib.util
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sdst_runtime.errors import ConfigError
from tests.conftest import PROJECT

pytest.importorskip("torch", reason="the command exports networks of torch")


@pytest.fixture
def matrix() -> Iterator[ModuleType]:
    """The command as a module."""
    path = PROJECT / "benchmarks" / "export_matrix.py"
    spec = importlib.util.spec_from_file_location("export_matrix", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def calls(matrix: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Precisions of each export that was tried; with fp16 it fails, and in int8 the lint finds a fault."""
    tried: list[tuple[Any, ...]] = []

    def export(_: Path, __: Path, options: Any) -> Any:
        tried.append(options.precisions)
        if "fp16" in options.precisions:
            raise ConfigError("fp16 is not to be had\nfor more than one reason")
        engines = options.engines or (matrix.load_target(options.target).engine,)
        names = [matrix.variant_name(engine, each) for engine in engines for each in options.precisions]
        parity = SimpleNamespace(max_rel_error={"score": 1e-6, "ltrb": 2e-6})
        return SimpleNamespace(variants={name: SimpleNamespace(parity=parity, engine=engines[0]) for name in names})

    def lint(_: Any, __: Any, *, variant: str) -> Any:
        fault = SimpleNamespace(severity="error", rule="a-rule", what="is wrong")
        remark = SimpleNamespace(severity="note", rule="another", what="is remarkable")
        return SimpleNamespace(findings=[remark, fault] if "int8" in variant else [remark])

    monkeypatch.setattr(matrix, "export_bundle", export)
    monkeypatch.setattr(matrix, "lint", lint)
    monkeypatch.setattr(matrix, "Bundle", SimpleNamespace(open=lambda _: None))
    return tried


def _options(tmp_path: Path, **changed: Any) -> Namespace:
    usual = {
        "families": ["sdst-nano-s"],
        "target": ["jetson-orin-jp6"],
        "full": False,
        "state": tmp_path / "state.json",
        "out": tmp_path / "matrix",
        "json": False,
    }
    return Namespace(**{**usual, **changed})


def test_one_precision_that_fails_does_not_take_the_others_along(
    matrix: ModuleType, calls: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    matrix.run(_options(tmp_path))
    assert calls[:4] == [("fp32", "fp16", "int8"), ("fp32",), ("fp16",), ("int8",)]
    lines = (tmp_path / "matrix.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| sdst-nano-s |")]
    assert (
        rows[0] == "| sdst-nano-s | 2.0e-06 | - [1] | 2.0e-06 | 2.0e-06 | 2.0e-06 | - [1] | 2.0e-06 | 2.0e-06 | - [1] |"
    )
    assert rows[1] == "| sdst-nano-s | fp32, int8; lint: see [2] |"
    assert "- [1] fp16 is not to be had" in lines
    assert "- [2] fp16: fp16 is not to be had; error `a-rule`" in lines


def test_what_is_done_is_not_done_again(matrix: ModuleType, calls: list[tuple[Any, ...]], tmp_path: Path) -> None:
    matrix.run(_options(tmp_path))
    before, text = len(calls), (tmp_path / "matrix.md").read_text(encoding="utf-8")
    matrix.run(_options(tmp_path))
    assert len(calls) == before
    assert (tmp_path / "matrix.md").read_text(encoding="utf-8") == text
    matrix.run(_options(tmp_path, target=["cpu-x86"]))  # which was not tried yet
    assert len(calls) > before


def test_targets_that_want_the_same_files_share_them(
    matrix: ModuleType, calls: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    matrix.run(_options(tmp_path))
    one = len(calls)
    calls.clear()
    matrix.run(_options(tmp_path, target=["jetson-orin-jp7", "jetson-thor-jp7"], state=None))
    assert len(calls) == one


def test_large_families_are_narrowed_unless_they_are_to_be_whole(
    matrix: ModuleType, calls: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "LARGE_MACS", 10**6)
    matrix.run(_options(tmp_path))
    assert "| sdst-nano-s 0.25 |" in (tmp_path / "matrix.md").read_text(encoding="utf-8")
    matrix.run(_options(tmp_path, full=True))
    assert "| sdst-nano-s |" in (tmp_path / "matrix.md").read_text(encoding="utf-8")


def test_a_state_that_is_none_is_told(matrix: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no state of this command"):
        matrix.run(_options(tmp_path))
