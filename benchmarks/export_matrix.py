"""Which family exports to which variant and to which target: parity figures, lint results, or the reason why not.

    python benchmarks/export_matrix.py --state matrix.json --out benchmarks/results/export-matrix
    python benchmarks/export_matrix.py sdst-nano-s nanotrack-v3 --target jetson-orin-jp6

Families are untrained, the weights are random, and int8 is calibrated on noise: that shows what exports and what each
variant computes beside the network, nothing of how well it tracks. A family of more than a billion multiply-accumulates
a frame is narrowed, and the table says so; ``--full`` exports it at its own size. What a family gave is kept in
``--state``, so that a run that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdst_bench.environment import probe_environment
from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.models import families, family_facts, save_checkpoint, untrained_checkpoint
from sdst_export import RANDOM, ExportOptions, export_bundle
from sdst_export.lint import Report, lint
from sdst_export.plan import variant_name
from sdst_export.targets import Target, list_targets, load_target
from sdst_runtime import Bundle
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import EngineName, Manifest, Precision
from sdst_runtime.strict import from_plain, to_plain

#: Engines and their precisions: every variant that there is.
ENGINES: dict[EngineName, tuple[Precision, ...]] = {
    "onnxruntime": ("fp32", "fp16", "int8"),
    "tensorrt": ("int8",),  # the others are files of the same names
    "openvino": ("fp32", "fp16", "int8"),
    "ncnn": ("fp32", "fp16"),
}
LARGE_MACS = 10**9  # a frame
NARROW = 0.25  # width of a family above it

# What a cell holds, and why it holds no more; by name of variant or target.
Cells = Mapping[str, "Cell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table.

    Attributes:
        value: what there is; empty for nothing.
        reason: why there is no more; empty where all is well.
    """

    value: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyResult:
    """What one family gave.

    Attributes:
        family: its name.
        width: factor on its channels.
        variants: by name.
        targets: by name.
    """

    family: str
    width: float
    variants: Mapping[str, Cell]
    targets: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What came of an export.

    Attributes:
        made: manifest and folder of the bundle that a precision was asked for in.
        failed: first line of the error, by precision.
    """

    made: Mapping[Precision, tuple[Manifest, Path]]
    failed: Mapping[Precision, str]


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help="all by default")
    parser.add_argument("--target", action="append", metavar="NAME", help="of these targets only")
    parser.add_argument("--full", action="store_true", help="export large families at their own size")
    parser.add_argument("--state", type=Path, help="file that keeps what is done (.json)")
    parser.add_argument("--out", type=Path, help="also write the tables (.md) under this name")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Exports all families, and prints tables or JSON to stdout."""
    targets = [load_target(name) for name in options.target or list_targets()]
    names = options.families or list(families())
    done = {} if options.state is None else _read_state(options.state)
    for i, family in enumerate(names):
        width = 1.0 if options.full or family_facts(family).macs.search <= LARGE_MACS else NARROW
        kept = done.get(family)
        if kept is not None and kept.width == width and {item.name for item in targets} <= set(kept.targets):
            continue
        note(f"{family}, {i + 1} of {len(names)}")
        done[family] = _try_family(family, width, targets)
        if options.state is not None:
            beside = options.state.with_suffix(".new")
            beside.write_text(json.dumps(to_plain(done), indent=1), encoding="utf-8")
            beside.replace(options.state)
    results = [done[name] for name in names]
    if options.json:
        print_json({"families": to_plain(results), "environment": probe_environment()})
    else:
        print_rich(_markdown(results, targets))
    if options.out is not None:
        options.out.with_suffix(".md").write_text(_markdown(results, targets), encoding="utf-8")


def _read_state(path: Path) -> dict[str, FamilyResult]:
    if not path.exists():
        return {}
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return {
            key: from_plain(FamilyResult, item, where=f"{path}: ", error=ConfigError) for key, item in plain.items()
        }
    except (ValueError, AttributeError) as error:
        raise ConfigError(f"{path} is no state of this command ({error}); name another file, or remove it") from None


def _try_family(family: str, width: float, targets: list[Target]) -> FamilyResult:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scaled: dict[str, Any] = {} if width == 1.0 else {"width": width}
        checkpoint = untrained_checkpoint(family, **scaled)
        saved = folder / "untrained.safetensors"
        save_checkpoint(checkpoint.model, saved, checkpoint.provenance)
        variants: dict[str, Cell] = {}
        for engine, precisions in ENGINES.items():
            options = {
                each: ExportOptions(precisions=(each,), engines=(engine,), calibrate=RANDOM) for each in precisions
            }
            variants |= _variant_cells(_export(saved, folder / engine, options), engine, precisions)
        targets_cells = _target_cells(saved, folder, targets)
    return FamilyResult(family=family, width=width, variants=variants, targets=targets_cells)


