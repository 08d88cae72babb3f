"""``sdst-edge bench`` in a process of its own: what it prints, writes and refuses."""

from __future__ import annotations

import json
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
    names = [bundle["name"] for bundle in shown["bundles"]]
    assert len(set(names)) == 2, names


def test_bench_compares_with_an_earlier_report(toy_bundle: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(succeed("bench", toy_bundle, *SMALL, "--json"), encoding="utf-8")
    assert "1.000" in succeed("bench", old, "--compare", old, "--max-regression", "10%")
    plain = json.loads(old.read_text(encoding="utf-8"))
    loop = plain["bundles"][0]["closed_loop"]
    loop["total_ms"] = [value / 2 for value in loop["total_ms"]]
    for summary in (loop["total"], *loop["stages"].values()):
        summary.update({key: value / 2 for key, value in summary.items()})
    loop["median_ms"] = {key: value / 2 for key, value in loop["median_ms"].items()}
    loop.update(jitter_ms=loop["jitter_ms"] / 2, fps=loop["fps"] * 2)
    faster = tmp_path / "faster.json"
    faster.write_text(json.dumps(plain), encoding="utf-8")
    done = run("bench", old, "--compare", faster, "--max-regression", "10%")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "2.000" in done.stdout
    assert run("bench", old, "--compare", faster).returncode == 0


def test_bench_scores_bundles_and_peers_on_the_same_frames(toy_bundle: Path, clip: Clip) -> None:
    plain = report_of(toy_bundle, *SMALL, "--peers", "--accuracy", clip.got10k, "--sequences", "one")
    (bundle,), peers = plain["bundles"], plain["peers"]
    assert peers["results"][0]["name"] == bundle["name"]
    assert peers["results"][0]["scores"] == bundle["accuracy"]
    assert peers["results"][0]["ratio"] == 1
    assert bundle["accuracy"]["sequences"] == 1
    assert "--nano-backbone" in peers["absent"]["Nano"]
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


def test_a_full_disk_leaves_the_report_on_stdout(toy_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = run("bench", toy_bundle, *SMALL, "--out", tmp_path / "file", "--json")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    jsonschema.validate(json.loads(done.stdout), report_schema())


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
        (("--device", "toaster"), "jetson"),
    ],
)
def test_bench_refuses_wrong_usage(options: tuple[str, ...], expected: str, toy_bundle: Path) -> None:
    assert expected in fail("bench", toy_bundle, *options, status=2)


def test_bench_prints_its_schema() -> None:
    assert json.loads(succeed("bench", "--schema")) == report_schema()
