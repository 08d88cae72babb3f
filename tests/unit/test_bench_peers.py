"""Trackers side by side, with test doubles that know or ignore where the target is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_bench.peers import OpenCvNano, compare
from sdst_edge.datasets import Sequence
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_runtime.errors import CheckpointError, DatasetError

Box = tuple[float, float, float, float]


@dataclass
class CountingFrames:
    """Tiny frames that tell their index, and how often each was asked for."""

    count: int

    def __post_init__(self) -> None:
        self.asked = [0] * self.count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        self.asked[index] += 1
        return np.full((4, 4, 3), index, np.uint8)


def sequence(name: str = "a", count: int = 6) -> Sequence:
    boxes = np.array([(10.0 * index, 5.0, 20.0, 10.0) for index in range(count)])
    return Sequence(name=name, frames=CountingFrames(count), boxes_xywh=boxes, visible=np.ones(count, np.bool_))


class Replay:
    """Answers with the boxes it was given, and writes down who was asked when."""

    def __init__(self, name: str, boxes: NDArray[np.float64], log: list[str]) -> None:
        self._name, self._boxes, self._log = name, boxes, log

    def init(self, frame: NDArray[np.uint8], box_xywh: Box, /) -> None:
        self._log.append(f"init {self._name}")

    def update(self, frame: NDArray[np.uint8], /) -> Box:
        index = int(frame[0, 0, 0])
        self._log.append(f"{index} {self._name}")
        x, y, w, h = self._boxes[index].tolist()
        return x, y, w, h


def test_compare_scores_each_tracker_by_the_house_rule() -> None:
    item = sequence()
    still = np.repeat(item.boxes_xywh[:1], len(item), axis=0)
    trackers = {"knows": Replay("k", item.boxes_xywh, []), "still": Replay("s", still, [])}
    comparison = compare(trackers, [item])
    assert comparison.frames == 5
    knows, stays = (result.evaluation.overall for result in comparison.results.values())
    assert knows["ao"] == 1.0
    assert stays == HOUSE.score(still, item.boxes_xywh, item.visible).scores
    assert stays["ao"] is not None
    assert stays["ao"] < 0.2
    assert comparison.rule_text == HOUSE.description


def test_compare_takes_turns_in_going_first_and_decodes_each_frame_once() -> None:
    item, log = sequence(), list[str]()
    compare({"a": Replay("a", item.boxes_xywh, log), "b": Replay("b", item.boxes_xywh, log)}, [item])
    firsts = [log[position].split()[1] for position in range(2, len(log), 2)]
    assert firsts == ["b", "a", "b", "a", "b"]
    assert log[:2] == ["init a", "init b"]
    assert isinstance(item.frames, CountingFrames)
    assert item.frames.asked == [1] * 6


def test_compare_reports_progress_and_sequences() -> None:
    items, seen = [sequence("a"), sequence("b")], list[tuple[int, int, str]]()
    tracker = Replay("t", items[0].boxes_xywh, [])
    comparison = compare({"t": tracker}, items, lambda done, total, name: seen.append((done, total, name)))
    assert seen == [(0, 2, "a"), (1, 2, "b"), (2, 2, "")]
    assert [item.name for item in comparison.results["t"].evaluation.sequences] == ["a", "b"]


def test_ratio_of_medians_is_one_against_itself() -> None:
    item = sequence()
    comparison = compare({"t": Replay("t", item.boxes_xywh, [])}, [item])
    assert comparison.ratio_of_medians("t", "t") == 1.0


def test_compare_refuses_no_sequences() -> None:
    with pytest.raises(DatasetError, match="no sequences"):
        compare({}, [])


def test_open_cv_nano_names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"backbone\.onnx does not exist"):
        OpenCvNano(tmp_path / "backbone.onnx", tmp_path / "head.onnx")


def test_open_cv_nano_refuses_what_is_no_network(tmp_path: Path) -> None:
    for name in ("backbone.onnx", "head.onnx"):
        (tmp_path / name).write_bytes(b"no network")
    with pytest.raises(CheckpointError, match="OpenCV cannot read"):
        OpenCvNano(tmp_path / "backbone.onnx", tmp_path / "head.onnx")


def test_open_cv_nano_tells_in_a_line_that_a_network_is_another_one(toy_bundle: Path) -> None:
    graphs = toy_bundle / "onnx" / "fp32"
    tracker = OpenCvNano(graphs / "tail.onnx", graphs / "tail.onnx")
    with pytest.raises(CheckpointError, match="OpenCV cannot run") as caught:
        tracker.init(np.zeros((240, 320, 3), np.uint8), (100.0, 80.0, 60.0, 50.0))
    assert "\n" not in str(caught.value)


def test_open_cv_nano_takes_a_box_between_pixels(shared: Path) -> None:
    weights = shared / "weights"
    tracker = OpenCvNano(weights / "nanotrack_v2_backbone.onnx", weights / "nanotrack_v2_head.onnx")
    frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    tracker.init(frame, (100.4, 80.5, 60.6, 50.2))
    x, y, w, h = tracker.update(frame)
    assert abs(x + w / 2 - 130.7) < 30
    assert abs(y + h / 2 - 105.6) < 25
