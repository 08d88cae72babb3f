"""The model card's generated parts: tables of made-up results, markers in a page, trackers that are run for it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sdst_bench.peers import PeerChoice
from sdst_edge.datasets import Dataset, Sequence, open_dataset, render_clip, write_got10k_sequence
from sdst_edge.workflows.card_tables import (
    CardRow,
    Cost,
    StartRow,
    attributes_part,
    failures_part,
    files_part,
    overall_part,
    sequences_part,
    starts_part,
)
from sdst_edge.workflows.failures import (
    LOST_FRAMES,
    ChallengeRuns,
    FollowedClip,
    failure_png,
    failures_of,
    lost_from,
    shown_frames,
)
from sdst_edge.workflows.generated_parts import check_markers, replace_parts, update_page
from sdst_edge.workflows.lineup import Entrant, Lineup, bundle_entrants, other_entrant
from sdst_runtime.errors import ConfigError
from sdst_runtime.tracker import TrackResult
from tests.conftest import PROJECT
from tests.made_up_evaluation import made_up
from tests.toy_bundle import bright_frame

CLIPS = {f"clip-{index}": (0.6 + 0.01 * index, ("FM", "LR") if index < 2 else ("FM",)) for index in range(6)}
PAGE = "# A page\n\nBefore.\n\n<!-- generated: files -->\nold\n<!-- end: files -->\n\nAfter, with FIGURE(seeds).\n"


def row(name: str, by: float = 0.0, **changes: Any) -> CardRow:
    """A tracker that is better by so much on each sequence."""
    result = made_up({clip: (score + by, held) for clip, (score, held) in CLIPS.items()}, tracker=name)
    return CardRow(result=result, **{"cost": Cost(), **changes})


def cells(part: str, first: str) -> list[str]:
    """Of the table's row that begins so."""
    line = next(line for line in part.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_overall_says_how_far_trackers_are_from_ours_and_what_they_cost() -> None:
    ours = row("ours", cost=Cost(parameters=709_077, macs=139_000_000, size_bytes=790_000), update_ms=1.5, ratio=0.25)
    part = overall_part([ours, row("theirs", 0.1), row("others", -0.1, ratio=0.0042)], "Nano")
    head = [cell.strip() for cell in part.splitlines()[0].strip("|").split("|")]
    assert head[:3] == ["tracker", "success AUC", "to ours, 95 %"]
    assert head[-1] == "of Nano's p50"
    mean = np.mean([score for score, _ in CLIPS.values()])
    assert cells(part, "ours")[1:3] == [f"{mean:.3f}", "–"]
    assert cells(part, "ours")[-5:] == ["0.709", "139", "0.79", "1.50", "0.25"]
    assert cells(part, "theirs")[1:3] == [f"{mean + 0.1:.3f}", "+0.100\\* (+0.100 to +0.100)"]
    assert cells(part, "others")[2].startswith("−0.100\\*")
    assert cells(part, "others")[-5:] == ["–"] * 4 + ["0.004"]
    assert "6 sequences, 6,900 scored frames of data/toy; toy rule" in part


def test_overall_of_one_tracker_compares_nothing() -> None:
    part = overall_part([row("ours")], "Nano")
    assert cells(part, "ours")[2] == "–"
    assert "bootstrap" not in part


def test_overall_refuses_two_trackers_of_one_name() -> None:
    with pytest.raises(ConfigError, match="two trackers are called ours"):
        overall_part([row("ours"), row("ours", 0.1)], "Nano")


def test_sequences_have_a_column_a_tracker() -> None:
    part = sequences_part([row("ours"), row("theirs", 0.1)])
    assert cells(part, "clip-3") == ["clip-3", "1150", "0.630", "0.730"]
    assert cells(part, "mean") == ["mean", "", "0.625", "0.725"]


def test_attributes_say_how_many_sequences_hold_them() -> None:
    part = attributes_part([row("ours"), row("theirs", 0.1)])
    assert cells(part, "LR") == ["LR", "low resolution", "2", "0.605", "0.705"]
    assert cells(part, "FM")[2] == "6"


def test_files_are_summed_up() -> None:
    part = files_part([("m/manifest.json", 25_117), ("m/onnx/int8-ort/search.onnx", 569_922)])
    assert cells(part, "`m/manifest.json`")[1] == "25,117"
    assert cells(part, "together")[1] == "595,039"


def test_starts_say_where_a_peak_is_not_told() -> None:
    rows = [StartRow(name="m int8-ort", track_bytes=121_400_000, runtime_bytes=None, first_box_ms=412.0)]
    assert cells(starts_part(rows, "a video"), "m int8-ort") == ["m int8-ort", "121", "not measured", "0.41"]


def test_replacing_a_part_keeps_all_words_around_it() -> None:
    page = replace_parts(PAGE, {"files": "| new |"})
    before, after = page.split("| new |")
    assert "old" not in page
    assert before == "# A page\n\nBefore.\n\n<!-- generated: files -->\n\n"
    assert after == "\n\n<!-- end: files -->\n\nAfter, with FIGURE(seeds).\n"
    assert replace_parts(page, {"files": "| new |"}) == page


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace("<!-- end: files -->", ""),
        PAGE.replace("generated: files", "generated: file"),
        PAGE + PAGE,
        "<!-- end: files -->\n<!-- generated: files -->\n",
    ],
)
def test_a_page_without_its_markers_is_refused_and_stays(page: str, tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    path.write_text(page, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"card.md has .* lines '<!-- generated: files -->' and .*put both where"):
        update_page(path, {"files": "| new |"})
    assert path.read_text(encoding="utf-8") == page


def test_a_page_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        check_markers(tmp_path / "none.md", ["files"])


def test_the_page_of_this_project_has_all_markers(card: ModuleType) -> None:
    check_markers(
        PROJECT / "docs" / "model-card.md", [*(name for names in card.PARTS.values() for name in names), "command"]
    )


def test_a_target_is_lost_after_a_stretch_of_boxes_off_it() -> None:
    overlaps, visible = np.ones(60), np.ones(60, np.bool_)
    overlaps[5 : 5 + LOST_FRAMES - 1] = 0.0
    assert lost_from(overlaps, visible) is None
    overlaps[30:] = 0.0
    assert lost_from(overlaps, visible) == 30
    visible[30:] = False
    assert lost_from(overlaps, visible) is None


def followed(attribute: str, success_auc: float, lost_at: int | None) -> FollowedClip:
    clip = render_clip(1, frames=40, attribute=attribute)
    overlaps = np.ones(40)
    if lost_at is not None:
        overlaps[lost_at - 2 :] = 0.3
        overlaps[lost_at:] = 0.0
    results = tuple(TrackResult(tuple(box), 0.8, True) for box in clip.boxes_xywh.tolist())
    return FollowedClip(clip=clip, results=results, overlaps=overlaps, success_auc=success_auc, lost_at=lost_at)


def runs_of(attribute: str, success_auc: float, lost_at: int | None) -> ChallengeRuns:
    worst = followed(attribute, success_auc, lost_at)
    return ChallengeRuns(
        attribute=attribute, success_aucs=(success_auc, 0.8), lost=int(lost_at is not None), worst=worst
    )


def test_the_worst_losses_are_shown_and_others_not() -> None:
    runs = [runs_of("MB", 0.3, 20), runs_of("LR", 0.1, None), runs_of("FM", 0.2, 15), runs_of("BC", 0.4, 15)]
    shown = failures_of(runs, 2)
    assert [item.attribute for item in shown] == ["FM", "MB"]
    part = failures_part(runs, [(shown[0], "model-card/fm.png")], "Clips")
    assert cells(part, "MB")[2:] == ["0.550", "0.300", "1 of 2"]
    assert "![Fast motion (rendered-1-FM), success AUC 0.200](model-card/fm.png)" in part


def test_frames_tell_of_a_loss_in_order() -> None:
    assert shown_frames(followed("MB", 0.3, 20)) == [0, 17, 20, 39]
    with pytest.raises(ValueError, match="is not lost"):
        shown_frames(followed("MB", 0.9, None))


def test_a_picture_is_shrunk_until_it_is_small_enough() -> None:
    item = followed("MB", 0.3, 20)
    large = failure_png(item, 10**7)
    small = failure_png(item, len(large) - 1)
    assert small.startswith(b"\x89PNG")
    assert len(small) < len(large)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """A bright target that moves, twice."""
    frames = [bright_frame((60 + 2 * i, 50)) for i in range(5)]
    boxes_xywh = np.array([(50.0 + 2 * i, 40.0, 20.0, 20.0) for i in range(5)])
    for name in ("a", "b"):
        sequence = Sequence(name=name, frames=frames, boxes_xywh=boxes_xywh, visible=np.ones(5, np.bool_))
        write_got10k_sequence(tmp_path / "data" / name, sequence)
    return open_dataset(tmp_path / "data")


def test_trackers_are_scored_and_timed_and_not_run_again(toy_bundle: Path, dataset: Dataset, tmp_path: Path) -> None:
    entrants = [*bundle_entrants(toy_bundle), Entrant(name="Nano", key="no weights", cost=Cost())]
    notes: list[str] = []
    lineup = Lineup(dataset, tmp_path / "work", PeerChoice(names=("Nano",)), notes.append)
    rows = lineup.rows(entrants)
    assert [item.name for item in rows] == [f"{toy_bundle.name} fp32"]
    assert [item.name for item in rows[0].result.sequences] == ["a", "b"]
    assert rows[0].update_ms is not None
    assert rows[0].update_ms > 0
    assert rows[0].ratio is None
    assert lineup.absent["Nano"].startswith("no weights given")
    assert sum("follow" in note for note in notes) == 2
    notes.clear()
    again = lineup.rows(entrants[:1], timed=False)
    assert not notes
    assert again[0].result == rows[0].result
    assert again[0].update_ms is None


def test_boxes_of_one_variant_are_never_those_of_another(toy_bundle: Path) -> None:
    first = bundle_entrants(toy_bundle)[0]
    assert first.request is not None
    assert first.key.endswith("onnx/fp32")
    assert first.cost.size_bytes == sum(path.stat().st_size for path in toy_bundle.glob("onnx/fp32/*.onnx"))
    assert other_entrant(toy_bundle, toy_bundle).key == first.key


def test_a_folder_of_boxes_is_no_tracker_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a bundle or a checkpoint"):
        other_entrant(tmp_path, tmp_path)


@pytest.fixture
def card() -> Iterator[ModuleType]:
    """The command as a module."""
    spec = importlib.util.spec_from_file_location("model_card", PROJECT / "benchmarks" / "model_card.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_what_is_shipped_is_listed_without_engines_of_this_machine(
    card: ModuleType, toy_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, page = tmp_path / "m.safetensors", tmp_path / "card.md"
    weights.write_bytes(b"123")
    bundle = Path(shutil.copytree(toy_bundle, tmp_path / toy_bundle.name))
    (bundle / "engines").mkdir()
    (bundle / "engines" / "fp16.engine").touch()
    page.write_text(PAGE + "<!-- generated: command -->\n<!-- end: command -->\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["model_card.py", str(bundle)])
    card.run(Namespace(bundles=[bundle], variant=None, weights=[weights], part=("files",), update=page, json=True))
    text = page.read_text(encoding="utf-8")
    assert cells(text, "`m.safetensors`")[1] == "3"
    assert f"`{bundle.name}/manifest.json`" in text
    assert "engine" not in text
    assert "After, with FIGURE(seeds)." in text


def test_pictures_of_an_earlier_run_go(card: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "lr.png").write_bytes(b"old")
    (tmp_path / "logo.png").write_bytes(b"another's")
    shown = card._write_pictures(tmp_path, [runs_of("LR", 0.1, None), runs_of("FM", 0.2, 15)])
    assert [(item.attribute, path.name) for item, path in shown] == [("FM", "fm.png")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fm.png", "logo.png"]
    assert (tmp_path / "fm.png").stat().st_size <= card.PICTURE_BYTES


def test_a_command_is_shown_without_folders_of_this_machine(card: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/model_card.py", "sdst-nano-m", "--data=/somewhere/val"])
    assert card._command() == "python benchmarks/model_card.py sdst-nano-m \\\n    --data=val"
    monkeypatch.setattr(sys, "argv", ["/somewhere/model_card.py", "sdst-nano-m", "--data", "/somewhere/val"])
    assert card._command() == "python benchmarks/model_card.py sdst-nano-m \\\n    --data val"
