"""Parts of a manifest that contradict each other, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sdst_runtime.config import ScalePyramid, SmallTarget
from sdst_runtime.consistency import check_consistency, correlation_response_shape, session_roles
from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Correlation, Graph, Manifest, Tensor
from tests.toy_bundle import CONFIG, CORRELATIONS, FOLDER, beginning_with_bytes, toy_graphs, toy_manifest
from tests.toys import MASKS, POINTS, SMALL, TOYS, Toy


def tensor(name: str, *shape: int, dtype: str = "float32") -> Tensor:
    return Tensor(name=name, shape=shape, dtype=dtype)


def changed(role: str, toy: Toy = POINTS, **changes: Any) -> Manifest:
    graphs: dict[str, Graph] = toy_graphs(toy)
    graphs[role] = replace(graphs[role], **changes)
    return toy_manifest(graphs, toy)


def changed_mask(**changes: Any) -> Manifest:
    assert MASKS.mask is not None
    return toy_manifest(toy_graphs(MASKS), replace(MASKS, mask=replace(MASKS.mask, **changes)))


def changed_mask_correlation(**changes: Any) -> Manifest:
    assert MASKS.mask is not None
    return changed_mask(correlation=replace(MASKS.mask.correlation, **changes))


def with_config(toy: Toy, **changes: Any) -> Manifest:
    return toy_manifest(toy_graphs(toy), replace(toy, config=replace(toy.config, **changes)))


def mask_inputs(*without: str) -> tuple[Tensor, ...]:
    return tuple(item for item in toy_graphs(MASKS)["mask"].inputs if item.name not in without)


def placeholder(**changes: Any) -> Manifest:
    first, second = toy_graphs()["head"].placeholders
    return changed("head", placeholders=(replace(first, **changes), second))


def correlation(index: int = 0, **changes: Any) -> Manifest:
    correlations = list(CORRELATIONS)
    correlations[index] = replace(correlations[index], **changes)
    return replace(toy_manifest(toy_graphs()), correlations=tuple(correlations))


def without(role: str, session: str, toy: Toy = POINTS) -> Manifest:
    graphs = toy_graphs(toy)
    del graphs[role]
    return toy_manifest(graphs, toy, session=session)


def for_engine(engine: Any, session: Any, graphs: dict[str, Graph], toy: Toy = POINTS) -> Manifest:
    """The toy's graphs with others besides, as a variant of an engine."""
    manifest = toy_manifest({**toy_graphs(toy), **graphs}, toy, session=session)
    return replace(manifest, variants={FOLDER: replace(manifest.variants[FOLDER], engine=engine)})


def match_graph(toy: Toy = POINTS) -> Graph:
    """Search and head in one."""
    graphs, used = toy_graphs(toy), {item.kernel for item in toy.correlations}
    kernels = tuple(item for item in graphs["template"].outputs if item.name in used)
    return replace(graphs["tail"], inputs=(*graphs["search"].inputs, *kernels))


def with_trunk(*inputs: Tensor) -> dict[str, Graph]:
    """A trunk that gives one tensor, and a template graph that reads these."""
    template = toy_graphs()["template"]
    return {
        "trunk": replace(template, outputs=(tensor("shared", 1, 3, 5, 5),)),
        "template": replace(template, inputs=inputs),
    }


def huge_response() -> Manifest:
    """Kernel and features are of ordinary sizes, what they make together is not."""
    graphs = toy_graphs()
    kernels = (tensor("kernel_dw", 3, 1, 3, 3), tensor("kernel_pw", 10_000, 3, 1, 1))
    graphs["template"] = replace(graphs["template"], outputs=kernels)
    graphs["search"] = replace(graphs["search"], outputs=(tensor("features", 1, 3, 100, 100),))
    return toy_manifest(graphs)


@pytest.mark.parametrize("session", ["baked", "split"])
@pytest.mark.parametrize("name", TOYS)
def test_check_consistency_takes_the_toys(name: str, session: str) -> None:
    check_consistency(toy_manifest(toy_graphs(TOYS[name]), TOYS[name], session=session))


@pytest.mark.parametrize("name", TOYS)
def test_check_consistency_takes_graphs_that_begin_with_bytes(name: str) -> None:
    graphs = {role: beginning_with_bytes(graph) for role, graph in toy_graphs(TOYS[name]).items()}
    manifest = toy_manifest(graphs, TOYS[name])
    check_consistency(manifest)
    assert manifest.variants[FOLDER].reads_bytes
    assert not toy_manifest(toy_graphs(TOYS[name]), TOYS[name]).variants[FOLDER].reads_bytes


