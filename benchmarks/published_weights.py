"""Every tracker whose published weights lie in a folder: imported, exported, and scored on the same sequences.

    python benchmarks/published_weights.py weights/ data/val --out benchmarks/results/published-weights

Each file is read by its keys, as ``sdst-edge import auto`` reads it; one that is no checkpoint of a known family is
named and left out. A tracker whose size is not smoothed (FEAR) is scored twice, as published and with its size smoothed
once. Scores are the house rule's; parameters and MACs are those of the exported bundle.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from pathlib import Path

from sdst_bench.environment import probe_environment
from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.datasets import Sequence, open_dataset
from sdst_edge.evaluation import EvaluationResult, evaluate
from sdst_edge.models import import_checkpoint, save_checkpoint
from sdst_export import export_bundle
from sdst_runtime import Bundle, Manifest, Tracker, TrackerConfig, open_session
from sdst_runtime.config import SizeSmoothing
from sdst_runtime.errors import CheckpointError, ConfigError

SCORES = ("success_auc", "precision_20", "ao", "sr_50")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tracker: what it is, what it computes per frame, its scores, and its median time, milliseconds."""

    size_smoothing: SizeSmoothing
    family: str
    file: str
    parameters: int
    macs: int
    scores: dict[str, float]
    update_p50_ms: float


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="folder of checkpoints")
    parser.add_argument("data", type=Path, help="sequences, in any layout that `sdst-edge eval` reads")
    parser.add_argument("--out", type=Path, help="also write the table (.md) under this name")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    status, _ = exit_status(lambda: run(parser.parse_args()))
    return status


def run(options: argparse.Namespace) -> None:
    """Measures all trackers, and prints a table or JSON to stdout."""
    if not options.weights.is_dir():
        raise ConfigError(f"{options.weights} is no folder, expected one of checkpoints")
    sequences = open_dataset(options.data).sequences
    with tempfile.TemporaryDirectory() as folder:
        bundles = _bundles(sorted(options.weights.iterdir()), Path(folder))
        rows = [row for bundle, file in bundles.items() for row in _measured(bundle, file, sequences)]
    if options.json:
        print_json({"trackers": rows, "sequences": len(sequences), "environment": probe_environment()})
    else:
        print_rich(_markdown(rows, sequences))
    if options.out is not None:
        options.out.with_suffix(".md").write_text(_markdown(rows, sequences), encoding="utf-8")


def _bundles(files: Items[Path], folder: Path) -> dict[Path, str]:
    """Bundles by folder, with the name of the file that each came from."""
    bundles: dict[Path, str] = {}
    for file in (item for item in files if item.is_file()):
        try:
            checkpoint = import_checkpoint("auto", file)
        except CheckpointError as error:
            note(f"left out: {error}")
            continue
        saved = folder / f"{file.name}.safetensors"
        save_checkpoint(checkpoint.model, saved, checkpoint.provenance)
        export_bundle(saved, folder / file.name)
        bundles[folder / file.name] = file.name
    return bundles


def _measured(folder: Path, file: str, sequences: Items[Sequence]) -> list[Row]:
    bundle = Bundle.open(folder)
    published = bundle.manifest.tracker
    configs = [published]
    if published.size_smoothing == "none":
        configs.append(replace(published, size_smoothing="once"))
    with open_session(bundle, threads=1) as session:
        return [_row(bundle.manifest, file, evaluate(Tracker(session, item), sequences), item) for item in configs]


def _row(manifest: Manifest, file: str, result: EvaluationResult, config: TrackerConfig) -> Row:
    note(f"{file}, size smoothed {config.size_smoothing}: done")
    scores = {name: result.overall[name] for name in SCORES}
    return Row(
        family=manifest.family,
        file=file,
        parameters=manifest.parameters,
        macs=manifest.macs.search + manifest.macs.head,
        scores={name: score for name, score in scores.items() if score is not None},
        update_p50_ms=result.speed.median_ms if result.speed is not None else math.nan,
        size_smoothing=config.size_smoothing,
    )


def _markdown(rows: Items[Row], sequences: Items[Sequence]) -> str:
    environment = probe_environment()
    lines = [
        "| family | weights | size smoothed | M params | MMACs a frame | success AUC | precision 20 px | AO | SR 0.5 "
        "| p50 ms |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        scores = " | ".join(f"{row.scores[name]:.3f}" for name in SCORES)
        lines.append(
            f"| {row.family} | {row.file} | {row.size_smoothing} | {row.parameters / 1e6:.3f} | {row.macs / 1e6:.0f} "
            f"| {scores} | {row.update_p50_ms:.2f} |"
        )
    lines += [
        "",
        f"House rule, {len(sequences)} sequences, one thread, times of `update()`. {environment.cpu}, "
        f"{environment.system}, ONNX Runtime {environment.onnxruntime}, libsdst {environment.libsdst} "
        f"({environment.isa}).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
