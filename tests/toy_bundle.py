"""A bundle of a few convolutions whose every number can be computed by hand: it follows something bright on dark.

Features are means of 8x8 px blocks over the channels' range, minus an offset. The template's kernels are its inner 3x3
features (depthwise) and all its cells (pixelwise); the score is a weighted sum of the two correlations with the search
features, the box nearly a constant: 10 network px to each side, which is the size of the target in the crop.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import CropRule, TrackerConfig
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

BLOCK, TEMPLATE_CELLS, SEARCH_CELLS = 8, 5, 9
CONFIG = TrackerConfig(
    template_size=BLOCK * TEMPLATE_CELLS,
    search_size=BLOCK * SEARCH_CELLS,
    response_size=SEARCH_CELLS,
    stride_px=float(BLOCK),
    score_kind="logit",
    point_origin_px=-float(BLOCK * (SEARCH_CELLS // 2)),
    window_influence=0.1,
    penalty_k=0.05,
    size_lr=0.3,
    min_side_px=4.0,
    found_threshold=0.5,
    crop=CropRule(search_scale=SEARCH_CELLS / TEMPLATE_CELLS),
)
CORRELATIONS = (
    Correlation(kind="depthwise", kernel="kernel_dw", search="features", response="response_dw", padding=1),
    Correlation(kind="pixelwise", kernel="kernel_pw", search="features", response="response_pw"),
)
OFFSET, DEPTHWISE_WEIGHT, PIXELWISE_WEIGHT, BIAS, LTRB, LTRB_SLOPE = 0.35, 0.8, 0.05, -1.0, 10.0, 0.1
FOLDER = "onnx/fp32"

Map = NDArray[np.float32]


def build_toy_bundle(folder: Path, *, session: str = "baked") -> Path:
    """Writes the bundle into a new folder; returns it. Needs the onnx package."""
    graphs: dict[Any, Graph] = {}
    (folder / FOLDER).mkdir(parents=True)
    for role, model in _models().items():
        placeholders: tuple[Placeholder, ...] = ()
        data = model.SerializeToString()
        if role == "head":
            data, placeholders = _blank(model)
        file = f"{FOLDER}/{role}.onnx"
        (folder / file).write_bytes(data)
        graphs[role] = Graph(
            file=file,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            inputs=_tensors(model.graph.input),
            outputs=_tensors(model.graph.output),
            placeholders=placeholders,
        )
    (folder / MANIFEST_NAME).write_text(toy_manifest(graphs, session=session).dumps(), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def toy_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the toy bundle; not to be written to."""
    pytest.importorskip("onnx", reason="the toy bundle's graphs are made with the onnx package")
    return build_toy_bundle(tmp_path_factory.mktemp("toy") / "bundle")


def toy_manifest(graphs: dict[Any, Graph], *, session: Any = "baked") -> Manifest:
    """The manifest of the toy bundle's graphs."""
    parity = Parity(reference="numpy", inputs=1, max_rel_error={"score": 0.0, "ltrb": 0.0})
    variant = Variant(engine="onnxruntime", precision="fp32", session=session, graphs=graphs, parity=parity)
    return Manifest(
        name="toy",
        family="toy",
        tracker=CONFIG,
        correlations=CORRELATIONS,
        variants={FOLDER: variant},
        default_variant=FOLDER,
        parameters=0,
        macs=Macs(template=0, search=0, head=0),
        tools={},
        provenance=Provenance(source="tests/toy_bundle.py"),
    )


