"""Each rule finds the fault that is planted for it, at its place, and a good bundle has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="graphs are read with the onnx package")

from onnx import helper  # noqa: E402

from sdst_export.lint import Finding, lint  # noqa: E402
from sdst_export.lint.finding import gathered  # noqa: E402
from sdst_export.lint.scopes import NCNN_RULES, ONNX_RULES, VARIANT_RULES  # noqa: E402
from sdst_export.targets import Target, TensorRTRange, list_targets, load_target  # noqa: E402
from sdst_runtime.errors import ManifestError  # noqa: E402
from sdst_runtime.manifest import Mask  # noqa: E402
from tests.linted_graphs import bundle_of, good_models, node, set_initializer  # noqa: E402
from tests.planted_faults import CPU, ORIN, XAVIER, Models, Plant, plants  # noqa: E402

TENSORRT_TARGETS = [name for name in list_targets() if load_target(name).engine == "tensorrt"]


def findings_of(plant: Plant) -> tuple[Finding, ...]:
    models: Models = good_models()
    plant.plant(models)
    target = load_target(plant.target)
    if plant.tensorrt is not None:
        target = replace(target, tensorrt=TensorRTRange(lowest=plant.tensorrt, highest=plant.tensorrt))
    name = plant.variant.get("name", "onnx/int8-qdq")
    return lint(bundle_of(models, **plant.variant), target, variant=name, dla=plant.dla).findings


@pytest.mark.parametrize("plant", plants(), ids=lambda plant: f"{plant.rule}-{plant.where[0]}-{plant.severity}")
def test_planted_fault_is_found_at_its_place(plant: Plant) -> None:
    role, name = plant.where
    found = [item for item in findings_of(plant) if (item.rule, item.graph, item.node) == (plant.rule, role, name)]
    assert [item.severity for item in found] == [plant.severity]
    assert plant.fix in found[0].fix
    assert found[0].what


def test_there_is_a_plant_for_every_rule() -> None:
    rules = {*VARIANT_RULES.rules, *ONNX_RULES.rules, *NCNN_RULES.rules}
    assert {plant.rule for plant in plants()} == rules


@pytest.mark.parametrize("name", TENSORRT_TARGETS)
def test_good_bundle_passes(name: str) -> None:
    report = lint(bundle_of(good_models()), load_target(name), variant="onnx/int8-qdq")
    assert [(item.rule, item.severity) for item in report.findings] == [("conv-dynamic-group", "note")]
    assert report.graphs["onnx/int8-qdq"] == (
        "template",
        "search",
        "tail",
        "correlate_conv",
        "correlate_matmul",
        "correlate_taps",
    )


def test_errors_come_first() -> None:
    models = good_models()
    node(models["search"], "relu").op_type = "Det"
    del models["correlate_taps"]
    report = lint(bundle_of(models), load_target(ORIN))
    severities = [item.severity for item in report.findings]
    assert severities == sorted(severities, key=("error", "warning", "note").index)
    assert (report.count("error"), report.count("warning"), report.count("note")) == (2, 1, 1)


def test_default_variant_that_is_missing_is_told() -> None:
    report = lint(bundle_of(good_models()), load_target(ORIN))
    missing = report.findings[0]
    assert (missing.rule, missing.severity, missing.variant) == ("variant-missing", "error", "onnx/fp16")
    assert list(report.graphs) == ["onnx/int8-qdq"]


def test_variant_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ManifestError, match="has no variant 'onnx/fp8'; it has onnx/int8-qdq"):
        lint(bundle_of(good_models()), load_target(ORIN), variant="onnx/fp8")


def test_findings_that_differ_by_node_alone_are_gathered() -> None:
    models = good_models()
    for name in ("relu", "conv"):
        node(models["search"], name).op_type = "Det"
    node(models["tail"], "sigmoid").op_type = "Det"
    found = [item for item in lint(bundle_of(models), load_target(ORIN)).findings if item.rule == "operator"]
    assert [(item.graph, item.node, more) for item, more in gathered(found)] == [
        ("search", "conv", 1),
        ("tail", "sigmoid", 0),
    ]


def test_file_that_is_no_graph_is_told() -> None:
    models: Models = {**good_models(), "tail": b"nothing"}
    found = [item for item in lint(bundle_of(models), load_target(ORIN)).findings if item.graph == "tail"]
    assert [(item.rule, item.severity) for item in found] == [("unreadable", "error")]


def test_graph_of_openvino_is_said_not_to_be_checked() -> None:
    target: Target = replace(load_target(CPU), engine="openvino", session="whole")
    files = {"template": b"<net/>", "match": b"<net/>"}
    bundle = bundle_of(files, name="openvino/fp32", ending="xml", engine="openvino", precision="fp32", session="whole")
    report = lint(bundle, target, variant="openvino/fp32")
    assert [(item.rule, item.severity) for item in report.findings] == [("not-checked", "note")] * 2


def test_baked_head_of_onnx_runtime_passes_there() -> None:
    models = good_models()
    models["head"] = models["tail"]
    set_initializer(models["head"], "kernel", np.full((8, 1, 4, 4), np.nan, np.float32))
    bundle = bundle_of(models, engine="onnxruntime", precision="fp32", session="baked", placeholders=("kernel",))
    report = lint(bundle, load_target(CPU), variant="onnx/int8-qdq")
    assert [item.rule for item in report.findings] == ["ort-symmetric-int8"]
    assert "head" in report.graphs["onnx/int8-qdq"]


def test_scales_of_int8_placeholders_pass_on_onnx_runtime() -> None:
    models = good_models()
    head = models["head"] = models["correlate_conv"]
    del head.graph.input[0]
    set_initializer(head, "kernel", np.zeros((8, 1, 4, 4), np.int8))
    set_initializer(head, "kernel_scale", np.full(8, np.nan, np.float32))
    set_initializer(head, "kernel_zero", np.zeros(8, np.int8))
    parts = ["kernel", "kernel_scale", "kernel_zero"]
    head.graph.node.insert(0, helper.make_node("DequantizeLinear", parts, ["k"], "DQ_k", axis=0))
    node(head, "correlate").input[1] = "k"
    bundle = bundle_of(models, engine="onnxruntime", session="baked", placeholders=("kernel",))
    report = lint(bundle, load_target(CPU), variant="onnx/int8-qdq")
    assert [item.rule for item in report.findings if item.graph == "head"] == []


def test_variant_without_a_head_runs_split_on_onnx_runtime() -> None:
    report = lint(bundle_of(good_models()), load_target(CPU), variant="onnx/int8-qdq")
    assert [(item.rule, item.severity) for item in report.findings] == [("ort-symmetric-int8", "warning")]
    assert report.graphs["onnx/int8-qdq"] == ("template", "search", "tail")


def test_mask_is_for_onnx_runtime_alone() -> None:
    models: Models = {**good_models(), "mask": good_models()["tail"]}
    set_initializer(models["mask"], "w", np.full((1, 8, 1, 1), np.nan, np.float32))
    bundle = bundle_of(models)
    plain = lint(bundle, load_target(ORIN), variant="onnx/int8-qdq")
    correlation = replace(bundle.manifest.correlations[0], kernel="kernel_mask")
    segmenting = replace(bundle.manifest, mask=Mask(correlation=correlation, threshold=0.5))
    bundle.manifest = segmenting
    assert lint(bundle, load_target(ORIN), variant="onnx/int8-qdq").graphs == plain.graphs
    on_cpu = lint(bundle, load_target(CPU), variant="onnx/int8-qdq")
    assert ("weight-nan", "mask") in {(item.rule, item.graph) for item in on_cpu.findings}


def test_float_kernels_of_depthwise_layers_pass_in_int8() -> None:
    """Constant kernels of depthwise layers are no correlation: int8 takes them."""
    rules = {item.rule for item in lint(bundle_of(good_models()), load_target(XAVIER)).findings}
    assert not rules & {"quant-group", "conv-grouped-int8"}
