"""Bundles of the networks of :mod:`tests.toys` whose kernels are inputs: a template graph, and one graph per frame."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import check_consistency, search_configs
from sdst_runtime.manifest import EngineName, Graph
from sdst_runtime.search_roles import SEARCH_ROLES
from tests.toy_bundle import FOLDER, _correlate, _graph, _kernel_shapes, _model, _network, _signatures, toy_manifest
from tests.toys import POINTS, Toy

__all__ = ["toy_whole"]


def toy_whole(toy: Toy = POINTS, *, engine: EngineName = "openvino") -> Bundle:
    """The bundle in memory, with ONNX graphs in it. Needs the onnx package."""
    graphs: dict[Any, Graph] = {}
    files: dict[str, bytes] = {}
    signatures = {"template": (_signatures(toy)["template"], _network(toy, "template"))}
    for roles, config in zip(SEARCH_ROLES, search_configs(toy.config), strict=False):
        (search, constants), (tail, weights) = _network(toy, roles.search), _network(toy, roles.tail)
        nodes = [*search, *(_correlate(item) for item in toy.correlations), *tail]
        inputs = {"x": config.search_shape, **_kernel_shapes(toy.correlations)}
        signatures[roles.match] = (inputs, dict(config.outputs), {}), (nodes, {**constants, **weights})
    for role, (signature, network) in signatures.items():
        data = _model(role, signature, network).SerializeToString()
        file = f"{FOLDER}/{role}.onnx"
        graphs[role] = _graph(file, signature, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
        files[file] = data
    manifest = toy_manifest(graphs, toy, session="whole")
    variant = replace(manifest.variants[FOLDER], engine=engine)
    manifest = replace(manifest, variants={FOLDER: variant})
    check_consistency(manifest)
    return Bundle(Path("(toy)"), manifest, files)
