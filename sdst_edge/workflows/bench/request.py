"""What a user asks of a bench."""

from __future__ import annotations

import math
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from pathlib import Path

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.measuring.subject import SubjectRequest
from sdst_bench.peers import PeerChoice
from sdst_runtime.errors import ConfigError

__all__ = ["BenchRequest", "Footage", "Scoring"]

MAX_TARGETS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """The frames that are played.

    Attributes:
        source: video, folder, camera or stream; None for a rendered clip.
        box_xywh: of the target in the source's first frame, image px; None for a rendered clip.
        size_wh: of a rendered clip, px.
    """

    source: str | None = None
    box_xywh: tuple[float, float, float, float] | None = None
    size_wh: tuple[int, int] = (1280, 720)

    def __post_init__(self) -> None:
        if (self.source is None) != (self.box_xywh is None):
            raise ConfigError("--source and --box belong together: frames, and the target in the first of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """A data set with known boxes.

    Attributes:
        dataset: folder, or a list of sequences.
        layout: name of the layout, or ``auto``.
        sequences: names of those that count, None for all.
    """

    dataset: Path
    layout: str = "auto"
    sequences: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRequest:
    """A run of the bench.

    Attributes:
        subjects: bundles and variants, at least one, each once.
        device: as the user named it.
        footage: frames to play.
        frames: updates to time; None for as many as ``seconds`` hold.
        seconds: of the closed loop, where ``frames`` is None.
        warmup: updates before them.
        fps: of the camera; None for no camera.
        targets: numbers of targets; empty for none.
        sustained_seconds: of the sustained run; None for none.
        power_seconds: of the idle baseline, and again of the loop; 0 for none.
        scoring: data set for scores and peers; None for none.
        peers: trackers to compare with; None for none.
        sysroot: from which host and sensors are read.
        command: that made the run, for the report.
    """

    subjects: Items[SubjectRequest]
    device: str = "auto"
    footage: Footage = field(default_factory=Footage)
    frames: int | None = None
    seconds: float = 5.0
    warmup: int = 20
    fps: float | None = None
    targets: tuple[int, ...] = (1, 2, 4, 8)
    sustained_seconds: float | None = None
    power_seconds: float = 3.0
    scoring: Scoring | None = None
    peers: PeerChoice | None = None
    sysroot: Sysroot = field(default_factory=Sysroot)
    command: str = ""

    def __post_init__(self) -> None:
        if not self.subjects:
            raise ConfigError("no bundle to measure; give the folder of one")
        if len(set(self.subjects)) < len(self.subjects):
            raise ConfigError("a variant of a bundle is given twice; give each once")
        if (self.frames is not None and self.frames < 1) or self.warmup < 0:
            raise ConfigError(f"frames is {self.frames} and warmup {self.warmup}, expected frames >= 1, warmup >= 0")
        for name in ("seconds", "fps", "sustained_seconds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(f"{name.replace('_', ' ')} is {value}, expected a finite number above 0")
        if not 0 <= self.power_seconds < math.inf:
            raise ConfigError(f"power seconds is {self.power_seconds}, expected a finite number, or 0 for none")
        if any(not 1 <= count <= MAX_TARGETS for count in self.targets):
            raise ConfigError(f"targets are {self.targets}, expected numbers from 1 to {MAX_TARGETS}")
