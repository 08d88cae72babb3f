"""The session on ONNX Runtime with every kind of network: anchors, scales, two search sizes, masks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.loading import open_session
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.session import MaskSession, Outputs
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import FOLDER, build_toy_bundle
from tests.toys import RESPONSE, SMALL, TOYS, Toy, expected_maps, expected_mask

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")
pytest.importorskip("onnx", reason="the toy bundles' graphs are made with the onnx package")

Map = NDArray[np.float32]
Opened = Callable[[str], OrtSession]

SMALL_CONFIG = SMALL.config.for_small_target()
assert SMALL_CONFIG is not None
SMALL_SHAPE = SMALL_CONFIG.search_shape


def template_input(seed: int) -> Map:
    return np.random.default_rng(seed).uniform(0, 255, (1, 3, 40, 40)).astype(np.float32)


def search_input(seed: int, shape: tuple[int, ...] = (1, 3, 72, 72)) -> Map:
    return np.random.default_rng(seed + 1000).uniform(0, 255, shape).astype(np.float32)


def assert_close(got: Map, expected: Map) -> None:
    assert got.shape == expected.shape
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    assert np.abs(got - expected).max() <= REL_NETWORK_F32 * np.abs(expected).max()


def assert_maps(outputs: Outputs, z: Map, x: Map, toy: Toy) -> None:
    for got, expected in zip(outputs, expected_maps(z, x, toy), strict=True):
        assert_close(got, expected)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("toys")
    return {name: build_toy_bundle(folder / name, toy) for name, toy in TOYS.items()}


@pytest.fixture(params=["baked", "split"])
def opened(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Opened:
    return lambda name: open_session(bundles[name], request.param)


@pytest.mark.parametrize("name", TOYS)
def test_match_gives_the_maps_of_the_network(opened: Opened, name: str) -> None:
    toy, session, z = TOYS[name], opened(name), template_input(0)
    outputs = session.match(session.embed(z), x := search_input(0, toy.config.search_shape))
    assert [item.shape for item in outputs] == list(toy.config.outputs.values())
    assert_maps(outputs, z, x, toy)


def test_scales_of_a_batch_do_not_touch_each_other(opened: Opened) -> None:
    session, z = opened("response"), template_input(1)
    template, x = session.embed(z), search_input(1, RESPONSE.config.search_shape)
    before = session.match(template, x)[0].copy()
    x[1] = 0
    after = session.match(template, x)[0]
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])
    assert np.abs(after[1] - before[1]).max() > 0.01


def test_match_refuses_a_batch_of_another_size(opened: Opened) -> None:
    session = opened("response")
    with pytest.raises(SdstError, match=r"the graph wants float32 \(3, 3, 72, 72\)"):
        session.match(session.embed(template_input(0)), search_input(0))


def test_outputs_come_in_the_order_of_the_configuration(bundles: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(bundles["points"], tmp_path / "copy"))
    manifest = json.loads((folder / "manifest.json").read_text())
    for role in ("head", "tail"):
        manifest["variants"][FOLDER]["graphs"][role]["outputs"].reverse()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for kind in ("baked", "split"):
        session = open_session(folder, kind)  # type: ignore[arg-type]
        z, x = template_input(0), search_input(0)
        assert_maps(session.match(session.embed(z), x), z, x, TOYS["points"])


def test_match_takes_either_search_size_in_any_order(opened: Opened) -> None:
    session, seeds = opened("small"), (0, 1)
    templates = [session.embed(template_input(seed)) for seed in seeds]
    ordinary, small = search_input(0), search_input(0, SMALL_SHAPE)
    for x in (small, ordinary, small, small, ordinary.copy(), ordinary):
        for seed in seeds:
            assert_maps(session.match(templates[seed], x), template_input(seed), x, SMALL)


def test_a_head_is_built_for_the_size_that_is_used_and_once(opened: Opened) -> None:
    session = opened("small")
    template, x = session.embed(template_input(0)), search_input(0, SMALL_SHAPE)
    assert template.heads == [None, None]
    session.match(template, x)
    ordinary, small = template.heads
    session.match(template, x)
    assert ordinary is None
    assert small is not None
    assert template.heads[1] is small


def test_a_head_is_built_by_embed_where_there_is_one_size(opened: Opened) -> None:
    session = opened("points")
    assert None not in session.embed(template_input(0)).heads


def test_head_refuses_features_of_the_other_size(opened: Opened) -> None:
    session = opened("small")
    template, features = session.embed(template_input(0)), session.search(search_input(0))
    session.search(search_input(0, SMALL_SHAPE))
    with pytest.raises(SdstError, match="belong to another session or to an earlier search"):
        session.head(template, features)


def test_match_refuses_a_closed_template_of_either_size(opened: Opened) -> None:
    session = opened("small")
    template = session.embed(template_input(0))
    template.close()
    for shape in (SMALL.config.search_shape, SMALL_SHAPE):
        with pytest.raises(SdstError, match="the template is closed"):
            session.match(template, search_input(0, shape))


@pytest.mark.parametrize("cell", [(0, 0), (0, 8), (8, 0), (3, 5)])
def test_segment_gives_the_mask_of_the_cell(opened: Opened, cell: tuple[int, int]) -> None:
    session, z, x = opened("masks"), template_input(0), search_input(0)
    assert isinstance(session, MaskSession)
    template = session.embed(z)
    session.match(template, x)
    assert_close(session.segment(template, cell), expected_mask(z, x, cell))


def test_segment_is_of_the_target_that_was_matched_last(opened: Opened) -> None:
    session, x = opened("masks"), search_input(0)
    templates = [session.embed(template_input(seed)) for seed in range(3)]
    for seed in (0, 1, 2, 1, 0):
        session.match(templates[seed], x)
        assert_close(session.segment(templates[seed], (4, 4)), expected_mask(template_input(seed), x, (4, 4)))


def test_segment_outlasts_the_embedding_of_another_target(opened: Opened) -> None:
    session, z, x = opened("masks"), template_input(0), search_input(0)
    template = session.embed(z)
    session.match(template, x)
    session.embed(template_input(1))
    assert_close(session.segment(template, (2, 6)), expected_mask(z, x, (2, 6)))


def test_segment_refuses_features_of_another_search(opened: Opened) -> None:
    session, x = opened("masks"), search_input(0)
    first, second = session.embed(template_input(0)), session.embed(template_input(1))
    with pytest.raises(SdstError, match="last match was not of this template"):
        session.segment(first, (4, 4))
    session.match(first, x)
    session.match(second, x)
    with pytest.raises(SdstError, match="last match was not of this template"):
        session.segment(first, (4, 4))
    session.search(x)
    with pytest.raises(SdstError, match="last match was not of this template"):
        session.segment(second, (4, 4))


def test_segment_refuses_what_is_closed_and_cells_outside(opened: Opened) -> None:
    session = opened("masks")
    template = session.embed(template_input(0))
    session.match(template, search_input(0))
    for cell in ((-1, 0), (0, 9), (9, 0)):
        with pytest.raises(ConfigError, match=r"cell is .*, expected row and column in \[0, 9\)"):
            session.segment(template, cell)
    session.segment(template, (0, 0))
    template.close()
    with pytest.raises(SdstError, match="the template is closed"):
        session.segment(template, (0, 0))
    session.close()
    with pytest.raises(SdstError, match="the session is closed"):
        session.segment(template, (0, 0))


def test_segment_says_that_a_bundle_has_no_mask_branch(opened: Opened) -> None:
    session = opened("points")
    template = session.embed(template_input(0))
    session.match(template, search_input(0))
    with pytest.raises(ConfigError, match="has no mask branch"):
        session.segment(template, (0, 0))


def test_size_bytes_counts_the_kernel_of_the_mask(opened: Opened) -> None:
    assert opened("masks").embed(template_input(0)).size_bytes == 4 * (3 * 9 + 25 * 3 + 3 * 9)
