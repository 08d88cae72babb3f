"""What the demo found out, for programs and for people."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdst_bench.host.host import Environment
from sdst_bench.report.model import BundleReport
from sdst_bench.report.parts import ClosedLoop
from sdst_edge.datasets import Sequence
from sdst_edge.workflows.demo_files import DemoPaths
from sdst_runtime.manifest import Macs
from sdst_runtime.strict import to_plain

__all__ = ["ClipFacts", "DemoReport", "TrainingFacts", "report_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFacts:
    """The clip that was tracked.

    Attributes:
        seed: it was rendered from.
        frames: how many.
        box_xywh: of the target in its first frame, 0-based image px.
    """

    seed: int
    frames: int
    box_xywh: tuple[float, float, float, float]

    @classmethod
    def of(cls, clip: Sequence, seed: int) -> ClipFacts:
        """The facts of a clip rendered from ``seed``."""
        x, y, w, h = clip.boxes_xywh[0].tolist()
        return cls(seed=seed, frames=len(clip), box_xywh=(x, y, w, h))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """The training.

    Attributes:
        steps: optimiser steps.
        seconds: of the loop.
        losses: by name, means of the last report.
    """

    steps: int
    seconds: float
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """The demo's figures.

    Attributes:
        clip: that was tracked.
        training_clips: rendered clips that the tracker was trained on.
        training: what the training did.
        parameters: of the network.
        macs: of its three graphs.
        scores: on the clip, by the keys of the rule's metrics.
        rule_text: by which it was scored.
        found: frames of the clip after the first in which the target was found.
        latency: start, memory and ``update()`` on this machine.
        environment: processor and versions.
        stage_seconds: how long each stage of the demo took.
        paths: of the files that it left.
    """

    clip: ClipFacts
    training_clips: int
    training: TrainingFacts
    parameters: int
    macs: Macs
    scores: Mapping[str, float | None]
    rule_text: str
    found: int
    latency: BundleReport
    environment: Environment
    stage_seconds: Mapping[str, float]
    paths: DemoPaths

    @property
    def loop(self) -> ClosedLoop:
        """Of ``latency``: the demo always measures it."""
        assert self.latency.closed_loop is not None
        return self.latency.closed_loop

    def to_plain(self) -> dict[str, Any]:
        """JSON values of all attributes; paths are texts."""
        plain = {name: to_plain(getattr(self, name)) for name in self.__slots__ if name != "paths"}
        named = ("report", "video", "picture", "clip", "clip_video", "checkpoint", "bundle", "figures")
        plain["paths"] = {name: str(getattr(self.paths, name)) for name in named}
        return plain


def report_text(report: DemoReport) -> str:
    """The report as Markdown, with the command that gives each figure again."""
    sections = (_story(report), _accuracy(report), _speed(report), _commands(report))
    return "\n".join(sections)


def _story(report: DemoReport) -> str:
    training, paths, macs = report.training, report.paths, report.macs
    stages = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in report.stage_seconds.items())
    return f"""# Demo: a tracker in a minute

A network of {report.parameters:,} weights and {(macs.search + macs.head) / 1e6:.0f} million multiply-accumulates
a frame was trained from nothing for {training.steps} steps ({training.seconds:.0f} s) on {report.training_clips}
rendered clips, exported, and given the box of one object in the first frame of a clip that it had never seen.
It says where the object is in the {report.clip.frames - 1} frames that follow.

![A few frames: the tracker's box with its score, and the true box in white]({paths.picture.name})

[{paths.video.name}]({paths.video.name}) shows all of it, [{paths.clip_video.name}]({paths.clip_video.name}) the clip
alone. A minute of training on rendered clips is enough for rendered clips, and for nothing else.

Time: {stages}.
"""


def _accuracy(report: DemoReport) -> str:
    scores = report.scores
    cells = [scores[key] for key in ("success_auc", "precision_20", "ao", "sr_50")]
    return f"""## Accuracy on the clip

| success AUC | precision at 20 px | AO | SR 0.5 | target found |
|---:|---:|---:|---:|---:|
| {" | ".join(f"{value:.3f}" for value in cells)} | {report.found} of {report.clip.frames - 1} frames |

By the {report.rule_text}.
"""


def _speed(report: DemoReport) -> str:
    loop, setup, machine = report.loop, report.latency.setup, report.environment
    rows = [*loop.stages.items(), ("**update()**", loop.total)]
    lines = [f"| {name} | {item.p50:.3f} | {item.p90:.3f} | {item.p99:.3f} | {item.mean:.3f} |" for name, item in rows]
    table = "\n".join(lines)
    return f"""## Time per frame on this machine

| ms | p50 | p90 | p99 | mean |
|---|---:|---:|---:|---:|
{table}

{loop.fps:.0f} frames a second (1 / mean of `update()`) on {setup.threads} thread, {setup.variant},
{setup.session} session, {loop.frames} frames of {setup.size_wh[0]}x{setup.size_wh[1]}; capture and decoding excluded.
Outside the network (crop, decode, glue): {loop.outside_ms / loop.total.mean:.1%} of the mean.
{machine.cpu}, {machine.cores_usable} of {machine.cores} processors; Python {machine.python},
ONNX Runtime {machine.onnxruntime}, libsdst {machine.libsdst} ({machine.isa}).
"""


def _commands(report: DemoReport) -> str:
    paths = report.paths
    bundle, clip, checkpoint = (shlex.quote(str(path)) for path in (paths.bundle, paths.clip, paths.checkpoint))
    box = ",".join(f"{value:.4f}" for value in report.clip.box_xywh)  # all decimals of the clip's file
    commands = {
        f"eval {bundle} {clip}": "accuracy",
        f"bench {bundle} --threads {report.latency.setup.threads} --frames {report.loop.frames}": "time per frame",
        f"track {bundle} {clip} --box {box} -o again.mp4": "the video, without the true box",
        f"export {checkpoint} -o again/": "the bundle",
        f"info {bundle}": "weights, multiply-accumulates, where they come from",
    }
    lines = "\n".join(f"# {what}\nsdst-edge {command}" for command, what in commands.items())
    return f"""## The same figures again

```sh
{lines}
```
"""