def _export(checkpoint: Path, folder: Path, options: Mapping[Precision, ExportOptions]) -> Exported:
    """All precisions in one bundle; if that fails, each in its own, so that one does not take the others along."""
    one = next(iter(options.values()))
    whole = ExportOptions(precisions=tuple(options), engines=one.engines, target=one.target, calibrate=one.calibrate)
    tries = [(folder / "all", tuple(options), whole)]
    made: dict[Precision, tuple[Manifest, Path]] = {}
    failed: dict[Precision, str] = {}
    for out, precisions, each in tries:  # grows by one for each precision when the first fails
        try:
            manifest = export_bundle(checkpoint, out, each)
            made |= dict.fromkeys(precisions, (manifest, out))
        except Exception as error:
            if len(precisions) > 1:
                tries += [(folder / name, (name,), single) for name, single in options.items()]
            else:
                failed[precisions[0]] = _first_line(error)
    return Exported(made=made, failed=failed)


def _variant_cells(exported: Exported, engine: EngineName, precisions: tuple[Precision, ...]) -> dict[str, Cell]:
    """Largest difference of any output by variant, or why there is none."""
    cells: dict[str, Cell] = {}
    for precision in precisions:
        name = variant_name(engine, precision)
        if precision in exported.failed:
            cells[name] = Cell(reason=exported.failed[precision])
            continue
        errors = exported.made[precision][0].variants[name].parity.max_rel_error.values()
        cells[name] = Cell(value=f"{max(errors):.1e}" if errors else "not measured")
    return cells


def _target_cells(checkpoint: Path, folder: Path, targets: list[Target]) -> dict[str, Cell]:
    """Precisions and lint results by target. Targets that want the same files share an export."""
    bundles: dict[str, Exported] = {}
    cells: dict[str, Cell] = {}
    for target in targets:
        wants = (target.engine, target.opset, target.precisions, target.correlation_forms, target.session)
        key = f"{wants} {target.calibration} {target.default_variant}"
        if key not in bundles:
            options = {
                each: ExportOptions(precisions=(each,), target=target.name, calibrate=RANDOM)
                for each in target.precisions
            }
            bundles[key] = _export(checkpoint, folder / target.name, options)
        cells[target.name] = _target_cell(bundles[key], target)
    return cells


def _target_cell(exported: Exported, target: Target) -> Cell:
    reasons = [f"{precision}: {why}" for precision, why in exported.failed.items()]
    found: dict[str, None] = {}
    for precision, (_, folder) in exported.made.items():
        report = lint(Bundle.open(folder), target, variant=variant_name(target.engine, precision))
        found |= dict.fromkeys(_lint_texts(report))
    reasons += list(found)
    verdict = ", ".join(exported.made) + ("; lint: see" if found else "; lint: clean")
    return Cell(value=verdict if exported.made else "", reason="; ".join(reasons))


def _lint_texts(report: Report) -> list[str]:
    """Rules that found errors or something to warn of; what and where, the lint itself says."""
    kept = [finding for finding in report.findings if finding.severity != "note"]
    return [f"{finding.severity} `{finding.rule}`" for finding in kept]


def _given() -> list[str]:
    """Arguments that say what is in the tables."""
    state = {"--state", "--out"}
    pairs = zip(["", *sys.argv[1:]], sys.argv[1:], strict=False)
    return [item for before, item in pairs if item not in state and before not in state and item != "--json"]


def _markdown(results: list[FamilyResult], targets: list[Target]) -> str:
    environment = probe_environment()
    reasons: dict[str, int] = {}
    variants = list(dict.fromkeys(name for result in results for name in result.variants))
    lines = [
        "# Family x variant, family x target",
        "",
        "```",
        shlex.join(["python", "benchmarks/export_matrix.py", *_given()]),
        "```",
        "",
        "Random weights, int8 calibrated on noise: what exports, not how well it tracks. A figure is the largest "
        "difference from what the variant was compared with, over the largest magnitude of that output; for int8 on "
        f"noise it says little. `{NARROW:g}` behind a name: that width of the family was exported. Numbers in brackets "
        "are reasons, below; what a rule of the lint found, `sdst-edge lint` says.",
        "",
        *_table([(_title(item), item.variants) for item in results], variants, reasons),
        "",
        *_table([(_title(item), item.targets) for item in results], [item.name for item in targets], reasons),
        "",
        *(f"- [{number}] {reason}" for reason, number in reasons.items()),
        "",
        f"{environment.system}, Python {environment.python}, ONNX Runtime {environment.onnxruntime}.",
    ]
    return "\n".join(lines) + "\n"


def _table(rows: list[tuple[str, Cells]], columns: list[str], reasons: dict[str, int]) -> list[str]:
    lines = [f"| family | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for title, cells in rows:
        texts = [_text(cells.get(column, Cell(reason="not tried")), reasons) for column in columns]
        lines.append(f"| {title} | {' | '.join(texts)} |")
    return lines


def _text(cell: Cell, reasons: dict[str, int]) -> str:
    if not cell.reason:
        return cell.value or "-"
    number = reasons.setdefault(cell.reason, len(reasons) + 1)
    return f"{cell.value or '-'} [{number}]"


def _title(result: FamilyResult) -> str:
    return result.family if result.width == 1.0 else f"{result.family} {result.width:g}"


def _first_line(error: Exception) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
    return text if isinstance(error, (ConfigError,)) else f"{type(error).__name__}: {text}"


if __name__ == "__main__":
    sys.exit(main())
