"""Plots that hold several bundles."""

from __future__ import annotations

from collections.abc import Sequence as Items

from sdst_bench.report.bundle_section import STAGE_LABELS
from sdst_bench.report.figures import milliseconds_text
from sdst_bench.report.model import BenchReport, BundleReport
from sdst_bench.report.parts import Start
from sdst_edge.workflows.bench.page.figures import Bar, bars_figure
from sdst_edge.workflows.bench.page.lines import Line, Lines, lines_figure
from sdst_edge.workflows.bench.page.scatter import Rival, scatter_figure

__all__ = ["bundles_scatter", "peers_scatter", "stages_figure", "starts_figure", "targets_figure"]

#: Of a fresh process up to its first box.
_START = ("interpreter and the rest", "import", "load", "build engines", "first init()", "first update()")


def bundles_scatter(bundles: Items[BundleReport]) -> str:
    """Accuracy against latency, of the bundles that have both."""
    rivals = [
        Rival(name=item.name, latency_ms=item.closed_loop.total.p50, success_auc=item.accuracy.success_auc)
        for item in bundles
        if item.closed_loop is not None and item.accuracy is not None
    ]
    return scatter_figure("Success AUC against latency: bundles", rivals)


def peers_scatter(report: BenchReport) -> str:
    """Accuracy against latency, of bundles and peers on the same frames."""
    if report.peers is None:
        return ""
    ours = {bundle.name for bundle in report.bundles}
    rivals = [
        Rival(
            name=item.name,
            latency_ms=item.update.p50,
            success_auc=item.scores.success_auc,
            ours=item.name in ours,
        )
        for item in report.peers.results
    ]
    return scatter_figure("Success AUC against latency: on the same frames", rivals)


def stages_figure(bundles: Items[BundleReport]) -> str:
    """Means of the stages, which add up to that of ``update()``; empty where no bundle has any."""
    loops = {item.name: item.closed_loop for item in bundles if item.closed_loop is not None}
    names = tuple(dict.fromkeys(name for loop in loops.values() for name in loop.stages))
    bars = [
        Bar(
            name=name,
            parts=[loop.stages[stage].mean if stage in loop.stages else 0.0 for stage in names],
            text=f"{milliseconds_text(loop.total.mean)} ms",
        )
        for name, loop in loops.items()
    ]
    return bars_figure("Mean of update() by stage, ms", bars, [STAGE_LABELS.get(name, name) for name in names])


def starts_figure(bundles: Items[BundleReport]) -> str:
    """What a fresh process does up to its first box; empty where it was not measured."""
    starts = {item.name: item.start for item in bundles if item.start is not None}
    bars = [
        Bar(name=name, parts=_start_parts(start), text=f"{milliseconds_text(start.process_to_first_box_ms)} ms")
        for name, start in starts.items()
    ]
    return bars_figure("From a fresh process to its first box, ms", bars, _START)


def targets_figure(bundles: Items[BundleReport]) -> str:
    """Time of a frame over the number of targets; empty where it was not measured."""
    lines = [
        Line(
            name=item.name if len(bundles) > 1 else "",
            points=[(point.targets, point.frame.p50) for point in item.targets],
        )
        for item in bundles
    ]
    caption = "Several targets: p50 of a frame, ms"
    return lines_figure(Lines(caption=caption, x_label="targets that share a session", unit="ms", dots=True), lines)


def _start_parts(start: Start) -> tuple[float, ...]:
    parts = (
        start.import_ms,
        start.load_ms - start.build_ms,
        start.build_ms,
        start.first_init_ms,
        start.first_update_ms,
    )
    return (max(start.process_to_first_box_ms - sum(parts), 0.0), *parts)
