"""How well `sdst-edge bench` agrees with itself: pairs of runs back to back, and what its own timers cost.

    python benchmarks/bench_repeatability.py m/ --pairs 10

Every run is the command, in a process of its own. The two of a pair agree where their 95 % intervals of the median of
`update()` overlap. The timers' share is (with - without) / without, of medians of frames that take turns in a run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from sdst_bench.environment import probe_environment
from sdst_bench.report.files import read_report
from sdst_bench.stats import Interval
from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_runtime.errors import SdstError

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: median of ``update()`` with its interval, ms, and the share that the timers add."""

    p50_ms: float
    median_ms: Interval
    timer_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two runs back to back."""

    first: Run
    second: Run
    overlap: bool


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="folder that `sdst-edge export` wrote")
    parser.add_argument("--pairs", type=int, default=10, help="of runs")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error(f"--pairs is {options.pairs}, expected at least 1")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Runs all pairs, and prints a table or JSON to stdout."""
    pairs = []
    for number in range(options.pairs):
        note(f"pair {number + 1} of {options.pairs}")
        first, second = bench(options.bundle), bench(options.bundle)
        one, other = first.median_ms, second.median_ms
        overlap = one.low <= other.high and other.low <= one.high
        pairs.append(Pair(first=first, second=second, overlap=overlap))
    agreeing = sum(pair.overlap for pair in pairs)
    share = median(item.timer_share for pair in pairs for item in (pair.first, pair.second))
    environment = probe_environment()
    if options.json:
        print_json({"pairs": pairs, "agreeing": agreeing, "timer_share": share, "environment": environment})
        return
    print_rich(
        _table(pairs),
        f"{agreeing} of {len(pairs)} pairs overlap; timers add {share:+.2%} (median of {2 * len(pairs)} runs)",
        f"{environment.cpu}, {environment.system}, ONNX Runtime {environment.onnxruntime}, "
        f"libsdst {environment.libsdst} ({environment.isa})",
    )


def bench(bundle: Path) -> Run:
    """One run of the command.

    Raises:
        SdstError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sdst_edge.cli", "bench", str(bundle), "--out", folder]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SdstError(f"the bench failed: {done.stderr.strip()}")
        (report,) = read_report(Path(folder) / "report.json").bundles
    if report.closed_loop is None or report.python_cost is None:
        raise SdstError(f"the bench measured no stages: {report.not_measured}")
    loop = report.closed_loop
    return Run(p50_ms=loop.total.p50, median_ms=loop.median_ms, timer_share=report.python_cost.timer_share)


def _table(pairs: list[Pair]) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table("pair", box=box.SIMPLE_HEAD)
    for column in ("p50, ms", "95 %", "again, ms", "95 %", "overlap", "timers"):
        table.add_column(column, justify="right", no_wrap=True)
    for number, pair in enumerate(pairs, 1):
        cells = []
        for item in (pair.first, pair.second):
            cells += [f"{item.p50_ms:.3f}", f"{item.median_ms.low:.3f}-{item.median_ms.high:.3f}"]
        shares = f"{pair.first.timer_share:+.2%}, {pair.second.timer_share:+.2%}"
        table.add_row(str(number), *cells, "yes" if pair.overlap else "no", shares)
    return table


if __name__ == "__main__":
    sys.exit(main())
