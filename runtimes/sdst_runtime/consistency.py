"""What a manifest must say of its graphs so that they fit each other and the tracker; no file is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError, ManifestError
from sdst_runtime.graph_checks import (
    by_name,
    check_crops_alike,
    check_engine,
    check_input,
    check_known,
    check_maps,
    check_mask_output,
    check_placeholders,
    check_size,
    check_tensors,
)
from sdst_runtime.manifest import (
    Correlation,
    CorrelationForm,
    EngineName,
    Graph,
    GraphRole,
    Manifest,
    Mask,
    SessionKind,
    Tensor,
    Variant,
)
from sdst_runtime.search_roles import SEARCH_ROLES, SearchRoles

__all__ = ["ROLES", "check_consistency", "correlation_response_shape", "search_configs", "session_roles"]

#: The graphs that each kind of session runs for a frame, in the order of :func:`search_configs`.
ROLES: dict[SessionKind, tuple[tuple[GraphRole, ...], ...]] = {
    "baked": tuple((roles.search, roles.head) for roles in SEARCH_ROLES),
    "split": tuple((roles.search, roles.tail) for roles in SEARCH_ROLES),
    "whole": tuple((roles.match,) for roles in SEARCH_ROLES),
}

#: The kinds of sessions that run an engine's variants.
_SESSIONS: dict[EngineName, tuple[SessionKind, ...]] = {
    "onnxruntime": ("baked", "split"),
    "tensorrt": ("split",),
    "openvino": ("whole",),
    "ncnn": ("whole",),
}


def search_configs(config: TrackerConfig) -> tuple[TrackerConfig, ...]:
    """The configuration itself, and after it the one for small targets where there is one.

    Raises:
        ConfigError: the numbers for small targets are out of their ranges.
    """
    small = config.for_small_target()
    return (config,) if small is None else (config, small)


def session_roles(manifest: Manifest, kind: SessionKind) -> tuple[GraphRole, ...]:
    """Graphs that a session of that kind runs; masks are not for ``whole`` ones."""
    sizes = ROLES[kind][: 1 if manifest.tracker.small_target is None else 2]
    mask: tuple[GraphRole, ...] = () if manifest.mask is None or kind == "whole" else ("mask",)
    return ("template", *(role for roles in sizes for role in roles), *mask)


def check_consistency(manifest: Manifest) -> None:
    """Checks every variant: graphs present, inputs and outputs, correlations, placeholders.

    Raises:
        ManifestError: two parts of the manifest contradict each other.
    """
    if not manifest.correlations:
        raise ManifestError("manifest.correlations is empty, expected at least one")
    if manifest.mask is not None:
        _check_mask_rule(manifest.mask, manifest.tracker)
    for name, variant in manifest.variants.items():
        where = f"manifest.variants.{name}"
        if variant.session not in (kinds := _SESSIONS[variant.engine]):
            raise ManifestError(f"{where}.session is {variant.session!r}, {variant.engine} takes {' or '.join(kinds)}")
        check_engine(variant.graphs, variant.engine, f"{where}.graphs")
        _check_roles(manifest, variant, where)
        _check_variant(manifest, variant.graphs, f"{where}.graphs")


def correlation_response_shape(
    correlation: Correlation, kernel: Sequence[int], search: Sequence[int], where: str = "manifest.correlations"
) -> tuple[int, ...]:
    """Shape of the response, (N, channels, height, width).

    Args:
        correlation: its kind and padding.
        kernel: shape; full (1, C, h, w), depthwise (C, 1, h, w), up-channel (K, C, h, w), pixelwise (K, C, 1, 1).
        search: shape, (N, C, H, W).
        where: name of the correlation in messages.

    Raises:
        ManifestError: the shapes do not go together.
    """
    what = f"{where}: {correlation.kind} correlation of kernel {tuple(kernel)} with search features {tuple(search)}"
    if len(kernel) != 4 or len(search) != 4 or min((*kernel, *search)) < 1:
        raise ManifestError(f"{what}: expected four positive sides each")
    batch, channels, height, width = search
    padding = correlation.padding
    wanted = {
        "full": (1, channels, *kernel[2:]),
        "depthwise": (channels, 1, *kernel[2:]),
        "up-channel": (kernel[0], channels, *kernel[2:]),
        "pixelwise": (kernel[0], channels, 1, 1),
    }[correlation.kind]
    if tuple(kernel) != wanted:
        raise ManifestError(f"{what}: expected a kernel {wanted}")
    if padding and (correlation.kind != "depthwise" or not 0 < padding < min(kernel[2:])):
        raise ManifestError(
            f"{what}: padding is {padding}, expected 0, or of a depthwise one a number below the kernel's sides"
        )
    grown = 2 * padding + 1
    response = (batch, kernel[0], height + grown - kernel[2], width + grown - kernel[3])
    if min(response) < 1:
        raise ManifestError(f"{what}: the kernel is larger than the padded search features")
    return response


def _check_mask_rule(mask: Mask, config: TrackerConfig) -> None:
    """A mask's place is known for a search crop of pysot's kind around one cell of one size of map."""
    if not 0.0 <= mask.threshold <= 1.0:
        raise ManifestError(f"manifest.mask.threshold is {mask.threshold}, expected a number in [0, 1]")
    crop = config.crop
    got = (config.output_kind, config.small_target is not None, crop.context, crop.rounding)
    if got not in (("anchors", False, "square", "pysot"), ("points", False, "square", "pysot")):
        raise ManifestError(
            f"manifest.mask goes with {got[0]}{' and small_target' if got[1] else ''} in {got[2]} crops rounded as "
            f"{got[3]!r}; this runtime has masks for anchors or points without small_target, in square crops rounded "
            "as 'pysot'"
        )


def _check_roles(manifest: Manifest, variant: Variant, where: str) -> None:
    needed = session_roles(manifest, variant.session)
    if variant.engine == "tensorrt":  # whose session has no masks
        needed = tuple(role for role in needed if role != "mask")
    if missing := [role for role in needed if role not in variant.graphs]:
        raise ManifestError(f"{where} lacks the graph {missing[0]!r}, which a {variant.session} session runs")
    sizes = SEARCH_ROLES[: 1 if manifest.tracker.small_target is None else 2]
    if variant.engine == "tensorrt" and (lacking := [r for r in sizes if not _forms(variant.graphs, r)]):
        raise ManifestError(f"{where} lacks a graph of the correlations, such as {lacking[0].correlate['conv']!r}")
    known = {role for kind in ROLES for role in session_roles(manifest, kind)}
    known |= {"trunk", *(role for roles in sizes for role in roles.correlate.values())}
    if unknown := [role for role in variant.graphs if role not in known]:
        raise ManifestError(
            f"{where} has the graph {unknown[0]!r}, which no session runs: "
            f"manifest.{'mask' if unknown[0] == 'mask' else 'tracker.small_target'} is null"
        )


def _forms(graphs: Mapping[GraphRole, Graph], roles: SearchRoles) -> list[CorrelationForm]:
    """Forms in which the correlations of a search size are there as graphs of their own."""
    return [form for form in get_args(CorrelationForm) if roles.correlate[form] in graphs]


def _check_variant(manifest: Manifest, graphs: Mapping[GraphRole, Graph], where: str) -> None:
    for role, graph in graphs.items():
        check_tensors(graph, role, f"{where}.{role}")
    _check_template(graphs, manifest.tracker.template_shape, where)
    kernels = by_name(graphs["template"].outputs)
    used = [correlation.kernel for correlation in manifest.correlations]
    used += [] if manifest.mask is None else [manifest.mask.correlation.kernel]
    if sorted(used) != sorted(kernels):
        raise ManifestError(
            f"manifest.correlations{'' if manifest.mask is None else ' and mask'} use the kernels {', '.join(used)}, "
            f"the template graph gives {', '.join(kernels)}; each must be used once"
        )
    try:
        configs = search_configs(manifest.tracker)
    except ConfigError as error:
        raise ManifestError(f"manifest.tracker.small_target: {error}") from None
    if len(configs) == 2 and configs[0].search_size == configs[1].search_size:  # sessions tell them apart by it
        raise ManifestError(
            f"manifest.tracker.small_target.search_size is {configs[1].search_size}, expected another one than "
            "manifest.tracker.search_size"
        )
    for config, roles in zip(configs, SEARCH_ROLES, strict=False):
        if roles.match in graphs:
            _check_match(graphs[roles.match], manifest.correlations, kernels, config, f"{where}.{roles.match}")
        if roles.search in graphs:
            _check_search_size(manifest.correlations, config, graphs, roles, where)
    check_crops_alike(graphs, where)
    if "mask" in graphs and manifest.mask is not None:
        _check_mask_graph(manifest.mask, manifest.tracker, graphs, f"{where}.mask")


def _check_template(graphs: Mapping[GraphRole, Graph], shape: tuple[int, int, int, int], where: str) -> None:
    """The template graph takes the crop, or what a trunk makes of it."""
    if "trunk" not in graphs:
        check_input(graphs["template"], shape, f"{where}.template")
        return
    check_input(graphs["trunk"], shape, f"{where}.trunk")
    known = by_name(graphs["trunk"].outputs)
    if not graphs["template"].inputs:
        raise ManifestError(f"{where}.template has no inputs, expected outputs of the trunk graph")
    check_known(graphs["template"].inputs, known, f"{where}.template", "an output of the trunk graph")


def _check_search_size(
    correlations: Sequence[Correlation],
    config: TrackerConfig,
    graphs: Mapping[GraphRole, Graph],
    roles: SearchRoles,
    where: str,
) -> None:
    search, head, tail = roles.search, roles.head, roles.tail
    check_input(graphs[search], config.search_shape, f"{where}.{search}")
    kernels, features = by_name(graphs["template"].outputs), by_name(graphs[search].outputs)
    if reserved := sorted(features.keys() & {*config.outputs, "cell", "mask"}):
        raise ManifestError(
            f"{where}.{search}: an output is called {reserved[0]!r}, which is the name of another tensor"
        )
    responses: dict[str, Tensor] = {}
    for i, correlation in enumerate(correlations):
        response = _response(correlation, kernels, features, config.scales, f"manifest.correlations[{i}]")
        if response.name in {*responses, *features, *config.outputs}:
            raise ManifestError(
                f"manifest.correlations[{i}].response is {response.name!r}, a name that is already taken"
            )
        responses[response.name] = response
    if head in graphs:
        check_known(graphs[head].inputs, features, f"{where}.{head}", "an output of the search graph")
        check_maps(graphs[head], config, f"{where}.{head}")
        check_placeholders(graphs[head], {c.kernel: kernels[c.kernel] for c in correlations}, f"{where}.{head}")
    if tail in graphs:
        known = {**features, **responses}
        check_known(graphs[tail].inputs, known, f"{where}.{tail}", "a response or an output of the search graph")
        check_maps(graphs[tail], config, f"{where}.{tail}")
    for form in _forms(graphs, roles):
        correlate = roles.correlate[form]
        _check_correlate(graphs[correlate], {**kernels, **features}, responses, f"{where}.{correlate}")


def _check_match(
    graph: Graph, correlations: Sequence[Correlation], kernels: dict[str, Tensor], config: TrackerConfig, where: str
) -> None:
    """One graph per frame: the search region and the kernels in, the maps out."""
    used = {item.kernel: kernels[item.kernel] for item in correlations}
    got = by_name(graph.inputs)
    others = [tensor for name, tensor in got.items() if name not in used]
    if [tensor.shape for tensor in others] != [config.search_shape] or len(got) != len(used) + 1:
        raise ManifestError(
            f"{where}: inputs are {', '.join(got) or 'none'}, expected a search region {config.search_shape} and the "
            f"kernels {', '.join(used)}"
        )
    check_known([got[name] for name in used], used, where, "a kernel of the template graph")
    check_maps(graph, config, where)


def _check_correlate(graph: Graph, known: dict[str, Tensor], responses: dict[str, Tensor], where: str) -> None:
    """The correlations alone: kernels and search features in, responses out."""
    check_known(graph.inputs, known, where, "a kernel or an output of the search graph")
    got = {tensor.name: tensor.shape for tensor in graph.outputs}
    if got != {name: tensor.shape for name, tensor in responses.items()}:
        raise ManifestError(f"{where}: outputs are {got}, expected the responses {', '.join(responses)}")


def _response(
    correlation: Correlation, kernels: dict[str, Tensor], features: dict[str, Tensor], batch: int, where: str
) -> Tensor:
    if correlation.search not in features:
        raise ManifestError(f"{where}.search is {correlation.search!r}, the search graph gives {', '.join(features)}")
    search = features[correlation.search].shape
    if search[0] != batch:
        raise ManifestError(f"{where}: search features {correlation.search} are {search}, expected a batch of {batch}")
    shape = correlation_response_shape(correlation, kernels[correlation.kernel].shape, search, where)
    response = Tensor(name=correlation.response, shape=shape, dtype="float32")
    check_size(response, where)
    return response


def _check_mask_graph(mask: Mask, config: TrackerConfig, graphs: Mapping[GraphRole, Graph], where: str) -> None:
    graph, correlation = graphs["mask"], mask.correlation
    kernels, features = by_name(graphs["template"].outputs), by_name(graphs["search"].outputs)
    response = _response(correlation, kernels, features, config.scales, "manifest.mask.correlation")
    cells = (config.response_size, config.response_size)
    if response.shape[2:] != cells:
        raise ManifestError(f"manifest.mask.correlation: the response is {response.shape}, expected cells {cells}")
    known = {**features, "cell": Tensor(name="cell", shape=(2,), dtype="int64")}
    check_known(graph.inputs, known, where, "an output of the search graph, or the cell")
    if missing := {correlation.search, "cell"} - {tensor.name for tensor in graph.inputs}:
        raise ManifestError(f"{where} has no input {min(missing)!r}, which a mask depends on")
    check_mask_output(graph, where)
    check_placeholders(graph, {correlation.kernel: kernels[correlation.kernel]}, where)
