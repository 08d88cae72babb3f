"""What ONNX Runtime takes, and what it is slow at on a processor."""

from __future__ import annotations

from typing import Final

__all__ = ["DYNAMIC_KERNEL", "IR_MAX", "OPSET_MAX", "OPSET_SOURCE", "SYMMETRIC_INT8"]

#: Of the oldest version that this project allows, 1.17.
OPSET_MAX: Final = 20
IR_MAX: Final = 9
OPSET_SOURCE: Final = "tried with onnxruntime 1.17.3: opset 21 and IR version 10 are refused"

SYMMETRIC_INT8: Final = "measured with onnxruntime 1.31, one thread, AVX-512 VNNI: 5.34 ms, float 5.32 ms, uint8 3.3 ms"
DYNAMIC_KERNEL: Final = (
    "measured with onnxruntime 1.31, one thread, AVX-512: 8 to 13 times the time of a constant kernel"
)
