"""Clips, data sets and checkpoints on disk, made once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sdst_edge.datasets import render_clip, write_got10k_sequence
from tests.e2e.browsing import browser  # noqa: F401  a fixture

CLIP_SIZE_WH = (320, 240)
CLIP_FRAMES = 12


@dataclass(frozen=True)
class Clip:
    """A rendered clip on disk.

    Attributes:
        video: of all frames.
        frames: how many.
        size_wh: of a frame, px.
        box: of the first frame, as ``--box`` takes it.
        got10k: folder of two sequences in the GOT-10k layout, each the same clip.
    """

    video: Path
    frames: int
    size_wh: tuple[int, int]
    box: str
    got10k: Path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """The clip that commands are run on; not to be written to."""
    import cv2

    folder = tmp_path_factory.mktemp("clip")
    rendered = render_clip(5, frames=CLIP_FRAMES, size_wh=CLIP_SIZE_WH)
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, CLIP_SIZE_WH)
    assert writer.isOpened()
    for index in range(CLIP_FRAMES):
        writer.write(rendered.frames[index])
    writer.release()
    for name in ("one", "two"):
        write_got10k_sequence(folder / "data" / name, rendered)
    (folder / "data" / "list.txt").write_text("one\ntwo\n", encoding="utf-8")
    box = ",".join(f"{value:.2f}" for value in rendered.boxes_xywh[0])
    return Clip(folder / "clip.mp4", CLIP_FRAMES, CLIP_SIZE_WH, box, folder / "data")


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the own student with random weights; not to be written to."""
    import torch

    from sdst_edge.models import build, save_checkpoint
    from sdst_runtime.manifest import Provenance

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("student") / "student.safetensors"
    save_checkpoint(build("sdst-nano-s", width=0.25), path, provenance=Provenance(source="random weights"))
    return path
