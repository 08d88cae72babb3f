"""libsdst's search crop against the OpenCV way, on one thread, in one run: the same floats, checked before timing.

    python benchmarks/crop_vs_opencv.py

Ours is a whole call of ``NativeTracker.search_input()``, Python included. The OpenCV way pads with ``copyMakeBorder``
where the crop leaves the frame and only there, resizes, and makes contiguous float32 planes. Both read the same frame
of 1280 x 720 px and take turns in going first, so the ratios hold on a busy machine, where microseconds do not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdst_bench.environment import probe_environment
from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_runtime.config import CropRule, TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import ParityError
from sdst_runtime.kernels import frame_mean

WIDTH, HEIGHT, OUT_PX = 1280, 720, 255


class Case(NamedTuple):
    """A crop: side and centre in image px."""

    name: str
    side_px: int
    center_xy: tuple[float, float]


CASES = (
    Case("180 px inside", 180, (640.0, 360.0)),
    Case("400 px inside", 400, (640.0, 360.0)),
    Case("180 px across a corner", 180, (30.0, 700.0)),
    Case("400 px across a corner", 400, (30.0, 700.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Medians of one case, microseconds, and how many times faster ours is."""

    name: str
    opencv_us: float
    libsdst_us: float
    ratio: float


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=500, metavar="N", help="of every crop, at least 1")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.repetitions < 1:
        parser.error(f"--repetitions is {options.repetitions}, expected at least 1")
    status, _ = exit_status(lambda: run(options.repetitions, options.json))
    return status


def run(repetitions: int, as_json: bool) -> None:
    """Checks, times and prints to stdout.

    Raises:
        ParityError: the two ways give different numbers.
    """
    import cv2

    cv2.setNumThreads(1)
    frame = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    figures = [_measure(frame, case, repetitions) for case in CASES]
    median_ratio = float(np.median([row.ratio for row in figures]))
    environment = probe_environment()
    if as_json:
        plain = {"cases": figures, "median_ratio": median_ratio, "repetitions": repetitions}
        print_json({**plain, "opencv": cv2.__version__, "environment": environment})
        return
    lines = [f"{'crop to 255 x 255 float32':28}{'OpenCV us':>12}{'libsdst us':>12}{'ratio':>8}"]
    lines += [f"{row.name:28}{row.opencv_us:12.1f}{row.libsdst_us:12.1f}{row.ratio:8.2f}" for row in figures]
    lines += [f"{'median of the ratios':52}{median_ratio:8.2f}", f"medians of {repetitions} calls each, one thread"]
    lines += [f"{environment.cpu}, OpenCV {cv2.__version__}, libsdst {environment.libsdst} ({environment.isa})"]
    print_rich("\n".join(lines))


def _measure(frame: NDArray[np.uint8], case: Case, repetitions: int) -> Figures:
    tracker = _tracker(frame, case)

    def ours() -> NDArray[np.float32]:
        return tracker.search_input(frame)

    border = frame_mean(frame)

    def theirs() -> NDArray[np.float32]:
        return opencv_crop(frame, case, border)

    if not np.array_equal(ours()[0], theirs()):
        raise ParityError(f"{case.name}: libsdst and OpenCV give different crops; expected the same floats")
    times: dict[Callable[[], NDArray[np.float32]], list[int]] = {ours: [], theirs: []}
    for repetition in range(repetitions):
        for crop in (ours, theirs) if repetition % 2 else (theirs, ours):
            start = time.perf_counter_ns()
            crop()
            times[crop].append(time.perf_counter_ns() - start)
    ours_us, theirs_us = (float(np.median(times[crop])) / 1e3 for crop in (ours, theirs))
    return Figures(name=case.name, opencv_us=theirs_us, libsdst_us=ours_us, ratio=theirs_us / ours_us)


def _tracker(frame: NDArray[np.uint8], case: Case) -> NativeTracker:
    """A tracker whose search crop is the case's: no context, and a search side as large as the target."""
    tracker = NativeTracker(
        TrackerConfig(
            template_size=127,
            search_size=OUT_PX,
            response_size=15,
            stride_px=16.0,
            score_kind="softmax2",
            point_origin_px=-112.0,
            window_influence=0.4,
            penalty_k=0.1,
            size_lr=0.3,
            crop=CropRule(context_amount=0.0, search_scale=1.0),
        )
    )
    tracker.template_input(frame, (0.0, 0.0, 10.0, 10.0))
    tracker.set_state(*case.center_xy, case.side_px, case.side_px)
    return tracker


def opencv_crop(frame: NDArray[np.uint8], case: Case, border: tuple[int, int, int]) -> NDArray[np.float32]:
    """The crop as (3, 255, 255) float32 by OpenCV and NumPy."""
    import cv2

    left, top = (int(np.floor(center - (case.side_px + 1) / 2 + 0.5)) for center in case.center_xy)
    right, bottom = left + case.side_px, top + case.side_px
    patch: NDArray[Any] = frame[max(top, 0) : min(bottom, HEIGHT), max(left, 0) : min(right, WIDTH)]
    if left < 0 or top < 0 or right > WIDTH or bottom > HEIGHT:
        sides = (max(-top, 0), max(bottom - HEIGHT, 0), max(-left, 0), max(right - WIDTH, 0))
        patch = cv2.copyMakeBorder(patch, *sides, cv2.BORDER_CONSTANT, value=border)
    patch = cv2.resize(patch, (OUT_PX, OUT_PX), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(patch.transpose(2, 0, 1), dtype=np.float32)


if __name__ == "__main__":
    sys.exit(main())
