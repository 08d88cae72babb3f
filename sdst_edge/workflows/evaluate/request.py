"""What to evaluate, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdst_edge.evaluation.rules.unscored import UNSCORED
from sdst_edge.workflows.evaluate.model import Model
from sdst_runtime.errors import ConfigError

__all__ = ["Request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to evaluate, and how.

    Attributes:
        model: to run, or whose boxes to score.
        dataset: folder of the data set, or a list of its sequences.
        layout: of the data set; ``auto`` to look.
        protocol: ``ope``, or one of VOT's.
        rule: to score ``ope`` by; None for the house rule, ``none`` to score nothing.
        attributes: find out which challenges each sequence holds; done anyway where ``out`` is given.
        sequences: names of those to take; None for all.
        workers: processes to run side by side, >= 1.
        skip_broken: leave out what is broken, and list it.
        out: folder for everything that comes of it; None to keep nothing.
        overwrite: replace what ``out`` holds.
        command: that was given, for the page.

    Raises:
        ConfigError: no process is to run, nothing is there to overwrite, or nothing would come of it.
    """

    model: Model
    dataset: Path
    layout: str = "auto"
    protocol: str = "ope"
    rule: str | None = None
    attributes: bool = False
    sequences: tuple[str, ...] | None = None
    workers: int = 1
    skip_broken: bool = False
    out: Path | None = None
    overwrite: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"{self.workers} workers, expected 1 or more")
        if self.overwrite and self.out is None:
            raise ConfigError("--overwrite replaces what --out holds, and there is no --out")
        if self.rule == UNSCORED.name and (self.recorded or self.out is None):
            raise ConfigError("--rules none scores nothing: it takes a model to run, and --out to keep its boxes")

    @property
    def recorded(self) -> bool:
        """Whether the boxes are there already, and nothing is run."""
        return self.model.kind == "boxes"
