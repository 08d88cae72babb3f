"""OpenCV's trackers in this process, with a module that plays OpenCV."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sdst_bench.peers import PeerChoice, check_peers, opencv, worker
from sdst_bench.peers.opencv import OpenCvTracker, PeerAbsent, PeerFailed, WeightsRefused, opencv_settings
from sdst_bench.peers.opening import open_peers
from sdst_runtime.errors import CheckpointError, ConfigError
from tests.peer_doubles import LOSE, RAISE, frame_of, load_fake_opencv, network_file

FRACTIONS = (10.4, 20.5, 30.6, 0.2)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load_fake_opencv()
    monkeypatch.setitem(sys.modules, "cv2", module)
    return module


def test_trackers_of_cv2_are_given_whole_pixels(fake: ModuleType) -> None:
    for name in ("CSRT", "KCF"):
        tracker = OpenCvTracker(name)
        tracker.init(frame_of(0), FRACTIONS)
        assert tracker.update(frame_of(1, LOSE)) == (10, 20, 31, 1)
        assert tracker.update(frame_of(2)) == (20, 5, 20, 10)


def test_trackers_of_cv2_legacy_are_given_the_box_as_it_is(fake: ModuleType) -> None:
    tracker = OpenCvTracker("MOSSE")
    with pytest.raises(PeerFailed, match=r"TrackerMOSSE.init refuses the box \(10.4, 20.5, 1.6, 40.2\)"):
        tracker.init(frame_of(0), (10.4, 20.5, 1.6, 40.2))
    tracker.init(frame_of(0), (10.4, 20.5, 30.6, 40.2))
    assert tracker.update(frame_of(1, LOSE)) == (10.4, 20.5, 30.6, 40.2)


def test_trackers_without_a_network_are_made_again_for_each_target(fake: ModuleType) -> None:
    tracker = OpenCvTracker("KCF")
    for _ in range(2):
        tracker.init(frame_of(0), (1.0, 2.0, 3.0, 4.0))
    assert tracker.update(frame_of(3)) == (30, 5, 20, 10)


def test_networks_are_loaded_once_and_tried_out(
    fake: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_file(tmp_path / "nano.onnx")
    tracker = OpenCvTracker("Nano", [str(network), str(network)])
    monkeypatch.delattr(fake, "TrackerNano")
    for _ in range(2):
        tracker.init(frame_of(0), (1.0, 2.0, 3.0, 4.0))
    assert tracker.update(frame_of(3)) == (30, 5, 20, 10)


def test_weights_of_another_network_are_refused_in_a_line(fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"another")
    with pytest.raises(WeightsRefused, match=r"OpenCV 9.9.9 cannot run .*other.onnx as a TrackerNano: Failed"):
        OpenCvTracker("Nano", [str(tmp_path / "other.onnx")] * 2)


def test_what_opencv_raises_is_told_in_a_line(fake: ModuleType) -> None:
    tracker = OpenCvTracker("CSRT")
    tracker.init(frame_of(0), (1.0, 2.0, 3.0, 4.0))
    with pytest.raises(PeerFailed, match=r"^TrackerCSRT.update: \(-215:Assertion failed\) in function 'update'$"):
        tracker.update(frame_of(1, RAISE))


def test_a_tracker_that_opencv_has_not_is_absent(fake: ModuleType) -> None:
    with pytest.raises(PeerAbsent, match=r"^OpenCV 9.9.9 has no TrackerMIL$"):
        OpenCvTracker("MIL")


def test_all_are_absent_without_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(PeerAbsent, match="OpenCV cannot be imported"):
        OpenCvTracker("MIL")
    with opencv_settings(1):
        assert sys.modules["cv2"] is None


def test_settings_of_opencv_are_as_before_in_the_end(fake: ModuleType) -> None:
    with opencv_settings(2):
        assert (fake.getNumThreads(), fake.utils.logging.getLogLevel()) == (2, fake.utils.logging.LOG_LEVEL_ERROR)
    assert (fake.getNumThreads(), fake.utils.logging.getLogLevel()) == (4, 3)


def test_peers_that_cannot_run_are_absent_with_what_helps(fake: ModuleType, tmp_path: Path) -> None:
    with open_peers(PeerChoice()) as opened:
        assert [contestant.name for contestant in opened.contestants] == ["KCF", "CSRT", "MOSSE"]
        assert {contestant.version for contestant in opened.contestants} == {"OpenCV 9.9.9"}
        assert fake.getNumThreads() == 1
    assert opened.absent["Nano"] == "no weights given: --nano-backbone FILE --nano-head FILE"
    assert opened.absent["ViT"] == "no weights given: --vit FILE"
    assert opened.absent["MIL"].startswith("not installed: OpenCV 9.9.9 has no TrackerMIL; install opencv-contrib")
    assert "--peers-python" in opened.absent["MIL"]


def test_weights_that_opencv_cannot_run_are_an_error(fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"another")
    choice = PeerChoice(nano_backbone=tmp_path / "other.onnx", nano_head=tmp_path / "other.onnx")
    with pytest.raises(CheckpointError, match="cannot run"):
        check_peers(choice)
    assert fake.getNumThreads() == 4


def test_only_wanted_peers_are_opened(fake: ModuleType) -> None:
    with open_peers(PeerChoice(names=("MIL", "KCF"))) as opened:
        assert [contestant.name for contestant in opened.contestants] == ["KCF"]
    assert list(opened.absent) == ["MIL"]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"names": ("KFC",)}, ConfigError, "no peer 'KFC', expected some of Nano, ViT, KCF"),
        ({"nano_head": Path(__file__)}, ConfigError, "--nano-backbone and --nano-head belong together"),
        ({"vit": Path("none.onnx")}, CheckpointError, "none.onnx does not exist, expected an ONNX file"),
        ({"peers_python": Path("none/bin/python")}, ConfigError, "--peers-python none/bin/python does not exist"),
        ({"threads": 0}, ConfigError, "threads of OpenCV is 0"),
    ],
)
def test_choice_refuses_what_cannot_be(options: dict[str, object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        PeerChoice(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", [opencv, worker])
def test_what_runs_elsewhere_is_of_python_3_8_and_imports_nothing_else(module: ModuleType) -> None:
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert others <= {"cv2", "numpy"}
