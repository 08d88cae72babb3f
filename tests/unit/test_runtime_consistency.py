"""Parts of a manifest that contradict each other, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sdst_runtime.consistency import check_consistency, correlation_response_shape
from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Correlation, Graph, Manifest, Tensor
from tests.toy_bundle import CONFIG, CORRELATIONS, FOLDER, toy_graphs, toy_manifest


def tensor(name: str, *shape: int, dtype: str = "float32") -> Tensor:
    return Tensor(name=name, shape=shape, dtype=dtype)


def changed(role: str, **changes: Any) -> Manifest:
    graphs: dict[str, Graph] = toy_graphs()
    graphs[role] = replace(graphs[role], **changes)
    return toy_manifest(graphs)


def placeholder(**changes: Any) -> Manifest:
    first, second = toy_graphs()["head"].placeholders
    return changed("head", placeholders=(replace(first, **changes), second))


def correlation(index: int = 0, **changes: Any) -> Manifest:
    correlations = list(CORRELATIONS)
    correlations[index] = replace(correlations[index], **changes)
    return replace(toy_manifest(toy_graphs()), correlations=tuple(correlations))


def without(role: str, session: str) -> Manifest:
    graphs = toy_graphs()
    del graphs[role]
    return toy_manifest(graphs, session=session)


def huge_response() -> Manifest:
    """Kernel and features are of ordinary sizes, what they make together is not."""
    graphs = toy_graphs()
    kernels = (tensor("kernel_dw", 3, 1, 3, 3), tensor("kernel_pw", 10_000, 3, 1, 1))
    graphs["template"] = replace(graphs["template"], outputs=kernels)
    graphs["search"] = replace(graphs["search"], outputs=(tensor("features", 1, 3, 100, 100),))
    return toy_manifest(graphs)


@pytest.mark.parametrize("session", ["baked", "split"])
def test_check_consistency_takes_the_toy(session: str) -> None:
    check_consistency(toy_manifest(toy_graphs(), session=session))


def test_check_consistency_takes_a_variant_without_the_graph_of_the_other_session() -> None:
    check_consistency(without("tail", "baked"))
    check_consistency(without("head", "split"))


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
    "dtype": (changed("search", inputs=(tensor("x", 1, 3, 72, 72, dtype="uint8"),)), "takes float32"),
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
    "placeholder dtype": (placeholder(dtype="int8", scale=0.1, zero_point=0), "update sdst-edge"),
    "placeholder scale": (placeholder(scale=0.1), "update sdst-edge"),
    "placeholder past the end": (placeholder(offset=893), "expected in"),
    "placeholder before the file": (placeholder(offset=-1), "is at bytes -1 to 107"),
    "placeholders overlap": (placeholder(offset=200), "without overlap"),
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
