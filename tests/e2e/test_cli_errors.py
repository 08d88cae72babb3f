"""What goes wrong is told in a line, with a status, without a traceback, and leaves nothing half-written."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.e2e.cli_process import fail, run, succeed
from tests.e2e.conftest import Clip
from tests.tolerances import ABS_METRIC


def copy_of(bundle: Path, target: Path) -> Path:
    """A copy of a bundle that a test may damage."""
    return Path(shutil.copytree(bundle, target))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "does not exist"),
        (b"", "damaged, or no PyTorch checkpoint"),
        (b"PK\x03\x04 cut off", "damaged, or no PyTorch checkpoint"),
        (pickle.dumps({"a": [1, 2, 3]}), "no"),
        (pickle.dumps(os.getcwd), "could run code; nothing in it was run"),
    ],
)
def test_import_refuses_what_is_no_checkpoint(content: bytes | None, expected: str, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pth"
    if content is not None:
        weights.write_bytes(content)
    assert expected in fail("import", "nanotrack-v3", weights, "-o", tmp_path / "out.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ([] if content is None else ["weights.pth"])


def test_import_refuses_a_truncated_checkpoint(shared: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pth"
    weights.write_bytes((shared / "weights" / "nanotrack_v3.pth").read_bytes()[:1_000_000])
    assert "damaged" in fail("import", "nanotrack-v3", weights, "-o", tmp_path / "out.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"]


def test_import_refuses_another_family_and_an_unknown_one(shared: Path, tmp_path: Path) -> None:
    weights = shared / "weights" / "nanotrack_v1.pth"
    assert "nanotrack-v1" in fail("import", "nanotrack-v3", weights, "-o", tmp_path / "out.safetensors")
    assert "nanotrack-v3" in fail("import", "nanotrack-v9", weights, "-o", tmp_path / "out.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_import_refuses_a_folder_that_is_not_there(shared: Path, tmp_path: Path) -> None:
    weights = shared / "weights" / "nanotrack_v3.pth"
    assert "cannot be written" in fail("import", "nanotrack-v3", weights, "-o", tmp_path / "no" / "out.safetensors")


def test_import_refuses_an_output_of_another_ending(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"precious")
    assert "expected .safetensors" in fail("import", "nanotrack-v3", weights, "-o", weights)
    assert weights.read_bytes() == b"precious"


def test_export_refuses_a_damaged_checkpoint(student: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(student.read_bytes()[:-100])
    assert "damaged" in fail("export", damaged, "-o", tmp_path / "bundle")
    assert "does not exist" in fail("export", tmp_path / "none.safetensors", "-o", tmp_path / "bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.safetensors"]


@pytest.mark.parametrize("command", ["info", "track", "eval", "bench"])
def test_bundle_with_a_changed_byte_is_refused(command: str, toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    bundle = copy_of(toy_bundle, tmp_path / "bundle")
    graph = next(bundle.rglob("search.onnx"))
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.write_bytes(bytes(data))
    output = tmp_path / "out.mp4"
    more = {"track": (clip.video, "--box", clip.box, "-o", output), "eval": (clip.got10k,)}.get(command, ())
    assert "search.onnx" in fail(command, bundle, *more)
    assert not output.exists()


def test_bundle_of_an_unknown_format_version_is_refused(toy_bundle: Path, tmp_path: Path) -> None:
    bundle = copy_of(toy_bundle, tmp_path / "bundle")
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    (bundle / "manifest.json").write_text(json.dumps({**manifest, "format_version": 99}), encoding="utf-8")
    assert "format_version 99" in fail("info", bundle)


def test_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    assert "manifest.json" in fail("info", tmp_path)
    assert "manifest.json" in fail("info", tmp_path / "none")


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ("4000,10,20,20", "does not meet the frame"),
        ("-50,-50,20,20", "does not meet the frame"),
        ("10,10,0,20", "w, h > 0"),
        ("10,10,20,-5", "w, h > 0"),
        ("nan,10,20,20", "finite"),
        ("10,10,inf,20", "finite"),
    ],
)
def test_track_refuses_a_box_that_cannot_be(
    box: str, expected: str, toy_bundle: Path, clip: Clip, tmp_path: Path
) -> None:
    outputs = ("-o", tmp_path / "out.mp4", "--csv", tmp_path / "boxes.csv")
    assert expected in fail("track", toy_bundle, clip.video, f"--box={box}", *outputs)
    assert list(tmp_path.iterdir()) == []


def test_track_refuses_what_is_no_video(toy_bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42 and nothing more")
    outputs = ("--box", "1,2,30,40", "-o", tmp_path / "out.mp4", "--csv", tmp_path / "boxes.csv")
    assert "broken.mp4" in fail("track", toy_bundle, broken, *outputs)
    assert "does not exist" in fail("track", toy_bundle, tmp_path / "none.mp4", *outputs)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp4"]


def test_track_leaves_nothing_when_frames_change_their_size(toy_bundle: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for index, size_wh in enumerate([(160, 120), (160, 120), (120, 160)]):
        cv2.imwrite(str(frames / f"{index:03d}.png"), np.full((size_wh[1], size_wh[0], 3), 40 * index, np.uint8))
    outputs = ("-o", tmp_path / "out.mp4", "--csv", tmp_path / "boxes.csv")
    fail("track", toy_bundle, frames, "--box", "20,20,40,40", *outputs)
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


def test_track_keeps_what_was_there_when_it_fails(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("precious\n", encoding="utf-8")
    fail("track", toy_bundle, clip.video, "--box", "4000,0,5,5", "--csv", table)
    assert table.read_text(encoding="utf-8") == "precious\n"


def test_track_refuses_outputs_that_cannot_be_written(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    given = ("track", toy_bundle, clip.video, "--box", clip.box)
    assert "does not exist" in fail(*given, "-o", tmp_path / "no" / "out.mp4")
    assert "does not exist" in fail(*given, "--csv", tmp_path / "no" / "boxes.csv")
    assert "expected one of" in fail(*given, "-o", tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []


def test_track_refuses_to_write_over_its_source(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    source = Path(shutil.copy(clip.video, tmp_path / "clip.mp4"))
    before = source.read_bytes()
    assert "is the source itself" in fail("track", toy_bundle, source, "--box", clip.box, "-o", source)
    assert source.read_bytes() == before


def test_error_before_the_first_frame_is_the_only_line(toy_bundle: Path, clip: Clip) -> None:
    assert len(fail("track", toy_bundle, clip.video, "--box", "4000,10,20,20").splitlines()) == 1


def test_track_says_once_that_its_video_breaks_off(toy_bundle: Path, tmp_path: Path) -> None:
    video = tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (160, 120))
    for value in range(30):
        writer.write(np.full((120, 160, 3), 8 * value, np.uint8))
    writer.release()
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    done = run("track", toy_bundle, video, "--box", "20,20,40,40", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cut.avi") == 1
    assert json.loads(done.stdout)["missing"] > 0


def test_track_select_names_the_other_option_without_a_screen(toy_bundle: Path, clip: Clip) -> None:
    no_screen = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    assert "--box" in fail("track", toy_bundle, clip.video, "--select", env=no_screen)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--box", "1,2,3"),
        ("--box", "a,b,c,d"),
        ("--box", "1,2,3,4", "--select"),
        ("--box", "1,2,3,4", "--jsonl", "--json"),
        ("--box", "1,2,3,4", "--session", "boiled"),
        ("--box", "1,2,3,4", "--threads", "0"),
        ("--nonsense",),
    ],
)
def test_track_wrong_usage_is_status_2(options: tuple[str, ...], toy_bundle: Path, clip: Clip) -> None:
    assert "--help" in fail("track", toy_bundle, clip.video, *options, status=2)


def test_eval_refuses_what_is_no_data_set(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "none does not exist" in fail("eval", toy_bundle, tmp_path / "none")
    no_layout = run("eval", toy_bundle, empty)  # whose message lists the layouts in several lines
    assert no_layout.returncode == 1
    assert no_layout.stderr.startswith(f"error: {empty}")
    taken = tmp_path / "taken"
    taken.write_text("a file\n", encoding="utf-8")
    assert "taken" in fail("eval", toy_bundle, clip.got10k, "--out", taken)
    assert taken.read_text(encoding="utf-8") == "a file\n"


def test_eval_refuses_what_is_no_model(clip: Clip, tmp_path: Path) -> None:
    assert "none does not exist" in fail("eval", tmp_path / "none", clip.got10k)
    assert "is no such thing" in fail("eval", clip.video, clip.got10k)
    nothing = fail("eval", tmp_path, clip.got10k)
    assert "manifest.json" in nothing
    assert "expected one.txt or one/one_001.txt" in nothing


def test_eval_names_a_missing_result_or_leaves_it_out(clip: Clip, tmp_path: Path) -> None:
    shutil.copy(clip.got10k / "one" / "groundtruth.txt", tmp_path / "one.txt")
    assert "1 of 2 sequences: two" in fail("eval", tmp_path, clip.got10k)
    done = run("eval", tmp_path, clip.got10k, "--skip-broken", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [item["name"] for item in result["sequences"]] == ["one"]
    assert result["overall"]["ao"] == pytest.approx(1.0, abs=ABS_METRIC)
    assert "left out 1 of 2 sequences:\n  two: " in done.stderr


def test_eval_names_a_broken_sequence_or_leaves_it_out(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    data = Path(shutil.copytree(clip.got10k, tmp_path / "data"))
    picture = data / "two" / "00000007.jpg"
    picture.write_bytes(b"torn")
    out = tmp_path / "out"
    assert "00000007.jpg" in fail("eval", toy_bundle, data, "--out", out)
    assert [path.name for path in (out / "boxes" / toy_bundle.name).iterdir()] == ["one"], "what is finished is kept"
    done = run("eval", toy_bundle, data, "--out", out, "--skip-broken")
    assert done.returncode == 0, done.stderr
    assert "00000007.jpg" in done.stderr.split("left out 1 of 2")[1]

    (data / "one" / "groundtruth.txt").write_text("1,2,3,4\n", encoding="utf-8")
    assert "groundtruth.txt" in fail("eval", toy_bundle, data)
    nothing_left = fail("eval", toy_bundle, data, "--skip-broken")
    assert "groundtruth.txt" in nothing_left
    assert "00000007.jpg" in nothing_left


def test_eval_refuses_to_mix_models_in_a_folder(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    given = (clip.got10k, "--sequences", "one", "--out", tmp_path / "out")
    succeed("eval", toy_bundle, *given)
    before = (tmp_path / "out" / "result.json").read_bytes()
    assert "session auto and not split" in fail("eval", toy_bundle, *given, "--session", "split")
    assert (tmp_path / "out" / "result.json").read_bytes() == before
    succeed("eval", toy_bundle, *given, "--session", "split", "--overwrite")


def test_eval_wrong_usage_is_status_2(toy_bundle: Path, clip: Clip) -> None:
    for options in (("--workers", 0), ("--sequences", "one,"), ("--session", "boiled"), ("--results", "x")):
        fail("eval", toy_bundle, clip.got10k, *options, status=2)


def test_compare_refuses_what_is_no_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert "a.json does not exist; expected the JSON" in fail("compare", path, path)
    for text in ("", "[]", '{"format_version": 1, "tracker": 3}'):
        path.write_text(text, encoding="utf-8")
        assert "a.json" in fail("compare", path, path)
    fail("compare", status=2)
