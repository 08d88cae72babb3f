"""The pieces of a network in the spelling of ncnn, which has no batch and no kernels of four sides.

A kernel arrives as a matrix, and a correlation is a product of it with the search features unfolded to windows. On
Vulkan every layer of that is run on the GPU. The plain spelling, a convolution whose weights are an input, is not:
ncnn runs it on the CPU, and sends features there and back in each frame. Measured for a depthwise correlation of 96
channels, 4 x 4 on 18 x 18 cells (ncnn 1.0.20261020, one thread of a CPU, then Mesa's software Vulkan):

    windows times kernel, mean over windows    0.29 ms      88 ms
    windows times kernel, sum over windows     0.34 ms     788 ms
    MatMul for each channel                    0.39 ms     on the CPU
    convolution with a kernel as input         0.04 ms     on the CPU
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdst_edge.models.base import Maps
from sdst_edge.models.composed import WeightedMean
from sdst_export.float_graphs import FloatGraphs
from sdst_runtime.manifest import Correlation
from sdst_runtime.search_roles import SearchRoles

__all__ = ["MatchPiece", "TemplatePiece", "without_stacks"]


def without_stacks(graphs: FloatGraphs) -> FloatGraphs:
    """The same network with means of branches as sums: stacked maps would be a batch, of which ncnn knows nothing."""
    network = copy.deepcopy(graphs.network)
    for name, module in list(network.named_modules()):
        if isinstance(module, WeightedMean):
            network.set_submodule(name, _WeightedSum(module))
    return FloatGraphs(network, graphs.family, graphs.form, opset=graphs.opset)


class _WeightedSum(nn.Module):
    """What :class:`WeightedMean` computes, without a stack."""

    def __init__(self, mean: WeightedMean) -> None:
        super().__init__()
        count = len(mean.branches)
        self.branches = mean.branches
        self.weights = [1 / count] * count if mean.weight is None else torch.softmax(mean.weight, dim=0).tolist()

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """(B, channels of the branches, S, S)."""
        weighted: list[Tensor] = [
            branch(maps) * weight for branch, weight in zip(self.branches, self.weights, strict=True)
        ]
        return reduce(torch.add, weighted)


class TemplatePiece(nn.Module):
    """From a template crop to the kernels.

    Attributes:
        examples: inputs by name.
        outputs: names.
    """

    def __init__(self, graphs: FloatGraphs) -> None:
        """The template graph.

        Args:
            graphs: of the network; weights are shared with it.
        """
        super().__init__()
        self.network = graphs.network
        self._piece = graphs.cut().pieces["template"]
        self.examples = dict(self._piece.inputs)
        self.outputs: Sequence[str] = self._piece.outputs

    def forward(self, z: Tensor) -> Maps:
        """(1, 3, side, side) to kernels, as ``sdst_runtime.manifest.Correlation`` has them."""
        return self._piece.function({"z": z})


class MatchPiece(nn.Module):
    """From one search region and the kernels to the maps.

    Attributes:
        examples: inputs by name; kernels as :func:`_matrix` has them.
        outputs: names.
    """

    def __init__(self, graphs: FloatGraphs, roles: SearchRoles) -> None:
        """The graph of one size of the search region.

        Args:
            graphs: of the network; weights are shared with it.
            roles: of that size.
        """
        super().__init__()
        self.network = graphs.network
        pieces = graphs.cut().pieces
        self._search, self._tail = pieces[roles.search], pieces[roles.tail]
        self._correlations = graphs.correlations
        match = pieces[roles.match]
        self._shapes = {name: tuple(match.inputs[name].shape) for name in match.kernels}
        kernels = {name: torch.zeros(_matrix(item, self._shapes[name])) for name, item in self._by_kernel().items()}
        self.examples = {"x": match.inputs["x"][:1], **kernels}
        self.outputs: Sequence[str] = match.outputs

    def forward(self, x: Tensor, *kernels: Tensor) -> Maps:
        """(1, 3, side, side) and matrices to maps of one region."""
        known = dict(zip(self._search.outputs, self._search.function({"x": x}), strict=True))
        for (name, item), kernel in zip(self._by_kernel().items(), kernels, strict=True):
            known[item.response] = _correlate(item, kernel, self._shapes[name], known[item.search])
        return self._tail.function(known)

    def _by_kernel(self) -> dict[str, Correlation]:
        return {item.kernel: item for item in self._correlations}


def _matrix(correlation: Correlation, kernel: Sequence[int]) -> tuple[int, ...]:
    """The shape in which a kernel (K, C, h, w) arrives: the same numbers in the same order."""
    count, channels, height, width = kernel
    if correlation.kind == "depthwise":
        return 1, count, height * width, 1
    return 1, count, channels * height * width


def _correlate(correlation: Correlation, matrix: Tensor, kernel: Sequence[int], search: Tensor) -> Tensor:
    """The response (1, K, H', W') of a kernel of that shape on search features (1, C, H, W)."""
    count, _, height, width = kernel
    padding = correlation.padding
    rows, columns = search.shape[2] + 2 * padding - height + 1, search.shape[3] + 2 * padding - width + 1
    if height == width == 1:
        windows = search.flatten(2)  # (1, C, H W)
    else:
        windows = F.unfold(search, (height, width), padding=padding)  # (1, C h w, H' W')
    if correlation.kind == "depthwise":
        cells = height * width
        products = matrix * windows.reshape(1, count, cells, rows * columns)  # (1, C, h w, H' W')
        response = F.avg_pool2d(products, (cells, 1)) * cells  # (1, C, 1, H' W'); pooling is faster than a sum
    else:
        response = matrix @ windows  # (1, K, H' W')
    return response.reshape(1, count, rows, columns)
