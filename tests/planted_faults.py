"""A fault for every rule of the lint, planted in good graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="graphs are read with the onnx package")

from onnx import TensorProto, helper  # noqa: E402

from tests.linted_graphs import find, initializer, node, param_files, set_initializer  # noqa: E402

ORIN = "jetson-orin-jp6"
XAVIER = "jetson-xavier-nx-jp5"
CPU = "cpu-x86"

Models = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A fault.

    Attributes:
        rule: that must find it.
        where: role of the graph and name of the node.
        plant: changes good graphs.
        severity: of the finding.
        target: that the bundle is held against.
        tensorrt: versions, where they are not the target's.
        dla: whether the graphs are to run on a DLA.
        variant: attributes of the variant.
        fix: part of what is to be done.
    """

    rule: str
    where: tuple[str, str]
    plant: Callable[[Models], Any]
    severity: str = "error"
    target: str = ORIN
    tensorrt: str | None = None
    dla: bool = False
    variant: dict[str, Any] = field(default_factory=dict)
    fix: str = ""


def nothing(models: Models) -> None:
    """The good bundle is the fault, for this target."""


def plants() -> list[Plant]:
    return [
        *variant_plants(),
        *file_plants(),
        *operator_plants(),
        *quantizer_plants(),
        *layer_plants(),
        *other_plants(),
    ]


def variant_plants() -> list[Plant]:
    return [
        Plant(
            rule="variant-engine",
            where=("", "onnx/int8-qdq/template.onnx"),
            target="android-vulkan",
            fix="--variant",
            plant=nothing,
        ),
        Plant(rule="graph-missing", where=("", "tail"), plant=lambda m: m.pop("tail"), fix=f"--target {ORIN}"),
        Plant(
            rule="correlation-missing",
            where=("", "correlate_conv"),
            plant=lambda m: [m.pop(f"correlate_{form}") for form in ("conv", "matmul", "taps")],
            fix=f"--target {ORIN}",
        ),
        Plant(
            rule="correlation-missing",
            where=("", "correlate_taps"),
            plant=lambda m: m.pop("correlate_taps"),
            severity="warning",
        ),
        Plant(
            rule="trunk-shared",
            where=("", "trunk"),
            plant=lambda m: m.update(trunk=m["search"]),
            fix=f"--target {ORIN}",
        ),
        Plant(rule="version", where=("", ""), tensorrt="8.4", plant=nothing),
        Plant(rule="version", where=("", ""), tensorrt="12.0", severity="warning", plant=nothing),
        Plant(rule="dla-absent", where=("", ""), target="jetson-thor-jp7", dla=True, plant=nothing),
        Plant(rule="dla-version", where=("", ""), target="jetson-orin-jp7", dla=True, plant=nothing),
        Plant(
            rule="dla-precision",
            where=("", ""),
            dla=True,
            variant={"precision": "fp32"},
            fix="--precision fp16",
            plant=nothing,
        ),
    ]


def file_plants() -> list[Plant]:
    def external(models: Models) -> None:
        tensor = initializer(models["template"], "w")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="w.bin")

    def opset(number: int) -> Callable[[Models], None]:
        def change(models: Models) -> None:
            models["tail"].opset_import[0].version = number

        return change

    def ir_version(models: Models) -> None:
        models["search"].ir_version = 12

    def symbolic(models: Models) -> None:
        find(models["tail"], "response").type.tensor_type.shape.dim[0].dim_param = "batch"

    def branch(models: Models) -> None:
        body = helper.make_graph([helper.make_node("Identity", ["c"], ["out"])], "body", [], [])
        models["tail"].graph.node.append(
            helper.make_node("If", ["yes"], ["o"], "if", then_branch=body, else_branch=body)
        )

    def huge_side(models: Models) -> None:
        find(models["search"], "x").type.tensor_type.shape.dim[3].dim_value = 9000

    at_tail = ("tail", "")
    return [
        Plant(rule="external-data", where=("template", "w"), plant=external),
        Plant(rule="opset-new", where=at_tail, plant=opset(18), target=XAVIER, fix="opset 17"),
        Plant(rule="opset-new", where=at_tail, plant=opset(24), severity="warning"),
        Plant(rule="opset-new", where=at_tail, plant=opset(26)),
        Plant(rule="opset-old", where=at_tail, plant=opset(8)),
        Plant(
            rule="opset-old",
            where=("search", "Q_x"),
            plant=lambda m: setattr(m["search"].opset_import[0], "version", 12),
        ),
        Plant(rule="ort-opset", where=("tail", ""), plant=opset(21), target="raspberry-pi-5"),
        Plant(rule="ort-opset", where=("search", ""), plant=ir_version, target=CPU),
        Plant(rule="dynamic-shape", where=("tail", "response"), plant=symbolic),
        Plant(rule="control-flow", where=("tail", "if"), plant=branch, severity="warning"),
        Plant(rule="dla-size", where=("search", "x"), plant=huge_side, dla=True),
    ]


