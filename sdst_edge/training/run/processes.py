"""The processes of a run, their devices and threads, by Lightning Fabric."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy

from sdst_edge.training.recipe import Optimization
from sdst_runtime.errors import ConfigError, SdstError

__all__ = ["few_threads", "launch", "others_may_end", "share_of_batch"]

#: The other processes wait while the first one validates.
_PATIENCE = timedelta(hours=12)
_MOST_THREADS = 4


def launch(optimization: Optimization, devices: int | str, *, partly_used: bool) -> Fabric:
    """Fabric with its processes started: on GPUs where there are any, else on the CPU.

    Under ``torchrun`` the processes are there already, and ``devices`` is not looked at. Without it, further processes
    run the command of this one again. Several GPUs are not verified on hardware.

    Args:
        optimization: names the precision.
        devices: how many, or ``auto``: all GPUs, or one process on the CPU.
        partly_used: whether some parameters have no part in some steps.

    Raises:
        ConfigError: there are not so many GPUs, or the precision needs one.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it greets on stderr
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if optimization.precision == "16-mixed" and not gpus:
        raise ConfigError("recipe: optimization.precision is 16-mixed, which needs a GPU; bf16-mixed works on a CPU")
    nodes = 1
    if TorchElasticEnvironment.detect():
        count = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // count
    else:
        count = max(gpus, 1) if devices == "auto" else int(devices)
    if count < 1 or (gpus and count > gpus):
        raise ConfigError(f"{count} devices to train on, expected 1 to {gpus or 'the number of processors'}")
    strategy = DDPStrategy(timeout=_PATIENCE, find_unused_parameters=partly_used)
    fabric = Fabric(
        accelerator="cuda" if gpus else "cpu",
        strategy=strategy if count * nodes > 1 else "auto",
        devices=count,
        num_nodes=nodes,
        precision=optimization.precision,
    )
    fabric.launch()
    return fabric


@contextmanager
def few_threads() -> Iterator[None]:
    """At most four threads: small networks do not gain from more."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, _MOST_THREADS))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def others_may_end() -> Iterator[None]:
    """Where another process of the run ended, this one says so instead of what became of the connection to it.

    Raises:
        SdstError: another one ended, over gloo. That of NCCL is not verified on hardware, and left as it is.
    """
    try:
        yield
    except RuntimeError as error:
        if "gloo" not in str(error) or "onnection" not in str(error):
            raise
        raise SdstError(
            "another process of this run has ended: its own message says why, or it was killed; run it again to go on"
        ) from None


def share_of_batch(optimization: Optimization, world: int) -> int:
    """Pairs a step of each process.

    Raises:
        ConfigError: the batch cannot be shared out evenly.
    """
    if optimization.batch_size % world:
        raise ConfigError(
            f"recipe: optimization.batch_size is {optimization.batch_size}, expected a multiple of the "
            f"{world} processes"
        )
    return optimization.batch_size // world