@pytest.mark.parametrize("suffix", ["", "_small"])
def test_check_consistency_takes_a_variant_without_the_graph_of_the_other_session(suffix: str) -> None:
    check_consistency(without(f"tail{suffix}", "baked", SMALL))
    check_consistency(without(f"head{suffix}", "split", SMALL))


def test_check_consistency_takes_a_trunk_and_a_match_graph_of_the_engines_that_run_them() -> None:
    check_consistency(toy_manifest({**toy_graphs(), **with_trunk(tensor("shared", 1, 3, 5, 5))}))
    check_consistency(for_engine("ncnn", "whole", {"match": match_graph()}))


def test_check_consistency_takes_a_mask_graph_that_needs_fewer_features() -> None:
    check_consistency(changed("mask", MASKS, inputs=mask_inputs("detail")))


def test_session_roles_are_those_that_a_session_runs() -> None:
    assert session_roles(toy_manifest({}), "baked") == ("template", "search", "head")
    assert session_roles(toy_manifest({}, MASKS), "split") == ("template", "search", "tail", "mask")
    small = ("template", "search", "tail", "search_small", "tail_small")
    assert session_roles(toy_manifest({}, SMALL), "split") == small


CASES = {
    "no correlations": (replace(toy_manifest(toy_graphs()), correlations=()), "correlations is empty"),
    "no search graph": (without("search", "baked"), "lacks the graph 'search'"),
    "no head for baked": (without("head", "baked"), "lacks the graph 'head', which a baked session runs"),
    "no tail for split": (without("tail", "split"), "lacks the graph 'tail', which a split session runs"),
    "template size": (
        changed("template", inputs=(tensor("z", 1, 3, 41, 41),)),
        "the tracker gives one of (1, 3, 40, 40)",
    ),
    "search size": (
        replace(toy_manifest(toy_graphs()), tracker=replace(CONFIG, search_size=80)),
        "search: inputs are [(1, 3, 72, 72)], the tracker gives one of (1, 3, 80, 80)",
    ),
    "two inputs": (changed("search", inputs=(tensor("x", 1, 3, 72, 72), tensor("y", 1))), "the tracker gives one of"),
    "no input": (changed("search", inputs=()), "search: inputs are []"),
    "dtype": (changed("search", inputs=(tensor("x", 1, 3, 72, 72, dtype="float16"),)), "takes float32"),
    "bytes of the shape of floats": (
        changed("search", inputs=(tensor("x", 1, 3, 72, 72, dtype="uint8"),)),
        "search: inputs are [(1, 3, 72, 72)], the tracker gives one of (1, 72, 72, 3) as bytes",
    ),
    "floats of the shape of bytes": (
        changed("search", inputs=(tensor("x", 1, 72, 72, 3),)),
        "inputs are [(1, 72, 72, 3)], the tracker gives one of (1, 3, 72, 72)",
    ),
    "bytes in one graph and floats in the other": (
        changed("search", inputs=(tensor("x", 1, 72, 72, 3, dtype="uint8"),)),
        "crops are float32 in template, uint8 in search; expected the same in all",
    ),
    "bytes that are no crop": (
        changed("head", inputs=(tensor("features", 1, 3, 9, 9, dtype="uint8"),)),
        "features is uint8 (1, 3, 9, 9), this runtime takes float32",
    ),
    "bytes as features": (changed("search", outputs=(tensor("features", 1, 3, 9, 9, dtype="uint8"),)), "takes float32"),
    "bytes behind a trunk": (
        toy_manifest({**toy_graphs(), **with_trunk(tensor("shared", 1, 3, 5, 5, dtype="uint8"))}),
        "input shared is uint8, it gets float32",
    ),
    "bytes for TensorRT": (
        for_engine("tensorrt", "split", {"search": beginning_with_bytes(toy_graphs()["search"])}),
        "search begins with bytes, which is for onnxruntime, and not for tensorrt",
    ),
    "symbolic side": (changed("search", inputs=(tensor("x", 1, 3, -1, 72),)), "of positive sides"),
    "too many values": (
        changed("search", outputs=(tensor("features", 1, 3, 10**30, 9),)),
        "features is (1, 3, 1000000000000000000000000000000, 9), this runtime takes tensors of at most",
    ),
    "too many values in a response": (
        huge_response(),
        "response_pw is (1, 10000, 100, 100), this runtime takes tensors of at most",
    ),
    "file of no bytes": (changed("search", size_bytes=0), "search.size_bytes is 0, expected 1 to 2147483647"),
    "file too large for ONNX": (changed("search", size_bytes=1 << 31), "expected 1 to 2147483647"),
    "name twice": (changed("search", outputs=(tensor("x", 1, 3, 9, 9),)), "occurs twice"),
    "kernel not given": (changed("template", outputs=(tensor("kernel_dw", 3, 1, 3, 3),)), "each must be used once"),
    "kernel used twice": (correlation(kernel="kernel_pw"), "each must be used once"),
    "search features not given": (correlation(search="neck"), "correlations[0].search is 'neck'"),
    "response named twice": (correlation(response="response_pw"), "a name that is already taken"),
    "response named as features": (correlation(response="features"), "a name that is already taken"),
    "padding too large": (correlation(padding=3), "padding is 3, expected 0, or of a depthwise one a number below"),
    "padding negative": (correlation(padding=-1), "padding is -1, expected 0"),
    "pixelwise padding": (correlation(1, padding=1), "padding is 1, expected 0"),
    "kind of another kernel": (correlation(kind="pixelwise", padding=0), "expected a kernel (3, 3, 1, 1)"),
    "batch of features": (
        changed("search", outputs=(tensor("features", 2, 3, 9, 9),)),
        "search features features are (2, 3, 9, 9), expected a batch of 1",
    ),
    "features named as a map": (
        changed("search", outputs=(tensor("features", 1, 3, 9, 9), tensor("ltrb", 1, 3, 9, 9))),
        "an output is called 'ltrb', which is the name of another tensor",
    ),
    "response named as a map": (correlation(response="score"), "a name that is already taken"),
    "response of another shape": (correlation(padding=0), "input response_dw is (1, 3, 9, 9), it gets (1, 3, 7, 7)"),
    "head input unknown": (
        changed("head", inputs=(tensor("neck", 1, 3, 9, 9),)),
        "is not an output of the search graph",
    ),
    "head input shape": (changed("head", inputs=(tensor("features", 1, 3, 9, 8),)), "it gets (1, 3, 9, 9)"),
    "head outputs": (changed("head", outputs=(tensor("score", 1, 1, 9, 9),)), "the tracker wants"),
    "tail score channels": (
        changed("tail", outputs=(tensor("score", 1, 2, 9, 9), tensor("ltrb", 1, 4, 9, 9))),
        "the tracker wants",
    ),
    "placeholders in tail": (
        changed("tail", placeholders=toy_graphs()["head"].placeholders),
        "tail has placeholders, only head, head_small, mask may",
    ),
    "no placeholders": (changed("head", placeholders=()), "placeholders are none"),
    "placeholder unknown": (placeholder(name="kernel"), "expected one for each of kernel_dw, kernel_pw"),
    "placeholder shape": (placeholder(shape=(3, 3, 3, 1)), "the template graph gives (3, 1, 3, 3)"),
    "placeholder length": (placeholder(length=104), "length is 104, expected 108"),
    "placeholder dtype": (placeholder(dtype="int4"), "update sdst-edge"),
    "placeholder scale": (placeholder(scale_offset=0), "expected scales of int8 kernels, and of no others"),
    "placeholder without scale": (placeholder(dtype="int8", length=27), "expected scales of int8 kernels"),
    "placeholder of int8 length": (placeholder(dtype="int8", scale_offset=0), "length is 108, expected 27"),
    "placeholder of float16 length": (placeholder(dtype="float16"), "length is 108, expected 54"),
    "scales past the end": (placeholder(dtype="int8", length=27, scale_offset=989), "its scales, is at bytes 989"),
    "scales in a kernel": (placeholder(dtype="int8", length=27, scale_offset=120), "without overlap"),
    "placeholder past the end": (placeholder(offset=893), "expected in"),
    "placeholder before the file": (placeholder(offset=-1), "is at bytes -1 to 107"),
    "placeholders overlap": (placeholder(offset=200), "without overlap"),
    "batch of another pyramid": (
        with_config(TOYS["response"], pyramid=replace(ScalePyramid(), count=5)),
        "search: inputs are [(3, 3, 72, 72)], the tracker gives one of (5, 3, 72, 72)",
    ),
    "no search_small": (without("search_small", "split", SMALL), "lacks the graph 'search_small'"),
    "no head_small for baked": (without("head_small", "baked", SMALL), "lacks the graph 'head_small', which a baked"),
    "no tail_small for split": (without("tail_small", "split", SMALL), "lacks the graph 'tail_small', which a split"),
    "small graphs without small_target": (
        with_config(SMALL, small_target=None),
        "has the graph 'search_small', which no session runs: manifest.tracker.small_target is null",
    ),
    "size of small targets": (
        with_config(SMALL, small_target=SmallTarget(max_area_share=0.03, search_size=96, response_size=12)),
        "search_small: inputs are [(1, 3, 88, 88)], the tracker gives one of (1, 3, 96, 96)",
    ),
    "size of small targets like that of others": (
        with_config(SMALL, small_target=SmallTarget(max_area_share=0.03, search_size=72, response_size=9)),
        "small_target.search_size is 72, expected another one",
    ),
    "response of small targets": (
        with_config(SMALL, small_target=SmallTarget(max_area_share=0.03, search_size=88, response_size=12)),
        "head_small: outputs are",
    ),
    "small targets that no configuration has": (
        with_config(
            SMALL, small_target=SmallTarget(max_area_share=0.03, search_size=88, response_size=1024), stride_px=99.0
        ),
        "manifest.tracker.small_target: tracker configuration: point_origin_px is",
    ),
    "features of small targets": (
        changed("search_small", SMALL, outputs=(tensor("other", 1, 3, 11, 11),)),
        "correlations[0].search is 'features', the search graph gives other",
    ),
    "rejoined features": (
        changed("tail_small", SMALL, inputs=(tensor("features", 1, 3, 9, 9),)),
        "tail_small: input features is (1, 3, 9, 9), it gets (1, 3, 11, 11)",
    ),
    "placeholders of head_small": (changed("head_small", SMALL, placeholders=()), "head_small: placeholders are none"),
    "no mask graph": (without("mask", "baked", MASKS), "lacks the graph 'mask'"),
    "mask graph without a mask": (
        toy_manifest(toy_graphs(MASKS), replace(MASKS, mask=None)),
        "has the graph 'mask', which no session runs: manifest.mask is null",
    ),
    "mask threshold": (changed_mask(threshold=1.5), "manifest.mask.threshold is 1.5, expected a number in [0, 1]"),
    "mask kernel": (changed_mask_correlation(kernel="kernel_dw"), "correlations and mask use the kernels kernel_dw"),
    "mask features": (changed_mask_correlation(search="neck"), "manifest.mask.correlation.search is 'neck'"),
    "mask response": (changed_mask_correlation(padding=0), "the response is (1, 3, 7, 7), expected cells (9, 9)"),
    "mask in another crop": (
        with_config(MASKS, crop=replace(CONFIG.crop, context="rectangular", rounding="fear")),
        "manifest.mask goes with points in rectangular crops rounded as 'fear'; this runtime has masks for",
    ),
    "mask of a small target": (
        with_config(MASKS, small_target=SMALL.config.small_target),
        "manifest.mask goes with points and small_target in square crops",
    ),
    "mask without its features": (
        changed("mask", MASKS, inputs=mask_inputs("features")),
        "mask has no input 'features', which a mask depends on",
    ),
    "mask without a cell": (changed("mask", MASKS, inputs=mask_inputs("cell")), "mask has no input 'cell'"),
    "cell of another dtype": (
        changed("mask", MASKS, inputs=(*mask_inputs("cell"), tensor("cell", 2))),
        "cell is float32 (2,), this runtime takes int64",
    ),
    "cell of another shape": (
        changed("mask", MASKS, inputs=(*mask_inputs("cell"), tensor("cell", 3, dtype="int64"))),
        "mask: input cell is (3,), it gets (2,)",
    ),
    "cell of a head": (
        changed("head", inputs=(tensor("features", 1, 3, 9, 9), tensor("cell", 2, dtype="int64"))),
        "cell is int64 (2,), this runtime takes float32",
    ),
    "mask of no square": (changed("mask", MASKS, outputs=(tensor("mask", 1, 1, 20, 21),)), "expected one, mask"),
    "mask named otherwise": (changed("mask", MASKS, outputs=(tensor("masks", 1, 1, 20, 20),)), "expected one, mask"),
    "whole in ONNX Runtime": (
        for_engine("onnxruntime", "whole", {"match": match_graph()}),
        "session is 'whole', onnxruntime takes baked or split",
    ),
    "baked in ncnn": (for_engine("ncnn", "baked", {}), "session is 'baked', ncnn takes whole"),
    "baked in TensorRT": (for_engine("tensorrt", "baked", {}), "session is 'baked', tensorrt takes split"),
    "mask for OpenVINO": (
        for_engine("openvino", "whole", {"match": match_graph(MASKS)}, MASKS),
        "graphs has the graph 'mask', which openvino does not run",
    ),
    "trunk for ncnn": (
        for_engine("ncnn", "whole", {"match": match_graph(), **with_trunk(tensor("shared", 1, 3, 5, 5))}),
        "graphs has the graph 'trunk', which ncnn does not run",
    ),
    "template that reads nothing of its trunk": (
        toy_manifest({**toy_graphs(), **with_trunk()}),
        "template has no inputs, expected outputs of the trunk graph",
    ),
    "template that reads what its trunk does not give": (
        toy_manifest({**toy_graphs(), **with_trunk(tensor("other", 1, 3, 5, 5))}),
        "input 'other' is not an output of the trunk graph",
    ),
    "dims for ncnn": (
        for_engine("ncnn", "whole", {"match": replace(match_graph(), dims={"side": 72})}),
        "graphs.match has dims, which are for ONNX graphs",
    ),
    "dim of nothing": (changed("search", dims={"side": 0}), "dims are {'side': 0}, expected ASCII names of numbers"),
    "dim that no engine holds": (changed("search", dims={"side": 1 << 64}), "expected ASCII names of numbers from 1"),
    "dim of a name that is no text": (changed("search", dims={"\ud800": 72}), "expected ASCII names of numbers"),
    "mask placeholders": (changed("mask", MASKS, placeholders=()), "expected one for each of kernel_mask"),
}


