"""How a variant is run on the machine that exports it."""

from __future__ import annotations

from sdst_runtime.bundle import Bundle
from sdst_runtime.manifest import EngineName

__all__ = ["engine_here"]


def engine_here(bundle: Bundle, variant: str) -> EngineName | None:
    """The engine that stands for the variant's own where it is exported; None for its own.

    TensorRT builds its engines on the device; ONNX Runtime runs the very same graphs, precision and all, anywhere.
    """
    return "onnxruntime" if bundle.variant(variant).engine == "tensorrt" else None
