"""What is in a bundle or a checkpoint, for people and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdst_edge.cli.console import facts_text, print_json, print_rich
from sdst_runtime.manifest import Macs, Manifest, Provenance, Variant
from sdst_runtime.measurements import Quantization

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["CheckpointFacts", "print_checkpoint", "print_manifest", "read_checkpoint"]

_SHOWN_LAYERS = 5  # of a list of layers; all are in the JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointFacts:
    """What a checkpoint tells without being run.

    Attributes:
        file: path as it was given.
        family: such as ``nanotrack-v3``.
        options: with which the family builds the network.
        parameters: number of weights, batch-norm statistics not counted.
        macs: multiply-accumulates, those of the correlations in the head, as in a manifest.
        provenance: of the weights.
    """

    file: str
    family: str
    options: dict[str, Any]
    parameters: int
    macs: Macs
    provenance: Provenance


def read_checkpoint(path: Path) -> CheckpointFacts:
    """The facts of a checkpoint of sdst-edge, which is read in full.

    Raises:
        CheckpointError: it is missing, damaged, or does not fit its family.
    """
    from sdst_edge.models import family_facts, load_checkpoint

    checkpoint = load_checkpoint(path)
    options = dict(checkpoint.model.options)
    network = family_facts(checkpoint.family, **options)
    macs = network.macs
    return CheckpointFacts(
        file=str(path),
        family=checkpoint.family,
        options=options,
        parameters=network.parameters,
        macs=Macs(template=macs.template, search=macs.search, head=macs.head + macs.correlations),
        provenance=checkpoint.provenance,
    )


def print_checkpoint(facts: CheckpointFacts, *, as_json: bool) -> None:
    """Writes the facts to stdout."""
    if as_json:
        print_json(facts)
        return
    options = ", ".join(f"{key} {value}" for key, value in facts.options.items())
    rows = [("checkpoint", facts.file), ("family", facts.family), ("options", options)]
    rows += [("parameters", f"{facts.parameters:,}"), ("MACs", _macs_text(facts.macs))]
    rows += _provenance_rows(facts.provenance)
    print_rich(facts_text(rows))


def print_manifest(manifest: Manifest, path: Path, *, as_json: bool) -> None:
    """Writes what a bundle's manifest says to stdout; as JSON, all of it."""
    if as_json:
        print_json(manifest)
    else:
        print_rich(facts_text([("bundle", str(path)), *_manifest_rows(manifest)]), _variant_table(manifest))
        for name, variant in manifest.variants.items():
            if rows := _measured_rows(variant):
                print_rich(f"{name}\n{facts_text(rows)}\n")


def _manifest_rows(manifest: Manifest) -> list[tuple[str, str]]:
    tracker, macs = manifest.tracker, manifest.macs
    pixels = tracker.normalization
    return [
        ("name", manifest.name),
        ("family", manifest.family),
        ("target", manifest.target or ""),
        ("template", f"{tracker.template_size} x {tracker.template_size} px"),
        ("search", f"{tracker.search_size} x {tracker.search_size} px"),
        (
            "response",
            f"{tracker.response_size} x {tracker.response_size} cells, stride {tracker.stride_px:g} px, "
            f"{tracker.output_kind}",
        ),
        ("channels", f"{pixels.channel_order}, mean {_numbers(pixels.mean)}, std {_numbers(pixels.std)}"),
        ("crop", f"{tracker.crop.context}, context {tracker.crop.context_amount:g}, {tracker.crop.interpolation}"),
        (
            "tracking",
            f"penalty_k {tracker.penalty_k:.4g}, window_influence {tracker.window_influence:.4g}, "
            f"size_lr {tracker.size_lr:.4g}, size smoothed: {tracker.size_smoothing}",
        ),
        ("correlations", ", ".join(f"{item.kind} ({item.kernel})" for item in manifest.correlations)),
        ("mask", "" if manifest.mask is None else f"above a probability of {manifest.mask.threshold:g}"),
        ("parameters", f"{manifest.parameters:,}"),
        ("MACs", _macs_text(macs)),
        ("accuracy", "; ".join(_accuracy(key, value) for key, value in manifest.accuracy.items()) or "not measured"),
        *_provenance_rows(manifest.provenance),
        ("tools", ", ".join(f"{name} {version}" for name, version in manifest.tools.items())),
    ]