def operator_plants() -> list[Plant]:
    def turn(role: str, name: str, operator: str, **attributes: Any) -> Callable[[Models], None]:
        def change(models: Models) -> None:
            changed = node(models[role], name)
            changed.op_type = operator
            changed.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())

        return change

    def foreign(models: Models) -> None:
        node(models["search"], "relu").domain = "com.microsoft.nchwc"

    def typed(kind: int) -> Callable[[Models], None]:
        def change(models: Models) -> None:
            find(models["tail"], "response").type.tensor_type.elem_type = kind

        return change

    def append(role: str, *added: Any, **constants: Any) -> Callable[[Models], None]:
        def change(models: Models) -> None:
            for name, value in constants.items():
                set_initializer(models[role], name, value)
            models[role].graph.node.extend(added)

        return change

    doubled = append("tail", helper.make_node("Cast", ["d"], ["e"], "cast", to=1), d=np.zeros(3))
    bytes_ = append(
        "tail", helper.make_node("Gather", ["u", "i"], ["v"], "gather"), u=np.zeros(3, np.uint8), i=np.array([0])
    )
    ints = append("tail", helper.make_node("Relu", ["i"], ["v"], "relu"), i=np.array([0]))
    open_end = append(
        "tail",
        helper.make_node("Slice", ["c", "from", "to"], ["s"], "slice"),
        **{"from": np.array([0]), "to": np.array([2**63 - 1])},
    )
    computed = append("tail", helper.make_node("Squeeze", ["c", "response"], ["s"], "squeeze"))
    return [
        Plant(rule="operator-domain", where=("search", "relu"), plant=foreign),
        Plant(rule="operator", where=("search", "relu"), plant=turn("search", "relu", "Det")),
        Plant(
            rule="operator",
            where=("search", "conv"),
            plant=turn("search", "conv", "QLinearConv"),
            fix="QuantizeLinear and DequantizeLinear",
        ),
        Plant(rule="operator", where=("tail", "sigmoid"), plant=turn("tail", "sigmoid", "IsInf"), target=XAVIER),
        Plant(rule="operator", where=("tail", "sigmoid"), plant=turn("tail", "sigmoid", "Gelu"), severity="warning"),
        Plant(rule="operator", where=("tail", "sigmoid"), plant=turn("tail", "sigmoid", "RMSNormalization")),
        Plant(rule="operator-type", where=("tail", "relu"), plant=ints, target=XAVIER),
        Plant(rule="operator-restriction", where=("tail", "squeeze"), plant=computed),
        Plant(
            rule="operator-restriction",
            where=("tail", "sigmoid"),
            plant=turn("tail", "sigmoid", "Resize", mode="cubic"),
        ),
        Plant(
            rule="operator-restriction",
            where=("tail", "sigmoid"),
            plant=turn("tail", "sigmoid", "MaxPool", kernel_shape=[2, 2], dilations=[2, 2]),
        ),
        Plant(rule="type-double", where=("tail", "d"), plant=doubled, severity="warning"),
        Plant(rule="type-uint8", where=("tail", "u"), plant=bytes_),
        Plant(rule="type-unknown", where=("tail", "response"), plant=typed(TensorProto.UINT16)),
        Plant(rule="type-unknown", where=("tail", "response"), plant=typed(TensorProto.BFLOAT16), target=XAVIER),
        Plant(rule="type-int64", where=("tail", "to"), plant=open_end, target=XAVIER, severity="note"),
        Plant(
            rule="type-int64",
            where=("tail", "response"),
            plant=typed(TensorProto.INT64),
            target=XAVIER,
            severity="warning",
        ),
        Plant(
            rule="dla-operator",
            where=("search", "relu"),
            plant=turn("search", "relu", "HardSwish"),
            dla=True,
            severity="warning",
        ),
    ]


