"""Our own int8 graphs pass for the engines that they are made for, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sdst_edge.models import build
from sdst_export.calibration import random_calibration
from sdst_export.float_graphs import FloatGraphs
from sdst_export.lint import lint
from sdst_export.quantization import SCHEMES, quantize
from sdst_export.targets import list_targets, load_target
from sdst_runtime.bundle import Bundle
from tests.toy_bundle import toy_manifest

FAMILY = "nanotrack-v3"  # has depthwise and pixelwise correlations
TENSORRT_10 = [name for name in list_targets() if name.startswith("jetson") and "jp5" not in name]


@pytest.fixture(scope="module")
def bundles() -> Mapping[str, Bundle]:
    """A network of random weights, quantised in both ways on noise, each in a bundle of its own."""
    torch.manual_seed(0)
    graphs = FloatGraphs.of(build(FAMILY, width=0.25).eval(), FAMILY)
    crops = random_calibration(graphs.config)
    made = {name: quantize(graphs, scheme, crops) for name, scheme in SCHEMES.items()}
    return {
        name: Bundle(
            Path("made-up"),
            replace(toy_manifest({}), variants={item.name: item.variant}, default_variant=item.name),
            item.files,
        )
        for name, item in made.items()
    }


def rules(bundle: Bundle, target: str) -> set[tuple[str, str]]:
    """Severities and names of the rules that find something."""
    found = lint(bundle, load_target(target), variant=bundle.manifest.default_variant).findings
    return {(item.severity, item.rule) for item in found}


@pytest.mark.parametrize("target", TENSORRT_10)
def test_int8_for_tensorrt_passes(target: str, bundles: Mapping[str, Bundle]) -> None:
    assert {severity for severity, _ in rules(bundles["int8-qdq"], target)} == {"note"}


def test_int8_for_tensorrt_is_not_known_to_build_with_8_5(bundles: Mapping[str, Bundle]) -> None:
    found = rules(bundles["int8-qdq"], "jetson-xavier-nx-jp5")
    assert found == {("warning", "quant-int8-weights"), ("note", "conv-dynamic-group")}


@pytest.mark.parametrize("target", ["cpu-x86", "raspberry-pi-5"])
def test_int8_for_onnx_runtime_passes(target: str, bundles: Mapping[str, Bundle]) -> None:
    assert rules(bundles["int8-ort"], target) == set()


def test_int8_for_onnx_runtime_is_refused_for_tensorrt(bundles: Mapping[str, Bundle]) -> None:
    errors = {rule for severity, rule in rules(bundles["int8-ort"], "jetson-orin-jp6") if severity == "error"}
    assert errors >= {"quant-type", "quant-zero-point", "quant-bias", "correlation-missing"}
