"""Peers in processes of their own, whose Python finds a module that plays OpenCV."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sdst_bench.peers import PeerChoice
from sdst_bench.peers.opencv import PeerAbsent, PeerFailed, WeightsRefused
from sdst_bench.peers.opening import open_peers
from sdst_bench.peers.outside import OutsidePeer, Place
from sdst_runtime.errors import CheckpointError
from tests.peer_doubles import CHATTER, DIE, FAKE_OPENCV, HANG, RAISE, frame_of, network_file

BOX = (10.4, 20.5, 30.6, 40.2)
HERE = Place(python=Path(sys.executable))


@pytest.fixture(autouse=True)
def other_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FAKE_OPENCV))


@pytest.fixture
def peer() -> Iterator[OutsidePeer]:
    with closing(OutsidePeer("KCF", HERE)) as peer:
        peer.init(frame_of(0), BOX)
        yield peer


def script(folder: Path, text: str) -> Path:
    """A program that stands where an interpreter is expected."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_peer_answers_with_boxes_and_times(peer: OutsidePeer) -> None:
    assert peer.version == "OpenCV 9.9.9 in its own process"
    for index in (1, 2):
        box, duration_ns = peer.step(frame_of(index))
        assert box == (10.0 * index, 5.0, 20.0, 10.0)
        assert duration_ns > 0
    peer.init(frame_of(0), BOX)
    assert peer.step(frame_of(3))[0] == (30.0, 5.0, 20.0, 10.0)


def test_what_opencv_prints_is_no_reply(peer: OutsidePeer) -> None:
    assert peer.step(frame_of(1, CHATTER))[0] == (10.0, 5.0, 20.0, 10.0)


def test_a_process_that_dies_tells_its_last_words(peer: OutsidePeer) -> None:
    with pytest.raises(PeerFailed, match=r"^its process ended with status 3: Segmentation fault, so to say$"):
        peer.step(frame_of(1, DIE))
    with pytest.raises(PeerFailed, match="ended with status 3"):
        peer.step(frame_of(2))


def test_what_opencv_raises_is_told(peer: OutsidePeer) -> None:
    with pytest.raises(PeerFailed, match=r"^TrackerKCF.update: \(-215:Assertion failed\) in function 'update'$"):
        peer.step(frame_of(1, RAISE))


def test_a_process_that_hangs_is_ended() -> None:
    with closing(OutsidePeer("KCF", Place(python=Path(sys.executable), limit_seconds=1.0))) as peer:
        peer.init(frame_of(0), BOX)
        with pytest.raises(PeerFailed, match=r"^no answer within 1 s$"):
            peer.step(frame_of(1, HANG))


def test_a_peer_can_be_closed_twice_and_after_its_end(peer: OutsidePeer) -> None:
    with pytest.raises(PeerFailed):
        peer.step(frame_of(1, DIE))
    peer.close()
    peer.close()
    assert peer._process.returncode == 3


def test_a_tracker_that_the_other_opencv_has_not_is_absent() -> None:
    with pytest.raises(PeerAbsent, match=r"^OpenCV 9.9.9 has no TrackerMIL$"):
        OutsidePeer("MIL", HERE)


def test_weights_that_the_other_opencv_cannot_run_are_refused(tmp_path: Path) -> None:
    network, other = network_file(tmp_path / "nano.onnx"), tmp_path / "other.onnx"
    other.write_bytes(b"another")
    with closing(OutsidePeer("Nano", HERE, [str(network)] * 2)) as peer:
        assert peer.name == "Nano"
    with pytest.raises(WeightsRefused, match=r"OpenCV 9.9.9 cannot run"):
        OutsidePeer("Nano", HERE, [str(network), str(other)])


def test_an_environment_without_opencv_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: no such file')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(PeerAbsent, match=r"^OpenCV cannot be imported: libGL.so.1: no such file$"):
        OutsidePeer("KCF", HERE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo SyntaxError: too old >&2; exit 1", "its process ended with status 1: SyntaxError: too old$"),
        ("exit 2", "its process ended with status 2: it said nothing$"),
        ("echo hello; sleep 9", "it answered 'hello'$"),
    ],
)
def test_a_program_that_is_no_python_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PeerAbsent, match=f"python cannot run OpenCV's trackers: {said}"):
        OutsidePeer("KCF", Place(python=script(tmp_path, text)))


def test_a_file_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "python").write_bytes(b"")
    with pytest.raises(PeerAbsent, match="python cannot be run: Permission denied"):
        OutsidePeer("KCF", Place(python=tmp_path / "python"))


def test_peers_that_are_not_here_are_looked_for_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with open_peers(PeerChoice(names=("KCF", "MIL"), peers_python=Path(sys.executable))) as opened:
        assert [item.version for item in opened.contestants] == ["OpenCV 9.9.9 in its own process"]
    reason = f"OpenCV 9.9.9 has no TrackerMIL; install opencv-contrib-python-headless for {sys.executable}"
    assert opened.absent == {"MIL": f"not installed: {reason}"}


def test_weights_that_are_refused_there_are_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    other = tmp_path / "other.onnx"
    other.write_bytes(b"another")
    choice = PeerChoice(names=("Nano",), nano_backbone=other, nano_head=other, peers_python=Path(sys.executable))
    with pytest.raises(CheckpointError, match="cannot run"), open_peers(choice):
        pytest.fail("they were taken")
