"""Layers that ncnn has on Vulkan."""

from __future__ import annotations

from collections.abc import Iterator

from sdst_export.lint.facts.ncnn import (
    DYNAMIC_WEIGHT,
    DYNAMIC_WEIGHT_PARAMETER,
    LATER_LAYERS,
    LATER_SOURCE,
    NO_COMPUTATION,
    RELEASE,
    VULKAN_LAYERS,
    VULKAN_SOURCE,
)
from sdst_export.lint.finding import Fault
from sdst_export.lint.scopes import NCNN_RULES, NcnnScope

__all__: list[str] = []


_AGAIN = "export with --engine ncnn, which spells correlations with layers that ncnn has on Vulkan"


@NCNN_RULES.rule("ncnn-dynamic-weight", "ncnn")
def correlation_stays_on_gpu(scope: NcnnScope) -> Iterator[Fault]:
    """A convolution whose kernel is an input runs on the processor, in every frame."""
    for layer in scope.layers:
        parameter = DYNAMIC_WEIGHT_PARAMETER.get(layer.kind)
        if parameter is not None and layer.parameters.get(parameter) == "1":
            yield Fault(
                severity="warning",
                node=layer.name,
                what=f"{layer.kind} takes its kernel from {layer.inputs[-1]}, which ncnn does on the processor "
                "only: two transfers a frame",
                fix=_AGAIN,
                source=DYNAMIC_WEIGHT,
            )


@NCNN_RULES.rule("ncnn-vulkan-layer", "ncnn")
def layers_are_on_vulkan(scope: NcnnScope) -> Iterator[Fault]:
    """A layer without an implementation on Vulkan runs on the processor."""
    for layer in scope.layers:
        if layer.kind in VULKAN_LAYERS or layer.kind in NO_COMPUTATION:
            continue
        once, later = scope.role == "template", layer.kind in LATER_LAYERS
        instead = "nothing: it runs once per target" if once else _AGAIN
        yield Fault(
            severity="note" if once else "warning",
            node=layer.name,
            what=f"ncnn {RELEASE} has no {layer.kind} on Vulkan: it runs on the processor, with transfers around it",
            fix=f"take a later ncnn, or {instead}" if later and not once else instead,
            source=LATER_SOURCE if later else VULKAN_SOURCE,
        )
