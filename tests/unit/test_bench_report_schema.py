"""The schema takes reports as they are written, and nothing else; the strict reader agrees with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator

from sdst_bench.report import schema
from sdst_bench.report.files import report_json
from sdst_bench.report.model import BenchReport
from sdst_bench.report.schema import report_schema
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain
from tests.made_up_bench import made_up_jetson, made_up_report, minimal_report, partial_report

VALIDATOR = Draft202012Validator(report_schema())

Edit = Callable[[dict[str, Any]], object]


def test_schema_is_one_of_draft_2020_12() -> None:
    Draft202012Validator.check_schema(report_schema())
    assert report_schema()["$id"] == "urn:sdst-edge:bench-report:1"


@pytest.mark.parametrize(
    "report",
    [made_up_report(), minimal_report(), partial_report(), made_up_report(host=made_up_jetson(), bundles=())],
    ids=["full", "minimal", "partial", "no bundle"],
)
def test_reports_are_valid(report: BenchReport) -> None:
    VALIDATOR.validate(json.loads(report_json(report)))


EDITS: dict[str, Edit] = {
    "unknown key": lambda plain: plain.update(note="fast"),
    "unknown key deep down": lambda plain: plain["bundles"][0]["power"]["rails"][0].update(watts=9),
    "missing key": lambda plain: plain.pop("host"),
    "missing key deep down": lambda plain: plain["bundles"][0]["closed_loop"]["total"].pop("p99"),
    "text for a number": lambda plain: plain["bundles"][0]["closed_loop"].update(fps="247"),
    "number for a text": lambda plain: plain.update(created=2026),
    "number for a yes or no": lambda plain: plain.update(complete=1),
    "yes or no for a number": lambda plain: plain["bundles"][0]["setup"].update(threads=True),
    "fraction of a thread": lambda plain: plain["bundles"][0]["setup"].update(threads=1.5),
    "null where something must be": lambda plain: plain.update(command=None),
    "three sides": lambda plain: plain["bundles"][0]["setup"].update(size_wh=[1280, 720, 3]),
    "one side": lambda plain: plain["bundles"][0]["setup"].update(size_wh=[1280]),
    "table for a list": lambda plain: plain.update(bundles={}),
    "text in a table of numbers": lambda plain: plain["host"]["clocks_mhz"].update(cpu0="fast"),
    "infinity": lambda plain: plain["bundles"][0]["closed_loop"]["total"].update(max=json.loads("1e999")),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_what_is_no_report_is_invalid_to_schema_and_reader(edit: Edit) -> None:
    plain = json.loads(report_json(made_up_report()))
    edit(plain)
    assert not VALIDATOR.is_valid(plain)
    with pytest.raises(ConfigError):
        from_plain(BenchReport, plain, where="report", error=ConfigError)


def test_another_version_is_invalid() -> None:
    plain = json.loads(report_json(minimal_report()))
    assert not VALIDATOR.is_valid({**plain, "schema_version": 2})


def test_everything_is_described() -> None:
    root = report_schema()
    for name, one in {"report": root, **root["$defs"]}.items():
        assert one["description"], name
        for key, item in one["properties"].items():
            assert item.get("description"), f"{name}.{key}"
            assert "``" not in item["description"], f"{name}.{key}"
            assert "None" not in item["description"], f"{name}.{key}"


@dataclass(frozen=True)
class _Leaf:
    kind: Literal["a", "b"]
    pairs: tuple[tuple[int, str], ...] = ()


def test_kinds_that_no_report_has_yet_are_known() -> None:
    classes: dict[str, dict[str, Any]] = {}
    built = schema._object(_Leaf, classes)
    assert built["properties"]["kind"] == {"enum": ["a", "b"]}
    assert built["required"] == ["kind"]
    validator = Draft202012Validator(built)
    assert validator.is_valid({"kind": "a", "pairs": [[1, "x"]]})
    assert not validator.is_valid({"kind": "c"})
    assert not validator.is_valid({"kind": "a", "pairs": [["x", 1]]})


def test_without_docstrings_only_descriptions_vanish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Leaf, "__doc__", None)
    assert "description" not in schema._object(_Leaf, {})