def _accuracy(name: str, figures: Any) -> str:
    if not isinstance(figures, Mapping):
        return f"{name}: {figures}"
    shown = (f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in figures.items())
    return f"{name}: {', '.join(shown)}"


def _provenance_rows(provenance: Provenance) -> list[tuple[str, str]]:
    return [
        ("weights from", provenance.source),
        ("  SHA-256", provenance.sha256),
        ("  imported as", provenance.importer),
        ("  notes", provenance.notes),
    ]


def _variant_table(manifest: Manifest) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table("variant", "engine", "precision", "session", "files", "parity", box=box.SIMPLE_HEAD)
    for name, variant in manifest.variants.items():
        shown = f"{name} (default)" if name == manifest.default_variant else name
        table.add_row(shown, variant.engine, variant.precision, variant.session, _files(variant), _parity(variant))
    return table


def _files(variant: Variant) -> str:
    sizes: dict[str, int] = {}
    lines = []
    for role, graph in variant.graphs.items():
        entries = [entry for entry in (graph, graph.weights) if entry is not None]
        again = " (the same file)" if graph.file in sizes else ""
        sizes |= {entry.file: entry.size_bytes for entry in entries}
        parts = " + ".join(f"{entry.size_bytes / 1e6:.2f}" for entry in entries)
        endings = "" if graph.weights is None else f" ({', '.join(Path(entry.file).suffix for entry in entries)})"
        lines.append(f"{role} {parts} MB{endings}{again}")
    return "\n".join([*lines, f"together {sum(sizes.values()) / 1e6:.2f} MB"])


def _parity(variant: Variant) -> str:
    parity = variant.parity
    errors = [f"{name} {error:.1e}" for name, error in parity.max_rel_error.items()]
    return "\n".join([f"against {parity.reference}, {parity.inputs} inputs", "max |a-b| / max |b|:", *errors])


def _measured_rows(variant: Variant) -> list[tuple[str, str]]:
    """What was found out about a variant besides its parity; no rows for one that nothing was measured of."""
    rows = [] if variant.quantization is None else _quantization_rows(variant.quantization)
    if (drift := variant.drift) is not None:
        rows.append(
            (
                "  drift",
                f"{drift.source}, {drift.pairs} pairs of crops: score {drift.mean_score_difference:.3f} "
                f"(at most {drift.max_score_difference:.3f}), IoU {drift.mean_iou:.3f} (at least {drift.min_iou:.3f})",
            )
        )
    if (accuracy := variant.accuracy) is not None:
        change = accuracy.success_auc - accuracy.reference_success_auc
        rows.append(
            (
                "  accuracy",
                f"{accuracy.source}, {accuracy.rules} rules, {accuracy.sequences} sequences, {accuracy.frames} frames: "
                f"success AUC {accuracy.success_auc:.4f}, fp32 {accuracy.reference_success_auc:.4f} ({change:+.4f}); "
                f"IoU with fp32 {accuracy.mean_iou:.3f}, score {accuracy.mean_score_difference:.3f} apart",
            )
        )
    return rows


def _quantization_rows(quantization: Quantization) -> list[tuple[str, str]]:
    calibration, kept = quantization.calibration, quantization.float_layers
    shown = f"{len(kept)}: {', '.join(kept[:_SHOWN_LAYERS])}{', ...' if len(kept) > _SHOWN_LAYERS else ''}"
    worst = [f"{item.layer} {item.error:.3f}" for item in quantization.sensitivity[:_SHOWN_LAYERS]]
    rest = len(quantization.sensitivity) - len(worst)
    more = f"; {rest} more with --json" if rest else ""
    return [
        ("  activations", quantization.activations),
        (
            "  calibration",
            f"{calibration.source}, {calibration.method}: {calibration.templates} templates and "
            f"{calibration.searches} search regions of {calibration.sequences} sequences",
        ),
        ("  float layers", shown if kept else "none"),
        ("  worst layers", f"error of each alone: {', '.join(worst)}{more}" if worst else ""),
    ]


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _macs_text(macs: Macs) -> str:
    return f"template {_millions(macs.template)}, search {_millions(macs.search)}, head {_millions(macs.head)}"


def _millions(macs: int) -> str:
    return f"{macs / 1e6:.1f} M"
