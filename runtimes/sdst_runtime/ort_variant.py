"""The graphs of one variant of a bundle, loaded into ONNX Runtime as they are or with a target's kernels in them."""

from __future__ import annotations

from dataclasses import dataclass

from sdst_runtime.baking import bake
from sdst_runtime.bundle import Bundle
from sdst_runtime.manifest import Graph, GraphRole
from sdst_runtime.ort_graph import Arrays, OrtGraph, OrtOptions

__all__ = ["OrtVariant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrtVariant:
    """A variant, and how ONNX Runtime runs it.

    Attributes:
        bundle: checked by :meth:`Bundle.open`.
        name: of the variant, None for the bundle's default.
        options: threads and providers.
    """

    bundle: Bundle
    name: str | None
    options: OrtOptions

    def graph(self, role: GraphRole) -> Graph:
        """What the manifest says of the graph of a role."""
        return self.bundle.variant(self.name).graphs[role]

    def has(self, role: GraphRole) -> bool:
        """Whether the variant has a graph of that role."""
        return role in self.bundle.variant(self.name).graphs

    def load(self, role: GraphRole, arrays: Arrays) -> OrtGraph:
        """The graph of a role, bound to arrays; errors as in :class:`OrtGraph`."""
        return OrtGraph(self.bundle.graph_bytes(self.name, role), self.graph(role), self.options, arrays)

    def bake(self, role: GraphRole, arrays: Arrays, kernels: Arrays) -> OrtGraph:
        """The graph of a role with kernels in the places of its placeholders, bound to arrays.

        Args:
            role: of a graph with placeholders.
            arrays: inputs and outputs by name. Kept.
            kernels: outputs of the template graph by name. Not kept.

        Raises:
            ManifestError: a kernel holds what its placeholder cannot, or an error of :class:`OrtGraph`.
        """
        graph = self.graph(role)
        model = bake(self.bundle.graph_bytes(self.name, role), graph.placeholders, kernels)
        return OrtGraph(model, graph, self.options, arrays)
