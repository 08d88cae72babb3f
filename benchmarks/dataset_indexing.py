"""Opening a data set of LaSOT's size, for the first time and again, against a plain loop over its folders, in one run.

    python benchmarks/dataset_indexing.py
    python benchmarks/dataset_indexing.py --sequences 100 --frames 500

The data set is a stand-in that is made first and removed at the end: LaSOT's folders with empty picture files, boxes
of whole numbers, and flags. The plain loop does what field toolkits do at the least: ``glob`` and ``numpy.loadtxt`` a
sequence. The three take turns, and their medians are compared; the pictures are opened by none. The folders were made
a moment ago, so the operating system has them in memory: from a disk at rest, all three are slower.
"""

from __future__ import annotations

import argparse
import glob
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_bench.environment import probe_environment
from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.datasets import open_dataset
from sdst_edge.datasets.index import WORTH_FRAMES, index_path
from sdst_runtime.errors import DatasetError, ParityError

Annotations = list[tuple[int, NDArray[np.float64]]]

#: Sequences of a class, as in LaSOT.
PER_CLASS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured: medians in seconds, and how many times longer the first one of a ratio takes.

    Attributes:
        making_s: of the stand-in.
        first_s: opening without an index, writing one.
        again_s: opening with it.
        loop_s: of the plain loop.
        loop_over_first: ratio of medians.
        loop_over_again: ratio of medians.
        first_over_again: ratio of medians.
        index_bytes: size of the index.
    """

    making_s: float
    first_s: float
    again_s: float
    loop_s: float
    loop_over_first: float
    loop_over_again: float
    first_over_again: float
    index_bytes: int


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=1400, metavar="N", help="of the stand-in (1400)")
    parser.add_argument("--frames", type=int, default=2500, metavar="N", help="of each sequence (2500)")
    parser.add_argument("--repetitions", type=int, default=3, metavar="N", help="of each of the three (3)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the stand-in is made (the temporary folder)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    for name in ("sequences", "frames", "repetitions"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}, expected at least 1")
    if options.sequences * options.frames < WORTH_FRAMES:
        parser.error(f"a data set of fewer than {WORTH_FRAMES} frames is not kept; ask for more")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Makes the stand-in, times, prints to stdout, and removes it.

    Raises:
        DatasetError: the stand-in cannot be made.
        ParityError: the three read different things.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="sdst-indexing-", dir=options.folder) as place:
            figures = _measure(Path(place), options.sequences, options.frames, options.repetitions)
    except OSError as error:
        raise DatasetError(f"the stand-in cannot be made: {error}; choose another place with --folder") from None
    environment = probe_environment()
    setup = {name: getattr(options, name) for name in ("sequences", "frames", "repetitions")}
    if options.json:
        print_json({**setup, "figures": figures, "environment": environment})
        return
    total = options.sequences * options.frames
    rows = [
        ("opened for the first time", figures.first_s, figures.loop_over_first),
        ("opened again", figures.again_s, figures.loop_over_again),
        ("glob and numpy.loadtxt", figures.loop_s, 1.0),
    ]
    lines = [f"{f'{options.sequences} sequences, {total} frames':40}{'median s':>10}{'loop / it':>11}"]
    lines += [f"{name:40}{seconds:10.2f}{ratio:11.1f}" for name, seconds, ratio in rows]
    lines += [f"{'first opening / opening again':50}{figures.first_over_again:11.1f}"]
    lines += [f"index {figures.index_bytes / 1e6:.1f} MB; stand-in made in {figures.making_s:.0f} s"]
    lines += [f"medians of {options.repetitions} each; {environment.cpu}, NumPy {environment.numpy}"]
    print_rich("\n".join(lines))


def _measure(place: Path, sequences: int, frames: int, repetitions: int) -> Figures:
    root = place / "LaSOT"
    os.environ["SDST_CACHE_DIR"] = str(place / "cache")
    index = index_path(root, "lasot")
    assert index is not None
    making_s, _ = _timed(lambda: make_stand_in(root, sequences, frames))

    def first() -> Annotations:
        index.unlink(missing_ok=True)
        return again()

    def again() -> Annotations:
        return [(len(sequence), sequence.boxes_xywh) for sequence in open_dataset(root, "lasot").sequences]

    ways: list[Callable[[], Annotations]] = [first, again, lambda: plain_loop(root)]
    seconds: list[list[float]] = [[], [], []]
    for _ in range(repetitions):
        expected: Annotations | None = None
        for way, times in zip(ways, seconds, strict=True):
            taken, found = _timed(way)
            times.append(taken)
            _check_same(found, expected or found)
            expected = found
    first_s, again_s, loop_s = (float(np.median(times)) for times in seconds)
    return Figures(
        making_s=making_s,
        first_s=first_s,
        again_s=again_s,
        loop_s=loop_s,
        loop_over_first=loop_s / first_s,
        loop_over_again=loop_s / again_s,
        first_over_again=first_s / again_s,
        index_bytes=index.stat().st_size,
    )


def make_stand_in(root: Path, sequences: int, frames: int) -> None:
    """LaSOT's folders with empty pictures; boxes walk at random, and one frame in fifty is absent."""
    rng = np.random.default_rng(0)
    pictures = [f"{number:08d}.jpg" for number in range(1, frames + 1)]
    for position in range(sequences):
        kind = f"class{position // PER_CLASS:02d}"
        folder = root / kind / f"{kind}-{position % PER_CLASS + 1}"
        (folder / "img").mkdir(parents=True)
        for name in pictures:
            os.close(os.open(f"{folder}/img/{name}", os.O_CREAT | os.O_WRONLY))
        boxes = np.abs(np.cumsum(rng.integers(-3, 4, (frames, 4)), axis=0)) + np.array((100, 100, 40, 40))
        (folder / "groundtruth.txt").write_text("".join(f"{x},{y},{w},{h}\n" for x, y, w, h in boxes.tolist()))
        for name in ("full_occlusion.txt", "out_of_view.txt"):
            (folder / name).write_text(",".join("1" if chance < 0.01 else "0" for chance in rng.random(frames)))


def plain_loop(root: Path) -> Annotations:
    """The names of all frames, and the annotations, sequence by sequence."""
    found: Annotations = []
    folders = glob.glob(os.path.join(root, "*", "*"))
    folders.sort(key=lambda folder: (os.path.dirname(folder), int(folder.rpartition("-")[2])))
    for folder in folders:
        pictures = sorted(glob.glob(os.path.join(folder, "img", "*.jpg")))
        boxes = np.loadtxt(os.path.join(folder, "groundtruth.txt"), delimiter=",", ndmin=2)
        for name in ("full_occlusion.txt", "out_of_view.txt"):
            np.loadtxt(os.path.join(folder, name), delimiter=",")
        found.append((len(pictures), boxes - np.array((1.0, 1.0, 0.0, 0.0))))
    return found


def _check_same(found: Annotations, expected: Annotations) -> None:
    same = len(found) == len(expected) and all(
        ours[0] == theirs[0] and np.array_equal(ours[1], theirs[1])
        for ours, theirs in zip(found, expected, strict=True)
    )
    if not same:
        raise ParityError("two ways to read the stand-in find different frames or boxes; expected the same")


def _timed(work: Callable[[], Annotations | None]) -> tuple[float, Annotations]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found or []


if __name__ == "__main__":
    sys.exit(main())
