"""What rules look at, and the registries they are in."""

from __future__ import annotations

from dataclasses import dataclass, field

from sdst_export.lint.facts.tensorrt import Version
from sdst_export.lint.graph_view import GraphView
from sdst_export.lint.ncnn_file import Layer
from sdst_export.lint.registry import Registry
from sdst_export.targets import Target, parse_version
from sdst_runtime.manifest import Graph, GraphRole, Manifest, Variant

__all__ = ["NCNN_RULES", "ONNX_RULES", "VARIANT_RULES", "NcnnScope", "OnnxScope", "VariantScope"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantScope:
    """A variant of a bundle, for a target.

    Attributes:
        manifest: of the bundle.
        variant_name: in the manifest.
        variant: of that name.
        target: that is to run it.
        roles: graphs that the target would run, whether they are there or not.
        role: empty; findings are of the whole variant.
    """

    manifest: Manifest
    variant_name: str
    variant: Variant
    target: Target
    roles: tuple[GraphRole, ...]
    role: str = field(default="", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxScope:
    """An ONNX graph that a target would run.

    Attributes:
        variant_name: in the manifest.
        variant: of that name.
        target: that is to run it.
        role: of the graph.
        entry: what the manifest says of it.
        graph: itself.
    """

    variant_name: str
    variant: Variant
    target: Target
    role: str
    entry: Graph
    graph: GraphView

    @property
    def version(self) -> Version:
        """The oldest TensorRT that the target may have: what it takes, the others take too."""
        assert self.target.tensorrt is not None
        return parse_version(self.target.tensorrt.lowest)

    @property
    def newest(self) -> Version:
        """The newest TensorRT that the target may have."""
        assert self.target.tensorrt is not None
        return parse_version(self.target.tensorrt.highest)


@dataclass(frozen=True, slots=True, kw_only=True)
class NcnnScope:
    """The structure of an ncnn graph.

    Attributes:
        variant_name: in the manifest.
        target: that is to run it.
        role: of the graph.
        layers: in their order.
    """

    variant_name: str
    target: Target
    role: str
    layers: tuple[Layer, ...]


VARIANT_RULES: Registry[VariantScope] = Registry()
ONNX_RULES: Registry[OnnxScope] = Registry()
NCNN_RULES: Registry[NcnnScope] = Registry()
