"""Toy bundles as TensorRT's targets have them: kernels stay inputs, and the correlations are graphs of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdst_runtime.manifest import MANIFEST_NAME, Correlation, CorrelationForm, Graph, Manifest
from sdst_runtime.search_roles import SEARCH_ROLES, SearchRoles
from tests.toy_bundle import FOLDER, build_toy_bundle
from tests.toys import POINTS, Toy

__all__ = ["build_correlate_bundle"]


def build_correlate_bundle(
    folder: Path, toy: Toy = POINTS, forms: Iterable[CorrelationForm] = ("conv", "matmul", "taps")
) -> Path:
    """Writes the bundle into a new folder; returns it. All forms are the same convolution. Needs the onnx package."""
    build_toy_bundle(folder, toy, session="split")
    manifest = Manifest.read(folder / MANIFEST_NAME)
    variant = manifest.variants[FOLDER]
    graphs = dict(variant.graphs)
    for roles in SEARCH_ROLES:
        if roles.search in graphs:
            for form in forms:
                graphs[roles.correlate[form]] = _write(folder, manifest, roles, form)
    changed = replace(variant, engine="tensorrt", graphs=graphs)
    text = replace(manifest, variants={FOLDER: changed}).dumps()
    (folder / MANIFEST_NAME).write_text(text, encoding="utf-8")
    return folder


def _write(folder: Path, manifest: Manifest, roles: SearchRoles, form: CorrelationForm) -> Graph:
    graphs = manifest.variants[FOLDER].graphs
    used = {name for item in manifest.correlations for name in (item.kernel, item.search)}
    responses = {item.response for item in manifest.correlations}
    inputs = [t for t in (*graphs["template"].outputs, *graphs[roles.search].outputs) if t.name in used]
    outputs = [tensor for tensor in graphs[roles.tail].inputs if tensor.name in responses]
    role = roles.correlate[form]
    data = _model(role, manifest.correlations, inputs, outputs)
    file = f"{FOLDER}/{role}.onnx"
    (folder / file).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return Graph(file=file, sha256=digest, size_bytes=len(data), inputs=tuple(inputs), outputs=tuple(outputs))


def _model(name: str, correlations: Iterable[Correlation], inputs: Iterable[Any], outputs: Iterable[Any]) -> bytes:
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node(
            "Conv",
            [item.search, item.kernel],
            [item.response],
            group=3 if item.kind == "depthwise" else 1,
            pads=4 * [item.padding],
        )
        for item in correlations
    ]
    given, made = (
        [helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.shape) for tensor in tensors]
        for tensors in (inputs, outputs)
    )
    graph = helper.make_graph(nodes, name, given, made)
    data: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8
    ).SerializeToString()
    return data
