"""What a run is resumed from.

Random numbers are no part of it: a run is seeded anew at each step, by its recipe, the step and the process.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from sdst_edge.training.run.files import write_whole
from sdst_runtime.errors import CheckpointError

__all__ = ["Progress", "Stateful", "load_state", "save_state", "seed_step"]

_FORMAT = 1


class Stateful(Protocol):
    """What has a state to keep: modules, optimisers, gradient scalers."""

    def state_dict(self) -> Mapping[str, Any]:
        """Plain values and tensors."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Takes what :meth:`state_dict` gave."""
        ...


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        step: optimiser steps done.
        seconds: taken, over all resumptions.
        losses: by name, of the last report.
        auc: of the last evaluation.
        best_auc: of the best evaluation.
        best_step: after which it was.
    """

    step: int = 0
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    auc: float | None = None
    best_auc: float | None = None
    best_step: int | None = None


def seed_step(seed: int, step: int, rank: int) -> None:
    """Seeds what a network draws in a step (dropout), so that a resumed run draws the same."""
    torch.manual_seed(((seed * 1_000_003 + step) * 65_537 + rank) % 2**63)


def save_state(path: Path, progress: Progress, parts: Mapping[str, Stateful]) -> None:
    """Writes the state whole or not at all.

    Args:
        path: replaced if it exists.
        progress: of the run.
        parts: by name.

    Raises:
        CheckpointError: it cannot be written; what ``path`` held before is kept.
    """
    plain = {
        "format": _FORMAT,
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
        "parts": {name: part.state_dict() for name, part in parts.items()},
    }
    memory = io.BytesIO()  # torch does not survive a short write in each version
    torch.save(plain, memory)
    write_whole(path, lambda file: file.write(memory.getbuffer()))


def load_state(path: Path, parts: Mapping[str, Stateful], device: torch.device) -> Progress:
    """Puts the state into the parts. Nothing in the file is run.

    Args:
        path: of the file; where it does not exist, the run begins.
        parts: as they were saved; changed in place.
        device: of the tensors.

    Raises:
        CheckpointError: it is damaged, or of other parts.
    """
    try:
        plain = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        return Progress()
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} is damaged: {_first_line(error)}; remove it to begin the run anew") from None
    try:
        if plain["format"] != _FORMAT:
            raise CheckpointError(f"{path} is of format {plain['format']}, expected {_FORMAT}; remove it to begin anew")
        for name, part in parts.items():
            part.load_state_dict(plain["parts"][name])
        return Progress(**plain["progress"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not fit this run: {_first_line(error)}; remove it to begin the run anew"
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].partition(". ")[0]
