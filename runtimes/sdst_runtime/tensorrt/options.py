"""How engines are built, and how a session runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from sdst_runtime.errors import ConfigError

__all__ = ["BuildOptions", "BuildProgress", "CudaChoice", "HardwareLevel", "TensorRTOptions"]

CudaChoice: TypeAlias = Literal["auto", "pycuda", "cuda-python"]
HardwareLevel: TypeAlias = Literal["ampere-plus", "same-compute-capability"]

#: Shows the share of a build that is done, 0..1, and what is being built.
BuildProgress: TypeAlias = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What the builder may do. Precision is no option: it is in the graphs.

    Attributes:
        workspace_mib: memory that a layer may use for its scratch, at most; a board shares it with everything else.
        optimization_level: 0 to 5, how long the builder searches; null for TensorRT's default. Needs 8.6 or newer.
        hardware: other GPUs that the engine is to run on, slower than one built for this GPU alone; null for none.
            TensorRT has it from 8.6 on, ``same-compute-capability`` later, and not on every board.
        auxiliary_streams: that one engine may run on side by side; null for TensorRT's choice. Needs 8.6 or newer.
        tf32: whether float32 layers may round their factors to 10 bits on GPUs that have TF32, which is TensorRT's
            default.
    """

    workspace_mib: int = 512
    optimization_level: int | None = None
    hardware: HardwareLevel | None = None
    auxiliary_streams: int | None = None
    tf32: bool = True

    def __post_init__(self) -> None:
        _check_range("workspace_mib", self.workspace_mib, 1, 1 << 20)
        if self.optimization_level is not None:
            _check_range("optimization_level", self.optimization_level, 0, 5)
        if self.auxiliary_streams is not None:
            _check_range("auxiliary_streams", self.auxiliary_streams, 0, 64)
        if self.hardware is not None and self.hardware not in get_args(HardwareLevel):
            raise ConfigError(f"hardware is {self.hardware!r}, expected one of {', '.join(get_args(HardwareLevel))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRTOptions:
    """How a session finds its engines and runs them.

    Attributes:
        build: how engines are built. None: the last that were built here with any options are taken; where there are
            none, they are built with the defaults.
        cache: folder of engines; None for the one that the variable ``SDST_ENGINES`` names, or else ``engines`` in the
            bundle's own folder.
        rebuild: whether engines that are there already are built anew.
        build_missing: whether engines are built where there are none; else that is an error.
        cuda: what reaches the GPU; ``auto``: pycuda where it is installed, else cuda-python.
        device: index of the GPU.
        cuda_graph: whether a frame's work is captured into a CUDA graph where that is possible.
    """

    build: BuildOptions | None = None
    cache: Path | None = None
    rebuild: bool = False
    build_missing: bool = True
    cuda: CudaChoice = "auto"
    device: int = 0
    cuda_graph: bool = True

    def __post_init__(self) -> None:
        _check_range("device", self.device, 0, 1023)
        if self.cuda not in get_args(CudaChoice):
            raise ConfigError(f"cuda is {self.cuda!r}, expected one of {', '.join(get_args(CudaChoice))}")


def _check_range(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{name} is {value!r}, expected a whole number in [{low}, {high}]")
