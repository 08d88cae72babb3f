"""What to export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import CorrelationForm, EngineName, Precision
from sdst_runtime.measurements import CalibrationMethod

__all__ = ["RANDOM", "ExportOptions"]

#: Instead of a data set: calibrate on noise, which says nothing about real frames.
RANDOM = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What a bundle is to hold, besides the fp32 variant, which every other is compared with.

    Attributes:
        precisions: of the variants, at least one; empty for the target's, or fp32 without a target.
        engines: that variants are made for; empty for the target's, or ONNX Runtime (and, in int8, TensorRT).
        target: name of a device, or path of a recipe for one; None for none in particular.
        correlation_form: how correlations are spelled. ``conv``: Conv nodes, fastest in ONNX Runtime; TensorRT takes a
            kernel that is no constant from 8.5 on. ``taps``: slices, products and sums, which every engine parses.
            ``matmul``: a MatMul each, of unfolded windows. None for the network's or the target's own choice.
        calibrate: data set whose frames int8 is calibrated on, or :data:`RANDOM`; needed for int8.
        method: how ranges are taken from what was seen, None for the target's choice, or min-max.
        validate: data set that every variant is scored on beside fp32; None for no scores.
        max_drop: of success AUC on ``validate``, 0..1; layers stay float until int8 is under it. None for no search.
    """

    precisions: tuple[Precision, ...] = ()
    engines: tuple[EngineName, ...] = ()
    target: str | None = None
    correlation_form: CorrelationForm | None = None
    calibrate: Path | str | None = None
    method: CalibrationMethod | None = None
    validate: Path | None = None
    max_drop: float | None = None

    def __post_init__(self) -> None:
        _require("precisions", self.precisions, get_args(Precision))
        _require("engines", self.engines, get_args(EngineName))
        if self.correlation_form is not None:
            _require("correlation_form", (self.correlation_form,), get_args(CorrelationForm))
        if self.method is not None:
            _require("method", (self.method,), get_args(CalibrationMethod))
        if self.max_drop is not None and not 0.0 <= self.max_drop <= 1.0:
            raise ConfigError(f"max_drop is {self.max_drop}, expected a difference of success AUC in [0, 1]")
        if self.max_drop is not None and self.validate is None:
            raise ConfigError("max_drop is a drop of success AUC; name the data set to measure it on: validate")


def _require(what: str, values: tuple[str, ...], known: tuple[str, ...]) -> None:
    for value in values:
        if value not in known:
            raise ConfigError(f"{what}: {value!r} is none of {', '.join(known)}")
    if len(set(values)) != len(values):
        raise ConfigError(f"{what} are {', '.join(values)}; name each once")
