"""The tables of facts say what their sources say, at the places where versions differ."""

from __future__ import annotations

import pytest

from sdst_export.lint.facts.tensorrt_operators import operator_support

OURS = """
    Conv Relu Clip HardSwish HardSigmoid Sigmoid GlobalAveragePool Mul Add Exp MatMul Reshape Transpose Unsqueeze
    Squeeze Concat Flatten Slice Split MaxPool AveragePool Pad ReduceSum ReduceMean Gather BatchNormalization
    QuantizeLinear DequantizeLinear Constant Identity Cast
"""


@pytest.mark.parametrize("version", [(8, 5), (8, 6), (10, 3), (10, 13), (10, 16), (11, 4)])
def test_operators_of_our_graphs_are_known_to_every_version(version: tuple[int, int]) -> None:
    assert [name for name in OURS.split() if operator_support(name, version).status != "yes"] == []


@pytest.mark.parametrize(
    ("operator", "version", "status", "since"),
    [
        ("LayerNormalization", (8, 5), "no", (8, 6)),  # changelog of 8.6
        ("LayerNormalization", (8, 6), "yes", None),
        ("CastLike", (8, 6), "no", (9, 2)),  # first in the table of 9.2
        ("DeformConv", (8, 5), "no", (10, 1)),  # changelog of 10.1
        ("DeformConv", (10, 3), "yes", None),
        ("HannWindow", (10, 3), "no", (10, 4)),
        ("Attention", (10, 13), "no", (10, 14)),
        ("RMSNormalization", (10, 16), "yes", None),
        ("Gelu", (10, 3), "unknown", (10, 15)),  # in the table of 10.15; no changelog names it
        ("Gelu", (10, 16), "yes", None),
        ("Det", (11, 4), "no", None),
        ("QLinearConv", (11, 4), "no", None),
        ("NotAnOperator", (11, 4), "no", None),
    ],
)
def test_operator_by_version(operator: str, version: tuple[int, int], status: str, since: object) -> None:
    support = operator_support(operator, version)
    assert (support.status, support.since) == (status, since)
    assert support.source


@pytest.mark.parametrize(
    ("operator", "version", "types"),
    [
        ("Relu", (8, 6), "F"),
        ("Relu", (10, 3), "FI"),
        ("TopK", (8, 5), "F"),
        ("TopK", (8, 6), "FI"),
        ("Pow", (10, 3), "F"),
        ("Pow", (10, 12), "FI"),
        ("ConstantOfShape", (10, 3), "F"),
        ("ConstantOfShape", (10, 15), "FIB"),
        ("Slice", (8, 5), "FIB"),
        ("And", (8, 5), "B"),
        ("DequantizeLinear", (10, 3), ""),
    ],
)
def test_types_by_version(operator: str, version: tuple[int, int], types: str) -> None:
    assert operator_support(operator, version).types == types
