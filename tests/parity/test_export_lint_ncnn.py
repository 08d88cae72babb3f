"""The table of layers on Vulkan is what the installed ncnn says, and our own graphs have no others in a frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sdst_edge.models import build
from sdst_export.float_graphs import FloatGraphs
from sdst_export.lint import lint
from sdst_export.lint.facts.ncnn import LATER_LAYERS, RELEASE, VULKAN_LAYERS
from sdst_export.targets import load_target
from sdst_runtime.bundle import Bundle
from tests.toy_bundle import toy_manifest

ncnn = pytest.importorskip("ncnn", reason="ncnn is an extra")


def test_layers_on_vulkan_are_those_of_the_release() -> None:
    if ncnn.__version__ != RELEASE:
        pytest.skip(f"the table is about ncnn {RELEASE}, {ncnn.__version__} is installed")
    made = {name: ncnn.create_layer(name) for name in VULKAN_LAYERS | LATER_LAYERS}
    assert {name for name, layer in made.items() if layer is not None and layer.support_vulkan} == VULKAN_LAYERS


def test_our_graphs_stay_on_vulkan_in_every_frame() -> None:
    pytest.importorskip("pnnx", reason="pnnx is an extra")
    from sdst_export.ncnn_export import make_ncnn

    torch.manual_seed(0)
    made = make_ncnn(FloatGraphs.of(build("sdst-nano-s", width=0.25).eval(), "sdst-nano-s"), "fp32")
    manifest = replace(toy_manifest({}), variants={made.name: made.variant}, default_variant=made.name)
    report = lint(Bundle(Path("made-up"), manifest, made.files), load_target("android-vulkan"), variant=made.name)
    assert report.graphs == {"ncnn/fp32": ("template", "match")}
    assert [(item.severity, item.rule) for item in report.findings if item.graph == "match"] == []
    assert {item.severity for item in report.findings} <= {"note"}
