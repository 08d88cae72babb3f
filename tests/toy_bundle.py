"""Bundles of the networks of :mod:`tests.toys`: graphs made with the onnx package, and their manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.byte_crops import byte_shape
from sdst_runtime.manifest import (
    MANIFEST_NAME,
    Correlation,
    Graph,
    Macs,
    Manifest,
    Parity,
    Placeholder,
    Provenance,
    Tensor,
    Variant,
)
from tests.toys import (
    BLOCK,
    KERNEL_SCALES,
    KERNEL_SHAPES,
    MASK_BAR,
    MASK_SLOPE,
    OFFSET,
    POINTS,
    RESPONSE_CHANNELS,
    Toy,
    expected_maps,
)

__all__ = [
    "CONFIG",
    "CORRELATIONS",
    "FOLDER",
    "beginning_with_bytes",
    "bright_frame",
    "build_toy_bundle",
    "expected_maps",
    "toy_bundle",
]

CONFIG, CORRELATIONS = POINTS.config, POINTS.correlations
CROPS = ("z", "x")  # inputs of the graphs
FOLDER = "onnx/fp32"

# Names and shapes of inputs, of outputs, and of kernels that are baked.
_Shapes = Mapping[str, tuple[int, ...]]
_Signature = tuple[_Shapes, _Shapes, _Shapes]
# Nodes and initializers.
_Network = tuple[list[Any], dict[str, NDArray[Any]]]


def build_toy_bundle(folder: Path, toy: Toy = POINTS, *, session: str = "baked", as_bytes: bool = False) -> Path:
    """Writes the bundle into a new folder; returns it. Needs the onnx package.

    Args:
        folder: to make.
        toy: its network.
        session: how templates are kept.
        as_bytes: whether graphs begin with a crop's bytes, and cast them to floats.
    """
    graphs: dict[Any, Graph] = {}
    (folder / FOLDER).mkdir(parents=True)
    for role, signature in _signatures(toy).items():
        data, placeholders = _blank(_model(role, signature, _network(toy, role), as_bytes=as_bytes))
        file = f"{FOLDER}/{role}.onnx"
        (folder / file).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        graph = _graph(file, signature, sha256=digest, size_bytes=len(data), placeholders=placeholders)
        graphs[role] = beginning_with_bytes(graph) if as_bytes else graph
    (folder / MANIFEST_NAME).write_text(toy_manifest(graphs, toy, session=session).dumps(), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def toy_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the toy bundle; not to be written to."""
    pytest.importorskip("onnx", reason="the toy bundle's graphs are made with the onnx package")
    return build_toy_bundle(tmp_path_factory.mktemp("toy") / "bundle")


def toy_manifest(graphs: dict[Any, Graph], toy: Toy = POINTS, *, session: Any = "baked") -> Manifest:
    """The manifest of a toy's graphs."""
    parity = Parity(reference="numpy", inputs=1, max_rel_error=dict.fromkeys(toy.config.outputs, 0.0))
    variant = Variant(engine="onnxruntime", precision="fp32", session=session, graphs=graphs, parity=parity)
    return Manifest(
        name="toy",
        family="toy",
        tracker=toy.config,
        correlations=toy.correlations,
        mask=toy.mask,
        variants={FOLDER: variant},
        default_variant=FOLDER,
        parameters=0,
        macs=Macs(template=0, search=0, head=0),
        tools={},
        provenance=Provenance(source="tests/toy_bundle.py"),
    )


def toy_graphs(toy: Toy = POINTS) -> dict[Any, Graph]:
    """What a manifest says of the graphs, with made-up files: for tests that read no file."""

    def placeholders(signature: _Signature) -> tuple[Placeholder, ...]:
        kernels = enumerate(signature[2].items())
        return tuple(_placeholder(name, shape, 100 + 200 * i) for i, (name, shape) in kernels)

    return {
        role: _graph(f"{FOLDER}/{role}.onnx", item, sha256=64 * "0", size_bytes=1000, placeholders=placeholders(item))
        for role, item in _signatures(toy).items()
    }


def beginning_with_bytes(graph: Graph) -> Graph:
    """What a manifest says of the graph where it begins with bytes; the same where it does not begin with a crop."""
    inputs = [replace(item, shape=byte_shape(item.shape), dtype="uint8") for item in graph.inputs if item.name in CROPS]
    return replace(graph, inputs=(*inputs, *graph.inputs[len(inputs) :]))


