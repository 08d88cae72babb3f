"""Variants in int8 and float16 of every kind of tracker: what they hold, and that targets are followed by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sdst_edge.datasets import render_clip
from sdst_edge.evaluation.metrics import iou
from sdst_edge.models.checkpoint import load_checkpoint
from sdst_export.calibration import CalibrationSet, CropPair, collect, random_calibration
from sdst_export.draft import Draft
from sdst_export.float_graphs import FloatGraphs
from sdst_export.fp16 import make_fp16
from sdst_export.quantization import SCHEMES, Quantizer, quantizable_layers, quantize
from sdst_export.quantization.feeds import FloatRun
from sdst_export.quantization.variant_parity import compare_variant
from sdst_export.variant_files import VariantFiles
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError, ParityError
from sdst_runtime.loading import load
from sdst_runtime.manifest import Graph
from tests.parity.toy_networks import TOYS, toy
from tests.tolerances import MIN_VARIANT_IOU, REL_TOY_FP16, REL_TOY_INT8

EACH_TOY = pytest.mark.parametrize("name", TOYS)
ONNX_TYPES = {
    "float32": onnx.TensorProto.FLOAT,
    "float16": onnx.TensorProto.FLOAT16,
    "int8": onnx.TensorProto.INT8,
    "int64": onnx.TensorProto.INT64,
    "uint8": onnx.TensorProto.UINT8,
}


@cache
def toy_graphs(name: str) -> FloatGraphs:
    return FloatGraphs(toy(name), name)


@pytest.fixture(scope="module")
def toys() -> Callable[[str], Quantizer]:
    """From a toy's name and scheme to its quantiser, whose ranges are found once."""
    made: dict[str, Quantizer] = {}

    def quantizer(name: str, scheme: str = "int8-ort") -> Quantizer:
        key = f"{name} {scheme}"
        if key not in made:
            graphs = toy_graphs(name)
            made[key] = Quantizer(graphs, SCHEMES[scheme], random_calibration(graphs.config))
        return made[key]

    return quantizer


@cache
def patch_graphs(name: str) -> FloatGraphs:
    return FloatGraphs(toy(name, patches=True), name)


def models(made: VariantFiles) -> dict[str, onnx.ModelProto]:
    return {name: onnx.load_from_string(data) for name, data in made.files.items()}


def assert_float32_outside(made: VariantFiles, *, reads_bytes: bool = False) -> None:
    """Inputs and outputs as the manifest has them, crops as bytes or not, opset 17, and placeholders where it says."""
    assert made.variant.reads_bytes == reads_bytes
    files = models(made)
    for graph in made.variant.graphs.values():
        model = files[graph.file]
        assert [item.version for item in model.opset_import] == [17]
        for described, stored in ((graph.inputs, model.graph.input), (graph.outputs, model.graph.output)):
            kinds = {item.name: item.type.tensor_type.elem_type for item in stored}
            for tensor in described:
                is_crop = reads_bytes and tensor.name in ("z", "x")
                assert tensor.dtype == ("int64" if tensor.name == "cell" else "uint8" if is_crop else "float32")
                assert kinds[tensor.name] == ONNX_TYPES[tensor.dtype]
        assert_placeholders(model, made.files[graph.file], graph)


def assert_placeholders(model: onnx.ModelProto, data: bytes, graph: Graph) -> None:
    stored = {item.name: item for item in model.graph.initializer}
    for item in graph.placeholders:
        assert stored[item.name].data_type == ONNX_TYPES[item.dtype]
        assert data[item.offset : item.offset + item.length] == stored[item.name].raw_data
        if item.scale_offset is not None:
            scales = np.frombuffer(data, "<f4", count=item.shape[0], offset=item.scale_offset)
            assert np.isnan(scales).all()


@EACH_TOY
@pytest.mark.parametrize("scheme", SCHEMES)
def test_int8_variant_computes_what_the_network_does(toys: Callable[..., Quantizer], name: str, scheme: str) -> None:
    made = toys(name, scheme).make()
    assert_float32_outside(made)
    variant = made.variant
    chosen = SCHEMES[scheme]
    assert (made.name, variant.engine, variant.session) == (f"onnx/{scheme}", chosen.engine, chosen.session)
    ways = {"baked", "split"} if scheme == "int8-ort" else {"split"}
    assert {key.partition(".")[0].removesuffix("_small") for key in variant.parity.max_rel_error} - {"mask"} == ways
    assert max(variant.parity.max_rel_error.values()) <= REL_TOY_INT8
    assert min(variant.parity.max_rel_error.values()) > 0
    heads = [graph for role, graph in variant.graphs.items() if role in ("head", "head_small")]
    kernels = {item.dtype for head in heads for item in head.placeholders}
    assert kernels == ({"int8"} if scheme == "int8-ort" else set())
    assert ("correlate_conv" in variant.graphs) == (scheme == "int8-qdq")
    assert variant.quantization is not None
    assert variant.quantization.activations == chosen.activations


