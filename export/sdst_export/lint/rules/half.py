"""Weights that float16 cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sdst_export.lint.facts.tensorrt import FIRST_STRONGLY_TYPED
from sdst_export.lint.finding import Fault
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []

_MAX: Final = float(np.finfo(np.float16).max)  # 65504
_TINY: Final = float(np.finfo(np.float16).smallest_normal)  # 6.1e-5
#: Of a tensor's largest weight: what is smaller than this share of it hardly counts.
_NEGLIGIBLE: Final = 1e-3
#: Share of weights that count and lie below the normal numbers, from which on it is told; below it, the rounding of
#: the larger weights is the larger error. NanoTrack v3 has layers with 1 %, and its float16 agrees with float32.
_SHARE: Final = 0.1


@ONNX_RULES.rule("fp16-overflow", "tensorrt")
def weights_fit_half(scope: OnnxScope) -> Iterator[Fault]:
    """Numbers beyond 65504 are infinite in float16."""
    for name, value in _halved(scope):
        largest = float(np.abs(value).max())
        if largest > _MAX:
            yield Fault(
                severity="error",
                node=name,
                what=f"holds {f'{largest:.3g}' if np.isfinite(largest) else 'infinities'}; float16 ends at {_MAX:.0f}",
                fix="keep the layer in float32: export with --precision fp32, or scale the weights in the network",
                source="IEEE 754 binary16",
            )


@ONNX_RULES.rule("fp16-subnormal", "tensorrt")
def weights_keep_their_digits(scope: OnnxScope) -> Iterator[Fault]:
    """Below 6.1e-5 float16 loses its digits, one by one down to 6e-8."""
    for name, value in _halved(scope):
        magnitude = np.abs(value)
        counting = magnitude > _NEGLIGIBLE * magnitude.max(where=np.isfinite(magnitude), initial=0.0)
        lost = counting & (magnitude < _TINY)
        share = float(lost.sum() / max(1, counting.sum()))
        if share > _SHARE:
            yield Fault(
                severity="warning",
                node=name,
                what=f"{100 * share:.0f} % of its weights that count are below {_TINY:.1e}, where float16 loses digits",
                fix="measure it (`sdst-edge export --precision fp16 --validate DATA`), or keep the layer in float32",
                source="IEEE 754 binary16",
            )


def _halved(scope: OnnxScope) -> Iterator[tuple[str, NDArray[Any]]]:
    """Weights that are float16 on the device: those in the file, and before TensorRT 10 all, which the flag permits."""
    if scope.variant.precision == "fp32":
        return
    permitted = scope.version < FIRST_STRONGLY_TYPED[0]
    for name, _ in scope.graph.constants():
        value = scope.graph.constant(name)
        if value is None or not value.size or value.dtype not in (np.float16, np.float32):
            continue
        if value.dtype == np.float16 or (permitted and not _is_scale(scope, name)):
            yield name, np.where(np.isnan(value), 0.0, value.astype(np.float64))  # another rule tells of NaN


def _is_scale(scope: OnnxScope, name: str) -> bool:
    """Whether it is the scale of a quantiser, which stays float32."""
    nodes = scope.graph.consumers(name)
    return any(node.op_type in ("QuantizeLinear", "DequantizeLinear") and index == 1 for node, index in nodes)
