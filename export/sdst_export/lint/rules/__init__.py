"""The rules, one module a theme; to import them is to register them."""

from __future__ import annotations

from sdst_export.lint.rules import (
    convolutions,
    dla,
    files,
    half,
    ncnn,
    operators,
    ort,
    quantization,
    quantized_layers,
    shapes,
    types,
    variants,
    weights,
)

__all__ = [
    "convolutions",
    "dla",
    "files",
    "half",
    "ncnn",
    "operators",
    "ort",
    "quantization",
    "quantized_layers",
    "shapes",
    "types",
    "variants",
    "weights",
]