def quantizer_plants() -> list[Plant]:
    def initial(name: str, value: Any) -> Callable[[Models], None]:
        return lambda models: set_initializer(models["search"], name, value)

    def without_zero_point(name: str) -> Callable[[Models], None]:
        def change(models: Models) -> None:
            del node(models["search"], name).input[2]

        return change

    def reads(name: str, index: int, tensor: str) -> Callable[[Models], None]:
        def change(models: Models) -> None:
            node(models["search"], name).input[index] = tensor

        return change

    def int32_bias(models: Models) -> None:
        set_initializer(models["search"], "b_q", np.zeros(8, np.int32))
        set_initializer(models["search"], "b_zero", np.array(0, np.int32))
        bias = helper.make_node("DequantizeLinear", ["b_q", "x_scale", "b_zero"], ["b_dq"], "DQ_b")
        models["search"].graph.node.insert(0, bias)
        node(models["search"], "conv").input[2] = "b_dq"

    def scale_computed(models: Models) -> None:
        models["search"].graph.node.insert(0, helper.make_node("Exp", ["x_scale"], ["grown"], "exp"))
        node(models["search"], "Q_x").input[1] = "grown"

    per_channel = np.full(4, 0.1, np.float32)

    def channelwise(models: Models) -> None:
        set_initializer(models["search"], "x_scale", per_channel)
        set_initializer(models["search"], "x_zero", np.zeros(4, np.int8))

    return [
        Plant(rule="quant-zero-point", where=("search", "Q_x"), plant=initial("x_zero", np.array(3, np.int8))),
        Plant(rule="quant-zero-point", where=("search", "DQ_w"), plant=initial("w_zero", np.full(8, -1, np.int8))),
        Plant(rule="quant-zero-point-missing", where=("search", "Q_r"), plant=without_zero_point("Q_r")),
        Plant(
            rule="quant-zero-point-missing",
            where=("search", "DQ_r"),
            plant=without_zero_point("DQ_r"),
            target=XAVIER,
        ),
        Plant(rule="quant-type", where=("search", "Q_x"), plant=initial("x_zero", np.array(0, np.uint8))),
        Plant(rule="quant-bias", where=("search", "DQ_b"), plant=int32_bias, fix="QuantizeBias=False"),
        Plant(rule="quant-scale", where=("search", "Q_r"), plant=initial("r_scale", np.array(0, np.float32))),
        Plant(rule="quant-scale", where=("search", "DQ_r"), plant=initial("r_scale", np.array(np.inf, np.float32))),
        Plant(rule="quant-scale", where=("search", "Q_x"), plant=scale_computed),
        Plant(rule="quant-scale-count", where=("search", "Q_w"), plant=initial("w_scale", per_channel)),
        Plant(rule="quant-scale-count", where=("search", "Q_w"), plant=initial("w_zero", np.array(0, np.int8))),
        Plant(rule="quant-activation-per-channel", where=("search", "Q_x"), plant=channelwise),
        Plant(rule="quant-pair", where=("search", "Q_r"), plant=reads("depthwise", 0, "r_q")),
        Plant(rule="quant-pair", where=("search", "DQ_r"), plant=reads("DQ_r", 0, "r")),
        Plant(rule="quant-pair", where=("search", "Q_x"), plant=reads("DQ_x", 0, "x")),
        Plant(rule="quant-pair-scale", where=("search", "DQ_r"), plant=reads("DQ_r", 1, "x_scale")),
        Plant(rule="dla-quantized", where=("search", "Q_x"), plant=nothing, dla=True),
        Plant(
            rule="ort-symmetric-int8",
            where=("search", "Q_x"),
            plant=nothing,
            target=CPU,
            severity="warning",
            fix="onnx/int8-ort",
        ),
    ]


