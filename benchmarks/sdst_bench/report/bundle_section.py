"""One bundle of a report: stages first, then a row for each other part, measured or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

from sdst_bench.report.figures import (
    NOT_MEASURED,
    absence,
    count_text,
    interval_text,
    megabytes_text,
    milliseconds_text,
    share_text,
    summary_cells,
)
from sdst_bench.report.layout import Facts, Item, Section, Table
from sdst_bench.report.model import BundleReport, Setup
from sdst_bench.report.parts import Accuracy, Camera, ClosedLoop, Memory, Power, PythonCost, Start, Sustained, Targets
from sdst_bench.stats import Summary

__all__ = ["STAGE_LABELS", "bundle_section"]

T = TypeVar("T")

#: What people call stages, where that is not their name in the report.
STAGE_LABELS = {"search": "search network", "head": "correlation + head"}

#: Attributes of a report that its rows tell of, with the reason where they are missing.
PARTS = frozenset(item.name for item in fields(BundleReport))


def bundle_section(bundle: BundleReport) -> Section:
    """All that was measured of a bundle, and what was not."""
    loop, reasons = bundle.closed_loop, bundle.not_measured
    items: list[Item] = [_setup_text(bundle.setup)]
    if loop is not None:
        items.append(_stage_table(loop))
    items += _other_times(bundle)

    def row(label: str, name: str, part: T | None, text: Callable[[T], str]) -> tuple[str, str]:
        if part is None:
            return label, absence(reasons.get(name))
        return label, "; but: ".join(filter(None, (text(part), reasons.get(name))))  # part of it may be missing

    rows = [
        row("update()", "closed_loop", loop, _loop_text),
        row("start", "start", bundle.start, _start_text),
        row("camera", "camera", bundle.camera, _camera_text),
        row("targets", "targets", bundle.targets or None, _targets_text),
        row("Python", "python_cost", bundle.python_cost, _python_text),
        row("sustained", "sustained", bundle.sustained, _sustained_text),
        row("memory", "memory", bundle.memory, _memory_text),
        row("power", "power", bundle.power, _power_text),
        row("accuracy", "accuracy", bundle.accuracy, _accuracy_text),
    ]
    if loop is not None and loop.capture is None:
        rows.insert(1, ("capture", f"{NOT_MEASURED}: it takes a --source of several frames"))
    rows += [(name, absence(reason)) for name, reason in reasons.items() if name not in PARTS]
    items.append(Facts(tuple(rows)))
    if bundle.power is not None:
        items.append(_rail_table(bundle.power))
    return Section(title=bundle.name, items=tuple(items))


def _setup_text(setup: Setup) -> str:
    """What was measured, and how."""
    return (
        f"{setup.bundle}: {setup.family}, {setup.variant}, {setup.engine}, {setup.session} session, "
        f"{setup.accelerator}, {count_text(setup.threads, 'thread')}; {setup.size_wh[0]}x{setup.size_wh[1]}, "
        f"target {setup.target_px:.0f} px, {setup.frames_from}; files {megabytes_text(setup.bundle_bytes)}"
    )


def _stage_table(loop: ClosedLoop) -> Table:
    def cells(label: str, name: str) -> tuple[str, ...]:
        summary = loop.total if name == "total" else loop.stages[name]
        return label, *summary_cells(summary), _share(summary.mean, loop.total.mean)

    rows = [cells(STAGE_LABELS.get(name, name), name) for name in (*loop.stages, "total")]
    if loop.capture is not None:
        rows.insert(0, ("capture", *summary_cells(loop.capture), "not in total"))
    columns = ("stage", "p50", "p90", "p99", "max", "share of mean")
    return Table(title="update(), ms", columns=columns, rows=tuple(rows))


def _share(part: float, total: float) -> str:
    return share_text(part / total) if total > 0 else NOT_MEASURED


def _loop_text(loop: ClosedLoop) -> str:
    return (
        f"median {milliseconds_text(loop.total.p50)} ms (95 % {interval_text(loop.median_ms)}), "
        f"jitter {milliseconds_text(loop.jitter_ms)} ms (p99 - p50), {loop.fps:.1f} FPS (1 / mean), "
        f"outside the network (crop, decode, glue) {_share(loop.outside_ms, loop.total.mean)}; "
        f"{count_text(loop.frames, 'frame')} in {count_text(loop.rounds, 'round')} after {loop.warmup} of warm-up"
    )


def _other_times(bundle: BundleReport) -> tuple[Table, ...]:
    """Times that are no stages of the closed loop; none where nothing of them was measured."""
    rows: list[tuple[str, Summary]] = []
    if bundle.start is not None:
        rows.append(("init() after the first", bundle.start.init))
    if bundle.camera is not None:
        rows.append((f"camera at {bundle.camera.fps:g} FPS, frame to box", bundle.camera.latency))
    rows += [(f"update() of {count_text(item.targets, 'target')}", item.frame) for item in bundle.targets]
    if bundle.python_cost is not None:
        rows.append(("update() without a network", bundle.python_cost.identity_update))
    if bundle.sustained is not None:
        rows.append((f"update(), {bundle.sustained.seconds:.0f} s on end", bundle.sustained.total))
    cells = tuple((label, *summary_cells(summary)) for label, summary in rows)
    return (Table(title="other times, ms", columns=("", "p50", "p90", "p99", "max"), rows=cells),) if cells else ()


def _start_text(start: Start) -> str:
    built = f", of which building engines {start.build_ms:,.1f} ms" if start.build_ms else ""
    return (
        f"import {start.import_ms:,.1f} ms, load {start.load_ms:,.1f} ms{built}, first init() "
        f"{start.first_init_ms:,.1f} ms, first update() {start.first_update_ms:,.1f} ms; "
        f"from the process to its first box {start.process_to_first_box_ms:,.1f} ms"
    )


def _camera_text(camera: Camera) -> str:
    return (
        f"{camera.dropped:,} of {count_text(camera.frames, 'frame')} dropped at {camera.fps:g} FPS, "
        f"busy {share_text(camera.busy_share)} of {camera.seconds:.1f} s"
    )


def _targets_text(targets: tuple[Targets, ...]) -> str:
    return "p50 of a target: " + ", ".join(
        f"{milliseconds_text(item.per_target_ms)} ms of {item.targets}" for item in targets
    )


def _python_text(cost: PythonCost) -> str:
    return (
        f"{milliseconds_text(cost.python_ms)} ms of update(), around libsdst and network; stage timers add "
        f"{cost.timer_share:+.2%} (95 % {cost.timer_share_95.low:+.2%} to {cost.timer_share_95.high:+.2%}: "
        f"{milliseconds_text(cost.timed_ms)} ms with them, {milliseconds_text(cost.untimed_ms)} ms without)"
    )


def _sustained_text(run: Sustained) -> str:
    pace = "closed loop" if run.fps is None else f"{run.fps:g} FPS"
    first, last = map(milliseconds_text, (run.first_p50_ms, run.last_p50_ms))
    lost = f"; lost in the run: {run.lost}" if run.lost else ""
    return (
        f"p50 {first} ms in the first fifth of {run.seconds:.0f} s ({pace}), {last} ms in the last: "
        f"x {run.slowdown:.3f}; throttling: {run.throttling or f'{NOT_MEASURED}: no clocks were read'}{lost}"
    )


def _memory_text(memory: Memory) -> str:
    source = f" ({memory.gpu_source})" if memory.gpu_source else ""
    return (
        f"peak RSS {megabytes_text(memory.peak_rss_bytes)}, PSS {megabytes_text(memory.pss_bytes)}, "
        f"growth from opening the bundle on {megabytes_text(memory.growth_bytes)}, "
        f"template {megabytes_text(memory.template_bytes)}, GPU {megabytes_text(memory.gpu_bytes)}{source}"
    )


def _power_text(power: Power) -> str:
    return (
        f"{power.busy_mw:,.0f} mW, idle {power.idle_mw:,.0f} mW, by {power.source} ({power.total_of}); "
        f"{power.frame_mj:.2f} mJ a frame, {power.frame_above_idle_mj:.2f} mJ of it above idle; "
        f"{count_text(power.frames, 'frame')} in {power.busy_seconds:.1f} s, idle for {power.idle_seconds:.1f} s before"
    )


def _rail_table(power: Power) -> Table:
    rows = tuple(
        (rail.name, "yes" if rail.in_total else "no", f"{rail.idle_mw:,.0f}", f"{rail.busy_mw:,.0f}")
        for rail in power.rails
    )
    return Table(title="power, mW", columns=("rail", "in total", "idle", "busy"), rows=rows, texts=2)


def _accuracy_text(scores: Accuracy) -> str:
    return (
        f"success AUC {scores.success_auc:.3f}, precision@20 {scores.precision_20:.3f}, AO {scores.ao:.3f}, "
        f"SR 0.5 {scores.sr_50:.3f}; {count_text(scores.sequences, 'sequence')}, {count_text(scores.frames, 'frame')} "
        f"of {scores.dataset}; {scores.rule_text}"
    )
