"""Peers against OpenCV's own trackers, used by hand; and the same in a process of their own."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from sdst_bench.peers.opencv import OpenCvTracker, PeerAbsent, WeightsRefused
from sdst_bench.peers.outside import OutsidePeer, Place
from sdst_edge.datasets import Sequence, render_clip

cv2 = pytest.importorskip("cv2")
HERE = Place(python=Path(sys.executable))
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def clip() -> Sequence:
    return render_clip(3, frames=6, size_wh=(160, 120)).held(range(6))


def first_box(clip: Sequence) -> Box:
    x, y, w, h = clip.boxes_xywh[0].tolist()
    return x, y, w, h


def inside(tracker: OpenCvTracker, clip: Sequence) -> list[Box]:
    tracker.init(clip.frames[0], first_box(clip))
    return [tracker.update(clip.frames[index]) for index in range(1, len(clip))]


def outside(peer: OutsidePeer, clip: Sequence) -> list[Box]:
    peer.init(clip.frames[0], first_box(clip))
    return [peer.step(clip.frames[index])[0] for index in range(1, len(clip))]


def by_hand(name: str, clip: Sequence) -> list[Box]:
    tracker = getattr(cv2, f"Tracker{name}").create()
    tracker.init(clip.frames[0], tuple(round(value) for value in first_box(clip)))
    boxes = []
    for index in range(1, len(clip)):
        found, box = tracker.update(clip.frames[index])
        assert found
        boxes.append(box)
    return boxes


@pytest.mark.parametrize("name", ["KCF", "CSRT"])
def test_peers_say_what_opencv_says(name: str, clip: Sequence) -> None:
    try:
        tracker = OpenCvTracker(name)
    except PeerAbsent as absent:
        pytest.skip(str(absent))
    expected = by_hand(name, clip)
    for _ in range(2):
        assert inside(tracker, clip) == expected
    with closing(OutsidePeer(name, HERE)) as peer:
        assert outside(peer, clip) == expected


def test_mil_keeps_the_size_that_opencv_keeps_and_stays_in_its_reach(clip: Sequence) -> None:
    try:
        tracker = OpenCvTracker("MIL")
    except PeerAbsent as absent:
        pytest.skip(str(absent))
    reach_px = cv2.TrackerMIL_Params().samplerSearchWinSize
    for boxes in (inside(tracker, clip), by_hand("MIL", clip)):
        assert {box[2:] for box in boxes} == {tuple(round(side) for side in first_box(clip)[2:])}
        path = np.array([first_box(clip), *boxes])[:, :2]
        assert np.abs(np.diff(path, axis=0)).max() <= reach_px + 1


def test_mil_says_the_same_in_each_new_process(clip: Sequence) -> None:
    try:
        with closing(OutsidePeer("MIL", HERE)) as one, closing(OutsidePeer("MIL", HERE)) as other:
            assert outside(one, clip) == outside(other, clip)
    except PeerAbsent as absent:
        pytest.skip(str(absent))


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("Nano", ("nanotrack_v2_backbone.onnx", "nanotrack_v2_head.onnx")),
        ("ViT", ("object_tracking_vittrack_2023sep.onnx",)),
    ],
)
def test_networks_say_the_same_in_a_process_of_their_own(
    name: str, files: tuple[str, ...], clip: Sequence, shared: Path
) -> None:
    weights = [str(shared / "weights" / file) for file in files]
    try:
        tracker = OpenCvTracker(name, weights)
    except PeerAbsent as absent:
        pytest.skip(str(absent))
    boxes = inside(tracker, clip)
    assert np.abs(np.array(boxes) - clip.boxes_xywh[1:]).max() < max(clip.boxes_xywh[0, 2:])
    with closing(OutsidePeer(name, HERE, weights)) as peer:
        assert outside(peer, clip) == boxes


def test_opencv_refuses_what_is_no_network_and_what_is_another_one(tmp_path: Path, toy_bundle: Path) -> None:
    none, other = tmp_path / "none.onnx", toy_bundle / "onnx" / "fp32" / "tail.onnx"
    none.write_bytes(b"no network")
    for path in (none, other):
        with pytest.raises(WeightsRefused, match="cannot run") as caught:
            OpenCvTracker("Nano", [str(path), str(path)])
        assert "\n" not in str(caught.value)
