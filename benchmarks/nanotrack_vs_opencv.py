"""A bundle against OpenCV's TrackerNano: scores and frame times on the same frames, one thread each, in one run.

    python benchmarks/nanotrack_vs_opencv.py n3/ data/val --backbone nanotrack_v2_backbone.onnx \
        --neckhead nanotrack_v2_head.onnx

Both get the same decoded frame, take turns in going first, and are timed around ``update()`` alone. OpenCV's tracker
takes whole pixels, so its first box is rounded; ours is not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sdst_bench.environment import Environment, probe_environment
from sdst_bench.peers import Comparison, OpenCvNano, compare
from sdst_edge.cli.console import print_json, print_rich, progress_bar
from sdst_edge.cli.errors import exit_status
from sdst_edge.datasets import Sequence, read_got10k
from sdst_runtime import load
from sdst_runtime.errors import DatasetError
from sdst_runtime.strict import to_plain

OURS, THEIRS = "sdst-edge", "OpenCV TrackerNano"


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = _parser()
    options = parser.parse_args()
    if options.every < 1:
        parser.error(f"--every is {options.every}, expected at least 1")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Compares, and prints a table or JSON to stdout."""
    import cv2

    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # its dnn module warns about its own defaults
    sequences = _chosen(read_got10k(options.data), options.sequences, options.every)
    theirs = OpenCvNano(options.backbone, options.neckhead)
    with load(options.bundle, threads=1) as ours, progress_bar("compare") as bar:
        comparison = compare({OURS: ours, THEIRS: theirs}, sequences, bar)
    ratio = comparison.ratio_of_medians(OURS, THEIRS)
    environment = probe_environment()
    if options.json:
        plain = {**to_plain(comparison), "ratio_of_medians": ratio, "opencv": cv2.__version__}
        print_json({**plain, "environment": environment})
    else:
        _print(comparison, ratio, environment, cv2.__version__)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="folder that `sdst-edge export` wrote")
    parser.add_argument("data", type=Path, help="sequences in the GOT-10k layout")
    parser.add_argument("--backbone", type=Path, required=True, help="ONNX backbone for TrackerNano")
    parser.add_argument("--neckhead", type=Path, required=True, help="ONNX neck and head for TrackerNano")
    parser.add_argument("--sequences", metavar="NAME,NAME", help="only these")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th sequence")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def _chosen(sequences: tuple[Sequence, ...], names: str | None, every: int) -> tuple[Sequence, ...]:
    if names is not None:
        known = {item.name: item for item in sequences}
        wanted = names.split(",")
        if unknown := [name for name in wanted if name not in known]:
            raise DatasetError(f"there is no sequence {unknown[0]!r}; there are {', '.join(known)}")
        sequences = tuple(known[name] for name in wanted)
    return sequences[::every]


def _print(comparison: Comparison, ratio: float, environment: Environment, opencv: str) -> None:
    from rich import box
    from rich.table import Table

    table = Table("tracker", box=box.SIMPLE_HEAD)
    for column in ("success AUC", "precision 20 px", "AO", "SR 0.5", "p50 ms", "p90 ms", "mean ms"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, result in comparison.results.items():
        overall, update = result.evaluation.overall, result.update
        scores = [overall[key] for key in ("success_auc", "precision_20", "ao", "sr_50")]
        times = (update.p50, update.p90, update.mean)
        table.add_row(name, *(f"{value:.3f}" for value in (*scores, *times)))
    print_rich(
        table,
        f"ratio of medians, {OURS} / {THEIRS}: {ratio:.3f} (below 1: {OURS} is faster)",
        f"{len(comparison.results[OURS].evaluation.sequences)} sequences, {comparison.frames} updates each, "
        "one thread each, frame by frame in turn; decoding of pictures excluded",
        comparison.rule_text,
        f"{environment.cpu}, {environment.system}, Python {environment.python}, OpenCV {opencv}, "
        f"ONNX Runtime {environment.onnxruntime}, libsdst {environment.libsdst} ({environment.isa})",
    )


if __name__ == "__main__":
    sys.exit(main())
