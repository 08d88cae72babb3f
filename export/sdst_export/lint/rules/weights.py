"""Numbers that are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sdst_export.lint.finding import Fault
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []


@ONNX_RULES.rule("weight-nan", "tensorrt", "onnxruntime")
def weights_are_finite(scope: OnnxScope) -> Iterator[Fault]:
    """NaN is what stands for a target's kernel until it is written there; only ONNX Runtime's sessions write it."""
    placeholders = _written_per_target(scope)
    for name, _ in scope.graph.constants():
        value = scope.graph.constant(name)
        if value is None or not np.issubdtype(value.dtype, np.floating) or np.isfinite(value).all():
            continue
        if name in placeholders and scope.target.engine == "onnxruntime":
            continue
        if value.dtype == np.float16 and not np.isnan(value).any():
            continue  # too large for it: another rule tells
        if name in placeholders:
            what = "is the place of a target's kernel, which is written in ONNX Runtime's baked sessions only"
            fix = f"give TensorRT the graphs of a split session: export with --target {scope.target.name}"
        else:
            what = f"holds {'NaN' if np.isnan(value).any() else 'infinities'}"
            fix = "look for the training run that diverged, and export another checkpoint"
        yield Fault(severity="error", node=name, what=what, fix=fix)


def _written_per_target(scope: OnnxScope) -> set[str]:
    """Placeholders of kernels, and the scales of those in int8."""
    kernels = {item.name for item in scope.entry.placeholders}
    readers = [node for name in kernels for node, _ in scope.graph.consumers(name)]
    return kernels | {node.input[1] for node in readers if node.op_type == "DequantizeLinear"}