@pytest.mark.parametrize("name", ["toy-points", "toy-small", "toy-response", "toy-mask"])
def test_patches_read_bytes_in_every_size_of_crop(name: str) -> None:
    graphs = patch_graphs(name)
    made = quantize(graphs, SCHEMES["int8-ort"], random_calibration(graphs.config))
    assert_float32_outside(made, reads_bytes=True)
    assert max(made.variant.parity.max_rel_error.values()) <= REL_TOY_INT8
    assert not quantize(graphs, SCHEMES["int8-qdq"], random_calibration(graphs.config)).variant.reads_bytes


def test_patches_read_floats_where_they_stay_float() -> None:
    graphs = patch_graphs("toy-points")
    quantizer = Quantizer(graphs, SCHEMES["int8-ort"], random_calibration(graphs.config))
    first, *others = quantizer.layers
    assert_float32_outside(quantizer.make([first]))
    assert_float32_outside(quantizer.make(others), reads_bytes=True)  # it alone is quantised


def test_a_variant_reads_bytes_in_all_of_its_files_or_in_none() -> None:
    """With a file for each branch, as in a variant that shares no trunk."""
    graphs, alone = patch_graphs("toy-points"), replace(SCHEMES["int8-ort"], session="split")
    quantizer = Quantizer(graphs, alone, random_calibration(graphs.config))
    firsts = [layer for layer in quantizer.layers if layer in ("template/Conv_0", "search/Conv_0")]
    assert len(firsts) == 2
    assert_float32_outside(quantizer.make(), reads_bytes=True)
    for first in firsts:
        assert_float32_outside(quantizer.make([first]))


@pytest.mark.parametrize(
    ("name", "engine"), [*((name, "onnxruntime") for name in TOYS), ("toy-mask", "tensorrt"), ("toy-small", "tensorrt")]
)
def test_fp16_variant_computes_what_the_network_does(name: str, engine: str) -> None:
    made = make_fp16(toy_graphs(name), engine=engine)
    assert_float32_outside(made)
    assert max(made.variant.parity.max_rel_error.values()) <= REL_TOY_FP16
    assert {item.dtype for item in made.variant.graphs["head"].placeholders} == {"float16"}
    assert ("correlate_taps" in made.variant.graphs) == (engine == "tensorrt")
    for role, graph in made.variant.graphs.items():
        if "correlate" in role:
            assert "Cast" not in {node.op_type for node in models(made)[graph.file].graph.node}
    halves = models(made)[made.variant.graphs["search"].file].graph.initializer
    assert onnx.TensorProto.FLOAT16 in {item.data_type for item in halves}
    assert onnx.TensorProto.FLOAT not in {item.data_type for item in halves}


def test_same_crops_give_the_same_bytes() -> None:
    graphs = [toy_graphs("toy-response"), FloatGraphs(toy("toy-response"), "toy-response")]
    for scheme in SCHEMES.values():
        one, other = (quantize(each, scheme, random_calibration(each.config)) for each in graphs)
        assert one == other
    assert make_fp16(graphs[0]) == make_fp16(graphs[1])


def test_calibrators_find_different_ranges() -> None:
    graphs = toy_graphs("toy-points")
    calibration = random_calibration(graphs.config)
    made = {m: quantize(graphs, SCHEMES["int8-ort"], calibration, method=m) for m in ("min-max", "percentile")}
    assert made["min-max"].files != made["percentile"].files
    for method, item in made.items():
        assert item.variant.quantization is not None
        assert item.variant.quantization.calibration.method == method


@pytest.mark.parametrize("scheme", SCHEMES)
def test_layers_that_stay_float_keep_their_weights(toys: Callable[..., Quantizer], scheme: str) -> None:
    quantizer = toys("toy-points", scheme)
    assert quantizer.layers == quantizable_layers(toy_graphs("toy-points"), SCHEMES[scheme])
    every, rest = quantizer.make(), quantizer.make(quantizer.layers[1:])
    assert rest.variant.quantization is not None
    assert set(rest.variant.quantization.float_layers) == set(quantizer.layers[1:])
    errors = [sum(item.variant.parity.max_rel_error.values()) for item in (every, rest)]
    assert errors[1] < errors[0]
    nodes = [[node.op_type for m in models(item).values() for node in m.graph.node] for item in (every, rest)]
    pairs = [kinds.count("QuantizeLinear") for kinds in nodes]
    assert 0 < pairs[1] < pairs[0]


def test_a_correlation_that_stays_float_has_a_float32_placeholder(toys: Callable[..., Quantizer]) -> None:
    quantizer = toys("toy-points")
    correlation = next(layer for layer in quantizer.layers if layer.startswith("head/"))
    placeholders = quantizer.make([correlation]).variant.graphs["head"].placeholders
    assert sorted(item.dtype for item in placeholders) == ["float32", "int8"]


def test_layers_of_the_tail_are_as_those_of_the_head(toys: Callable[..., Quantizer]) -> None:
    quantizer = toys("toy-points")
    assert not [layer for layer in quantizer.layers if layer.startswith("tail/")]
    last = quantizer.layers[-1]
    before, after = (models(item)["onnx/int8-ort/tail.onnx"] for item in (quantizer.make(), quantizer.make([last])))
    assert len(after.graph.node) < len(before.graph.node)


