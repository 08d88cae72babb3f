"""``sdst-edge simulate``: a sheet, clips that can be read again, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.datasets import open_dataset, write_got10k_sequence
from tests.painted_target import Box, painted_clip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulate") / "data"
    for name in ("ball", "kite"):
        boxes: list[Box] = [(40.0 + index, 30.0, 36.0, 32.0) for index in range(16)]
        write_got10k_sequence(folder / name, painted_clip(boxes, (120, 96)))
    return folder


@pytest.fixture
def beside_source(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(source)
    monkeypatch.chdir(tmp_path)


def run(*arguments: object, status: int = 0) -> str:
    wide = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}
    result = CliRunner().invoke(app, ["simulate", *map(str, arguments)], env=wide)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result.stdout if status == 0 else result.output


def test_simulate_writes_a_sheet_and_clips_with_their_labels(source: Path, tmp_path: Path) -> None:
    sheet, folder = tmp_path / "sheet.png", tmp_path / "made" / "clips"
    facts = json.loads(
        run(source, "--sequence", "kite", "--attributes", "fm,FOC", "-o", sheet, "--write", folder, "--json")
    )
    assert facts["sheet"] == str(sheet)
    assert [clip["name"] for clip in facts["clips"]] == ["kite-FM", "kite-FOC"]
    assert all(clip["shown"] > 0 for clip in facts["clips"])
    assert cv2.imread(str(sheet)).shape[0] == 2 * (205 + 4) - 4
    written = open_dataset(folder)
    assert [sequence.name for sequence in written.sequences] == ["kite-FM", "kite-FOC"]
    for sequence, attribute in zip(written.sequences, ("FM", "FOC"), strict=True):
        assert sequence.attributes is not None
        assert attribute in sequence.attributes
    assert (~written.sequences[1].visible).sum() == facts["clips"][1]["absent"] > 0
    assert sorted(path.name for path in folder.parent.iterdir()) == ["clips"]


def test_simulate_shows_rendered_clips(tmp_path: Path) -> None:
    text = run("--rendered", 3, "--attributes", "OV", "--frames", 3, "-o", tmp_path / "sheet.jpg")
    assert "out of view" in text
    assert "rendered-3-OV" in text
    assert cv2.imread(str(tmp_path / "sheet.jpg")).shape == (144, 56 + 3 * 260 - 4, 3)


def test_simulate_takes_the_first_sequence_and_all_attributes(source: Path, tmp_path: Path) -> None:
    facts = json.loads(run(source, "-o", tmp_path / "sheet.png", "--json", "--seed", 5, "--strength", 0.5))
    assert [clip["attribute"] for clip in facts["clips"]] == (
        ["IV", "POC", "DEF", "MB", "CM", "ROT", "BC", "VC", "SV", "FOC", "FM", "OV", "LR", "ARC"]
    )
    assert {clip["name"].split("-")[0] for clip in facts["clips"]} == {"ball"}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "either a source or --rendered"),
        (("data", "--rendered", 1), 2, "either a source or --rendered"),
        (("--rendered", 1, "--strength", 0.5), 2, "are for a source"),
        (("--rendered", 1, "--layout", "otb"), 2, "are for a source"),
        (("data", "--layout", "vott"), 1, "no layout"),
        (("data", "-o", "data/ball/00000001.jpg"), 1, "would be lost"),
        (("data", "--attributes", "FM,HUE"), 2, "'HUE' cannot be simulated"),
        (("data", "--strength", 0), 1, "strength 0.0"),
        (("data", "--sequence", "nobody"), 1, "nobody"),
        (("nowhere",), 1, "nowhere"),
        (("data", "-o", "missing/sheet.png"), 1, "the folder missing does not exist"),
        (("data", "-o", "sheet.gif"), 1, "ends in .png"),
        (("data", "--attributes", "FM", "--write", "data"), 1, "exists"),
    ],
    ids=str,
)
def test_simulate_refuses_in_words(arguments: tuple[object, ...], status: int, words: str, beside_source: None) -> None:
    assert words in run(*arguments, status=status)


def test_simulate_needs_only_its_sequence_to_be_whole(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "data")
    (tmp_path / "data" / "ball" / "groundtruth.txt").write_text("torn", encoding="utf-8")
    arguments = (tmp_path / "data", "--attributes", "LR", "-o", tmp_path / "sheet.png")
    assert "kite-LR" in run(*arguments, "--sequence", "kite")
    assert "torn" in run(*arguments, status=1)
