"""The three forms of every kind of correlation in ONNX Runtime, on one thread, in one run; checked before timing.

    python benchmarks/correlation_forms.py

Kernels are constants of the graph, as in a head that a target was baked into. The forms of a shape take turns of some
calls each, so the ratios hold on a busy machine, where microseconds do not. The first calls of a turn are not counted:
they find the caches full of another form's windows, which made the Conv node look five times as slow.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from sdst_bench.environment import probe_environment
from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.models.correlation import correlate_kernel
from sdst_export.cut import Piece
from sdst_export.graphs import trace
from sdst_export.macs import correlation_macs
from sdst_export.placeholders import serialize, with_placeholders
from sdst_export.simplify import simplify
from sdst_runtime.baking import bake
from sdst_runtime.errors import ParityError
from sdst_runtime.manifest import Correlation, CorrelationForm, CorrelationKind
from sdst_runtime.ort_graph import import_onnxruntime

FORMS: tuple[CorrelationForm, ...] = get_args(CorrelationForm)
CALLS, UNCOUNTED = 20, 3  # of a turn
TOLERANCE = 1e-5  # of the largest magnitude, between two forms in float32

Array = NDArray[np.float32]
Shape = tuple[int, int, int, int]


class Case(NamedTuple):
    """A correlation as a family has it: shapes of kernel and search features."""

    family: str
    kind: CorrelationKind
    kernel: Shape
    search: Shape


CASES = (
    Case("SiamFC, three scales", "full", (1, 256, 6, 6), (3, 256, 22, 22)),
    Case("NanoTrack v3", "depthwise", (96, 1, 4, 4), (1, 96, 18, 18)),
    Case("SiamRPN++", "depthwise", (256, 1, 5, 5), (1, 256, 29, 29)),
    Case("DaSiamRPN, score", "up-channel", (10, 256, 4, 4), (1, 256, 22, 22)),
    Case("DaSiamRPN, deltas", "up-channel", (20, 256, 4, 4), (1, 256, 22, 22)),
    Case("sdst-nano-m", "pixelwise", (64, 80, 1, 1), (1, 80, 14, 14)),
    Case("NanoTrack, LightTrack", "pixelwise", (64, 96, 1, 1), (1, 96, 16, 16)),
    Case("FEAR", "pixelwise", (64, 256, 1, 1), (1, 256, 16, 16)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Medians of one case by form, microseconds, and how many times longer than ``conv`` they are."""

    family: str
    kind: str
    kernel: str
    search: str
    macs: int
    median_us: dict[str, float]
    ratio: dict[str, float]


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=15, metavar="N", help=f"of {CALLS} calls, at least 1")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.turns < 1:
        parser.error(f"--turns is {options.turns}, expected at least 1")
    status, _ = exit_status(lambda: run(options.turns, options.json))
    return status


def run(turns: int, as_json: bool) -> None:
    """Checks, times and prints to stdout.

    Raises:
        ParityError: two forms give different numbers.
    """
    figures = [_measure(case, turns) for case in CASES]
    environment, version = probe_environment(), import_onnxruntime().__version__
    if as_json:
        plain = {"cases": figures, "turns": turns, "counted_calls": turns * (CALLS - UNCOUNTED), "onnxruntime": version}
        print_json({**plain, "environment": environment})
        return
    lines = [f"{'':22}{'kind':12}{'kernel':>14}{'search':>14}{'conv us':>10}{'taps':>9}{'matmul':>9}"]
    for row in figures:
        ratios = f"{row.ratio['taps']:8.1f}x{row.ratio['matmul']:8.1f}x"
        lines.append(
            f"{row.family:22}{row.kind:12}{row.kernel:>14}{row.search:>14}{row.median_us['conv']:10.1f}{ratios}"
        )
    lines += [
        f"medians of {turns * (CALLS - UNCOUNTED)} calls each, one thread; taps and matmul: times the median of conv"
    ]
    lines += [f"{environment.cpu}, ONNX Runtime {version}"]
    print_rich("\n".join(lines))


def _measure(case: Case, turns: int) -> Figures:
    generator = np.random.default_rng(0)
    kernel, search = (generator.standard_normal(shape).astype(np.float32) for shape in (case.kernel, case.search))
    calls = {form: _baked(case, form, kernel, search) for form in FORMS}
    want = calls["conv"]()
    for form, call in calls.items():
        if not np.abs(call() - want).max() <= TOLERANCE * np.abs(want).max():
            raise ParityError(f"{case.family}: {form} and conv give different responses; expected the same numbers")
    times: dict[CorrelationForm, list[int]] = {form: [] for form in FORMS}
    for _ in range(turns):
        for form in FORMS:
            times[form] += _turn(calls[form])
    medians = {str(form): float(np.median(values)) / 1e3 for form, values in times.items()}
    return Figures(
        family=case.family,
        kind=case.kind,
        kernel="x".join(map(str, case.kernel)),
        search="x".join(map(str, case.search)),
        macs=correlation_macs(case.kernel, want.shape),
        median_us=medians,
        ratio={form: value / medians["conv"] for form, value in medians.items()},
    )


def _turn(call: Callable[[], Array]) -> list[int]:
    """Nanoseconds of the counted calls of a turn."""
    times = []
    for _ in range(CALLS):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return times[UNCOUNTED:]


def _baked(case: Case, form: CorrelationForm, kernel: Array, search: Array) -> Callable[[], Array]:
    """A call of the correlation alone in ONNX Runtime, its kernel written into the graph."""
    item = Correlation(kind=case.kind, kernel="kernel", search="search", response="response")
    piece = Piece(
        function=lambda named: (correlate_kernel(item, named["kernel"], named["search"], form),),
        inputs={"kernel": torch.from_numpy(kernel), "search": torch.from_numpy(search)},
        outputs=["response"],
        kernels=["kernel"],
    )
    graph = with_placeholders(simplify(trace(torch.nn.Identity(), piece)), piece.kernels)
    data = bake(*serialize(graph, dict.fromkeys(piece.kernels)), {"kernel": kernel})
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def call() -> Array:
        response: Array = session.run(["response"], {"search": search})[0]
        return response

    return call


if __name__ == "__main__":
    sys.exit(main())
