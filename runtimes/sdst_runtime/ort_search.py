"""The part of a session that belongs to one shape of its search input."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.manifest import GraphRole
from sdst_runtime.ort_crop import CropInput
from sdst_runtime.ort_graph import empty_arrays
from sdst_runtime.ort_heads import Head
from sdst_runtime.ort_variant import OrtVariant

__all__ = ["OrtSearch"]


class OrtSearch:
    """A search graph, and the head that reads its features.

    Attributes:
        takes: whether search inputs of a shape are for this graph.
        x: the array that the graph reads.
        run: runs the graph once: from ``x`` to the features.
        named_features: search features by name.
        features: the same, in the graph's order.
        head: makes what runs from the features to the maps.
        outputs: maps in the order of ``TrackerConfig.outputs``.
    """

    def __init__(
        self, variant: OrtVariant, roles: tuple[GraphRole, GraphRole], config: TrackerConfig, head_type: type[Head]
    ) -> None:
        """Loads the graphs.

        Args:
            variant: with the graphs.
            roles: of the search graph, and of the one that gives the maps.
            config: of this search size.
            head_type: the way in which templates are kept.
        """
        search_role, head_role = roles
        graph = variant.graph(search_role)
        maps = empty_arrays(variant.graph(head_role).outputs)
        self._input = CropInput("search input", graph.inputs[0], config.search_shape, config.normalization)
        self.takes = self._input.takes
        self.x = self._input.array
        self.named_features = empty_arrays(graph.outputs)
        self.features = tuple(self.named_features.values())
        self.outputs = tuple(maps[name] for name in config.outputs)
        self._x_name = graph.inputs[0].name
        self._graph = variant.load(search_role, {self._x_name: self.x, **self.named_features})
        self.run = self._graph.run
        self.head = head_type(variant, head_role, {**self.named_features, **maps})

    def take(self, x: NDArray[Any]) -> None:
        """Lets the graph read another array from now on: this one, or what it was made of, see :class:`CropInput`.

        Raises:
            SdstError: it has another shape, type or layout.
        """
        array = self._input.readable(x)
        if array is not self.x:
            self._graph.bind_input(self._x_name, array)
            self.x = array
