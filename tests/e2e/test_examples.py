"""The examples run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sdst_edge.datasets import render_clip, write_got10k_sequence
from tests.conftest import PROJECT

SCRIPT = PROJECT / "runtimes" / "examples" / "follow_camera.py"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_follow_camera_prints_a_line_per_frame(toy_bundle: Path, tmp_path: Path) -> None:
    clip = render_clip(5, frames=6, size_wh=(320, 240))
    write_got10k_sequence(tmp_path / "clip", clip)
    box = ",".join(str(value) for value in clip.boxes_xywh[0].tolist())
    result = _run(str(toy_bundle), str(tmp_path / "clip"), box)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("right ") for line in lines)


def test_follow_camera_says_what_is_wrong(toy_bundle: Path, tmp_path: Path) -> None:
    assert _run().stderr.startswith("usage:")
    result = _run(str(toy_bundle), str(tmp_path / "missing.mp4"), "1,2,30,40")
    assert result.returncode == 1
    assert result.stderr.startswith("error:")
    assert "Traceback" not in result.stderr
