"""``sdst-edge attributes`` on annotations without pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.cli.attributes import DefinitionsChoice
from sdst_edge.datasets.attributes import DEFINITIONS, read_labels

#: 1-based; the second box is twice as large and 25 px further right.
MOVED = "101,101,40,40\n116,91,60,60\n116,91,60,60\n"
STILL = "101,101,40,40\n101,101,40,40\n"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two sequences in the GOT-10k layout; one is labelled."""
    root = tmp_path / "val"
    for name, boxes in (("moved", MOVED), ("still", STILL)):
        (root / name).mkdir(parents=True)
        (root / name / "groundtruth.txt").write_text(boxes, encoding="utf-8")
        (root / name / "absence.label").write_text("0\n" * len(boxes.splitlines()), encoding="utf-8")
    (root / "list.txt").write_text("moved\nstill\n", encoding="utf-8")
    labels = {"still": {"labelled": {"source": "a person", "names": ["MB"]}}}
    (root / "attributes.json").write_text(json.dumps(labels), encoding="utf-8")
    return root


def test_table_shows_labelled_and_computed(root: Path, runner: CliRunner) -> None:
    result = runner.invoke(app, ["attributes", str(root)])
    assert result.exit_code == 0, result.stderr
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line.strip()}
    assert rows["SV"] == ["SV", "scale", "variation", "1", "0", "1", "2", "40.0%"]
    assert rows["MB"] == ["MB", "motion", "blur", "1", "1"]
    assert "val: 2 sequences, 5 frames, layout GOT-10k; computed by the definitions of LaSOT." in result.stdout


def test_json_has_the_same_counts(root: Path, runner: CliRunner) -> None:
    result = runner.invoke(app, ["attributes", str(root), "--json", "--layout", "got10k"])
    summary = json.loads(result.stdout)
    assert (summary["layout"], summary["sequences"], summary["frames"]) == ("got10k", 2, 5)
    counts = {count["name"]: count for count in summary["attributes"]}
    assert counts["SV"] == {
        "name": "SV",
        "title": "scale variation",
        "sequences": 1,
        "labelled": 0,
        "computed": 1,
        "frames": 2,
        "share": 0.4,
    }
    assert counts["MB"]["computed"] is None
    assert counts["FM"]["sequences"] == 0


def test_lasots_labels_are_counted_as_its_toolkit_lists_them(tmp_path: Path, runner: CliRunner) -> None:
    annos = tmp_path / "annos"
    labels = {"car-1": "1,0,0,1,0,0,0,0,0,0,0,0,1,0", "car-2": "0,0,0,1,0,0,0,0,1,1,0,0,0,0"}
    for folder in (annos / "absent", annos / "att"):
        folder.mkdir(parents=True)
    for name, line in labels.items():
        (annos / f"{name}.txt").write_text(MOVED, encoding="utf-8")
        (annos / "absent" / f"{name}.txt").write_text("0\n0\n1\n", encoding="utf-8")
        (annos / "att" / f"{name}.txt").write_text(f"{line}\n", encoding="utf-8")
    result = runner.invoke(app, ["attributes", str(annos), "--json"])
    assert result.exit_code == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["layout"], summary["definitions"]) == ("lasot", "lasot")
    names = ["IV", "POC", "DEF", "MB", "CM", "ROT", "BC", "VC", "SV", "FOC", "FM", "OV", "LR", "ARC", "absence"]
    assert [count["name"] for count in summary["attributes"]] == names
    expected = [1, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 2]
    assert [count["labelled"] for count in summary["attributes"]] == expected
    assert [count["sequences"] for count in summary["attributes"]] == expected, "labels win over what boxes say"
    scale = summary["attributes"][names.index("SV")]
    assert (scale["computed"], scale["frames"]) == (2, 2), "both by their boxes, but not where they are absent"


def test_all_definitions_can_be_named() -> None:
    assert {choice.value for choice in DefinitionsChoice} == {"auto", *DEFINITIONS}


def test_definitions_can_be_chosen(root: Path, runner: CliRunner) -> None:
    result = runner.invoke(app, ["attributes", str(root), "--json", "--definitions", "otb"])
    summary = json.loads(result.stdout)
    assert summary["definitions"] == "otb"
    counts = {count["name"]: count["sequences"] for count in summary["attributes"]}
    assert counts["FM"] == 1, "25 px are more than 20"
    assert "ARC" not in counts
    assert runner.invoke(app, ["attributes", str(root), "--definitions", "mine"]).exit_code == 2


def test_output_holds_a_record_of_each_sequence_and_is_read_back(root: Path, runner: CliRunner) -> None:
    output = root.parent / "attributes.json"
    assert runner.invoke(app, ["attributes", str(root), "--output", str(output)]).exit_code == 0
    records = json.loads(output.read_text(encoding="utf-8"))
    assert list(records) == ["moved", "still"]
    assert records["moved"]["attributes"] == {"SV": "computed"}
    assert records["moved"]["computed"]["measures"]["max_area_ratio_to_first"] == 2.25
    assert read_labels(output)["still"] == ("MB",)


def test_broken_sequence_is_an_error_or_skipped_by_name(root: Path, runner: CliRunner) -> None:
    (root / "still" / "groundtruth.txt").write_text("101,101,40\n", encoding="utf-8")
    output = root.parent / "out.json"
    refused = runner.invoke(app, ["attributes", str(root), "--output", str(output)])
    assert refused.exit_code == 1
    assert "groundtruth.txt" in refused.stderr
    assert not output.exists()

    skipping = runner.invoke(app, ["attributes", str(root), "--skip-broken", "--json"])
    assert skipping.exit_code == 0
    summary = json.loads(skipping.stdout)
    assert summary["sequences"] == 1
    (skipped,) = summary["skipped"]
    assert skipped["name"] == "still"
    assert "groundtruth.txt" in skipped["reason"]
    assert "skipped still: " in skipping.stderr


def test_output_in_a_folder_that_is_not_there_is_told_before_the_work(root: Path, runner: CliRunner) -> None:
    result = runner.invoke(app, ["attributes", str(root), "--output", str(root / "no" / "out.json")])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "does not exist" in result.stderr


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, runner: CliRunner) -> None:
    result = runner.invoke(app, ["attributes", str(tmp_path / "nothing")])
    assert result.exit_code == 1
    assert "nothing" in result.stderr


@pytest.mark.parametrize("data", ["", "list.txt"])
def test_files_of_the_data_set_are_not_written_over(root: Path, runner: CliRunner, data: str) -> None:
    for name in ("attributes.json", "moved/groundtruth.txt"):
        before = (root / name).read_bytes()
        result = runner.invoke(app, ["attributes", str(root / data), "-o", str(root / name)])
        assert result.exit_code == 1
        assert f"{name} is a file in the data set" in result.stderr
        assert (root / name).read_bytes() == before
    assert runner.invoke(app, ["attributes", str(root / data), "-o", str(root / "new.json")]).exit_code == 0
