"""Reports as files: what is written is read as it was, and what is no report is refused with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdst_bench.report import files
from sdst_bench.report.consistency import inconsistencies
from sdst_bench.report.files import read_report, report_json
from sdst_bench.report.model import BenchReport
from sdst_runtime.errors import ConfigError
from tests.made_up_bench import made_up_bundle, made_up_closed_loop, made_up_report, minimal_report, partial_report

Edit = Callable[[dict[str, Any]], object]


def written(folder: Path, report: BenchReport, edit: Edit = lambda plain: None) -> Path:
    path = folder / "report.json"
    plain = json.loads(report_json(report))
    edit(plain)
    path.write_text(json.dumps(plain), encoding="utf-8")
    return path


@pytest.mark.parametrize("report", [made_up_report(), minimal_report(), partial_report()])
def test_what_is_read_is_written_the_same(tmp_path: Path, report: BenchReport) -> None:
    path = tmp_path / "report.json"
    path.write_text(report_json(report), encoding="utf-8")
    assert report_json(read_report(path)) == report_json(report)


def test_json_is_in_the_order_of_the_classes_and_series_are_lines() -> None:
    text = report_json(made_up_report())
    assert list(json.loads(text))[:3] == ["schema_version", "created", "command"]
    lines = [line for line in text.splitlines() if '"total_ms": [' in line]
    assert len(lines) == 2
    assert lines[0].count(",") == 300 - 1


def test_json_keeps_six_digits_and_whole_numbers() -> None:
    plain = json.loads(report_json(made_up_report(made_up_bundle(closed_loop=made_up_closed_loop(times_ms=(1 / 3,))))))
    assert plain["bundles"][0]["closed_loop"]["total_ms"] == [0.333333]
    assert plain["host"]["memory_bytes"] == 8_000_000_000


def test_json_leaves_brackets_in_names_alone(tmp_path: Path) -> None:
    name = 'odd [\n 1, 2\n] | "name" [red] \ud83d'  # half of a surrogate pair, as Python reads names of files
    path = tmp_path / "report.json"
    path.write_text(report_json(made_up_report(made_up_bundle(name))), encoding="utf-8")
    assert read_report(path).bundles[0].name == name


def test_json_refuses_what_is_no_number() -> None:
    bundle = made_up_bundle()
    assert bundle.power is not None
    with pytest.raises(ValueError, match="JSON"):
        report_json(made_up_report(replace(bundle, power=replace(bundle.power, busy_mw=float("nan")))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("\0", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no report of the bench: it has no schema_version"),
        ("{}", "no report of the bench: it has no schema_version"),
        ('{"schema_version": true}', "no report of the bench"),
        ('{"schema_version": 2}', "newer than 1, .*; read it with the sdst-edge that wrote it"),
        ('{"schema_version": 0}', "older than 1, .*; measure again"),
        ('{"schema_version": 1}', "lacks .*command.*host"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=expected):
        read_report(path)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_report(tmp_path / "absent.json")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_report(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="no JSON"):
        read_report(tmp_path / "binary")


def test_files_larger_than_any_report_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    with pytest.raises(ConfigError, match="give another file"):
        read_report(written(tmp_path, made_up_report()))


def test_unknown_keys_and_wrong_types_are_told_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"bundles\[0\].setup.threads is '1'"):
        read_report(written(tmp_path, made_up_report(), lambda plain: plain["bundles"][0]["setup"].update(threads="1")))
    with pytest.raises(ConfigError, match=r"bundles\[0\].*'camra'; did you mean 'camera'"):
        read_report(written(tmp_path, made_up_report(), lambda plain: plain["bundles"][0].update(camra=None)))


def _loop(**changes: object) -> Edit:
    return lambda plain: plain["bundles"][0]["closed_loop"].update(changes)


EDITS: dict[str, tuple[Edit, str]] = {
    "faster median": (
        lambda plain: plain["bundles"][0]["closed_loop"]["total"].update(p50=2.0),
        r"closed_loop.total.p50 is 2, its other figures give 3.99",
    ),
    "faster p99": (lambda plain: plain["bundles"][0]["closed_loop"]["total"].update(p99=4.0), "total.p99"),
    "fewer frames": (lambda plain: plain["bundles"][0]["closed_loop"]["total_ms"].pop(), "closed_loop.frames"),
    "more frames a second": (_loop(fps=300.0), "closed_loop.fps"),
    "less jitter": (_loop(jitter_ms=0.1), "jitter_ms"),
    "a stage less": (lambda plain: plain["bundles"][0]["closed_loop"]["stages"].pop("crop"), "sum of means"),
    "less dropped": (lambda plain: plain["bundles"][0]["camera"].update(dropped=0), "camera.frames"),
    "less latency": (lambda plain: plain["bundles"][0]["camera"]["latency"].update(p90=1.0), "camera.latency.p90"),
    "less energy": (lambda plain: plain["bundles"][0]["power"].update(frame_mj=1.0), "power.frame_mj"),
    "one name": (lambda plain: plain["bundles"][1].update(name="m onnx/fp32"), "two bundles are named 'm onnx/fp32'"),
    "complete and stopped": (lambda plain: plain.update(stopped="early"), "where it stopped"),
}


@pytest.mark.parametrize(("edit", "expected"), EDITS.values(), ids=EDITS.keys())
def test_edited_figures_are_no_baseline(tmp_path: Path, edit: Edit, expected: str) -> None:
    path = written(tmp_path, made_up_report(), edit)
    with pytest.raises(ConfigError, match=f"was changed after it was measured: .*{expected}"):
        read_report(path)


def test_errors_about_a_foreign_report_cannot_steer_a_terminal(tmp_path: Path) -> None:
    def edit(plain: dict[str, Any]) -> None:
        plain["bundles"][0].update(name="\x1b[2J\n")
        plain["bundles"][0]["closed_loop"].update(fps=1.0)

    path = written(tmp_path, made_up_report(), edit)
    with pytest.raises(ConfigError, match=r"measured: \\x1b\[2J\\n: closed_loop\.fps") as caught:
        read_report(path)
    assert str(caught.value).isprintable()


def test_inconsistencies_are_none_of_what_was_measured_without_a_frame() -> None:
    loop = made_up_closed_loop()
    empty = replace(loop, frames=0, total_ms=())
    assert inconsistencies(made_up_report(made_up_bundle(closed_loop=empty))) == []
