"""A report as sections: what must be known of it first, the bundles side by side, the host, bundles, peers."""

from __future__ import annotations

from sdst_bench.report.bundle_section import bundle_section
from sdst_bench.report.figures import NOT_MEASURED, interval_text, megabytes_text, summary_cells
from sdst_bench.report.host_section import host_rows
from sdst_bench.report.layout import Facts, Item, Section, Table
from sdst_bench.report.model import BenchReport, BundleReport, PeerResult, Peers

__all__ = ["report_sections", "warnings"]


def report_sections(report: BenchReport) -> tuple[Section, ...]:
    """All of a report, in the order in which it is read."""
    sections = [Section(title="", items=warnings(report))] if warnings(report) else []
    if len(report.bundles) > 1:
        sections.append(Section(title="side by side", items=(_side_by_side(report.bundles),)))
    sections.append(Section(title="host", items=(Facts((*_run_rows(report), *host_rows(report.host))),)))
    sections += map(bundle_section, report.bundles)
    items = (f"{NOT_MEASURED}; asked for by --peers",) if report.peers is None else _peer_items(report.peers)
    return (*sections, Section(title="peers", items=items))


def warnings(report: BenchReport) -> tuple[str, ...]:
    """What must be known before any figure is read."""
    found = []
    if report.sysroot:
        found.append(
            f"Host and sensors were read under {report.sysroot}, not from the machine that ran this: "
            "the figures below are no device's."
        )
    if not report.complete:
        found.append(f"Not complete: {report.stopped or 'the run ended early'}. What is below was measured before.")
    return tuple(found)


def _run_rows(report: BenchReport) -> tuple[tuple[str, str], ...]:
    reached = f", reached by {report.reached_by}" if report.reached_by else ""
    return (("measured", f"{report.created}, {report.command}"), ("device", f"{report.device}{reached}"))


def _side_by_side(bundles: tuple[BundleReport, ...]) -> Table:
    columns = (
        "bundle", "success AUC", "p50, ms", "95 %", "p99, ms", "FPS", "peak RSS", "mJ a frame"
    )  # fmt: skip
    return Table(title="update() of bundles that took turns", columns=columns, rows=tuple(map(_bundle_cells, bundles)))


def _bundle_cells(bundle: BundleReport) -> tuple[str, ...]:
    loop, accuracy, memory, power = bundle.closed_loop, bundle.accuracy, bundle.memory, bundle.power
    speed = (NOT_MEASURED,) * 4
    if loop is not None:
        p50, _, p99, _ = summary_cells(loop.total)
        speed = (p50, interval_text(loop.median_ms), p99, f"{loop.fps:.1f}")
    return (
        bundle.name,
        NOT_MEASURED if accuracy is None else f"{accuracy.success_auc:.3f}",
        *speed,
        megabytes_text(None if memory is None else memory.peak_rss_bytes),
        NOT_MEASURED if power is None else f"{power.frame_mj:.2f}",
    )


def _peer_items(peers: Peers) -> tuple[Item, ...]:
    columns = (
        "tracker", "success AUC", "precision at 20 px", "p50, ms", "95 %", "p90, ms", "p99, ms", "ratio of p50"
    )  # fmt: skip
    table = Table(
        title=f"trackers that took turns on the same frames ({peers.frames_from})",
        columns=columns,
        rows=tuple(map(_peer_cells, peers.results)),
    )
    rules = tuple(dict.fromkeys(f"Accuracy: {result.scores.rule_text}" for result in peers.results))
    return (table, *rules, *((Facts(tuple(peers.absent.items())),) if peers.absent else ()))


def _peer_cells(result: PeerResult) -> tuple[str, ...]:
    p50, p90, p99, _ = summary_cells(result.update)
    scores = (f"{result.scores.success_auc:.3f}", f"{result.scores.precision_20:.3f}")
    name = f"{result.name}, {result.version}"
    return name, *scores, p50, interval_text(result.median_ms), p90, p99, f"{result.ratio:.2f}"
