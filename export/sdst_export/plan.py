"""From options and a target to the variants that a bundle gets."""

from __future__ import annotations

from dataclasses import dataclass

from sdst_export.options import ExportOptions
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import CorrelationForm, EngineName, Precision
from sdst_runtime.measurements import CalibrationMethod

__all__ = ["FP32", "Plan", "make_plan", "variant_name"]

FP32 = "onnx/fp32"

_NO_INT8 = (
    "ncnn's INT8 needs ncnn2table and ncnn2int8, which its PyPI package does not carry; choose fp16 for ncnn, or int8 "
    "for another engine"
)
_ONNX_NAMES: dict[tuple[EngineName, Precision], str] = {
    ("onnxruntime", "fp32"): FP32,
    ("onnxruntime", "fp16"): "onnx/fp16",
    ("onnxruntime", "int8"): "onnx/int8-ort",
    ("tensorrt", "fp32"): FP32,
    ("tensorrt", "fp16"): "onnx/fp16",
    ("tensorrt", "int8"): "onnx/int8-qdq",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be made.

    Attributes:
        variants: names in the order in which they are made; the first is :data:`FP32`.
        default: of the bundle.
        correlation_form: None for the network's own.
        correlations: whether fp32 and fp16 hold the correlations by themselves, which TensorRT needs.
        method: of calibration.
    """

    variants: tuple[str, ...]
    default: str
    correlation_form: CorrelationForm | None
    correlations: bool
    method: CalibrationMethod

    @property
    def quantized(self) -> tuple[str, ...]:
        """Names of the variants in int8."""
        return tuple(name for name in self.variants if "int8" in name)


def make_plan(options: ExportOptions) -> Plan:
    """What the options ask for.

    Raises:
        ConfigError: there is no such target, int8 is asked for without data to calibrate on, or an engine does not
            take a precision.
    """
    precisions, engines = options.precisions or ("fp32",), options.engines or ("onnxruntime",)
    if not options.engines and "int8" in precisions:
        engines = ("onnxruntime", "tensorrt")
    names = dict.fromkeys([FP32, *(variant_name(engine, each) for each in precisions for engine in engines)])
    plan = Plan(
        variants=tuple(names),
        default=FP32,
        correlation_form=options.correlation_form,
        correlations="tensorrt" in options.engines,
        method=options.method or "min-max",
    )
    if plan.quantized and options.calibrate is None:
        raise ConfigError(
            f"{plan.quantized[0]} needs frames to calibrate on; name a data set with --calibrate (calibrate=...)"
        )
    return plan


def variant_name(engine: EngineName, precision: Precision) -> str:
    """What the variant of an engine and a precision is called.

    Raises:
        ConfigError: the engine does not take the precision.
    """
    if engine == "ncnn" and precision == "int8":
        raise ConfigError(_NO_INT8)
    return _ONNX_NAMES.get((engine, precision), f"{engine}/{precision}")
