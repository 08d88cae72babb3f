"""Two reports side by side, for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sdst_bench.report.comparing import BundleChange, Change, ReportComparison
from sdst_bench.report.figures import NOT_MEASURED, interval_text, megabytes_text, milliseconds_text
from sdst_bench.report.host_changes import TextChange
from sdst_bench.report.layout import Facts, Item, Section, Table
from sdst_bench.report.markdown import section_markdown
from sdst_bench.report.tables import section_tables

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["comparison_markdown", "comparison_tables"]

COLUMNS = ("", "old", "new", "change", "95 %")

#: Where no series of frames is behind a figure.
NO_INTERVAL = "–"


def comparison_tables(compared: ReportComparison) -> list[RenderableType]:
    """A comparison for people; lines are plain texts, for a console that reads no markup in them."""
    return section_tables(_sections(compared))


def comparison_markdown(compared: ReportComparison) -> str:
    """A comparison as Markdown."""
    return section_markdown("Bench against an earlier one", _sections(compared))


def _sections(compared: ReportComparison) -> tuple[Section, ...]:
    lines: list[Item] = [
        Facts((("old", compared.old), ("new", compared.new), ("rule", compared.rule or "nothing is judged")))
    ]
    for names, place in ((compared.only_old, "old"), (compared.only_new, "new")):
        if names:
            lines.append(f"Only in the {place} one, not compared: {', '.join(names)}.")
    if compared.hosts:
        lines += ["Warning: the hosts are not the same, so that ratios compare hosts, too.", _texts(compared.hosts)]
    return (Section(title="", items=tuple(lines)), *map(_bundle_section, compared.bundles))


def _texts(changes: tuple[TextChange, ...]) -> Table:
    rows = tuple((item.name, item.old or NOT_MEASURED, item.new or NOT_MEASURED) for item in changes)
    return Table(title="", columns=("", "old", "new"), rows=rows, texts=3)


def _bundle_section(bundle: BundleChange) -> Section:
    def row(label: str, change: Change | None, text: Callable[[float], str]) -> tuple[str, ...]:
        if change is None:
            return (label, *(NOT_MEASURED,) * 3, NO_INTERVAL)
        ratio = f"{change.new - change.old:+.3f}" if change.ratio is None else f"x {change.ratio:.3f}"
        interval = interval_text(change.interval) if change.interval else NO_INTERVAL
        return label, text(change.old), text(change.new), ratio, interval

    rows = (
        row("update() p50, ms", bundle.median_ms, milliseconds_text),
        row("update() p99, ms", bundle.p99_ms, milliseconds_text),
        row("camera p50, ms", bundle.camera_ms, milliseconds_text),
        row("peak RSS", bundle.peak_rss_bytes, lambda value: megabytes_text(round(value))),
        row("energy a frame, mJ", bundle.frame_mj, lambda value: f"{value:.2f}"),
        row("success AUC", bundle.success_auc, lambda value: f"{value:.3f}"),
    )
    table = Table(title="", columns=COLUMNS, rows=rows)
    warning = ("Warning: the setups are not the same.", _texts(bundle.setup)) if bundle.setup else ()
    return Section(title=f"{bundle.name}: {bundle.verdict}", items=(*warning, table))