def layer_plants() -> list[Plant]:
    def axis(models: Models) -> None:
        for name in ("Q_w", "DQ_w"):
            node(models["search"], name).attribute[0].i = 1
        for name in ("w_scale", "w_zero"):
            kept = onnx.numpy_helper.to_array(initializer(models["search"], name))[:4]
            set_initializer(models["search"], name, kept)

    def prequantized(models: Models) -> None:
        set_initializer(models["search"], "w_int8", np.ones((8, 4, 3, 3), np.int8))
        node(models["search"], "DQ_w").input[0] = "w_int8"

    def one_sided(models: Models) -> None:
        node(models["search"], "conv").input[1] = "w"

    def narrow_groups(models: Models) -> None:
        set_initializer(models["search"], "w_dw", np.ones((8, 2, 3, 3), np.float32))
        node(models["search"], "depthwise").attribute[0].i = 4

    def stem(models: Models) -> None:
        set_initializer(models["search"], "w", np.ones((8, 3, 7, 7), np.float32))

    def int8_correlation(models: Models) -> None:
        model = models["correlate_conv"]
        for name, value in (("scale", np.array(0.1, np.float32)), ("zero", np.array(0, np.int8))):
            set_initializer(model, name, value)
        quantizers = [
            helper.make_node("QuantizeLinear", ["kernel", "scale", "zero"], ["k_q"], "Q_k"),
            helper.make_node("DequantizeLinear", ["k_q", "scale", "zero"], ["k_dq"], "DQ_k"),
        ]
        node(model, "correlate").input[1] = "k_dq"
        for item in reversed(quantizers):
            model.graph.node.insert(0, item)

    def kernel_shape(models: Models) -> None:
        shape = next(
            item for item in node(models["correlate_conv"], "correlate").attribute if item.name == "kernel_shape"
        )
        shape.ints[0] = 3

    def kernel_unknown(models: Models) -> None:
        find(models["correlate_conv"], "kernel").type.tensor_type.shape.dim[2].dim_param = "h"

    def in_tail(models: Models) -> None:
        models["tail"].CopyFrom(models["correlate_conv"])

    def in_head(models: Models) -> None:
        models["head"] = models["correlate_conv"]

    def large_kernel(models: Models) -> None:
        set_initializer(models["template"], "w", np.ones((8, 4, 33, 33), np.float32))

    place = ("correlate_conv", "correlate")
    return [
        Plant(rule="quant-weight-axis", where=("search", "DQ_w"), plant=axis),
        Plant(
            rule="quant-int8-weights",
            where=("search", "DQ_w"),
            plant=prequantized,
            target=XAVIER,
            severity="warning",
            fix="AddQDQPairToWeight",
        ),
        Plant(rule="quant-one-sided", where=("search", "conv"), plant=one_sided, severity="warning"),
        Plant(rule="quant-group", where=("search", "depthwise"), plant=narrow_groups, severity="warning"),
        Plant(rule="quant-stem", where=("search", "conv"), plant=stem, severity="note"),
        Plant(rule="conv-dynamic-kernel", where=place, plant=nothing, tensorrt="8.4", fix="--xcorr matmul"),
        Plant(rule="conv-kernel-shape", where=place, plant=kernel_shape),
        Plant(rule="conv-kernel-shape", where=place, plant=kernel_unknown),
        Plant(rule="conv-grouped-int8", where=place, plant=int8_correlation),
        Plant(rule="conv-dynamic-group", where=place, plant=nothing, severity="note"),
        Plant(
            rule="conv-dynamic-group",
            where=("tail", "correlate"),
            plant=in_tail,
            severity="warning",
            fix="--xcorr matmul",
        ),
        Plant(rule="ort-dynamic-kernel", where=("head", "correlate"), plant=in_head, target=CPU, severity="warning"),
        Plant(rule="dla-restriction", where=place, plant=nothing, dla=True, severity="warning"),
        Plant(rule="dla-restriction", where=("template", "conv"), plant=large_kernel, dla=True, severity="warning"),
    ]


def other_plants() -> list[Plant]:
    def weights(value: float, kind: type = np.float32) -> Callable[[Models], None]:
        array = np.full((8, 4, 3, 3), value, kind)
        array[0, 0, 0, 0] = 1e-2
        return lambda models: set_initializer(models["template"], "w", array)

    def head(models: Models) -> None:
        models["head"] = models["tail"]
        set_initializer(models["head"], "kernel", np.full((8, 1, 4, 4), np.nan, np.float32))

    half = {"precision": "fp16"}
    ncnn = {"engine": "ncnn", "precision": "fp16", "session": "whole", "name": "ncnn/fp16", "ending": "param"}
    match = {"target": "android-vulkan", "variant": ncnn, "severity": "warning"}
    return [
        Plant(rule="weight-nan", where=("template", "w"), plant=weights(np.nan), fix="diverged"),
        Plant(
            rule="weight-nan",
            where=("head", "kernel"),
            plant=head,
            variant={"session": "baked", "placeholders": ("kernel",)},
            fix="split session",
        ),
        Plant(rule="fp16-overflow", where=("template", "w"), plant=weights(1e5), target=XAVIER),
        Plant(rule="fp16-overflow", where=("template", "w"), plant=weights(np.inf, np.float16), variant=half),
        Plant(
            rule="fp16-subnormal",
            where=("template", "w"),
            plant=weights(2e-5, np.float16),
            variant=half,
            severity="warning",
        ),
        Plant(
            rule="ncnn-dynamic-weight",
            where=("match", "xcorr"),
            plant=lambda m: m.update(param_files("ConvolutionDepthWise xcorr 2 1 x k y 0=8 7=8 19=1")),
            fix="--engine ncnn",
            **match,
        ),
        Plant(
            rule="ncnn-vulkan-layer",
            where=("match", "argmax"),
            plant=lambda m: m.update(param_files("ArgMax argmax 1 1 x y 0=0")),
            **match,
        ),
        Plant(
            rule="ncnn-vulkan-layer",
            where=("template", "unsqueeze"),
            plant=lambda m: m.update(param_files("", template="ExpandDims unsqueeze 1 1 x y 3=0")),
            fix="once per target",
            **{**match, "severity": "note"},
        ),
        Plant(
            rule="ncnn-vulkan-layer",
            where=("match", "product"),
            plant=lambda m: m.update(param_files("MatMul product 2 1 x k y")),
            fix="take a later ncnn, or export with --engine ncnn",
            **match,
        ),
    ]
