"""What a manifest must say of its graphs so that they fit each other and the tracker; no file is touched."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Correlation, Graph, GraphRole, Manifest, Placeholder, SessionKind, Tensor, Variant

__all__ = ["ROLES", "check_consistency", "correlation_response_shape"]

#: Graphs that each kind of session runs.
ROLES: dict[SessionKind, tuple[GraphRole, ...]] = {
    "baked": ("template", "search", "head"),
    "split": ("template", "search", "tail"),
}

_MAX_GRAPH_BYTES = 2**31 - 1  # what protobuf, and so ONNX, allows
_MAX_TENSOR_VALUES = 1 << 26  # more than the largest input of a tracker, 3 x 4096 x 4096


def check_consistency(manifest: Manifest) -> None:
    """Checks every variant: graphs present, inputs and outputs, correlations, placeholders.

    Raises:
        ManifestError: two parts of the manifest contradict each other.
    """
    if not manifest.correlations:
        raise ManifestError("manifest.correlations is empty, expected at least one")
    for name, variant in manifest.variants.items():
        where = f"manifest.variants.{name}"
        if missing := [role for role in ROLES[variant.session] if role not in variant.graphs]:
            raise ManifestError(f"{where} lacks the graph {missing[0]!r}, which a {variant.session} session runs")
        _check_variant(manifest, variant, f"{where}.graphs")


def correlation_response_shape(
    correlation: Correlation, kernel: Sequence[int], search: Sequence[int], where: str = "manifest.correlations"
) -> tuple[int, ...]:
    """Shape of the response, (1, channels, height, width).

    Args:
        correlation: its kind and padding.
        kernel: shape; depthwise (C, 1, h, w), pixelwise (K, C, 1, 1).
        search: shape, (1, C, H, W).
        where: name of the correlation in messages.

    Raises:
        ManifestError: the shapes do not go together.
    """
    what = f"{where}: {correlation.kind} correlation of kernel {tuple(kernel)} with search features {tuple(search)}"
    if len(kernel) != 4 or len(search) != 4 or search[0] != 1 or min((*kernel, *search)) < 1:
        raise ManifestError(f"{what}: expected four positive sides each, and batch 1")
    _, channels, height, width = search
    if correlation.kind == "pixelwise":
        if (kernel[1], kernel[2], kernel[3], correlation.padding) != (channels, 1, 1, 0):
            raise ManifestError(f"{what}: expected a kernel (K, {channels}, 1, 1) and padding 0")
        return (1, kernel[0], height, width)
    if kernel[:2] != (channels, 1) or not 0 <= correlation.padding < min(kernel[2:]):
        raise ManifestError(
            f"{what}, padding {correlation.padding}: expected a kernel ({channels}, 1, h, w) larger than the padding"
        )
    grown = 2 * correlation.padding + 1
    response = (1, channels, height + grown - kernel[2], width + grown - kernel[3])
    if min(response) < 1:
        raise ManifestError(f"{what}: the kernel is larger than the padded search features")
    return response


def _check_variant(manifest: Manifest, variant: Variant, where: str) -> None:
    config, graphs = manifest.tracker, variant.graphs
    for role, graph in graphs.items():
        if not 0 < graph.size_bytes <= _MAX_GRAPH_BYTES:
            raise ManifestError(f"{where}.{role}.size_bytes is {graph.size_bytes}, expected 1 to {_MAX_GRAPH_BYTES}")
        _check_tensors(graph, f"{where}.{role}")
    for role, size in (("template", config.template_size), ("search", config.search_size)):
        _check_input(graphs[role], size, f"{where}.{role}")
    kernels, features = _by_name(graphs["template"].outputs), _by_name(graphs["search"].outputs)
    responses = _responses(manifest.correlations, kernels, features)
    if "head" in graphs:
        head = graphs["head"]
        _check_known(head.inputs, features, f"{where}.head", "an output of the search graph")
        _check_maps(head, config, f"{where}.head")
        _check_placeholders(head, kernels, f"{where}.head")
    if "tail" in graphs:
        tail = graphs["tail"]
        _check_known(tail.inputs, {**features, **responses}, f"{where}.tail", "a response or an output of search")
        _check_maps(tail, config, f"{where}.tail")
    for role, graph in graphs.items():
        if role != "head" and graph.placeholders:
            raise ManifestError(f"{where}.{role} has placeholders, only a head may")


def _by_name(tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    return {tensor.name: tensor for tensor in tensors}


def _check_tensors(graph: Graph, where: str) -> None:
    names = [tensor.name for tensor in (*graph.inputs, *graph.outputs)]
    if len(set(names)) != len(names):
        raise ManifestError(f"{where}: a name of an input or output occurs twice: {', '.join(sorted(names))}")
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype != "float32" or not tensor.shape or min(tensor.shape) < 1:
            raise ManifestError(
                f"{where}: {tensor.name} is {tensor.dtype} {tensor.shape}, this runtime takes float32 of positive sides"
            )
        _check_size(tensor, where)


def _check_size(tensor: Tensor, where: str) -> None:
    if math.prod(tensor.shape) > _MAX_TENSOR_VALUES:
        raise ManifestError(
            f"{where}: {tensor.name} is {tensor.shape}, this runtime takes tensors of at most {_MAX_TENSOR_VALUES} "
            "values"
        )


def _check_input(graph: Graph, size: int, where: str) -> None:
    shapes = [tensor.shape for tensor in graph.inputs]
    if shapes != [(1, 3, size, size)]:
        raise ManifestError(f"{where}: inputs are {shapes}, the tracker gives one of (1, 3, {size}, {size})")


def _responses(
    correlations: Sequence[Correlation], kernels: dict[str, Tensor], features: dict[str, Tensor]
) -> dict[str, Tensor]:
    names = [correlation.kernel for correlation in correlations]
    if sorted(names) != sorted(kernels):
        raise ManifestError(
            f"manifest.correlations use the kernels {', '.join(names)}, "
            f"the template graph gives {', '.join(kernels)}; each must be used once"
        )
    responses: dict[str, Tensor] = {}
    for i, correlation in enumerate(correlations):
        where = f"manifest.correlations[{i}]"
        if correlation.search not in features:
            raise ManifestError(
                f"{where}.search is {correlation.search!r}, the search graph gives {', '.join(features)}"
            )
        if correlation.response in responses or correlation.response in features:
            raise ManifestError(f"{where}.response is {correlation.response!r}, a name that is already taken")
        shape = correlation_response_shape(
            correlation, kernels[correlation.kernel].shape, features[correlation.search].shape, where
        )
        response = Tensor(name=correlation.response, shape=shape, dtype="float32")
        _check_size(response, where)
        responses[correlation.response] = response
    return responses


def _check_known(inputs: Iterable[Tensor], known: dict[str, Tensor], where: str, what: str) -> None:
    for tensor in inputs:
        if tensor.name not in known:
            raise ManifestError(f"{where}: input {tensor.name!r} is not {what}; these are {', '.join(known)}")
        if tensor.shape != known[tensor.name].shape:
            raise ManifestError(f"{where}: input {tensor.name} is {tensor.shape}, it gets {known[tensor.name].shape}")


def _check_maps(graph: Graph, config: TrackerConfig, where: str) -> None:
    wanted = dict(config.outputs)
    got = {tensor.name: tensor.shape for tensor in graph.outputs}
    if got != wanted:
        raise ManifestError(f"{where}: outputs are {got}, the tracker wants {wanted}")


def _check_placeholders(head: Graph, kernels: dict[str, Tensor], where: str) -> None:
    names = [placeholder.name for placeholder in head.placeholders]
    if sorted(names) != sorted(kernels):
        raise ManifestError(
            f"{where}: placeholders are {', '.join(names) or 'none'}, expected one for each of {', '.join(kernels)}"
        )
    end = 0
    for placeholder in sorted(head.placeholders, key=lambda item: item.offset):
        _check_placeholder(placeholder, kernels[placeholder.name], f"{where}.placeholders.{placeholder.name}")
        if placeholder.offset < end or placeholder.offset + placeholder.length > head.size_bytes:
            raise ManifestError(
                f"{where}.placeholders.{placeholder.name} is at bytes {placeholder.offset} to "
                f"{placeholder.offset + placeholder.length}, expected in {end} to {head.size_bytes}, without overlap"
            )
        end = placeholder.offset + placeholder.length


def _check_placeholder(placeholder: Placeholder, kernel: Tensor, where: str) -> None:
    if placeholder.dtype != kernel.dtype or placeholder.scale is not None or placeholder.zero_point is not None:
        raise ManifestError(
            f"{where} is {placeholder.dtype} (scale {placeholder.scale}, zero point {placeholder.zero_point}), "
            f"this runtime writes {kernel.dtype} kernels only; update sdst-edge"
        )
    if placeholder.shape != kernel.shape:
        raise ManifestError(f"{where} is {placeholder.shape}, the template graph gives {kernel.shape}")
    length = math.prod(placeholder.shape) * np.dtype(placeholder.dtype).itemsize
    if placeholder.length != length:
        raise ManifestError(f"{where}.length is {placeholder.length}, expected {length} for {placeholder.shape}")
