"""What int8 and float16 bring and cost, checkpoint by checkpoint, beside fp32 and in one run.

    python benchmarks/quantization.py n3.safetensors s.safetensors --calibrate data/train --data data/val

Each checkpoint is exported in every precision for ONNX Runtime, and in int8 for TensorRT, which ONNX Runtime runs too.
Networks (search graph and head, one thread) take turns of some milliseconds; processor time is counted, which
is the time that passes on an idle machine, and ratios are taken turn by turn. Sizes are of all files of a variant.
Success AUC is by the house rule on all sequences of ``--data``, from the first box and without resets.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdst_bench.environment import probe_environment
from sdst_bench.host.host import Environment
from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_export import ExportOptions, export_bundle
from sdst_export.accuracy import Validation, follow_validation, measure_accuracy
from sdst_export.network_time import time_networks
from sdst_export.plan import FP32
from sdst_runtime import Bundle
from sdst_runtime.manifest import Variant
from sdst_runtime.measurements import Accuracy

_HEADER = (
    "| checkpoint | variant | network ms | of fp32 | folder MB | of fp32 | success AUC | drop | IoU with fp32 | "
    "float layers |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One variant of one checkpoint.

    Attributes:
        checkpoint: name of its file.
        variant: name.
        network_ms: median.
        time_ratio: to fp32's, turn by turn.
        size_bytes: of all files of the variant.
        size_ratio: of that to fp32's.
        accuracy: beside fp32; None where there is no data set.
        float_layers: how many were left in float; None for a variant that is not quantised.
    """

    checkpoint: str
    variant: str
    network_ms: float
    time_ratio: float
    size_bytes: int
    size_ratio: float
    accuracy: Accuracy | None
    float_layers: int | None


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=Path, help="checkpoints (.safetensors)")
    parser.add_argument("--calibrate", required=True, help="data set whose frames int8 is calibrated on, or 'random'")
    parser.add_argument("--data", type=Path, help="data set to score on; without it no AUC is measured")
    parser.add_argument("--method", choices=("min-max", "entropy", "percentile"), help="of calibration")
    parser.add_argument(
        "--max-drop", type=float, help="of success AUC on --data: leave layers float until int8 is under"
    )
    parser.add_argument("--turns", type=int, default=60, help="of each network, 4 counted calls each")
    parser.add_argument("--out", type=Path, help="also write the table (.md) under this name")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.turns < 1:
        parser.error(f"--turns is {options.turns}, expected at least 1")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Exports and measures all checkpoints, and prints a table or JSON to stdout."""
    validation = None if options.data is None else Validation.open(options.data)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, checkpoint in enumerate(options.checkpoints):
            note(f"{checkpoint.name}: export")
            out = Path(folder) / str(number)
            export_bundle(checkpoint, out, _export_options(options))
            rows += _measure(checkpoint.stem, Bundle.open(out), validation, options.turns)
    environment = probe_environment()
    if options.json:
        print_json({"variants": rows, "command": _command(), "environment": environment})
    else:
        print_rich(_markdown(rows, environment))
    if options.out is not None:
        options.out.with_suffix(".md").write_text(_markdown(rows, environment), encoding="utf-8")


def _export_options(options: argparse.Namespace) -> ExportOptions:
    return ExportOptions(
        precisions=("fp32", "fp16", "int8"),
        calibrate=options.calibrate,
        method=options.method,
        validate=None if options.max_drop is None else options.data,
        max_drop=options.max_drop,
    )


def _measure(name: str, bundle: Bundle, validation: Validation | None, turns: int) -> list[Row]:
    variants = bundle.manifest.variants
    note(f"{name}: time {', '.join(variants)}")
    times = time_networks(bundle, (FP32, *(key for key in variants if key != FP32)), turns=turns)
    accuracies = {} if validation is None else _accuracies(name, bundle, validation)
    whole = _size_bytes(variants[FP32])
    return [
        Row(
            checkpoint=name,
            variant=key,
            network_ms=times[key].median_ms,
            time_ratio=times[key].ratio,
            size_bytes=_size_bytes(variant),
            size_ratio=_size_bytes(variant) / whole,
            accuracy=accuracies.get(key),
            float_layers=None if variant.quantization is None else len(variant.quantization.float_layers),
        )
        for key, variant in variants.items()
    ]


def _accuracies(name: str, bundle: Bundle, validation: Validation) -> Mapping[str, Accuracy]:
    note(f"{name}: follow {len(validation.sequences)} sequences with {FP32}")
    reference = follow_validation(bundle, FP32, validation)
    found = {}
    for key in bundle.manifest.variants:
        note(f"{name}: follow them with {key}")
        found[key] = measure_accuracy(bundle, key, reference, validation)
    return found


def _size_bytes(variant: Variant) -> int:
    entries = [entry for graph in variant.graphs.values() for entry in (graph, graph.weights) if entry is not None]
    return sum({entry.file: entry.size_bytes for entry in entries}.values())


def _command() -> str:
    return shlex.join(["python", *sys.argv])


def _markdown(rows: list[Row], environment: Environment) -> str:
    lines = [_HEADER]
    for row in rows:
        accuracy = row.accuracy
        scores = "- | - | -"
        if accuracy is not None:
            drop = accuracy.reference_success_auc - accuracy.success_auc
            scores = f"{accuracy.success_auc:.4f} | {drop:+.4f} | {accuracy.mean_iou:.3f}"
        kept = "-" if row.float_layers is None else str(row.float_layers)
        lines.append(
            f"| {row.checkpoint} | {row.variant} | {row.network_ms:.2f} | {row.time_ratio:.2f} | "
            f"{row.size_bytes / 1e6:.2f} | {row.size_ratio:.2f} | {scores} | {kept} |"
        )
    data = next((row.accuracy for row in rows if row.accuracy is not None), None)
    if data is not None:
        lines += ["", f"AUC: {data.sequences} sequences and {data.frames} frames of {data.source}, {data.rules} rules."]
    lines += [
        "",
        f"One thread, ONNX Runtime {environment.onnxruntime}, libsdst {environment.libsdst} ({environment.isa}); "
        f"{environment.cpu}, int8 instructions: {environment.int8}; {environment.system}.",
        "",
        f"    {_command()}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
