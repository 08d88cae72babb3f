"""Several processes that run one command: torchrun's, SLURM's, and those that a training run starts."""

from __future__ import annotations

import os

__all__ = ["is_first_process"]

_RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")


def is_first_process() -> bool:
    """Whether this process speaks for all of them; so does one that runs alone."""
    return next((os.environ[name] for name in _RANKS if name in os.environ), "0") == "0"