@pytest.mark.parametrize("case", CASES)
def test_check_consistency_refuses(case: str) -> None:
    manifest, message = CASES[case]
    with pytest.raises(ManifestError) as caught:
        check_consistency(manifest)
    assert message in str(caught.value)


def test_check_consistency_looks_at_every_variant() -> None:
    good, bad = toy_manifest(toy_graphs()), placeholder(length=104)
    both = replace(good, variants={**good.variants, "onnx/other": bad.variants[FOLDER]})
    with pytest.raises(ManifestError, match=r"variants.onnx/other"):
        check_consistency(both)


@pytest.mark.parametrize(
    ("kind", "padding", "kernel", "search", "response"),
    [
        ("depthwise", 0, (96, 1, 8, 8), (1, 96, 16, 16), (1, 96, 9, 9)),
        ("depthwise", 1, (96, 1, 4, 3), (1, 96, 16, 20), (1, 96, 15, 20)),
        ("depthwise", 0, (3, 1, 2, 2), (3, 3, 9, 9), (3, 3, 8, 8)),
        ("pixelwise", 0, (64, 96, 1, 1), (1, 96, 16, 20), (1, 64, 16, 20)),
        ("full", 0, (1, 256, 6, 6), (3, 256, 22, 22), (3, 1, 17, 17)),
        ("up-channel", 0, (20, 256, 4, 3), (1, 256, 22, 23), (1, 20, 19, 21)),
    ],
)
def test_correlation_response_shape_is_that_of_the_sum(
    kind: Any, padding: int, kernel: tuple[int, ...], search: tuple[int, ...], response: tuple[int, ...]
) -> None:
    rule = Correlation(kind=kind, kernel="k", search="s", response="r", padding=padding)
    assert correlation_response_shape(rule, kernel, search) == response


@pytest.mark.parametrize(
    ("kind", "kernel", "search"),
    [
        ("depthwise", (3, 1, 3), (1, 3, 9, 9)),
        ("depthwise", (3, 1, 3, 3), (3, 9, 9)),
        ("depthwise", (3, 1, 0, 3), (1, 3, 9, 9)),
        ("depthwise", (4, 1, 3, 3), (1, 3, 9, 9)),
        ("depthwise", (3, 1, 10, 3), (1, 3, 9, 9)),
        ("full", (2, 3, 3, 3), (1, 3, 9, 9)),
        ("full", (1, 3, 3, 10), (1, 3, 9, 9)),
        ("up-channel", (2, 1, 3, 3), (1, 3, 9, 9)),
        ("pixelwise", (2, 3, 1, 2), (1, 3, 9, 9)),
    ],
)
def test_correlation_response_shape_refuses_what_does_not_fit(
    kind: Any, kernel: tuple[int, ...], search: tuple[int, ...]
) -> None:
    with pytest.raises(ManifestError, match=f"{kind} correlation of kernel"):
        correlation_response_shape(replace(CORRELATIONS[0], kind=kind, padding=0), kernel, search)
