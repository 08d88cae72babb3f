"""Region stores: what is kept, what is shared, and what happens when there is no room or a process dies."""

from __future__ import annotations

import errno
import logging
import os
import pickle
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.training.crops import backing
from sdst_edge.training.crops.geometry import Window
from sdst_edge.training.crops.regions import Region, RegionRule
from sdst_edge.training.crops.store import RegionStore
from sdst_edge.training.recipe import Cache
from sdst_edge.training.recipe.data import CacheKind
from sdst_runtime.config import CropRule, TrackerConfig
from sdst_runtime.errors import ConfigError

CONFIG = TrackerConfig(
    template_size=32,
    search_size=64,
    response_size=16,
    stride_px=4.0,
    score_kind="logit",
    point_origin_px=-30.0,
    window_influence=0.2,
    penalty_k=0.1,
    size_lr=0.4,
)
RULE = RegionRule(config=CONFIG, scale=1.0)
SLOT_BYTES = 3 * 3 * 32 * 32 + 64  # the region, its two templates, and the record
SLOTS = 5

#: Python 3.12 warns of forks where there are threads, such as those of other tests.
forks = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def region(seed: int) -> Region:
    pixels, *templates = np.random.default_rng(seed).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    window = Window(seed + 0.125, -1e3 / 3, 45.5, 46.0)
    border = (seed, 2, 255)
    return Region(pixels=pixels, templates=np.stack(templates), window=window, border=border, frame_wh=(640, 32767))


def store(
    folder: Path, kind: CacheKind = "disk", *, key: str = "k", rule: RegionRule = RULE, limit: float = 1.0
) -> RegionStore:
    return RegionStore(Cache(kind=kind, folder=str(folder), limit_gb=limit), rule, key, SLOTS)


def same(got: Region | None, wanted: Region) -> bool:
    return (
        got is not None
        and np.array_equal(got.pixels, wanted.pixels)
        and np.array_equal(got.templates, wanted.templates)
        and (got.window, got.border, got.frame_wh) == (wanted.window, wanted.border, wanted.frame_wh)
    )


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_regions_come_back_as_they_were_put(tmp_path: Path, kind: CacheKind) -> None:
    kept = store(tmp_path, kind)
    assert all(kept.get(slot) is None for slot in range(-1, SLOTS + 1))
    for slot in (4, 0, 2):
        kept.put(slot, region(slot))
    assert kept.filled == 3
    assert [same(kept.get(slot), region(slot)) for slot in range(SLOTS)] == [True, False, True, False, True]
    got = kept.get(2)
    assert got is not None
    assert not got.pixels.flags.writeable
    assert not got.templates.flags.writeable
    kept.close()
    assert same(got, region(2))
    assert kept.get(2) is None


def test_without_a_cache_nothing_is_kept(tmp_path: Path) -> None:
    kept = store(tmp_path, "none")
    kept.put(0, region(0))
    assert kept.get(0) is None
    assert kept.filled == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_limit_bounds_the_slots(tmp_path: Path, kind: CacheKind) -> None:
    kept = store(tmp_path, kind, limit=2.5 * SLOT_BYTES / 1e9)
    for slot in range(SLOTS):
        kept.put(slot, region(slot))
    assert (kept.kept, kept.filled) == (2, 2)
    assert same(kept.get(1), region(1))
    assert kept.get(2) is None


def test_half_of_the_memory_bounds_the_slots_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(backing, "_CONTAINER_LIMIT", limit)
    limit.write_text(f"{6 * SLOT_BYTES}\n")
    assert store(tmp_path, "memory").kept == 3
    assert store(tmp_path, "disk").kept == SLOTS
    limit.write_text("max\n")
    assert store(tmp_path, "memory").kept == SLOTS


def test_processes_that_train_together_share_the_memory_but_not_the_file(tmp_path: Path) -> None:
    limit = 2.5 * SLOT_BYTES / 1e9
    kept = [
        RegionStore(Cache(kind=kind, folder=str(tmp_path), limit_gb=limit), RULE, "k", SLOTS, processes=2).kept
        for kind in ("memory", "disk")
    ]
    assert kept == [1, 2]


def test_next_run_finds_the_file_again_whatever_its_limit(tmp_path: Path) -> None:
    first = store(tmp_path)
    first.put(1, region(1))
    first.close()
    assert same(store(tmp_path, limit=2.5 * SLOT_BYTES / 1e9).get(1), region(1))
    assert len(list((tmp_path / "regions").iterdir())) == 1


def test_other_data_or_crops_have_another_file(tmp_path: Path) -> None:
    store(tmp_path).put(1, region(1))
    constant = replace(CONFIG, crop=CropRule(border="constant"))
    assert store(tmp_path, key="other").get(1) is None
    assert store(tmp_path, rule=RegionRule(config=constant, scale=1.0)).get(1) is None
    pace = replace(CONFIG, size_lr=0.1)  # nothing that a region depends on
    assert same(store(tmp_path, rule=RegionRule(config=pace, scale=1.0)).get(1), region(1))


