"""Traced graphs made small, plain and reproducible."""

from __future__ import annotations

import onnx
import onnxsim
from onnx import helper

__all__ = ["simplify"]


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with constants folded and nothing in it that depends on machine, time or path; checked.

    Args:
        model: not modified.
    """
    simplified, _ = onnxsim.simplify(model)
    result: onnx.ModelProto = simplified
    result.ir_version = helper.find_min_ir_version_for(result.opset_import)
    result.producer_name, result.producer_version, result.doc_string = "sdst-edge", "", ""
    del result.metadata_props[:]
    graph = result.graph
    graph.name, graph.doc_string = "sdst", ""
    del graph.value_info[:]
    for index, node in enumerate(graph.node):
        node.name, node.doc_string = f"{node.op_type}_{index}", ""
        del node.metadata_props[:]
    onnx.checker.check_model(result, full_check=True)
    return result