def test_wrong_layers_are_refused(toys: Callable[..., Quantizer]) -> None:
    quantizer = toys("toy-points")
    with pytest.raises(
        ConfigError, match=r"'head/Conv_99' is no layer that onnx/int8-ort quantises; the layers are search/"
    ):
        quantizer.make(["head/Conv_99"])
    with pytest.raises(ConfigError, match="no layer is left to quantise"):
        quantizer.make(quantizer.layers)


def test_crops_of_another_tracker_are_refused() -> None:
    graphs, other = toy_graphs("toy-points"), toy("toy-small").config
    scheme, pairs = SCHEMES["int8-ort"], random_calibration(other).pairs
    with pytest.raises(ConfigError, match=r"search crops to calibrate on are \(1, 3, 80, 80\), the tracker takes"):
        Quantizer(graphs, scheme, CalibrationSet(source="set", sequences=1, pairs=pairs))
    wrong = tuple(CropPair(z=pair.z[:, :, 1:, 1:], x=pair.x) for pair in random_calibration(graphs.config).pairs)
    with pytest.raises(ConfigError, match=r"template crops to calibrate on are \(1, 3, 31, 31\)"):
        Quantizer(graphs, scheme, CalibrationSet(source="set", sequences=1, pairs=wrong))


def test_a_search_size_without_crops_is_refused() -> None:
    graphs = toy_graphs("toy-small")
    ordinary = [pair for pair in random_calibration(graphs.config).pairs if pair.x.shape == graphs.config.search_shape]
    calibration = CalibrationSet(source="set", sequences=1, pairs=tuple(ordinary))
    with pytest.raises(ConfigError, match=r"set: there are no search crops of \(1, 3, 80, 80\)"):
        Quantizer(graphs, SCHEMES["int8-ort"], calibration)


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_a_variant_that_gives_garbage_is_refused(toys: Callable[..., Quantizer], value: float) -> None:
    """Weights of the last layers of no number, or of none at all, so that every cell is the same."""
    graphs = toy_graphs("toy-points")
    made = toys("toy-points").make()
    file = made.variant.graphs["head"].file
    model = models(made)[file]
    last = {name for node in model.graph.node if "score" in node.output for name in node.input[1:2]}
    for item in model.graph.initializer:
        if item.name in last:
            item.CopyFrom(numpy_helper.from_array(np.full_like(numpy_helper.to_array(item), value), item.name))
    broken = replace(made, files={**made.files, file: model.SerializeToString()})
    run = FloatRun(graphs, random_calibration(graphs.config))
    with pytest.raises(ParityError, match="score is no number, or one value throughout"):
        compare_variant(graphs, broken, run)


def test_fp16_refuses_weights_and_values_beyond_its_range() -> None:
    network = toy("toy-anchors")
    network.branches["score"].predict.weight.data[0, 0] = 70000.0
    with pytest.raises(ConfigError, match=r"reaches 7e\+04, beyond float16's 65504"):
        make_fp16(FloatGraphs(network, "toy-anchors"))
    network = toy("toy-anchors")
    network.branches["score"].predict.weight.data *= 15000.0
    with pytest.raises(ConfigError, match="score of the head graph reaches"):
        make_fp16(FloatGraphs(network, "toy-anchors"))


@pytest.fixture(scope="module")
def draft(nanotrack_bundles: Callable[[str], Path]) -> Draft:
    """NanoTrack v3's published weights in every precision, calibrated on two rendered clips."""
    folder = nanotrack_bundles("nanotrack-v3")
    bundle = Bundle.open(folder)
    names = {graph.file for variant in bundle.manifest.variants.values() for graph in variant.graphs.values()}
    made = Draft(bundle.manifest, {name: (folder / name).read_bytes() for name in names})
    loaded = load_checkpoint(folder.with_suffix(".safetensors"))
    graphs = FloatGraphs(loaded.model, loaded.family)
    clips = [render_clip(seed, frames=20, size_wh=(320, 240)) for seed in (1, 2)]
    calibration = collect(bundle, clips, "rendered", searches=12)
    for scheme in SCHEMES.values():
        made.add(quantize(graphs, scheme, calibration))
    made.add(make_fp16(graphs))
    return made


@pytest.mark.slow
def test_every_precision_follows_the_clip_as_float32_does(draft: Draft) -> None:
    clip = render_clip(7, frames=20, size_wh=(320, 240)).held(range(20))
    paths = {}
    for name in draft.manifest.variants:
        with load(draft.bundle(), variant=name, engine="onnxruntime") as tracker:
            tracker.init(clip.frames[0], clip.boxes_xywh[0])
            paths[name] = np.array([tracker.update(clip.frames[index]).box_xywh for index in range(1, 20)])
    assert iou(paths["onnx/fp32"], clip.boxes_xywh[1:]).min() > 0  # it follows
    assert set(paths) == {"onnx/fp32", "onnx/fp16", "onnx/int8-ort", "onnx/int8-qdq"}
    for name, path in paths.items():
        assert iou(path, paths["onnx/fp32"]).mean() >= MIN_VARIANT_IOU, name
