"""What a board installs is enough: numpy, an engine and libsdst."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

BANNED = ("torch", "onnx", "onnxsim", "onnxscript", "safetensors")


def _run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f"import sys\nfor name in {BANNED!r}: sys.modules[name] = None\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments], capture_output=True, text=True, check=False
    )


def test_runtime_tracks_without_torch_and_onnx(toy_bundle: Path) -> None:
    result = _run(
        """
        import os
        import numpy as np
        import sdst_runtime

        frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        with sdst_runtime.load(sys.argv[1]) as tracker:
            tracker.init(frame, (100, 80, 60, 50))
            box, score, found = tracker.update(frame)
        assert len(box) == 4 and 0.0 <= score <= 1.0
        assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
        assert "cv2" not in sys.modules
        print("tracked")
        """,
        str(toy_bundle),
    )
    assert result.stdout == "tracked\n", result.stderr


def test_bench_evaluation_and_cli_import_without_torch_and_onnx() -> None:
    result = _run(
        """
        import sdst_bench.measuring.bundle, sdst_edge.cli.app, sdst_edge.datasets, sdst_edge.evaluation
        sdst_edge.cli.app.make_app()
        assert "onnxruntime" not in sys.modules and "cv2" not in sys.modules
        print("imported")
        """
    )
    assert result.stdout == "imported\n", result.stderr


@pytest.mark.parametrize("package", ["sdst_edge", "sdst_runtime"])
def test_import_loads_nothing_heavy(package: str) -> None:
    result = _run(f"import {package}\nprint(sorted({{'cv2', 'onnxruntime', 'rich', 'typer'}} & set(sys.modules)))")
    assert result.stdout == "[]\n", result.stderr
