"""The way into the exporter when its libraries are not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sdst_export import export_bundle
from sdst_runtime.errors import BackendUnavailable


@pytest.mark.parametrize("missing", ["torch", "safetensors", "onnx", "onnxsim", "onnxruntime"])
def test_export_bundle_names_the_extra_when_a_library_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BackendUnavailable, match=rf"export needs {missing}, .*pip install 'sdst-edge\[export\]'"):
        export_bundle(tmp_path / "a.safetensors", tmp_path / "out")
    assert not list(tmp_path.iterdir())
