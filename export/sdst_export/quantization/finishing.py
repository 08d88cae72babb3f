"""The last step of a graph that a tool has changed."""

from __future__ import annotations

import onnx
from onnxruntime.quantization.onnx_model import ONNXModel

__all__ = ["finished"]


def finished(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with its nodes in order, without what depends on the tool's version or is not needed, in place.

    Args:
        model: checked when it is done.
    """
    ONNXModel(model).topological_sort()
    model.producer_name, model.producer_version, model.doc_string = "sdst-edge", "", ""
    del model.metadata_props[:]
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    return model
