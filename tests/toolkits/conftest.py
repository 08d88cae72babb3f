"""A made-up data set for other people's toolkits: rendered clips, small and short."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sdst_edge.datasets import Sequence, render_clip

SIZE_WH = (160, 120)


def clips() -> list[Sequence]:
    """Three clips, one of them long enough for several anchors."""
    return [render_clip(seed, frames=frames, size_wh=SIZE_WH) for seed, frames in ((3, 40), (4, 40), (5, 75))]


def sdst_edge_json(*arguments: str | Path) -> Any:
    """What ``sdst-edge ... --json`` prints."""
    command = [sys.executable, "-m", "sdst_edge.cli", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_module(name: str, *arguments: str | Path, folder: Path) -> None:
    """Runs ``python -m name`` in a folder."""
    command = [sys.executable, "-m", name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def made_up_clips() -> list[Sequence]:
    """See :func:`clips`."""
    return clips()
