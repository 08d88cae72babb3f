"""The page of a bench: what was measured on which host, figures, plots and tables."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from sdst_bench.report.figures import told
from sdst_bench.report.layout import Section
from sdst_bench.report.model import BenchReport, BundleReport
from sdst_bench.report.sections import report_sections, warnings
from sdst_edge.workflows.bench.page.bundle import condition_figures, frame_figures, key_figures
from sdst_edge.workflows.bench.page.compared import (
    bundles_scatter,
    peers_scatter,
    stages_figure,
    starts_figure,
    targets_figure,
)
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
        shared = (bundles_scatter, targets_figure, stages_figure, starts_figure)
        parts.append(_section(several, plots(*(figure(report.bundles) for figure in shared))))
    for bundle, shown in zip(report.bundles, bundles, strict=True):
        parts.append(_bundle(bundle, shown, alone=several is None))
    parts += [_section(peers, plots(peers_scatter(report))), _section(host, name="host")]
    return page_frame(f"{_measured(report)} on {_machine(report)}", parts, asset(__package__, "page.css"))


def _section(shown: Section, below: str = "", name: str = "") -> str:
    heading = shown.title[:1].upper() + shown.title[1:]
    return section(escape(heading), "\n".join([*map(item_html, shown.items), below]), name)


def _bundle(bundle: BundleReport, shown: Section, *, alone: bool) -> str:
    setup, *items = map(item_html, shown.items)
    shared = (stages_figure((bundle,)), starts_figure((bundle,)), targets_figure((bundle,))) if alone else ()
    figures = plots(*frame_figures(bundle), *shared, *condition_figures(bundle))
    heading = "Figures" if alone else shown.title  # the page has its name
    return section(escape(heading), "\n".join((setup, key_figures(bundle), figures, *items)))


def _header(report: BenchReport) -> str:
    facts = "; ".join(escape(fact) for fact in _host_facts(report) if fact != _machine(report))
    host = f'<strong>{escape(_machine(report))}</strong>: {facts} (<a href="#host">all of it</a>)'
    return (
        f"<header>\n<h1>{escape(_measured(report))}</h1>\n"
        f'<p class="facts">on {host}</p>\n'
        f'<p class="facts">{escape(report.created)} by <code>{escape(report.command)}</code></p>\n</header>'
    )


def _host_facts(report: BenchReport) -> Iterator[str]:
    """What figures hang on most; the section on the host has the rest."""
    host, machine = report.host, report.host.environment
    yield f"device {report.device}"
    if report.reached_by:
        yield f"reached by {report.reached_by}"
    if host.jetson is not None:
        yield f"JetPack {told(host.jetson.jetpack)}"
        yield f"power mode {told(host.jetson.power_mode)}"
    if told(machine.cpu) == machine.cpu:
        yield machine.cpu
    yield f"governor {', '.join(host.governors) or told(machine.governor)}"
    versions = {"ONNX Runtime": machine.onnxruntime, **machine.engines, "TensorRT": host.tensorrt, "CUDA": host.cuda}
    yield from (f"{name} {version}" for name, version in versions.items() if version)


def _measured(report: BenchReport) -> str:
    names = [bundle.name for bundle in report.bundles]
    return f"{len(names)} bundles" if len(names) > NAMED else ", ".join(names) or "No bundle"


def _machine(report: BenchReport) -> str:
    return report.host.board.model or report.host.environment.cpu
