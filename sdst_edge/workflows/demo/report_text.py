"""What the demo found out, for people: Markdown, with the commands that give each figure again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from sdst_bench.stats import Summary
from sdst_edge.workflows.demo.report import DemoReport, VariantRun

__all__ = ["report_text"]


def report_text(report: DemoReport) -> str:
    """The report as Markdown."""
    sections = (_story(report), _own_video(report), _accuracy(report), _speed(report), _commands(report))
    return "\n".join(sections)


def _story(report: DemoReport) -> str:
    paths, macs = report.paths, report.tracker.macs
    stages = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in report.stage_seconds.items())
    return f"""# Demo: a small tracker at work

{_who(report)}
It has {report.tracker.parameters:,} weights, and does {(macs.search + macs.head) / 1e6:.0f} million \
multiply-accumulates a frame. It was given the box of one
object in the first frame of a clip that it had never seen, and says where the object is in the \
{report.clip.frames - 1} frames that follow.

![A few frames: the tracker's box with its score, and the true box in white]({paths.picture.name})

[{paths.video.name}]({paths.video.name}) shows all of it, as `{report.shown.variant}` does it;
[{paths.clip_video.name}]({paths.clip_video.name}) is the clip alone.

{_caveat(report)}

Time: {stages}.
"""


def _who(report: DemoReport) -> str:
    training, tracker = report.training, report.tracker
    if training is not None:
        return (
            f"A network was trained from nothing for {training.steps} steps ({training.seconds:.0f} s) on "
            f"{training.clips} rendered clips,\nand exported."
        )
    if tracker.shipped:
        return f"This is `{tracker.bundle}`, the student that comes with sdst-edge; nothing was trained here."
    return f"This is the tracker in `{tracker.bundle}`; nothing was trained here."


def _caveat(report: DemoReport) -> str:
    """What the figures do not tell."""
    if report.training is not None:
        return "A minute of training on rendered clips is enough for rendered clips, and for nothing else."
    if report.tracker.shipped:
        return (
            "**The clip is rendered, and the student was trained on real footage.** The figures below show that it "
            "runs, and how fast;\nhow well it follows real objects, on what it was measured, and where it fails is in "
            "`docs/model-card.md` of the\nsource tree."
        )
    return "**The clip is rendered**: the figures below show that the tracker runs, and how fast, not how good it is."


def _own_video(report: DemoReport) -> str:
    return f"""## On your own video

With `{report.next_bundle}`; X,Y,W,H are left, top, width and height of the object in the first frame, in pixels.
`--select` in the place of `--box X,Y,W,H` opens a window to draw it in, where OpenCV has windows.

```sh
{report.next_command}
```
"""


def _accuracy(report: DemoReport) -> str:
    keys, frames = ("success_auc", "precision_20", "ao", "sr_50"), report.clip.frames - 1
    table = _table(
        [run.variant, *(f"{run.scores[key]:.3f}" for key in keys), f"{run.found} of {frames} frames"]
        for run in report.runs
    )
    return f"""## Accuracy on the clip

| variant | success AUC | precision at 20 px | AO | SR 0.5 | target found |
|---|---:|---:|---:|---:|---:|
{table}

By the {report.rule_text}.
"""


def _speed(report: DemoReport) -> str:
    shown, machine = report.shown, report.environment
    setup, loop = shown.latency.setup, shown.loop
    stages = _table([name, *_percentiles(item)] for name, item in [*loop.stages.items(), ("**update()**", loop.total)])
    return f"""## Time per frame on this machine

| variant | p50, ms | p90 | p99 | mean | frames a second | files | first box | peak memory |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
{_table(_speed_cells(run) for run in report.runs)}

`update()` on {setup.threads} thread, {loop.frames} frames of {setup.size_wh[0]}x{setup.size_wh[1]}{_turns(report)}; \
frames a second are 1 / mean. Capture and decoding
are excluded. First box and peak memory are those of a fresh process with the frame in memory.
{machine.cpu}, {machine.cores_usable} of {machine.cores} processors; Python {machine.python},
ONNX Runtime {machine.onnxruntime}, libsdst {machine.libsdst} ({machine.isa}); INT8 instructions: {machine.int8}.

Where the time of `{shown.variant}` goes ({setup.session} session):

| ms | p50 | p90 | p99 | mean |
|---|---:|---:|---:|---:|
{stages}

Outside the network (crop, decode, glue): {loop.outside_ms / loop.total.mean:.1%} of the mean.
"""


def _turns(report: DemoReport) -> str:
    return " each, in turns" if len(report.runs) > 1 else ""


def _speed_cells(run: VariantRun) -> list[str]:
    start, memory = run.latency.start, run.latency.memory
    peak = memory.peak_rss_bytes if memory is not None else None
    return [
        run.variant,
        *_percentiles(run.loop.total),
        f"{run.loop.fps:.0f}",
        f"{run.latency.setup.bundle_bytes / 1e6:.2f} MB",
        "not measured" if start is None else f"{start.process_to_first_box_ms / 1e3:.2f} s",
        "not measured" if peak is None else f"{peak / 1e6:.0f} MB",
    ]


def _percentiles(summary: Summary) -> list[str]:
    return [f"{value:.3f}" for value in (summary.p50, summary.p90, summary.p99, summary.mean)]


def _table(rows: Iterable[list[str]]) -> str:
    """Lines of a Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _commands(report: DemoReport) -> str:
    paths, shown = report.paths, report.shown
    bundle, clip = shlex.quote(report.tracker.bundle), shlex.quote(str(paths.clip))
    box = ",".join(f"{value:.4f}" for value in report.clip.box_xywh)  # all decimals of the clip's file
    several = len(report.runs) > 1
    chosen = {run.variant: f" --variant {run.variant}" if several else "" for run in report.runs}
    commands = {f"eval {bundle} {clip}{option}": f"accuracy of {name}" for name, option in chosen.items()}
    timed = f"--threads {shown.latency.setup.threads} --frames {shown.loop.frames}"
    commands |= {
        f"bench {bundle}{''.join(chosen.values())} {timed}": "time per frame, first box, memory",
        f"track {bundle} {clip} --box {box} -o again.mp4": "the video, without the true box",
        f"info {bundle}": "weights, multiply-accumulates, where they come from",
    }
    if report.training is not None:
        commands[f"export {shlex.quote(str(paths.checkpoint))} -o again/"] = "the bundle"
    lines = "\n".join(f"# {what}\nsdst-edge {command}" for command, what in commands.items())
    return f"""## The same figures again

```sh
{lines}
```
"""
