"""Trackers side by side, with test doubles that know or ignore where the target is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_bench.not_measured import Interrupted
from sdst_bench.peers import PeerChoice, compare_peers
from sdst_bench.report.model import Peers
from sdst_edge.datasets import Sequence
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_runtime.errors import DatasetError
from tests.peer_doubles import DIE, FAKE_OPENCV, RAISE, CountingFrames, load_fake_opencv, sequence_of

Box = tuple[float, float, float, float]


class Replay:
    """A bundle whose tracker answers with boxes by the frame's index, and writes down who was asked when."""

    def __init__(self, name: str, boxes: NDArray[np.float64], log: list[str] | None = None) -> None:
        self.name = name
        self._boxes = boxes
        self._log = [] if log is None else log

    @contextmanager
    def tracker(self) -> Iterator[Replay]:
        yield self

    def init(self, frame: NDArray[np.uint8], box_xywh: Box, /) -> None:
        self._log.append(f"init {self.name}")

    def update(self, frame: NDArray[np.uint8], /) -> Box:
        index = int(frame[0, 0, 0])
        self._log.append(f"{index} {self.name}")
        x, y, w, h = self._boxes[index].tolist()
        return x, y, w, h


class Stopped(Replay):
    """One whose user has enough in the frame of an index."""

    def update(self, frame: NDArray[np.uint8], /) -> Box:
        if frame[0, 0, 0] == len(self._boxes):
            raise KeyboardInterrupt
        return super().update(frame)


NOBODY = PeerChoice(names=())


def compare(
    subjects: list[Any], sequences: list[Sequence], choice: PeerChoice = NOBODY, progress: list[Any] | None = None
) -> Peers:
    seen = [] if progress is None else progress
    return compare_peers(subjects, sequences, choice, lambda share, name: seen.append((share, name)), "data")


@pytest.fixture
def fake_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", load_fake_opencv())


def test_each_is_scored_by_the_house_rule() -> None:
    item = sequence_of()
    still = np.repeat(item.boxes_xywh[:1], len(item), axis=0)
    peers = compare([Replay("knows", item.boxes_xywh), Replay("still", still)], [item])
    knows, stays = (result.scores for result in peers.results)
    assert (knows.ao, knows.sequences, knows.frames, knows.dataset) == (1.0, 1, 5, "data")
    expected = HOUSE.score(still, item.boxes_xywh, item.visible).scores
    assert (stays.ao, stays.success_auc) == (expected["ao"], expected["success_auc"])
    assert stays.ao < 0.2
    assert stays.rule_text == HOUSE.description
    assert peers.frames_from == "data"


def test_who_goes_first_changes_and_each_frame_is_decoded_once() -> None:
    item, log = sequence_of(), list[str]()
    compare([Replay(name, item.boxes_xywh, log) for name in "abc"], [item])
    turns = ["".join(entry.split()[1] for entry in log[start : start + 3]) for start in range(0, len(log), 3)]
    assert turns == ["abc", "bca", "cab", "abc", "bca", "cab"]
    assert isinstance(item.frames, CountingFrames)
    assert item.frames.asked == [1] * 6


def test_times_are_summed_up_over_all_sequences() -> None:
    items, seen = [sequence_of("a"), sequence_of("b", 4)], list[tuple[float, str]]()
    peers = compare([Replay("t", items[0].boxes_xywh), Replay("u", items[0].boxes_xywh)], items, progress=seen)
    assert seen == [(0.0, "a"), (0.5, "b"), (1.0, "")]
    first, second = peers.results
    assert first.ratio == 1.0
    assert second.ratio == second.update.p50 / first.update.p50
    assert first.median_ms.low <= first.update.p50 <= first.median_ms.high
    assert (first.scores.sequences, first.scores.frames) == (2, 8)


