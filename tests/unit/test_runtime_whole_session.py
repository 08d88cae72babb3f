"""The session that gives kernels to its graph as inputs: right numbers, targets that take turns, clear errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError, ManifestError, SdstError
from sdst_runtime.manifest import Graph, GraphRole
from sdst_runtime.ort_graph import OrtGraph, OrtOptions
from sdst_runtime.session import MaskSession, Outputs
from sdst_runtime.tracker import Tracker
from sdst_runtime.whole_session import WholeSession, open_whole
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import FOLDER, bright_frame
from tests.toy_whole import toy_whole
from tests.toys import POINTS, SMALL, TOYS, Toy, expected_maps

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")
pytest.importorskip("onnx", reason="the toy bundles' graphs are made with the onnx package")

Map = NDArray[np.float32]


class PlainEngine:
    """ONNX Runtime as the engine, which every installation has; it counts how often inputs are bound anew."""

    threads = 1

    def __init__(self) -> None:
        self.bound: list[str] = []

    def load(self, model: bytes, weights: bytes | None, graph: Graph, arrays: Mapping[str, NDArray[Any]]) -> OrtGraph:
        assert weights is None
        loaded = OrtGraph(model, graph, OrtOptions(), arrays)
        bind = loaded.bind_input

        def counted(name: str, array: NDArray[Any]) -> None:
            self.bound.append(name)
            bind(name, array)

        loaded.bind_input = counted  # type: ignore[method-assign]
        return loaded


def template_input(seed: int) -> Map:
    return np.random.default_rng(seed).uniform(0, 255, (1, 3, 40, 40)).astype(np.float32)


def search_input(seed: int, shape: tuple[int, ...] = (1, 3, 72, 72)) -> Map:
    return np.random.default_rng(seed + 1000).uniform(0, 255, shape).astype(np.float32)


def assert_maps(outputs: Outputs, z: Map, x: Map, toy: Toy = POINTS) -> None:
    for got, expected in zip(outputs, expected_maps(z, x, toy), strict=True):
        assert got.shape == expected.shape
        assert got.dtype == np.float32
        assert got.flags.c_contiguous
        assert np.abs(got - expected).max() <= REL_NETWORK_F32 * np.abs(expected).max()


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return toy_whole()


@pytest.fixture
def session(bundle: Bundle) -> WholeSession:
    return WholeSession(bundle, PlainEngine())


@pytest.mark.parametrize("name", TOYS)
def test_match_gives_the_maps_of_the_network(name: str) -> None:
    toy, z = TOYS[name], template_input(0)
    session = WholeSession(toy_whole(toy), PlainEngine())
    outputs = session.match(session.embed(z), x := search_input(0, toy.config.search_shape))
    assert [item.shape for item in outputs] == list(toy.config.outputs.values())
    assert_maps(outputs, z, x, toy)


def test_session_says_what_it_is(session: WholeSession) -> None:
    assert (session.kind, session.threads) == ("whole", 1)


def test_match_reads_the_same_array_anew(session: WholeSession) -> None:
    template, x = session.embed(template_input(0)), search_input(0)
    session.match(template, x)
    x[:] = search_input(1)
    assert_maps(session.match(template, x), template_input(0), search_input(1))


def test_match_takes_another_array_and_the_first_again(session: WholeSession) -> None:
    template, first, second = session.embed(template_input(0)), search_input(0), search_input(1)
    for x in (first, second, first, second.copy()):
        assert_maps(session.match(template, x), template_input(0), x)


def test_match_of_the_same_array_binds_nothing_and_returns_the_same_maps(bundle: Bundle) -> None:
    engine = PlainEngine()
    session = WholeSession(bundle, engine)
    template, x = session.embed(template_input(0)), search_input(0)
    first = session.match(template, x)
    engine.bound.clear()
    again = session.match(template, x)
    assert engine.bound == []
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_embed_does_not_keep_its_input(session: WholeSession) -> None:
    z = template_input(0)
    template = session.embed(z)
    z[:] = 0
    assert_maps(session.match(template, search_input(0)), template_input(0), search_input(0))


def test_templates_take_turns_without_disturbing_each_other(session: WholeSession) -> None:
    x = search_input(5)
    templates = {seed: session.embed(template_input(seed)) for seed in range(4)}
    templates[2].close()
    templates[4] = session.embed(template_input(4))
    for seed in (0, 3, 4, 1, 0, 0):
        assert_maps(session.match(templates[seed], x), template_input(seed), x)


def test_match_takes_either_search_size_in_any_order() -> None:
    session, seeds = WholeSession(toy_whole(SMALL), PlainEngine()), (0, 1)
    small_config = SMALL.config.for_small_target()
    assert small_config is not None
    templates = [session.embed(template_input(seed)) for seed in seeds]
    ordinary, small = search_input(0), search_input(0, small_config.search_shape)
    for x in (small, ordinary, small, small, ordinary.copy(), ordinary):
        for seed in seeds:
            assert_maps(session.match(templates[seed], x), template_input(seed), x, SMALL)


def test_size_bytes_counts_the_kernels_until_close(session: WholeSession) -> None:
    template = session.embed(template_input(0))
    assert template.size_bytes == 4 * (3 * 9 + 25 * 3)
    template.close()
    template.close()
    assert template.size_bytes == 0


def test_match_refuses_a_closed_template_even_if_it_was_the_last(session: WholeSession) -> None:
    template, x = session.embed(template_input(0)), search_input(0)
    session.match(template, x)
    template.close()
    with pytest.raises(SdstError, match="the template is closed; call init"):
        session.match(template, x)


def test_match_refuses_the_template_of_another_session(bundle: Bundle, session: WholeSession) -> None:
    theirs = WholeSession(bundle, PlainEngine()).embed(template_input(0))
    with pytest.raises(SdstError, match="belongs to another session"):
        session.match(theirs, search_input(0))


def test_session_refuses_all_but_close_when_closed(session: WholeSession) -> None:
    template, x = session.embed(template_input(0)), search_input(0)
    session.match(template, x)
    session.close()
    session.close()
    for call in (lambda: session.embed(template_input(0)), lambda: session.match(template, x)):
        with pytest.raises(SdstError, match="the session is closed; open it again"):
            call()
    template.close()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 3, 70, 72), np.float32), r"float32 \(1, 3, 70, 72\), the graph wants float32 \(1, 3, 72, 72\)"),
        (np.zeros((3, 72, 72), np.float32), "the graph wants"),
        (np.zeros((1, 3, 72, 72), np.float64), "search input is float64"),
        (np.zeros((1, 72, 72, 3), np.float32).transpose(0, 3, 1, 2), "not C-contiguous"),
        ([[0.0]], "search input is list"),
    ],
)
def test_match_refuses_another_input_and_works_on(session: WholeSession, x: Any, message: str) -> None:
    template, good = session.embed(template_input(0)), search_input(0)
    with pytest.raises(SdstError, match=message):
        session.match(template, x)
    with pytest.raises(SdstError, match="template input is"):
        session.embed(x)
    assert_maps(session.match(template, good), template_input(0), good)


def test_segment_says_that_there_is_no_mask_branch(session: WholeSession) -> None:
    assert isinstance(session, MaskSession)
    with pytest.raises(ConfigError, match="this variant has no mask branch"):
        session.segment(session.embed(template_input(0)), (0, 0))


def test_session_names_the_graph_that_is_missing(bundle: Bundle) -> None:
    variant = bundle.manifest.variants[FOLDER]
    graphs: dict[GraphRole, Graph] = dict(variant.graphs)
    del graphs["match"]
    manifest = replace(bundle.manifest, variants={FOLDER: replace(variant, graphs=graphs)})
    with pytest.raises(ManifestError, match="no match graph, which a whole session runs"):
        WholeSession(Bundle(bundle.path, manifest, {}), PlainEngine())


def test_tracker_follows_a_target(session: WholeSession) -> None:
    tracker = Tracker(session, POINTS.config)
    tracker.init(bright_frame((60, 50)), (50.0, 40.0, 20.0, 20.0))
    for step in range(1, 6):
        result = tracker.update(bright_frame((60 + 3 * step, 50 + 2 * step)))
    x, y, width, height = result.box_xywh
    assert result.found
    assert abs(x + width / 2 - 75) < POINTS.config.stride_px
    assert abs(y + height / 2 - 60) < POINTS.config.stride_px


def test_open_whole_refuses_variants_of_other_engines(toy_bundle: Path) -> None:
    with pytest.raises(ConfigError, match="this variant is for onnxruntime; kernels are inputs in"):
        open_whole(Bundle.open(toy_bundle))


@pytest.mark.parametrize("accelerator", ["gpu", "vulkan:", "vulkan:-1", "vulkan:x", ""])
def test_open_whole_refuses_what_ncnn_does_not_run_on(accelerator: str) -> None:
    with pytest.raises(ConfigError, match=r"accelerator is .*expected 'cpu', 'vulkan', or 'vulkan:1'"):
        open_whole(toy_whole(engine="ncnn"), accelerator=accelerator)