def bright_frame(center_xy: tuple[float, float], side: int = 20, size_wh: tuple[int, int] = (160, 120)) -> Any:
    """(H, W, 3) uint8: a bright square on a dark picture."""
    frame = np.full((size_wh[1], size_wh[0], 3), 20, np.uint8)
    left, top = round(center_xy[0] - side / 2), round(center_xy[1] - side / 2)
    frame[max(0, top) : top + side, max(0, left) : left + side] = 230
    return frame


def _kernel_shapes(correlations: Iterable[Correlation]) -> _Shapes:
    return {item.kernel: KERNEL_SHAPES[item.kind] for item in correlations}


def _signatures(toy: Toy) -> dict[str, _Signature]:
    small = toy.config.for_small_target()
    signatures: dict[str, _Signature] = {
        "template": ({"z": toy.config.template_shape}, _kernel_shapes(toy.every_correlation), {})
    }
    kernels = _kernel_shapes(toy.correlations)
    for suffix, config in [("", toy.config)] if small is None else [("", toy.config), ("_small", small)]:
        cells, side = config.search_size // BLOCK, config.response_size
        features = {"features": (config.scales, 3, cells, cells)}
        responses = {c.response: (config.scales, RESPONSE_CHANNELS[c.kind], side, side) for c in toy.correlations}
        maps = dict(config.outputs)
        found = features | ({"detail": features["features"]} if toy.mask else {})
        signatures[f"search{suffix}"] = ({"x": config.search_shape}, found, {})
        signatures[f"head{suffix}"] = (features, maps, kernels)
        signatures[f"tail{suffix}"] = (responses | features if toy.rejoins else responses, maps, {})
    if toy.mask is not None:
        inputs = {**signatures["search"][1], "cell": (2,)}
        signatures["mask"] = (inputs, {"mask": MASK_BAR.shape}, _kernel_shapes([toy.mask.correlation]))
    return signatures


def _graph(file: str, signature: _Signature, **stored: Any) -> Graph:
    inputs, outputs = (
        tuple(
            Tensor(name=name, shape=shape, dtype="int64" if name == "cell" else "float32")
            for name, shape in tensors.items()
        )
        for tensors in signature[:2]
    )
    return Graph(file=file, inputs=inputs, outputs=outputs, **stored)


def _placeholder(name: str, shape: tuple[int, ...], offset: int) -> Placeholder:
    return Placeholder(name=name, offset=offset, length=4 * prod(shape), shape=shape, dtype="float32")


def _network(toy: Toy, role: str) -> _Network:
    role = role.removesuffix("_small")
    if role == "template":
        return _template(toy)
    if role == "search":
        nodes, constants = _block_means("x", "features")
        return [*nodes, _node("Add", ["features", "features"], ["detail"])] if toy.mask else nodes, constants
    if role == "mask":
        return _mask(toy)
    nodes, constants = _tail(toy)
    if role == "head":
        nodes = [*(_correlate(item) for item in toy.correlations), *nodes]
    return nodes, constants


def _template(toy: Toy) -> _Network:
    nodes, constants = _block_means("z", "cells")  # (1, 3, 5, 5)
    nodes += [
        _node("Slice", ["cells", "starts", "ends", "axes"], ["inner"]),  # (1, 3, 3, 3)
        _node("Transpose", ["cells"], ["transposed"], perm=[2, 3, 1, 0]),  # (5, 5, 3, 1)
        _node("Add", ["inner", "inner"], ["twice"]),
        _node("Concat", ["inner", "twice"], ["pair"], axis=0),  # (2, 3, 3, 3)
    ]
    constants |= {"starts": np.array([1, 1]), "ends": np.array([4, 4]), "axes": np.array([2, 3])}
    source = {"depthwise": "inner", "full": "inner", "up-channel": "pair", "pixelwise": "transposed"}
    for item in toy.every_correlation:
        scale, scaled, shape = f"scale_{item.kernel}", f"scaled_{item.kernel}", f"shape_{item.kernel}"
        nodes += [
            _node("Mul", [source[item.kind], scale], [scaled]),
            _node("Reshape", [scaled, shape], [item.kernel]),
        ]
        constants[scale] = np.array(KERNEL_SCALES.get(item.kernel, 1.0), np.float32)
        constants[shape] = np.array(KERNEL_SHAPES[item.kind])
    return nodes, constants


