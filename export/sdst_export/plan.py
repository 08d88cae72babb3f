"""From options and a target to the variants that a bundle gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from sdst_export.graphs import OPSET
from sdst_export.options import RANDOM, ExportOptions
from sdst_export.targets import Target, load_target
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import CorrelationForm, EngineName, Precision, SessionKind
from sdst_runtime.measurements import CalibrationMethod

__all__ = ["FP32", "Plan", "make_plan", "precision_of", "variant_name"]

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
        engines: by name of variant, in the order in which they are made; the first is :data:`FP32`.
        default: of the bundle.
        correlation_forms: that may be used; empty for the network's own, whatever it is.
        method: of calibration.
        session: of ONNX Runtime's variants; TensorRT's are split, and the others whole.
        opset: of ONNX graphs.
        target: name, None for none in particular.
        left_out: what a target would have and the options do not allow, in words; empty for nothing.
    """

    engines: Mapping[str, EngineName]
    default: str
    correlation_forms: tuple[CorrelationForm, ...]
    method: CalibrationMethod
    session: SessionKind
    opset: int
    target: str | None
    left_out: str

    @property
    def quantized(self) -> tuple[str, ...]:
        """Names of the variants in int8."""
        return tuple(name for name in self.engines if "int8" in name)

    def form_of(self, own: CorrelationForm) -> CorrelationForm:
        """How correlations are spelled: the network's own way where it may be used, else the first that may."""
        return own if not self.correlation_forms or own in self.correlation_forms else self.correlation_forms[0]


def make_plan(options: ExportOptions) -> Plan:
    """What the options ask for.

    Raises:
        ConfigError: there is no such target, its default is none of its variants, int8 is asked for without data to
            calibrate on, an engine does not take a precision, or an option would be of no use.
    """
    target = None if options.target is None else load_target(options.target)
    if target is not None:
        _check_default(target)
    precisions, left_out = _precisions(options, target)
    named = _named(options, target, precisions)
    forms = () if target is None else target.correlation_forms
    plan = Plan(
        engines={FP32: named.get(FP32, "onnxruntime"), **named},
        default=target.default_variant if target is not None and target.default_variant in named else next(iter(named)),
        correlation_forms=forms if options.correlation_form is None else (options.correlation_form,),
        method=options.method or ("min-max" if target is None else target.calibration),
        session="split" if target is not None and target.session == "split" else "baked",
        opset=OPSET if target is None else target.opset,
        target=None if target is None else target.name,
        left_out=left_out,
    )
    _check(options, plan)
    return plan


def variant_name(engine: EngineName, precision: Precision) -> str:
    """What the variant of an engine and a precision is called.

    Raises:
        ConfigError: the engine does not take the precision.
    """
    if engine == "ncnn" and precision == "int8":
        raise ConfigError(_NO_INT8)
    return _ONNX_NAMES.get((engine, precision), f"{engine}/{precision}")


def precision_of(name: str) -> Precision:
    """The precision of a variant, from its name."""
    return next(item for item in get_args(Precision) if name.rpartition("/")[2].startswith(item))


def _named(options: ExportOptions, target: Target | None, precisions: tuple[Precision, ...]) -> dict[str, EngineName]:
    """Engines by name of variant. Files for TensorRT are run by ONNX Runtime too, so that they do for both."""
    engines = options.engines or (("onnxruntime",) if target is None else (target.engine,))
    named: dict[str, EngineName] = {}
    for precision in precisions:
        for engine in engines:
            name = variant_name(engine, precision)
            named[name] = "tensorrt" if engine == "tensorrt" else named.get(name, engine)
        if precision == "int8" and not options.engines and target is None:
            named[variant_name("tensorrt", precision)] = "tensorrt"
    return named


def _check_default(target: Target) -> None:
    names = [variant_name(target.engine, precision) for precision in target.precisions]
    if target.default_variant not in names:
        raise ConfigError(
            f"target {target.name}: default_variant is {target.default_variant!r}, expected one of its variants: "
            f"{', '.join(names)}"
        )


def _check(options: ExportOptions, plan: Plan) -> None:
    """Refuses options that lack what they need, or that nothing would come of."""
    if plan.quantized and options.calibrate is None:
        raise ConfigError(
            f"{plan.quantized[0]} needs frames to calibrate on; name a data set with --calibrate (calibrate=...)"
        )
    hint = f" ({plan.left_out})" if plan.left_out else ""
    if options.max_drop is not None and not any(name.startswith("onnx/") for name in plan.quantized):
        raise ConfigError(
            f"max_drop is for int8 variants of ONNX Runtime or TensorRT, and the bundle is to hold "
            f"{', '.join(plan.engines)}{hint}; ask for int8 there, or leave --max-drop out"
        )
    if options.max_drop is not None and options.calibrate == RANDOM:
        raise ConfigError(
            "max_drop needs frames to calibrate on, for on noise no layer says what it costs; name a data set with "
            "--calibrate, or leave --max-drop out"
        )
    if options.validate is not None and len(plan.engines) == 1:
        raise ConfigError(
            f"validate is for variants beside {FP32}, and there are none{hint}; ask for more with --precision, or "
            "leave --validate out and score the bundle by `sdst-edge eval`"
        )


def _precisions(options: ExportOptions, target: Target | None) -> tuple[tuple[Precision, ...], str]:
    """Precisions to make, and what of the target's is left out."""
    if options.precisions or target is None:
        return options.precisions or ("fp32",), ""
    if options.calibrate is not None or "int8" not in target.precisions:
        return target.precisions, ""
    rest = tuple(item for item in target.precisions if item != "int8")
    return rest, f"{target.name} takes int8 too, which needs frames to calibrate on: name a data set with --calibrate"
