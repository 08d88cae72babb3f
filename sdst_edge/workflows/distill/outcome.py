"""What a stage came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sdst_runtime.strict import to_plain

if TYPE_CHECKING:
    from sdst_edge.training.run.result import TrainProgress, TrainResult

__all__ = ["OnTrain", "StageResult"]

#: Called with the name of a stage, empty for a run that has none, and how far it is.
OnTrain: TypeAlias = Callable[[str, "TrainProgress"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """A finished stage.

    Attributes:
        name: such as ``general``; empty for a run that is no stage.
        was_finished: before it was asked for, so that it was skipped.
        result: of the run.
    """

    name: str
    was_finished: bool
    result: TrainResult

    @property
    def checkpoint(self) -> Path:
        """The final weights."""
        return self.result.files.model

    def to_plain(self) -> dict[str, Any]:
        """JSON values."""
        kept = {key: value for key, value in to_plain(self.result).items() if key != "files"}
        return {
            "name": self.name,
            "was_finished": self.was_finished,
            "folder": str(self.result.files.folder),
            "checkpoint": str(self.checkpoint),
            **kept,
        }
