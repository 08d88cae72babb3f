"""The loader: the same pairs whoever makes them and wherever a run begins, clear errors, and no process left behind."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sdst_edge.datasets import write_got10k_sequence
from sdst_edge.models import build
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.pairs.loader import PairLoader
from sdst_edge.training.recipe import Cache, Loading, Recipe, RenderedPool, Source
from sdst_runtime.errors import ConfigError, DatasetError, SdstError
from tests.painted_target import painted_clip
from tests.pair_recipes import recipe_of
from tests.tolerances import MEAN_SAMPLED_LEVELS

CONFIGS = tuple(replace(build(name).config, small_target=None) for name in ("sdst-nano-s", "nanotrack-v3"))
POOL = RenderedPool(clips=3, frames=2, frame_step=20, size_wh=(128, 96), distractors=1)
#: Everything that is drawn.
SHARES: dict[str, Any] = {
    "negative_share": 0.3,
    "distractor_share": 0.4,
    "attributes": ("POC", "SV", "LR"),
    "attribute_share": 0.5,
    "simulation_share": 0.5,
}
IN_MEMORY = Loading(workers=0, cache=Cache(kind="memory", limit_gb=0.1))


def recipe(loading: Loading = IN_MEMORY, **options: Any) -> Recipe:
    return recipe_of(Source(rendered=POOL), loading=loading, **(SHARES | options))


def loaded(recipe: Recipe, steps: int = 2, **options: Any) -> list[PairBatch]:
    with PairLoader(recipe, CONFIGS, **({"batch_size": 6} | options)) as loader:
        return [next(loader) for _ in range(steps)]


def tensors(batch: PairBatch) -> Iterator[torch.Tensor]:
    for view in batch.views:
        yield from (view.z, view.x, view.scale)
    yield from (batch.boxes_image, batch.positive, batch.attributes, batch.index)


def assert_same(some: list[PairBatch], others: list[PairBatch]) -> None:
    for one, other in zip(some, others, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


@pytest.fixture(scope="module")
def expected() -> list[PairBatch]:
    return loaded(recipe(), steps=4)


def test_batches_hold_the_views_of_all_configurations(expected: list[PairBatch]) -> None:
    batch = expected[1]
    assert [(view.z.shape, view.x.shape) for view in batch.views] == [
        ((6, config.template_size, config.template_size, 3), (6, config.search_size, config.search_size, 3))
        for config in CONFIGS
    ]
    assert batch.index.tolist() == list(range(6, 12))
    assert batch.attributes.shape == (6, 3)
    assert all(view.z.dtype == view.x.dtype == torch.uint8 for view in batch.views)
    assert len(batch) == 6


@pytest.mark.parametrize("workers", [1, 2])
def test_pairs_are_the_same_from_workers_and_stay_so(expected: list[PairBatch], workers: int) -> None:
    loading = replace(IN_MEMORY, workers=workers, ahead=1)  # their memory is used again from the fourth step on
    assert_same(loaded(recipe(loading), steps=5)[:4], expected)


def test_pairs_are_the_same_from_any_cache_also_when_it_is_found_again(
    expected: list[PairBatch], tmp_path: Path
) -> None:
    kinds = [Cache(kind="none"), Cache(kind="memory", limit_gb=0.001), Cache(kind="disk", folder=str(tmp_path))]
    for cache in (*kinds, kinds[-1]):
        assert_same(loaded(recipe(Loading(workers=0, cache=cache)), steps=4), expected)


def test_pairs_are_the_same_where_a_run_is_taken_up_again(expected: list[PairBatch]) -> None:
    assert_same(loaded(recipe(), first_step=2), expected[2:])
    assert_same(loaded(recipe(replace(IN_MEMORY, workers=2)), first_step=3, steps=1), expected[3:])


def test_two_processes_have_the_pairs_of_one_with_the_double_batch(expected: list[PairBatch]) -> None:
    halves = [loaded(recipe(), batch_size=3, rank=rank, world=2, steps=4) for rank in (0, 1)]
    for whole, *parts in zip(expected, *halves, strict=True):
        for values, *shares in zip(tensors(whole), *(tensors(part) for part in parts), strict=True):
            assert torch.equal(values, torch.cat(shares))


def test_pairs_differ_by_seed(expected: list[PairBatch]) -> None:
    assert not torch.equal(loaded(recipe(seed=1), steps=1)[0].views[0].x, expected[0].views[0].x)


@pytest.mark.parametrize("workers", [0, 1])
def test_pairs_that_the_device_cuts_are_nearly_those_of_the_workers(expected: list[PairBatch], workers: int) -> None:
    on_device = loaded(recipe(replace(IN_MEMORY, workers=workers, augment_on="device")))
    for one, other in zip(on_device, expected, strict=False):
        for a, b in zip(tensors(one), tensors(other), strict=True):
            assert (a.float() - b.float()).abs().mean() <= (MEAN_SAMPLED_LEVELS if a.dtype == torch.uint8 else 0.0)


def test_loader_tells_how_long_it_was_waited_for() -> None:
    with PairLoader(recipe(), CONFIGS[:1], batch_size=2) as loader:
        assert loader.waited_s == 0.0
        next(loader)
        first = loader.waited_s
        next(loader)
        assert 0.0 < first < loader.waited_s


def test_closed_loader_leaves_no_process_and_gives_no_batch() -> None:
    before = set(multiprocessing.active_children())
    loader = PairLoader(recipe(replace(IN_MEMORY, workers=2)), CONFIGS[:1], batch_size=2)
    next(loader)
    workers = set(multiprocessing.active_children()) - before
    assert len(workers) == 2
    loader.close()
    loader.close()
    assert not any(worker.is_alive() for worker in workers)
    assert list(loader) == []


def test_interrupted_loop_leaves_no_process() -> None:
    before = set(multiprocessing.active_children())

    def loop() -> None:
        with PairLoader(recipe(replace(IN_MEMORY, workers=1)), CONFIGS, batch_size=2) as loader:
            next(loader)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.parametrize("workers", [0, 1])
def test_broken_frame_is_named_with_its_sequence(workers: int, tmp_path: Path) -> None:
    clip = painted_clip([(90.0, 60.0, 36.0, 30.0), (110.0, 80.0, 30.0, 36.0)])
    for name in ("GOT-10k_Val_000001", "GOT-10k_Val_000002"):
        write_got10k_sequence(tmp_path / name, clip)
    (tmp_path / "GOT-10k_Val_000002" / "00000002.jpg").write_bytes(b"\xff\xd8 no picture")
    broken = recipe_of(Source(path="."), root=str(tmp_path), loading=replace(IN_MEMORY, workers=workers))
    message = r"data.sources\[0\], .: sequence GOT-10k_Val_000002, frame 2: .*00000002.jpg is missing or no picture"
    before = set(multiprocessing.active_children())
    with pytest.raises(DatasetError, match=message) as caught, PairLoader(broken, CONFIGS, batch_size=8) as loader:
        next(loader)
    assert "Traceback" not in str(caught.value)
    assert set(multiprocessing.active_children()) <= before


def test_what_is_wrong_from_the_start_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"recipe: data.sources\[0\], LaSOT: .*LaSOT does not exist"):
        PairLoader(recipe_of(Source(path="LaSOT"), root=str(tmp_path)), CONFIGS, batch_size=2)
    with pytest.raises(ConfigError, match="attribute OCC"):
        PairLoader(recipe(attributes=("OCC",)), CONFIGS, batch_size=2)
    with pytest.raises(
        ConfigError, match=r"loading\.region_scale is 1\.5, and a search region is 2\.01 templates wide"
    ):
        PairLoader(recipe(replace(IN_MEMORY, region_scale=1.5)), CONFIGS, batch_size=2)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread makes the pairs")
def test_a_worker_that_is_killed_ends_the_run_with_what_to_do() -> None:
    with pytest.raises(SdstError, match=r"ended from outside .*; lower loading\.workers"):
        _load_while_a_worker_is_killed()


def _load_while_a_worker_is_killed() -> None:
    before = set(multiprocessing.active_children())
    with PairLoader(recipe(replace(IN_MEMORY, workers=1)), CONFIGS, batch_size=2) as loader:
        (worker,) = set(multiprocessing.active_children()) - before
        worker.kill()
        for _ in range(100):
            next(loader)