def toy_graphs() -> dict[Any, Graph]:
    """What a manifest says of the graphs, with made-up files: for tests that read no file."""
    z, x = (1, 3, CONFIG.template_size, CONFIG.template_size), (1, 3, CONFIG.search_size, CONFIG.search_size)
    kernels = (("kernel_dw", (3, 1, 3, 3)), ("kernel_pw", (TEMPLATE_CELLS**2, 3, 1, 1)))
    cells = (SEARCH_CELLS, SEARCH_CELLS)
    features = (("features", (1, 3, *cells)),)
    responses = (("response_dw", (1, 3, *cells)), ("response_pw", (1, TEMPLATE_CELLS**2, *cells)))
    maps = (("score", (1, 1, *cells)), ("ltrb", (1, 4, *cells)))
    placeholders = (
        Placeholder(name="kernel_dw", offset=100, length=108, shape=(3, 1, 3, 3), dtype="float32"),
        Placeholder(name="kernel_pw", offset=300, length=300, shape=(TEMPLATE_CELLS**2, 3, 1, 1), dtype="float32"),
    )

    def graph(role: str, inputs: Any, outputs: Any, placeholders: tuple[Placeholder, ...] = ()) -> Graph:
        def tensors(items: Any) -> tuple[Tensor, ...]:
            return tuple(Tensor(name=name, shape=shape, dtype="float32") for name, shape in items)

        return Graph(
            file=f"{FOLDER}/{role}.onnx",
            sha256=64 * "0",
            size_bytes=1000,
            inputs=tensors(inputs),
            outputs=tensors(outputs),
            placeholders=placeholders,
        )

    return {
        "template": graph("template", (("z", z),), kernels),
        "search": graph("search", (("x", x),), features),
        "head": graph("head", features, maps, placeholders),
        "tail": graph("tail", responses, maps),
    }


def expected_maps(z: Map, x: Map) -> tuple[Map, Map]:
    """Score logits and ltrb of the network, by plain loops in float64."""
    template, search = _features(z), _features(x)  # (3, 5, 5), (3, 9, 9)
    depthwise, padded = np.zeros((3, SEARCH_CELLS, SEARCH_CELLS)), np.pad(search, ((0, 0), (1, 1), (1, 1)))
    for row in range(SEARCH_CELLS):
        for column in range(SEARCH_CELLS):
            window = padded[:, row : row + 3, column : column + 3]
            depthwise[:, row, column] = (window * template[:, 1:4, 1:4]).sum(axis=(1, 2))
    pixelwise = np.tensordot(template.reshape(3, -1).T, search, axes=1)  # (25, 9, 9)
    total = depthwise.sum(axis=0)
    score = DEPTHWISE_WEIGHT * total + PIXELWISE_WEIGHT * pixelwise.sum(axis=0) + BIAS
    ltrb = np.repeat((LTRB + LTRB_SLOPE * total)[None], 4, axis=0)
    return score[None, None].astype(np.float32), ltrb[None].astype(np.float32)


def bright_frame(center_xy: tuple[float, float], side: int = 20, size_wh: tuple[int, int] = (160, 120)) -> Any:
    """(H, W, 3) uint8: a bright square on a dark picture."""
    frame = np.full((size_wh[1], size_wh[0], 3), 20, np.uint8)
    left, top = round(center_xy[0] - side / 2), round(center_xy[1] - side / 2)
    frame[max(0, top) : top + side, max(0, left) : left + side] = 230
    return frame


def _features(image: Map) -> NDArray[np.float64]:
    cells = image.shape[2] // BLOCK
    blocks = image[0].astype(np.float64).reshape(3, cells, BLOCK, cells, BLOCK)
    return np.asarray(blocks.mean(axis=(2, 4)) / 255 - OFFSET)


