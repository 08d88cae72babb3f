"""How far a run is, and what it came to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sdst_edge.training.run.files import RunFiles
from sdst_runtime.errors import CheckpointError
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["Profile", "TrainProgress", "TrainResult"]


class TrainProgress(NamedTuple):
    """How far a run is.

    Attributes:
        fraction: of the budget, 0..1.
        step: optimiser steps done.
        losses: by name, their means since the last report; ``loss`` is their weighted sum.
        pairs_per_s: over all processes, since the last report.
        eta_s: seconds that the rest takes at the pace so far, validation in it.
        waiting: share of the time since the last report that was spent waiting for pairs, 0..1.
    """

    fraction: float
    step: int
    losses: Mapping[str, float]
    pairs_per_s: float
    eta_s: float
    waiting: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where the time of this process went; a resumed run's since it was resumed.

    Attributes:
        steps: optimiser steps.
        seconds: by part, in the order in which a step has them: ``data`` (waiting for pairs), ``forward`` (teachers
            and losses in it), ``backward``, ``optimizer`` (clipping and the running mean in it), ``validation``, and
            ``rest`` (checkpoints and logs).
    """

    steps: int
    seconds: Mapping[str, float]

    def share(self, part: str) -> float:
        """Of a part in the steps, 0..1; of validation and rest in the whole."""
        of_step = sum(self.seconds[name] for name in ("data", "forward", "backward", "optimizer"))
        whole = sum(self.seconds.values()) if part in ("validation", "rest") else of_step
        return self.seconds[part] / whole if whole > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What a run came to.

    Attributes:
        files: of the run; ``files.model`` are the final weights, ``files.best`` the best ones that were evaluated.
        steps: optimiser steps.
        seconds: of the loop, validation in it, over all resumptions.
        losses: by name, means of the last report.
        auc: success AUC of the final weights, 0..1; None where nothing was evaluated.
        best_auc: of the best weights.
        best_step: after which those were.
        profile: where it was asked for and the run has just ended.
    """

    files: RunFiles
    steps: int
    seconds: float
    losses: Mapping[str, float]
    auc: float | None = None
    best_auc: float | None = None
    best_step: int | None = None
    profile: Profile | None = None

    def text(self) -> str:
        """JSON of all but the files, for ``result.json``."""
        kept = {name: value for name, value in to_plain(self).items() if name not in ("files", "profile")}
        return json.dumps(kept, indent=2) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """As ``result.json`` has it."""

    steps: int
    seconds: float
    losses: Mapping[str, float] = field(default_factory=dict)
    auc: float | None = None
    best_auc: float | None = None
    best_step: int | None = None


def read_result(files: RunFiles) -> TrainResult | None:
    """The result of a finished run; None where it is not finished.

    Raises:
        CheckpointError: ``result.json`` cannot be read.
    """
    path = files.result
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; remove it to go on with the run") from None
    kept = from_plain(_Kept, plain, where=str(path), error=CheckpointError)
    return TrainResult(
        files=files,
        steps=kept.steps,
        seconds=kept.seconds,
        losses=kept.losses,
        auc=kept.auc,
        best_auc=kept.best_auc,
        best_step=kept.best_step,
    )