def _tail(toy: Toy) -> _Network:
    joined = [item.response for item in toy.correlations] + (["features"] if toy.rejoins else [])
    nodes: list[Any] = [_node("Concat", joined, ["joined"], axis=1)]
    constants: dict[str, NDArray[Any]] = {}
    for name, (weight, bias) in toy.weights.items():
        nodes.append(_node("Conv", ["joined", f"{name}_weight", f"{name}_bias"], [name]))
        constants |= {f"{name}_weight": weight[:, :, None, None], f"{name}_bias": bias}
    return nodes, constants


def _mask(toy: Toy) -> _Network:
    assert toy.mask is not None
    nodes = [
        _correlate(toy.mask.correlation),
        _node("Add", [toy.mask.correlation.response, "detail"], ["evidence"]),
        _node("Conv", ["evidence", "slope"], ["total"]),  # (1, 1, 9, 9)
        _node("Gather", ["cell", "zero"], ["row"]),
        _node("Gather", ["cell", "one"], ["column"]),
        _node("Gather", ["total", "row"], ["of_row"], axis=2),  # (1, 1, 9)
        _node("Gather", ["of_row", "column"], ["of_cell"], axis=2),  # (1, 1)
        _node("Reshape", ["of_cell", "scalar"], ["evidence_of_cell"]),
        _node("Add", ["bar", "evidence_of_cell"], ["mask"]),
    ]
    return nodes, {
        "slope": np.full((1, 3, 1, 1), MASK_SLOPE, np.float32),
        "zero": np.array(0),
        "one": np.array(1),
        "scalar": np.array([1, 1, 1, 1]),
        "bar": MASK_BAR,
    }


def _correlate(correlation: Correlation) -> Any:
    group, pad = (3 if correlation.kind == "depthwise" else 1), correlation.padding
    inputs = [correlation.search, correlation.kernel]
    return _node("Conv", inputs, [correlation.response], group=group, pads=4 * [pad])


def _block_means(image: str, features: str) -> _Network:
    weight = np.zeros((3, 3, BLOCK, BLOCK), np.float32)
    for channel in range(3):
        weight[channel, channel] = 1 / (255 * BLOCK**2)
    inputs = [image, "mean_weight", "mean_bias"]
    node = _node("Conv", inputs, [features], kernel_shape=[BLOCK, BLOCK], strides=[BLOCK, BLOCK])
    return [node], {"mean_weight": weight, "mean_bias": np.full(3, -OFFSET, np.float32)}


def _node(*what: Any, **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(*what, **attributes)


def _cast_bytes(signature: _Signature, network: _Network) -> tuple[Any, _Network]:
    """The graph's crop of bytes, and the network that makes floats of it first."""
    from onnx import TensorProto, helper

    (name, shape), *_ = signature[0].items()
    nodes, constants = network
    for node in nodes:
        node.input[:] = ["floats" if item == name else item for item in node.input]
    first = [
        _node("Cast", [name], ["levels"], to=TensorProto.FLOAT),
        _node("Transpose", ["levels"], ["floats"], perm=[0, 3, 1, 2]),
    ]
    return helper.make_tensor_value_info(name, TensorProto.UINT8, byte_shape(shape)), ([*first, *nodes], constants)


def _model(role: str, signature: _Signature, network: _Network, *, as_bytes: bool = False) -> Any:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    inputs, outputs = (
        [
            helper.make_tensor_value_info(name, TensorProto.INT64 if name == "cell" else TensorProto.FLOAT, shape)
            for name, shape in tensors.items()
        ]
        for tensors in signature[:2]
    )
    if as_bytes and inputs[0].name in CROPS:
        inputs[0], network = _cast_bytes(signature, network)
    nodes, constants = network
    marks = np.random.default_rng(0)  # distinct bytes, by which the placeholders are found in the file
    kernels = {name: marks.standard_normal(shape).astype(np.float32) for name, shape in signature[2].items()}
    stored = [numpy_helper.from_array(value, name) for name, value in {**kernels, **constants}.items()]
    graph = helper.make_graph(nodes, role, inputs, outputs, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def _blank(model: Any) -> tuple[bytes, tuple[Placeholder, ...]]:
    """The serialised graph with NaN where the kernels go, and where that is."""
    from onnx import numpy_helper

    data = bytearray(model.SerializeToString())
    placeholders = []
    for initializer in model.graph.initializer:
        if initializer.name.startswith("kernel_"):
            value = numpy_helper.to_array(initializer)
            offset = data.index(value.tobytes())
            data[offset : offset + value.nbytes] = np.full_like(value, np.nan).tobytes()
            placeholders.append(_placeholder(initializer.name, value.shape, offset))
    return bytes(data), tuple(placeholders)
