"""The report's files: which ones, whole, the same each time, whatever the names are."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sdst_edge.evaluation.result import Curve
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.report import write_comparison, write_report
from sdst_runtime.errors import BackendUnavailable
from tests.made_up_evaluation import made_up

CLIPS = {"a": (0.2, ("FM", "SV")), "b": (0.7, ("SV",))}


def picture_size(path: Path) -> tuple[int, ...]:
    import cv2

    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.std() > 5  # something is drawn
    return picture.shape[1::-1]


def test_report_writes_a_page_and_a_plot_of_each_curve_and_of_the_attributes(tmp_path: Path) -> None:
    paths = write_report(made_up(CLIPS), tmp_path / "new" / "folder")
    assert paths.page == tmp_path / "new" / "folder" / "report.html"
    assert list(paths.curves) == ["success", "precision", "norm_precision"]
    assert paths.attributes is not None
    written = {paths.page, paths.attributes, *paths.curves.values()}
    assert {path.name for path in written} == {
        "report.html", "attributes.png", "success.png", "precision.png", "norm_precision.png",
    }  # fmt: skip
    assert set((tmp_path / "new" / "folder").iterdir()) == written
    assert picture_size(paths.attributes) == (1152, 326)
    assert all(picture_size(path) == (896, 672) for path in paths.curves.values())


def test_report_is_the_same_again_and_leaves_no_plot_of_an_earlier_one(tmp_path: Path) -> None:
    result = made_up(CLIPS)
    result = replace(result, curves={"success": result.curves["success"]})
    write_report(result, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_report(result, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    (tmp_path / "mine.png").write_bytes(b"mine")
    paths = write_report(replace(result, attributes={}, curves={}), tmp_path)
    assert (paths.attributes, paths.curves) == (None, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.png", "report.html"]


def test_plots_take_any_name_and_any_score(tmp_path: Path) -> None:
    """Warnings are errors here: of letters without a picture, of labels that begin with _, of broken mathematics."""
    name = "_$x^{ 名前 \udce9" + "long" * 50
    clips = {"a": (0.0, (name, "FM")), "b": (None, ("SV", "LR")), "c": (0.0, ("FM",))}
    result = made_up(clips, tracker=name, metrics=(Metric(key="success_auc", label="A_$C"),))
    eao = Curve(thresholds=(1.0, 2.0, 3.0), values=(0.0, 0.0, 0.0))
    paths = write_report(replace(result, curves={"eao": eao}), tmp_path)
    assert list(paths.curves) == ["eao"]
    assert paths.attributes is not None
    assert picture_size(paths.attributes)[0] == 1152
    assert name.replace("\udce9", "?") in paths.page.read_text(encoding="utf-8")


def test_without_matplotlib_the_page_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BackendUnavailable, match=r"plots need matplotlib, .*pip install 'sdst-edge\[plots\]'"):
        write_report(made_up(CLIPS), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_comparison_draws_all_trackers_in_the_same_plots(tmp_path: Path) -> None:
    curves = {"success": made_up(CLIPS).curves["success"]}
    one = made_up(CLIPS, curves=curves)
    other = made_up({"a": (0.4, ("FM", "BC")), "b": (0.5, ("SV",))}, tracker="_another $1", curves=curves)
    alone = {name: path.read_bytes() for name, path in write_comparison([one], tmp_path / "one").items()}
    paths = write_comparison([one, other], tmp_path / "two")
    assert list(paths) == ["success", "attributes"]
    assert picture_size(paths["success"]) == (896, 672)
    assert picture_size(paths["attributes"]) == (1152, 374)
    assert all(paths[name].read_bytes() != alone[name] for name in paths)
    assert write_comparison([replace(one, attributes={}, curves={})], tmp_path / "three") == {}
