"""``sdst-edge bench`` in a process of its own: what it prints, writes and refuses."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sdst_bench.report.schema import report_schema
from tests.e2e.cli_process import COMMAND, fail, run, succeed
from tests.e2e.conftest import Clip
from tests.fake_orin import fake_orin

#: As little as tells that a part was run.
SMALL = ("--frames", 12, "--size", "160x120", "--targets", "1,2", "--power", 0)


def report_of(*arguments: object) -> dict[str, Any]:
    """JSON of a bench that must succeed, checked against the published schema."""
    plain: dict[str, Any] = json.loads(succeed("bench", *arguments, "--json"))
    jsonschema.validate(plain, report_schema())
    return plain


def test_bench_prints_what_was_measured_and_why_the_rest_was_not(toy_bundle: Path) -> None:
    text = succeed("bench", toy_bundle, *SMALL, "--device", "cpu", "--threads", 1)
    for expected in ("crop", "search network", "correlation + head", "decode", "p50", "p90", "p99", "peak RSS", "FPS"):
        assert expected in text
    for expected in ("not measured", "--sustained", "--accuracy", "first box", "jitter"):
        assert expected in text


def test_bench_measures_every_part_that_was_asked_for(toy_bundle: Path) -> None:
    plain = report_of(toy_bundle, *SMALL, "--session", "split", "--fps", 50, "--seconds", 0.5, "--sustained", 1)
    (bundle,) = plain["bundles"]
    assert plain["complete"]
    assert plain["device"] == "cpu"
    assert bundle["setup"]["session"] == "split"
    assert bundle["closed_loop"]["frames"] == len(bundle["closed_loop"]["total_ms"]) == 12
    assert bundle["start"]["first_update_ms"] > 0
    assert bundle["memory"]["peak_rss_bytes"] > 0
    assert [item["targets"] for item in bundle["targets"]] == [1, 2]
    assert bundle["camera"]["processed"] + bundle["camera"]["dropped"] == bundle["camera"]["frames"]
    assert bundle["sustained"]["frames"] > 0
    assert set(bundle["not_measured"]) == {"accuracy", "power"}


def test_bench_writes_a_report_that_it_shows_again(toy_bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_bundle, tmp_path / toy_bundle.name)
    succeed("bench", toy_bundle, tmp_path / toy_bundle.name, *SMALL, "--out", tmp_path / "r")
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["report.html", "report.json", "report.md"]
    shown = json.loads(succeed("bench", tmp_path / "r" / "report.json", "--json"))
    assert shown == json.loads((tmp_path / "r" / "report.json").read_text(encoding="utf-8"))
    assert "--fps" in fail("bench", tmp_path / "r" / "report.json", "--fps", 30, status=2)
    names = [bundle["name"] for bundle in shown["bundles"]]
    assert len(set(names)) == 2, names


def test_bench_compares_with_an_earlier_report(toy_bundle: Path, tmp_path: Path) -> None:
    measured = json.loads(succeed("bench", toy_bundle, *SMALL, "--json"))
    old, faster = tmp_path / "old.json", tmp_path / "faster.json"
    for path, frame_ms in ((old, 2.0), (faster, 1.0)):  # steady: a dozen real frames may scatter over any limit
        path.write_text(json.dumps(steady(measured, frame_ms)), encoding="utf-8")
    assert "1.000" in succeed("bench", old, "--compare", old, "--max-regression", "10%")
    done = run("bench", old, "--compare", faster, "--max-regression", "10%")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "2.000" in done.stdout
    assert run("bench", old, "--compare", faster).returncode == 0


def steady(report: dict[str, Any], frame_ms: float) -> dict[str, Any]:
    """The report with every frame taking as long, each stage an even share of it."""
    loop = report["bundles"][0]["closed_loop"]
    loop["total_ms"] = [frame_ms] * len(loop["total_ms"])
    loop["total"] = dict.fromkeys(loop["total"], frame_ms)
    loop["stages"] = {name: dict.fromkeys(loop["total"], frame_ms / len(loop["stages"])) for name in loop["stages"]}
    loop["median_ms"] = {"low": frame_ms, "high": frame_ms}
    loop.update(jitter_ms=0.0, fps=1e3 / frame_ms)
    return report


def test_bench_scores_bundles_and_peers_on_the_same_frames(toy_bundle: Path, clip: Clip) -> None:
    plain = report_of(toy_bundle, *SMALL, "--peers", "--accuracy", clip.got10k, "--sequences", "one")
    (bundle,), peers = plain["bundles"], plain["peers"]
    assert peers["results"][0]["name"] == bundle["name"]
    assert peers["results"][0]["scores"] == bundle["accuracy"]
    assert peers["results"][0]["ratio"] == 1
    assert bundle["accuracy"]["sequences"] == 1
    assert "--nano-backbone" in peers["absent"]["Nano"]
    one = report_of(toy_bundle, *SMALL, "--peer", "MIL", "--accuracy", clip.got10k, "--sequences", "one")["peers"]
    assert [*(item["name"] for item in one["results"][1:]), *one["absent"]] == ["MIL"]
    alone = report_of(toy_bundle, *SMALL, "--accuracy", clip.got10k, "--sequences", "one")["bundles"][0]
    assert alone["accuracy"] == bundle["accuracy"]


def test_interrupt_leaves_a_valid_partial_report(toy_bundle: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "bench", toy_bundle, *SMALL, "--sustained", 600, "--out", tmp_path / "r", "--json"]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    grown = tmp_path / "r" / "report.json"
    while not (grown.exists() and json.loads(grown.read_text(encoding="utf-8"))["bundles"][:1]):
        assert process.poll() is None
    while not json.loads(grown.read_text(encoding="utf-8"))["bundles"][0]["targets"]:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    plain = json.loads(printed)
    jsonschema.validate(plain, report_schema())
    assert not plain["complete"]
    assert plain["stopped"].startswith("interrupted during ")
    loop = plain["bundles"][0]["closed_loop"]
    assert 0 < loop["frames"] == len(loop["total_ms"])
    assert json.loads(grown.read_text(encoding="utf-8")) == plain
    assert (tmp_path / "r" / "report.html").is_file()


def earlier_report(folder: Path) -> str:
    """A report that lies where the next one is to go; all that matters is that it is there."""
    folder.mkdir()
    (folder / "report.json").write_text('{"earlier": true}', encoding="utf-8")
    return (folder / "report.json").read_text(encoding="utf-8")


def interrupted(folder: Path, number: signal.Signals, *arguments: object) -> tuple[int, str]:
    """Status and stdout of a bench that gets a signal while it waits for the idle baseline of power."""
    board = fake_orin(folder / "orin")
    options = ("--device", "jetson", "--sysroot", board, "--engine", "onnxruntime", "--power", 600, "--json")
    command = [*COMMAND, "bench", *arguments, *options]
    screen, terminal = pty.openpty()  # on which progress is shown as it comes
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=terminal, text=True)
    os.close(terminal)
    told = b""
    while b"idle power" not in told:
        told += os.read(screen, 4096)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=60)
    told += os.read(screen, 4096)
    os.close(screen)
    assert b"Traceback" not in told
    return process.returncode, printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_before_any_figure_leaves_a_valid_report(
    number: signal.Signals, toy_bundle: Path, tmp_path: Path
) -> None:
    status, printed = interrupted(tmp_path, number, toy_bundle, *SMALL[:-2], "--out", tmp_path / "r")
    assert status == 130
    plain = json.loads(printed)
    jsonschema.validate(plain, report_schema())
    assert plain["stopped"] == "interrupted during the idle baseline of power"
    assert json.loads((tmp_path / "r" / "report.json").read_text(encoding="utf-8")) == plain
    assert "idle baseline" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


def test_a_run_without_any_figure_leaves_the_earlier_report(toy_bundle: Path, tmp_path: Path) -> None:
    text = earlier_report(tmp_path / "r")
    fail("bench", tmp_path / "absent", *SMALL, "--out", tmp_path / "r")
    assert (tmp_path / "r" / "report.json").read_text(encoding="utf-8") == text
    status, printed = interrupted(tmp_path, signal.SIGINT, toy_bundle, *SMALL[:-2], "--out", tmp_path / "r")
    assert status == 130
    jsonschema.validate(json.loads(printed), report_schema())
    assert [(path.name, path.read_text(encoding="utf-8")) for path in (tmp_path / "r").iterdir()] == [
        ("report.json", text)
    ]


def test_a_full_disk_leaves_the_earlier_report_and_the_new_one_on_stdout(toy_bundle: Path, tmp_path: Path) -> None:
    text = earlier_report(tmp_path / "r")
    command = [*COMMAND, "bench", toy_bundle, *SMALL, "--out", tmp_path / "r", "--json"]
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *map(str, command)]  # blocks of 512 bytes
    done = subprocess.run(limited, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    plain = json.loads(done.stdout)
    jsonschema.validate(plain, report_schema())
    assert "cannot be written" in plain["stopped"]
    assert [(path.name, path.read_text(encoding="utf-8")) for path in (tmp_path / "r").iterdir()] == [
        ("report.json", text)
    ]


def test_stdout_that_is_full_leaves_the_files(toy_bundle: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "bench", toy_bundle, *SMALL, "--out", tmp_path / "r", "--json"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            list(map(str, command)), stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["report.html", "report.json", "report.md"]


def test_a_folder_that_cannot_be_is_told_before_anybody_waits(toy_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert "--out" in fail("bench", toy_bundle, *SMALL, "--out", folder, "--json")


def test_a_copied_board_is_read_and_the_report_says_so(toy_bundle: Path, tmp_path: Path) -> None:
    root = fake_orin(tmp_path / "orin")
    options = ("--frames", 12, "--size", "160x120", "--targets", 0, "--power", 0.3, "--engine", "onnxruntime")
    plain = report_of(toy_bundle, *options, "--device", "jetson", "--sysroot", root)
    assert plain["sysroot"] == str(root)
    assert plain["device"] == "jetson"
    assert plain["host"]["jetson"]["power_mode"] == "15W"
    power = plain["bundles"][0]["power"]
    assert power["source"] == "INA3221"
    assert {rail["name"]: round(rail["busy_mw"]) for rail in power["rails"]} == {
        "VDD_IN": 4824,
        "VDD_CPU_GPU_CV": 518,
        "VDD_SOC": 1475,
    }
    assert "no device" in succeed("bench", toy_bundle, *options, "--device", "jetson", "--sysroot", root)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--device", "jetson"), "--host user@board"),
        (("--device", "raspberry-pi"), "--host"),
        (("--device", "cuda"), "--device cpu"),
        (("--size", "100000x100000"), "GB"),
        (("--compare", "absent.json"), "absent.json"),
        (("--max-regression", "x", "--compare", "absent.json"), "10%"),
        (("--source", "absent.mp4", "--box", "1,2,3,4"), "absent.mp4"),
        (("--source", "absent.mp4"), "--box"),
        (("--seconds", "nan"), "finite"),
        (("--accuracy", "absent"), "absent"),
        (("--peer", "Toaster"), "expected some of Nano"),
    ],
)
def test_bench_refuses(options: tuple[str, ...], expected: str, toy_bundle: Path) -> None:
    assert expected in fail("bench", toy_bundle, *SMALL, *options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--targets", "2,x"), "1,2,4"),
        (("--vit", "v.onnx"), "--peers"),
        (("--max-regression", "10%"), "--compare"),
        (("--sequences", "a"), "--accuracy"),
        (("--layout", "got10k"), "--accuracy"),
        (("--sysroot", "/absent"), "no folder"),
        (("--device", "toaster"), "jetson"),
    ],
)
def test_bench_refuses_wrong_usage(options: tuple[str, ...], expected: str, toy_bundle: Path) -> None:
    assert expected in fail("bench", toy_bundle, *options, status=2)


def test_bench_prints_its_schema() -> None:
    assert json.loads(succeed("bench", "--schema")) == report_schema()
