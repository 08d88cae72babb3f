"""Frame times of whole trackers, families and students, untrained: speed does not depend on the values of weights.

    python benchmarks/family_speed.py sdst-nano-s sdst-nano-m sdst-nano-l nanotrack-v3 siamrpn-alexnet:0.35

A family may be followed by a width and a depth, ``FAMILY:WIDTH:DEPTH``. Each is exported and its ``update()`` timed as
``sdst-edge bench`` does it. They take turns, a few rounds, and the figure is the median of the rounds' medians: compare
within one run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sdst_bench.environment import probe_environment
from sdst_bench.measuring.bundle import measure_bundle
from sdst_bench.measuring.subject import SubjectRequest
from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.models import save_checkpoint, untrained_checkpoint
from sdst_export import export_bundle
from sdst_runtime import Manifest
from sdst_runtime.errors import ConfigError

STUDENTS = ("sdst-nano-s", "sdst-nano-m", "sdst-nano-l", "nanotrack-v3", "fear-xs", "lighttrack-mobile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A tracker: what it computes per frame, and its median times, milliseconds."""

    name: str
    parameters: int
    macs: int
    update_ms: float
    network_ms: float


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", default=STUDENTS, help="FAMILY[:WIDTH[:DEPTH]]")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each tracker")
    parser.add_argument("--frames", type=int, default=60, help="updates a turn")
    parser.add_argument("--out", type=Path, help="also write the table (.md) under this name")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.rounds < 1 or options.frames < 1:
        parser.error(f"--rounds is {options.rounds} and --frames {options.frames}, expected at least 1 each")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Measures all trackers, and prints a table or JSON to stdout."""
    with tempfile.TemporaryDirectory() as folder:
        manifests = {name: _export(name, Path(folder) / str(i)) for i, name in enumerate(options.families)}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in manifests}
        for turn in range(options.rounds):
            note(f"round {turn + 1} of {options.rounds}")
            for i, name in enumerate(manifests):
                request = SubjectRequest(bundle=str(Path(folder) / str(i)))
                loop = measure_bundle(request, frames=options.frames).closed_loop
                assert loop is not None
                times[name].append((loop.total.p50, loop.stages["search"].p50 + loop.stages["head"].p50))
    rows = [_row(name, manifest, times[name]) for name, manifest in manifests.items()]
    if options.json:
        print_json({"trackers": rows, "environment": probe_environment()})
    else:
        print_rich(_markdown(rows))
    if options.out is not None:
        options.out.with_suffix(".md").write_text(_markdown(rows), encoding="utf-8")


def _export(name: str, folder: Path) -> Manifest:
    family, *factors = name.split(":")
    try:
        options: dict[str, Any] = dict(zip(("width", "depth"), map(float, factors), strict=False))
    except ValueError:
        raise ConfigError(
            f"{name!r} is no FAMILY:WIDTH:DEPTH with two numbers, such as siamrpn-alexnet:0.35:1"
        ) from None
    checkpoint = untrained_checkpoint(family, **options)
    saved = folder.with_suffix(".safetensors")
    save_checkpoint(checkpoint.model, saved, checkpoint.provenance)
    return export_bundle(saved, folder)


def _row(name: str, manifest: Manifest, times: list[tuple[float, float]]) -> Row:
    update, network = (median(column) for column in zip(*times, strict=True))
    macs = manifest.macs.search + manifest.macs.head
    return Row(name=name, parameters=manifest.parameters, macs=macs, update_ms=update, network_ms=network)


def _markdown(rows: list[Row]) -> str:
    environment = probe_environment()
    lines = [
        f"| tracker | M params | MMACs a frame | update() ms | network ms | GMAC/s | time over {rows[0].name} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        rate, ratio = row.macs / row.network_ms / 1e6, row.update_ms / rows[0].update_ms
        lines.append(
            f"| {row.name} | {row.parameters / 1e6:.2f} | {row.macs / 1e6:.0f} | {row.update_ms:.2f} | "
            f"{row.network_ms:.2f} | {rate:.0f} | {ratio:.2f} |"
        )
    lines += [
        "",
        f"float32, one thread, 1280x720 frames, medians; {environment.cpu}, {environment.system}, "
        f"ONNX Runtime {environment.onnxruntime}, libsdst {environment.libsdst} ({environment.isa}).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
