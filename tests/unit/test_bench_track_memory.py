"""The memory of a whole ``sdst-edge track``, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.measuring.subject import SubjectRequest
from sdst_bench.measuring.track_memory import measure_track_memory
from sdst_edge.workflows.output_files import video_file
from sdst_runtime.errors import SdstError
from tests.toy_bundle import bright_frame

BOX = (50.0, 40.0, 20.0, 20.0)


def _video(path: Path, side: int) -> Path:
    with video_file(path, 30.0) as video:
        for _ in range(4):
            video.write(bright_frame((60, 50), size_wh=(4 * side, 3 * side)))
    return path


def test_frames_are_in_the_peak(toy_bundle: Path, tmp_path: Path) -> None:
    request = SubjectRequest(bundle=str(toy_bundle), variant="onnx/fp32")
    small = measure_track_memory(request, _video(tmp_path / "small.avi", 40), BOX)
    large = measure_track_memory(request, _video(tmp_path / "large.avi", 1000), BOX)
    assert large - small > 4000 * 3000 * 3  # one frame at least


def test_what_the_command_says_is_told(toy_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(SdstError, match=r"`sdst-edge track` ended with status 1: error: .*none\.avi"):
        measure_track_memory(SubjectRequest(bundle=str(toy_bundle)), tmp_path / "none.avi", BOX)
