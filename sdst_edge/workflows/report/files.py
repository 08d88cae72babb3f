"""The report's files, and how all of them are written."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.report.curves import CURVE_NAMES, curve_charts
from sdst_edge.workflows.report.findings import find_weakness
from sdst_edge.workflows.report.page import page_text
from sdst_edge.workflows.report.plots import draw_attributes, draw_curves

__all__ = ["ReportPaths", "write_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPaths:
    """What was written.

    Attributes:
        page: that shows all of it, in one HTML file that needs no other.
        curves: PNG by the name of the curve, such as ``success``.
        attributes: PNG; None where no attribute has a score.
    """

    page: Path
    curves: Mapping[str, Path]
    attributes: Path | None


def write_report(result: EvaluationResult, folder: Path, *, command: str = "", json_name: str = "") -> ReportPaths:
    """Writes ``report.html`` and the plots as PNG; files of an earlier report there are replaced.

    The page comes first and needs the standard library only.

    Args:
        result: what to show.
        folder: for the files; made where it is missing.
        command: that made the evaluation, for the page; empty where it is not known.
        json_name: of the evaluation's JSON in the folder, for the page; empty where there is none.

    Raises:
        BackendUnavailable: matplotlib is not installed; the page is written, the plots are not.
        ConfigError: the folder holds a folder or a device by the name of one of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    with replacing(page) as part:
        text = page_text(result, command=command, json_name=json_name)
        part.write_text(text, encoding="utf-8", errors="replace")  # of names that no text file can hold
    findings = find_weakness(result)
    attributes = None if findings.metric is None else folder / "attributes.png"
    if attributes is not None:
        draw_attributes(findings, result.tracker, attributes)
    curves: dict[str, Path] = {}
    for chart in curve_charts((result,)):
        curves[chart.name] = folder / f"{chart.name}.png"
        draw_curves(chart, curves[chart.name])
    _remove_others(folder, {attributes, *curves.values()})
    return ReportPaths(page=page, curves=curves, attributes=attributes)


def _remove_others(folder: Path, written: Set[Path | None]) -> None:
    """Removes plots of an earlier evaluation that the new one does not have."""
    for name in ("attributes", *CURVE_NAMES):
        plot = folder / f"{name}.png"
        if plot not in written and plot.is_file():
            plot.unlink()
