"""The table of layers on Vulkan is what the installed ncnn says, if it is the release that the table is about."""

from __future__ import annotations

import pytest

from sdst_export.lint.facts.ncnn import LATER_LAYERS, RELEASE, VULKAN_LAYERS

ncnn = pytest.importorskip("ncnn", reason="ncnn is an extra")


def test_layers_on_vulkan_are_those_of_the_release() -> None:
    if ncnn.__version__ != RELEASE:
        pytest.skip(f"the table is about ncnn {RELEASE}, {ncnn.__version__} is installed")
    made = {name: ncnn.create_layer(name) for name in VULKAN_LAYERS | LATER_LAYERS}
    assert {name for name, layer in made.items() if layer is not None and layer.support_vulkan} == VULKAN_LAYERS
