"""The type that sequences are read into."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import FileFrames, Sequence
from sdst_edge.datasets.frame_files import MissingFrames
from sdst_runtime.errors import DatasetError


def sequence(count: int = 3, **changes: object) -> Sequence:
    frames = tuple(np.full((4, 5, 3), index, np.uint8) for index in range(count))
    boxes = np.arange(4.0 * count).reshape(count, 4) + 1
    values = {"name": "s", "frames": frames, "boxes_xywh": boxes, "visible": np.ones(count, np.bool_), **changes}
    return Sequence(**values)  # type: ignore[arg-type]


def test_held_keeps_the_chosen_frames_with_their_boxes() -> None:
    marked = np.array([False, True, True])
    held = sequence(visible=np.array([True, False, True]), marked_visible=marked).held([2, 0])
    assert len(held) == 2
    assert [int(frame[0, 0, 0]) for frame in (held.frames[0], held.frames[1])] == [2, 0]
    assert held.boxes_xywh[:, 0].tolist() == [9.0, 1.0]
    assert held.visible.tolist() == [True, True]
    assert held.marked_visible is not None
    assert held.marked_visible.tolist() == [True, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"boxes_xywh": np.ones((2, 4))},
        {"visible": np.ones(4, np.bool_)},
        {"frames": (), "boxes_xywh": np.ones((0, 4)), "visible": np.ones(0, np.bool_)},
        {"boxes_xywh": np.full((3, 4), np.nan)},
        {"boxes_xywh": np.zeros((3, 4))},
        {"frame_attributes": {"OCC": np.ones(2, np.bool_)}},
        {"regions": (None,)},
        {"marked_visible": np.ones(4, np.bool_)},
    ],
)
def test_sequence_refuses_parts_that_do_not_fit(changes: dict[str, object]) -> None:
    with pytest.raises(DatasetError, match="sequence s"):
        sequence(**changes)


def test_sequence_allows_any_box_where_the_target_is_absent() -> None:
    boxes = np.ones((3, 4))
    boxes[1] = np.nan
    assert len(sequence(boxes_xywh=boxes, visible=np.array([True, False, True]))) == 3


def test_picture_size_says_where_a_size_may_be_written_down(tmp_path: Path) -> None:
    bare = sequence(frames=MissingFrames(tmp_path, 3))
    with pytest.raises(
        DatasetError, match=r"sequence s: the size .* holds no frames.*meta_info\.ini.*VOT's file sequence"
    ):
        bare.picture_size()
    assert sequence(frames=MissingFrames(tmp_path, 3), size_wh=(640, 480)).picture_size() == (640, 480)


def test_file_frames_name_the_file_that_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "00000001.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"00000001\.jpg"):
        FileFrames(tmp_path, (path.name,))[0]
