"""Variants in int8, quantised by ONNX Runtime's quantiser on real crops."""

from __future__ import annotations

from sdst_export.quantization.quantizer import Quantizer, quantizable_layers, quantize
from sdst_export.quantization.scheme import SCHEMES, Scheme

__all__ = ["SCHEMES", "Quantizer", "Scheme", "quantizable_layers", "quantize"]
