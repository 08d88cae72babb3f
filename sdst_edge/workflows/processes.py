"""Several processes that run one command: torchrun's, SLURM's, and those that a training run starts."""

from __future__ import annotations

import os

__all__ = ["is_first_process", "process_number"]

_RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")


def process_number() -> str:
    """Of this process among those that run the command, from 0."""
    return next((os.environ[name] for name in _RANKS if name in os.environ), "0")


def is_first_process() -> bool:
    """Whether this process speaks for all of them; so does one that runs alone."""
    return process_number() == "0"