def test_peers_of_opencv_follow_the_bundles(fake_opencv: None) -> None:
    item = sequence_of()
    peers = compare([Replay("ours", item.boxes_xywh)], [item], PeerChoice(names=("KCF", "MIL")))
    assert [(result.name, result.version) for result in peers.results][1:] == [("KCF", "OpenCV 9.9.9")]
    assert peers.results[0].version.startswith("sdst-edge ")
    assert peers.results[1].scores.ao == 1.0
    assert list(peers.absent) == ["MIL"]


def test_peers_of_another_environment_take_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setenv("PYTHONPATH", str(FAKE_OPENCV))
    items = [sequence_of("a"), sequence_of("b", orders={2: DIE}), sequence_of("c")]
    choice = PeerChoice(names=("KCF",), peers_python=Path(sys.executable))
    whole = compare([Replay("ours", items[0].boxes_xywh)], items[::2], choice)
    assert [(result.name, result.scores.ao) for result in whole.results] == [("ours", 1.0), ("KCF", 1.0)]
    broken = compare([Replay("ours", items[0].boxes_xywh)], items, choice)
    assert [(result.name, result.scores.sequences) for result in broken.results] == [("ours", 3)]
    assert broken.absent["KCF"].startswith("broke off in frame 3 of b: its process ended with status 3")


def test_a_peer_that_breaks_off_leaves_the_others(fake_opencv: None) -> None:
    items = [sequence_of("a"), sequence_of("b", orders={2: RAISE}), sequence_of("c")]
    peers = compare([Replay("ours", items[0].boxes_xywh)], items, PeerChoice(names=("KCF",)))
    assert [(result.name, result.scores.sequences) for result in peers.results] == [("ours", 3)]
    assert peers.absent["KCF"].startswith("broke off in frame 3 of b: TrackerKCF.update: (-215:")


def test_an_interrupt_leaves_the_sequences_that_are_done() -> None:
    items = [sequence_of("a", 4), sequence_of("b", 6)]
    with pytest.raises(Interrupted) as stop:
        compare([Stopped("t", items[0].boxes_xywh)], items)
    partial = stop.value.partial
    assert isinstance(partial, Peers)
    assert (partial.results[0].scores.sequences, partial.results[0].scores.frames) == (1, 3)


def test_an_interrupt_in_the_first_sequence_leaves_nothing() -> None:
    item = sequence_of()
    with pytest.raises(KeyboardInterrupt) as stop:
        compare([Stopped("t", item.boxes_xywh[:4])], [item])
    assert not isinstance(stop.value, Interrupted)


def test_a_sequence_that_cannot_be_scored_is_refused_before_any_runs() -> None:
    good, log = sequence_of(), list[str]()
    bad = Sequence(name="bad", frames=good.frames, boxes_xywh=good.boxes_xywh, visible=np.zeros(6, np.bool_))
    with pytest.raises(DatasetError, match="sequence bad: the target is absent in frame 1"):
        compare([Replay("t", good.boxes_xywh, log)], [good, bad])
    assert log == []


def test_frames_of_different_sizes_are_refused() -> None:
    item = sequence_of()
    frames = [item.frames[0], np.zeros((3, 3, 3), np.uint8), *[item.frames[0]] * 4]
    mixed = Sequence(name="mixed", frames=frames, boxes_xywh=item.boxes_xywh, visible=item.visible)
    with pytest.raises(DatasetError, match=r"sequence mixed: frame 2 has shape \(3, 3, 3\)"):
        compare([Replay("t", item.boxes_xywh)], [mixed])


def test_rendered_clips_are_played_where_there_is_no_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdst_bench.peers.comparing.CLIP_FRAMES", 3)
    subject: Any = Replay("t", np.repeat([[10.0, 10.0, 50.0, 50.0]], 256, axis=0))
    peers = compare_peers([subject], [], NOBODY, lambda share, name: None)
    assert peers.frames_from == "rendered clips"
    assert (peers.results[0].scores.sequences, peers.results[0].scores.frames) == (3, 6)
