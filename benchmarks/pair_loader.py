"""Training pairs a second: our loader with a warm cache against the field's per-sample OpenCV way, in one run.

    python benchmarks/pair_loader.py
    python benchmarks/pair_loader.py --data data/train --workers 2
    python benchmarks/pair_loader.py --workers 8 --device cuda --batch 128

Both read the same frames of the same targets, with the same augmentation, batch size and number of worker processes,
and take turns. Ours cuts from regions that it keeps on disk, mapped into memory; theirs decodes crops of 511 px from
JPEG files, and leaves out its labels (``opencv_pairs.py``). Files of both are in the operating system's memory. Nothing
is learnt meanwhile; what a loop waits for pairs is measured apart, in steps of the demo's student with its recipe.

Frames are rendered, or taken from a data set, and written to a temporary folder first, as a data set in GOT-10k's
layout.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from opencv_pairs import OpenCvPairs, opencv_loader, write_crops
from sdst_bench.environment import probe_environment
from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.datasets import Sequence, open_dataset, render_clip
from sdst_edge.datasets.layouts.got10k_writing import write_got10k_sequence
from sdst_edge.models import build
from sdst_edge.training.loop import train
from sdst_edge.training.pairs.loader import PairLoader
from sdst_edge.training.recipe import Cache, Data, Loading, Recipe, Source
from sdst_edge.training.recipe.loading import load_recipe
from sdst_edge.training.targets.points import narrowed
from sdst_runtime.errors import ConfigError, DatasetError

#: The demo's.
RECIPE = "demo.toml"
#: Batches that are taken before the clock starts: workers have started, and work ahead.
WARM_UP = 6
#: Pairs drawn per kept frame until the cache is called warm: two draws each, exp(-8) of the frames are left out.
PAIRS_PER_FRAME = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured.

    Attributes:
        ours: pairs a second, median over rounds.
        opencv: of the per-sample way.
        ratio: of the medians.
        filling: pairs a second of ours while the cache was filled.
        waiting: share of the demo student's step spent waiting for pairs, 0..1.
        step_ms: of that step, its waiting in it.
        frames: that pairs were drawn from.
    """

    ours: float
    opencv: float
    ratio: float
    filling: float
    waiting: float
    step_ms: float
    frames: int


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="PATH", help="data set to take frames from (rendered clips)")
    parser.add_argument("--sequences", type=int, default=40, metavar="N", help="at most so many (40)")
    parser.add_argument("--frames", type=int, default=8, metavar="N", help="of each, evenly spaced (8)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes of each loader (1)")
    parser.add_argument("--batch", type=int, default=32, metavar="N", help="pairs a batch (32)")
    parser.add_argument("--batches", type=int, default=30, metavar="N", help="that are timed in a round (30)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of each loader (5)")
    parser.add_argument("--steps", type=int, default=60, metavar="N", help="of the demo's student (60)")
    parser.add_argument(
        "--device", default="cpu", metavar="NAME", help="where batches are handed over: cpu, cuda (cpu)"
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where files are kept meanwhile (temporary folder)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    for name in ("sequences", "frames", "workers", "batch", "batches", "rounds", "steps"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}, expected at least 1")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Makes the files, times, prints to stdout, and removes them.

    Raises:
        DatasetError: the data set is broken, or files cannot be written.
        ConfigError: PyTorch has no such device.
    """
    import cv2

    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory(prefix="sdst-pairs-", dir=options.folder) as place:
            figures = _measure(Path(place), options)
    except OSError as error:
        raise DatasetError(f"files cannot be made: {error}; choose another place with --folder") from None
    environment = probe_environment()
    setup = {name: getattr(options, name) for name in ("workers", "batch", "batches", "rounds", "steps", "device")}
    if options.json:
        print_json({**setup, "figures": figures, "environment": environment})
        return
    lines = [f"{'pairs a second, loader alone':40}{'median':>10}"]
    lines += [f"{'ours, cache warm':40}{figures.ours:10.0f}"]
    lines += [f"{'511-px JPEG, OpenCV a sample':40}{figures.opencv:10.0f}"]
    lines += [f"{'ratio of the medians':40}{figures.ratio:10.2f}"]
    lines += [f"{'ours, while the cache is filled':40}{figures.filling:10.0f}"]
    lines += [f"{'share of a step spent waiting, %':40}{100 * figures.waiting:10.1f}"]
    lines += [f"{'step of the demo student, ms':40}{figures.step_ms:10.1f}"]
    lines += [f"{options.workers} worker(s), batches of {options.batch}, {figures.frames} frames, on {options.device}"]
    lines += [f"medians of {options.rounds} rounds of {options.batches} batches"]
    lines += [f"{environment.cpu}, PyTorch {torch.__version__}, OpenCV {cv2.__version__}"]
    print_rich("\n".join(lines))


def _measure(place: Path, options: argparse.Namespace) -> Figures:
    clips = place / "clips"
    for number, sequence in enumerate(_sequences(options)):
        write_got10k_sequence(clips / f"{number:04d}", sequence)
    (clips / "list.txt").write_text("".join(f"{path.name}\n" for path in sorted(clips.iterdir())), encoding="utf-8")
    sequences = open_dataset(clips, "got10k").sequences
    frames = sum(int(sequence.visible.sum()) for sequence in sequences)
    recipe = _recipe(place, options)
    config, device = build("sdst-nano-s").config, torch.device(options.device)
    (place / "crops").mkdir()
    theirs = OpenCvPairs(write_crops(place / "crops", sequences, config), config, recipe.augmentation, 2**31)

    def ours_per_s(warm_up: int, batches: int) -> float:
        with PairLoader(recipe, (config,), batch_size=options.batch, device=device) as loader:
            return _per_s(loader, warm_up, batches, options.batch)

    def theirs_per_s() -> float:
        loader = opencv_loader(theirs, options.batch, options.workers, device)
        moved = ([item.to(device, non_blocking=True) for item in batch] for batch in loader)
        return _per_s(moved, WARM_UP, options.batches, options.batch)

    filling = ours_per_s(0, -(-PAIRS_PER_FRAME * frames // options.batch))
    rates: tuple[list[float], list[float]] = ([], [])
    for number in range(options.rounds):
        for way in (0, 1) if number % 2 else (1, 0):
            rates[way].append(ours_per_s(WARM_UP, options.batches) if way == 0 else theirs_per_s())
    ours, opencv = (float(np.median(values)) for values in rates)
    waiting, step_ms = _demo_steps(place, recipe, options.steps, PAIRS_PER_FRAME * frames)
    return Figures(
        ours=ours, opencv=opencv, ratio=ours / opencv, filling=filling, waiting=waiting, step_ms=step_ms, frames=frames
    )


def _sequences(options: argparse.Namespace) -> Iterator[Sequence]:
    """What pairs are drawn from, held in memory one by one."""
    if options.data is None:
        for seed in range(options.sequences):
            clip = render_clip(seed, frames=10 * options.frames, size_wh=(480, 360), distractors=7)
            yield clip.held(range(0, len(clip), 10))
        return
    found = open_dataset(options.data).sequences
    for number in _spread(len(found), options.sequences):
        sequence = found[number]
        seen = np.flatnonzero(sequence.visible)
        if len(seen) > 1:
            yield sequence.held(seen[_spread(len(seen), options.frames)].tolist())


def _spread(count: int, most: int) -> list[int]:
    """At most so many numbers below ``count``, evenly spaced."""
    return [int(number) for number in np.unique(np.linspace(0, count - 1, min(count, most)).round())]


def _recipe(place: Path, options: argparse.Namespace) -> Recipe:
    """The demo's recipe on the clips, with a cache that the next loader finds again."""
    recipe = load_recipe(RECIPE)
    loading = Loading(workers=options.workers, cache=Cache(kind="disk", folder=str(place / "cache"), limit_gb=100.0))
    data = Data(sources=(Source(path=str(place / "clips"), layout="got10k"),))
    return replace(recipe, data=data, loading=loading)


def _demo_steps(place: Path, recipe: Recipe, steps: int, pairs: int) -> tuple[float, float]:
    """Share of a step of the demo's student spent waiting, and milliseconds of a step; its cache is filled first."""
    model = recipe.model
    config = narrowed(build(model.family, **model.options).config, model.search_cells)
    size = recipe.optimization.batch_size
    with PairLoader(recipe, (config,), batch_size=size) as loader:
        _per_s(loader, 0, -(-pairs // size), size)
    demo = replace(
        recipe,
        loading=replace(recipe.loading, workers=load_recipe(RECIPE).loading.workers),
        optimization=replace(recipe.optimization, steps=steps, seconds=0.0),
    )
    profile = train(demo, place / "run", devices=1, profile=True).profile
    if profile is None:
        raise ConfigError("the run of the demo's student was not timed; expected a profile")
    seconds = sum(profile.seconds[part] for part in ("data", "forward", "backward", "optimizer"))
    return profile.share("data"), 1e3 * seconds / profile.steps


def _per_s(batches: Iterable[Any], warm_up: int, count: int, size: int) -> float:
    """Pairs a second in batches of a size, without the first ones."""
    stream = iter(batches)
    for _ in islice(stream, warm_up):
        pass
    start = time.perf_counter()
    for _ in islice(stream, count):
        pass
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return size * count / (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
