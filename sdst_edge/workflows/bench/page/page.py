"""The page of a bench: what was measured on which host, figures, plots and tables."""

from __future__ import annotations

from html import escape

from sdst_bench.report.layout import Section
from sdst_bench.report.model import BenchReport, BundleReport
from sdst_bench.report.sections import report_sections, warnings
from sdst_edge.workflows.bench.page.bundle import bundle_figures, key_figures
from sdst_edge.workflows.bench.page.compared import bundles_scatter, peers_scatter, shared_figures
from sdst_edge.workflows.bench.page.items import item_html, plots
from sdst_edge.workflows.pages.frame import asset, page_frame, section

__all__ = ["page_text"]

#: Bundles that the heading names; of more it gives their number.
NAMED = 3


def page_text(report: BenchReport) -> str:
    """The whole page as HTML, in one file that needs no other.

    Args:
        report: what it shows; names and reasons in it are shown as text, whatever they hold.
    """
    found = list(report_sections(report))
    remarks = found.pop(0).items if warnings(report) else ()
    several = found.pop(0) if len(report.bundles) > 1 else None
    host, *bundles, peers = found
    parts = [_header(report), *(f'<p class="warning">{escape(str(text))}</p>' for text in remarks)]
    if several is not None:
        parts.append(_section(several, plots(*bundles_scatter(report.bundles), *shared_figures(report.bundles))))
    parts.append(_section(host))
    for bundle, shown in zip(report.bundles, bundles, strict=True):
        parts.append(_bundle(bundle, shown, alone=several is None))
    parts.append(_section(peers, plots(*peers_scatter(report))))
    return page_frame(f"{_measured(report)} on {_machine(report)}", parts, asset(__package__, "page.css"))


def _section(shown: Section, below: str = "") -> str:
    return section(escape(shown.title), "\n".join([*map(item_html, shown.items), below]))


def _bundle(bundle: BundleReport, shown: Section, *, alone: bool) -> str:
    setup, *items = map(item_html, shown.items)
    figures = (*(shared_figures((bundle,)) if alone else ()), *bundle_figures(bundle))
    return section(escape(shown.title), "\n".join((setup, key_figures(bundle), plots(*figures), *items)))


def _header(report: BenchReport) -> str:
    jetson, machine = report.host.jetson, report.host.environment
    facts = [report.device, f"reached by {report.reached_by}" if report.reached_by else ""]
    if jetson is not None:
        facts += [f"JetPack {jetson.jetpack or 'not measured'}", f"power mode {jetson.power_mode or 'not measured'}"]
    facts += [machine.cpu, f"governor {', '.join(report.host.governors) or machine.governor}"]
    told = "; ".join(escape(fact) for fact in facts if fact and fact != _machine(report))
    return (
        f"<header>\n<h1>{escape(_measured(report))}</h1>\n"
        f'<p class="facts">on <strong>{escape(_machine(report))}</strong>: {told}</p>\n'
        f'<p class="facts">{escape(report.created)} by <code>{escape(report.command)}</code></p>\n</header>'
    )


def _measured(report: BenchReport) -> str:
    names = [bundle.name for bundle in report.bundles]
    return f"{len(names)} bundles" if len(names) > NAMED else ", ".join(names) or "No bundle"


def _machine(report: BenchReport) -> str:
    return report.host.board.model or report.host.environment.cpu