def _models() -> dict[str, Any]:
    from onnx import helper

    node = helper.make_node
    means = {"mean_weight": _block_means(), "mean_bias": np.full(3, -OFFSET, np.float32)}
    blocks: dict[str, Any] = {"kernel_shape": [BLOCK, BLOCK], "strides": [BLOCK, BLOCK]}
    template = [
        node("Conv", ["z", "mean_weight", "mean_bias"], ["cells"], **blocks),  # (1, 3, 5, 5)
        node("Slice", ["cells", "starts", "ends", "axes"], ["inner"]),  # (1, 3, 3, 3)
        node("Reshape", ["inner", "shape_dw"], ["kernel_dw"]),  # (3, 1, 3, 3)
        node("Reshape", ["cells", "shape_flat"], ["flat"]),  # (3, 25)
        node("Transpose", ["flat"], ["rows"], perm=[1, 0]),
        node("Reshape", ["rows", "shape_pw"], ["kernel_pw"]),  # (25, 3, 1, 1)
    ]
    sizes = {"starts": [1, 1], "ends": [4, 4], "axes": [2, 3], "shape_dw": [3, 1, 3, 3]}
    sizes |= {"shape_flat": [3, -1], "shape_pw": [-1, 3, 1, 1]}
    search = [node("Conv", ["x", "mean_weight", "mean_bias"], ["features"], **blocks)]
    correlations = [
        node("Conv", ["features", "kernel_dw"], ["response_dw"], group=3, pads=[1, 1, 1, 1]),
        node("Conv", ["features", "kernel_pw"], ["response_pw"]),
    ]
    tail, weights = _tail()
    marks = np.random.default_rng(0)  # distinct bytes, by which the placeholders are found in the file
    kernels = {
        placeholder.name: marks.standard_normal(placeholder.shape).astype(np.float32)
        for placeholder in toy_graphs()["head"].placeholders
    }
    return {
        "template": _model("template", template, {**means, **{k: np.array(v, np.int64) for k, v in sizes.items()}}),
        "search": _model("search", search, means),
        "head": _model("head", [*correlations, *tail], {**kernels, **weights}),
        "tail": _model("tail", tail, weights),
    }


def _tail() -> tuple[list[Any], dict[str, NDArray[Any]]]:
    from onnx import helper

    nodes = [
        helper.make_node("Conv", ["response_dw", "sum_weight"], ["total"]),
        helper.make_node("Conv", ["response_pw", "pixelwise_weight"], ["evidence"]),
        helper.make_node("Mul", ["total", "depthwise_scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "evidence"], ["unbiased"]),
        helper.make_node("Add", ["unbiased", "bias"], ["score"]),
        helper.make_node("Conv", ["total", "ltrb_weight", "ltrb_bias"], ["ltrb"]),
    ]
    return nodes, {
        "sum_weight": np.ones((1, 3, 1, 1), np.float32),
        "pixelwise_weight": np.full((1, TEMPLATE_CELLS**2, 1, 1), PIXELWISE_WEIGHT, np.float32),
        "depthwise_scale": np.array([DEPTHWISE_WEIGHT], np.float32),
        "bias": np.array([BIAS], np.float32),
        "ltrb_weight": np.full((4, 1, 1, 1), LTRB_SLOPE, np.float32),
        "ltrb_bias": np.full(4, LTRB, np.float32),
    }


def _block_means() -> Map:
    weight = np.zeros((3, 3, BLOCK, BLOCK), np.float32)
    for channel in range(3):
        weight[channel, channel] = 1 / (255 * BLOCK**2)
    return weight


def _model(role: str, nodes: list[Any], initializers: dict[str, NDArray[Any]]) -> Any:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    said = toy_graphs()[role]
    inputs, outputs = (
        [helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.shape) for tensor in tensors]
        for tensors in (said.inputs, said.outputs)
    )
    stored = [numpy_helper.from_array(value, name) for name, value in initializers.items()]
    graph = helper.make_graph(nodes, role, inputs, outputs, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def _blank(model: Any) -> tuple[bytes, tuple[Placeholder, ...]]:
    """The serialised head with NaN where the kernels go, and where that is."""
    from onnx import numpy_helper

    data = bytearray(model.SerializeToString())
    placeholders = []
    for initializer in model.graph.initializer:
        if initializer.name.startswith("kernel_"):
            value = numpy_helper.to_array(initializer)
            offset = data.index(value.tobytes())
            data[offset : offset + value.nbytes] = np.full_like(value, np.nan).tobytes()
            placeholders.append(
                Placeholder(
                    name=initializer.name, offset=offset, length=value.nbytes, shape=value.shape, dtype="float32"
                )
            )
    return bytes(data), tuple(placeholders)


def _tensors(infos: Any) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(name=info.name, shape=tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim), dtype="float32")
        for info in infos
    )
