"""What the demo found out, for programs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdst_bench.host.host import Environment
from sdst_bench.report.model import BundleReport
from sdst_bench.report.parts import ClosedLoop
from sdst_edge.datasets import Sequence
from sdst_edge.workflows.demo.files import DemoPaths
from sdst_runtime.manifest import Macs
from sdst_runtime.strict import to_plain

__all__ = ["STUDENT", "ClipFacts", "DemoReport", "TrackerFacts", "TrainingFacts", "VariantRun"]

#: That comes with the package, by its name.
STUDENT = "sdst-nano-m"


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
class TrackerFacts:
    """What followed the object.

    Attributes:
        bundle: name of a student that comes with the package, or the path of a bundle's folder.
        shipped: whether it is such a student.
        parameters: of the network.
        macs: of its three graphs.
    """

    bundle: str
    shipped: bool
    parameters: int
    macs: Macs


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """The training.

    Attributes:
        clips: rendered ones, which it was trained on.
        steps: optimiser steps.
        seconds: of the loop.
        losses: by name, means of the last report.
    """

    clips: int
    steps: int
    seconds: float
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRun:
    """A variant of the bundle on the clip and on this machine.

    Attributes:
        scores: on the clip, by the keys of the rule's metrics.
        found: frames of the clip after the first in which the target was found.
        latency: start, memory and ``update()``.
    """

    scores: Mapping[str, float | None]
    found: int
    latency: BundleReport

    @property
    def variant(self) -> str:
        """Its name, such as ``onnx/int8-ort``."""
        return self.latency.setup.variant

    @property
    def loop(self) -> ClosedLoop:
        """Of ``latency``: the demo always measures it."""
        assert self.latency.closed_loop is not None
        return self.latency.closed_loop


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """The demo's figures.

    Attributes:
        clip: that was tracked.
        tracker: that followed its target.
        training: what the training did; None where nothing was trained.
        runs: one a variant; the first is the bundle's default one, which video and picture show.
        rule_text: by which it was scored.
        environment: processor and versions.
        stage_seconds: how long each stage of the demo took.
        paths: of the files that it left.
    """

    clip: ClipFacts
    tracker: TrackerFacts
    training: TrainingFacts | None
    runs: tuple[VariantRun, ...]
    rule_text: str
    environment: Environment
    stage_seconds: Mapping[str, float]
    paths: DemoPaths

    @property
    def shown(self) -> VariantRun:
        """What video and picture show."""
        return self.runs[0]

    @property
    def next_bundle(self) -> str:
        """What to follow objects of one's own with: a minute of training on rendered clips is not up to that."""
        return STUDENT if self.training else self.tracker.bundle

    @property
    def next_command(self) -> str:
        """What follows an object in a video of the user's."""
        return f"sdst-edge track {shlex.quote(self.next_bundle)} VIDEO --box X,Y,W,H -o out.mp4"

    def to_plain(self) -> dict[str, Any]:
        """JSON values of all attributes; paths are texts."""
        plain = {name: to_plain(getattr(self, name)) for name in self.__slots__ if name != "paths"}
        left = self.paths.by_name(trained=self.training is not None)
        plain["paths"] = {name: str(path) for name, path in left.items()}
        return plain
