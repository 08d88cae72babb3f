"""Our TraX entry in the VOT toolkit: it runs, and the toolkit's figures are those of `sdst-edge eval`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence, open_dataset
from sdst_edge.datasets.boxfile import write_boxes
from sdst_edge.datasets.region import Rectangle
from sdst_edge.evaluation.vot import Answer, MultistartProtocol
from tests.tolerances import ABS_BOX_F32_PX, ABS_METRIC
from tests.toolkits.conftest import SIZE_WH, run_module, sdst_edge_json

pytest.importorskip("vot", reason="the VOT toolkit is not in this environment: make test-toolkits")

ANCHOR_GAP = 25
LOW, HIGH = 20, 60  # the clips are shorter than the challenges' sequences

STACK = f"""title: made-up stack
experiments:
  baseline:
    type: multistart
    analyses:
      - {{type: multistart_eao_score, name: eaoscore, low: {LOW}, high: {HIGH}}}
      - {{type: multistart_average_ar, name: ar}}
      - {{type: multistart_ar, name: sequencear}}
"""


def write_vot_sequence(folder: Path, clip: Sequence) -> None:
    """Pictures, rectangles from 0 and anchors, as the toolkit reads them."""
    (folder / "color").mkdir(parents=True)
    for index in range(len(clip)):
        cv2.imwrite(str(folder / "color" / f"{index + 1:08d}.jpg"), clip.frames[index])
    write_boxes(folder / "groundtruth.txt", clip.boxes_xywh, origin=0.0)
    middle = len(clip) // 2
    anchors = [0 if i % ANCHOR_GAP and i != len(clip) - 1 else 1 if i < middle else -1 for i in range(len(clip))]
    (folder / "anchor.value").write_text("".join(f"{value}\n" for value in anchors), encoding="utf-8")
    width, height = SIZE_WH
    properties = {"name": clip.name, "fps": 30, "format": "default", "channels.color": "color/%08d.jpg"}
    properties |= {"channel.default": "color", "width": width, "height": height, "length": len(clip)}
    text = "".join(f"{key}={value}\n" for key, value in properties.items())
    (folder / "sequence").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def workspace(made_up_clips: list[Sequence], toy_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the toolkit in which our tracker was evaluated."""
    folder = tmp_path_factory.mktemp("workspace")
    for clip in made_up_clips:
        write_vot_sequence(folder / "sequences" / clip.name, clip)
    names = "".join(f"{clip.name}\n" for clip in made_up_clips)
    (folder / "sequences" / "list.txt").write_text(names, encoding="utf-8")
    (folder / "stack.yaml").write_text(STACK, encoding="utf-8")
    (folder / "config.yaml").write_text("stack: ./stack.yaml\nregistry: [./trackers.ini]\n", encoding="utf-8")
    command = f"{sys.executable} -m sdst_edge.toolkits.vot {toy_bundle}"
    entry = f"[toy]\nlabel = toy\nprotocol = trax\ncommand = {command}\n"
    (folder / "trackers.ini").write_text(entry, encoding="utf-8")
    run_module("vot", "evaluate", "--workspace", folder, "toy", folder=folder)
    run_module("vot", "analysis", "--workspace", folder, "--name", "figures", "toy", folder=folder)
    return folder


@pytest.fixture(scope="module")
def figures(workspace: Path) -> Any:
    """What the toolkit's analysis found: EAO and averages of the set, accuracy and robustness a sequence."""
    (file,) = (workspace / "analysis").rglob("*.json")
    score, average, sequences = json.loads(file.read_text(encoding="utf-8"))["results"]["baseline"]["results"]
    return {
        "eao": score[0][0],
        "accuracy": average[0][0],
        "robustness": average[0][1],
        "sequences": sequences,
    }


def test_the_toolkits_results_score_here_as_there(workspace: Path, figures: Any) -> None:
    protocol = MultistartProtocol(name="made-up", low=LOW, high=HIGH)
    sequences = open_dataset(workspace / "sequences", "vot").sequences
    ours = protocol.score([(item, protocol.read(workspace / "results", "toy", item)) for item in sequences])
    assert 0.1 < figures["eao"] < 1.0  # it follows, and not by repeating the truth
    for key in ("eao", "accuracy", "robustness"):
        assert ours.overall[key] == pytest.approx(figures[key], abs=ABS_METRIC)
    for mine, theirs in zip(ours.sequences, figures["sequences"], strict=True):
        assert mine.scores["accuracy"] == pytest.approx(theirs[0], abs=ABS_METRIC)
        assert mine.scores["robustness"] == pytest.approx(theirs[1], abs=ABS_METRIC)


def test_eval_makes_the_toolkits_runs(workspace: Path, figures: Any, toy_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ours = sdst_edge_json("eval", toy_bundle, workspace / "sequences", "--protocol", "vot2020", "--out", out)
    for key in ("accuracy", "robustness"):
        assert ours["overall"][key] == pytest.approx(figures[key], abs=ABS_METRIC)
    protocol = MultistartProtocol(name="made-up", low=LOW, high=HIGH)
    for item in open_dataset(workspace / "sequences", "vot").sequences:
        theirs = protocol.read(workspace / "results", "toy", item)
        (place,) = {path.parents[2] for path in out.rglob(f"{item.name}_00000000.txt")}
        mine = protocol.read(place.parent, place.name, item)
        for a, b in zip(mine.runs, theirs.runs, strict=True):
            assert (a.start, a.backward) == (b.start, b.backward)
            assert boxes(a.answers) == pytest.approx(boxes(b.answers), abs=ABS_BOX_F32_PX)


def boxes(answers: Iterable[Answer]) -> NDArray[np.float64]:
    """(N, 4) xywh of all but the first answer, which is no box."""
    return np.array([(item.x, item.y, item.width, item.height) for item in answers if isinstance(item, Rectangle)])
