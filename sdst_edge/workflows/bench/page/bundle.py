"""Key figures and plots of one bundle."""

from __future__ import annotations

from html import escape

from sdst_bench.report.figures import NOT_MEASURED, interval_text, megabytes_text, milliseconds_text
from sdst_bench.report.model import BundleReport
from sdst_bench.report.parts import Power, Sustained
from sdst_edge.workflows.bench.page.figures import Bar, bars_figure
from sdst_edge.workflows.bench.page.lines import Line, Lines, lines_figure, named_lines
from sdst_edge.workflows.bench.page.timing import TimedFrames, histogram_figure, timeline_figure

__all__ = ["condition_figures", "frame_figures", "key_figures"]


def key_figures(bundle: BundleReport) -> str:
    """What people look for first, large; empty where none of it was measured."""
    loop, memory, power, accuracy = bundle.closed_loop, bundle.memory, bundle.power, bundle.accuracy
    figures = [("p50 of update()", ""), ("p99", ""), ("FPS", "")]
    if loop is not None:
        figures = [
            (f"p50 of update(), 95 % {interval_text(loop.median_ms)}", f"{milliseconds_text(loop.total.p50)} ms"),
            ("p99", f"{milliseconds_text(loop.total.p99)} ms"),
            ("FPS", f"{loop.fps:.1f}"),
        ]
    peak = None if memory is None else memory.peak_rss_bytes
    figures += [
        ("peak RSS", "" if peak is None else megabytes_text(peak)),
        ("energy a frame", "" if power is None else f"{power.frame_mj:.2f} mJ"),
        ("success AUC", "" if accuracy is None else f"{accuracy.success_auc:.3f}"),
    ]
    if not any(text for _, text in figures):
        return ""
    items = "\n".join(f"<div><dt>{escape(name)}</dt>{_figure(text)}</div>" for name, text in figures)
    return f'<dl class="figures">\n{items}\n</dl>'


def frame_figures(bundle: BundleReport) -> tuple[str, ...]:
    """Plots of the times of frames, where they were measured."""
    loop, camera = bundle.closed_loop, bundle.camera
    figures = []
    if loop is not None:
        frames = TimedFrames(what="update()", times_ms=loop.total_ms, summary=loop.total)
        figures += [histogram_figure(frames), timeline_figure(frames)]
    if camera is not None:
        what = f"latency at {camera.fps:g} FPS"
        figures.append(timeline_figure(TimedFrames(what=what, times_ms=camera.latency_ms, summary=camera.latency)))
    return tuple(figures)


def condition_figures(bundle: BundleReport) -> tuple[str, ...]:
    """Plots of a sustained run, and of power by rail, where they were measured."""
    figures = () if bundle.sustained is None else _over_time(bundle.sustained)
    return (*figures, "" if bundle.power is None else _rails(bundle.power))


def _figure(text: str) -> str:
    return f"<dd>{text}</dd>" if text else f'<dd class="missing">{NOT_MEASURED}</dd>'


def _over_time(run: Sustained) -> tuple[str, ...]:
    frame_times = [(item.seconds, item.frame_p50_ms) for item in run.samples if item.frame_p50_ms is not None]
    clocks = [(item.seconds, item.clocks_mhz) for item in run.samples]
    temperatures = [(item.seconds, item.temperatures_c) for item in run.samples]
    power = [(item.seconds, {name: value / 1e3 for name, value in item.power_mw.items()}) for item in run.samples]

    def shown(caption: str, unit: str, *, from_zero: bool = True) -> Lines:
        return Lines(caption=f"{caption}, {unit}", x_label="seconds", unit=unit, from_zero=from_zero)

    return (
        lines_figure(shown("Sustained: p50 of update()", "ms"), [Line(name="", points=frame_times)]),
        lines_figure(shown("Sustained: clocks", "MHz"), named_lines(clocks)),
        lines_figure(shown("Sustained: temperature", "°C", from_zero=False), named_lines(temperatures)),
        lines_figure(shown("Sustained: power", "W"), named_lines(power)),
    )


def _rails(power: Power) -> str:
    """Of each rail the power while idle, and what the bundle adds."""
    bars = [
        Bar(
            name=rail.name,
            parts=(min(rail.idle_mw, rail.busy_mw), max(rail.busy_mw - rail.idle_mw, 0.0)),
            text=f"{rail.idle_mw:,.0f} to {rail.busy_mw:,.0f} mW",
        )
        for rail in power.rails
    ]
    return bars_figure(f"Power by rail, {power.source}, mW", bars, ("while idle", "added by the bundle"))