def test_folder_is_that_of_other_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDST_CACHE_DIR", str(tmp_path))
    RegionStore(Cache(kind="disk"), RULE, "k", SLOTS).put(0, region(0))
    assert [path.suffix for path in (tmp_path / "regions").iterdir()] == [".regions"]
    monkeypatch.setenv("SDST_CACHE_DIR", "")
    with pytest.raises(ConfigError, match=r"loading\.cache\.folder"):
        RegionStore(Cache(kind="disk"), RULE, "k", SLOTS)


@forks
@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_forked_processes_share_what_they_put(tmp_path: Path, kind: CacheKind) -> None:
    kept = store(tmp_path, kind)
    child = os.fork()
    if child == 0:
        kept.put(3, region(3))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert same(kept.get(3), region(3))


def test_two_processes_open_one_file(tmp_path: Path) -> None:
    first, second = store(tmp_path), pickle.loads(pickle.dumps(store(tmp_path)))
    second.put(0, region(0))
    first.put(1, region(1))
    assert same(first.get(0), region(0))
    assert same(second.get(1), region(1))
    with pytest.raises(TypeError, match="fork"):
        pickle.dumps(store(tmp_path, "memory"))


@forks
def test_killed_process_leaves_its_slot_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = store(tmp_path)
    child = os.fork()
    if child == 0:
        write, writes = os.pwrite, []

        def killed_at_the_flag(descriptor: int, data: bytes, offset: int) -> int:
            writes.append(offset)
            if len(writes) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(descriptor, data, offset)

        monkeypatch.setattr(os, "pwrite", killed_at_the_flag)
        kept.put(0, region(7))
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert kept.get(0) is None
    kept.put(0, region(0))
    assert same(kept.get(0), region(0))


def test_full_disk_is_warned_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = store(tmp_path)
    kept.put(0, region(0))
    write, room = os.pwrite, [SLOT_BYTES + 100]

    def until_full(descriptor: int, data: memoryview, offset: int) -> int:
        taken = min(len(data), room[0])
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        room[0] -= taken
        return write(descriptor, data[:taken], offset)

    monkeypatch.setattr(os, "pwrite", until_full)
    with caplog.at_level(logging.WARNING):
        for slot in range(1, SLOTS):
            kept.put(slot, region(slot))
    assert [record.getMessage() for record in caplog.records] == [
        "no more regions are kept, training goes on without: [Errno 28] No space left on device"
    ]
    assert same(kept.get(0), region(0))
    assert same(kept.get(1), region(1))
    assert [kept.get(slot) for slot in range(2, SLOTS)] == [None] * 3


@pytest.mark.parametrize("part", [0, 2])  # the region, or its last template
def test_torn_pixels_are_not_used_and_written_anew(tmp_path: Path, part: int) -> None:
    first = store(tmp_path)
    first.put(2, region(2))
    first.close()
    (path,) = (tmp_path / "regions").iterdir()
    with path.open("r+b") as file:  # as a power cut leaves pages that were never written
        file.seek((3 * (2 - SLOTS) + part) * 3 * 32 * 32, os.SEEK_END)
        file.write(bytes(1000))
    again = store(tmp_path)
    assert again.get(2) is None
    again.put(2, region(2))
    assert same(again.get(2), region(2))


def test_file_is_sparse_and_a_damaged_one_made_anew(tmp_path: Path) -> None:
    kept = RegionStore(Cache(kind="disk", folder=str(tmp_path), limit_gb=100), RULE, "k", 1_000_000)
    (path,) = (tmp_path / "regions").iterdir()
    assert path.stat().st_size > 3e9
    assert path.stat().st_blocks * 512 < 0.1e9  # records, 64 bytes each
    kept.close()
    path.write_bytes(b"something else")
    again = RegionStore(Cache(kind="disk", folder=str(tmp_path), limit_gb=100), RULE, "k", 1_000_000)
    again.put(999_999, region(0))
    assert same(again.get(999_999), region(0))


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "regions").write_text("a file")
    with pytest.raises(ConfigError, match=r"cannot be written .*loading\.cache\.folder"):
        store(tmp_path)


@pytest.mark.parametrize(("side", "template_px"), [(31, 32), (32, 31)])
def test_region_of_another_size_is_refused(tmp_path: Path, side: int, template_px: int) -> None:
    pixels, templates = np.zeros((side, side, 3), np.uint8), np.zeros((2, template_px, template_px, 3), np.uint8)
    wrong = Region(pixels=pixels, templates=templates, window=Window(0, 0, 1, 1), border=(0, 0, 0), frame_wh=(9, 9))
    with pytest.raises(ConfigError, match="sides of 32 and 32 px"):
        store(tmp_path).put(0, wrong)
