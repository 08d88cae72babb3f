"""What an ONNX Runtime session keeps for one target."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sdst_runtime.kernel_template import KernelTemplate, refuse_closed_template
from sdst_runtime.manifest import Tensor
from sdst_runtime.ort_graph import Arrays, empty_arrays
from sdst_runtime.ort_heads import Run
from sdst_runtime.ort_variant import OrtVariant

__all__ = ["OrtTemplate", "crop_tensor", "load_template"]


def crop_tensor(variant: OrtVariant) -> Tensor:
    """What the template branch begins with."""
    return variant.graph("trunk" if variant.has("trunk") else "template").inputs[0]


def load_template(variant: OrtVariant, z: NDArray[Any], kernels: Arrays) -> Run:
    """What runs the template branch, from ``z`` to ``kernels``: one graph, or the trunk that it shares and the rest.

    Args:
        variant: with the graphs.
        z: template crop, of :func:`crop_tensor`'s shape and dtype; read where it is.
        kernels: by name, written where they are.
    """
    graph = variant.graph("template")
    if not variant.has("trunk"):
        return variant.load("template", {graph.inputs[0].name: z, **kernels}).run
    trunk = variant.graph("trunk")
    features = empty_arrays(trunk.outputs)
    first = variant.load("trunk", {trunk.inputs[0].name: z, **features}).run
    second = variant.load("template", {**features, **kernels}).run

    def run() -> None:
        first()
        second()

    return run


class OrtTemplate(KernelTemplate):
    """The correlation kernels of one target, and what was built around them.

    Attributes:
        owner: the session that made it, and the only one that takes it.
        heads: what runs from search features to maps, for each size of the search input; None until it is first used.
        segment: what runs from search features to the mask; None until it is first asked for.
    """

    __slots__ = ("heads", "segment")

    def __init__(self, owner: object, kernels: Arrays, sizes: int) -> None:
        """A target without anything built yet.

        Args:
            owner: the session.
            kernels: outputs of the template graph by name. Kept.
            sizes: of the search input.
        """
        super().__init__(owner, kernels)
        self.heads: list[Run | None] = [None] * sizes
        self.segment: Run | None = None

    def close(self) -> None:
        """Frees kernels and graphs; a closed template cannot be matched. Closing twice is allowed."""
        super().close()
        self.heads = [refuse_closed_template] * len(self.heads)
        self.segment = None
