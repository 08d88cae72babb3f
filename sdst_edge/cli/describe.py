"""What is in a bundle or a checkpoint, for people and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdst_edge.cli.console import facts_text, print_json, print_rich
from sdst_runtime.manifest import Macs, Manifest, Provenance, Variant

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["CheckpointFacts", "print_checkpoint", "print_manifest", "read_checkpoint"]


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


def _manifest_rows(manifest: Manifest) -> list[tuple[str, str]]:
    tracker, macs = manifest.tracker, manifest.macs
    pixels = tracker.normalization
    return [
        ("name", manifest.name),
        ("family", manifest.family),
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
    sizes = {graph.file: graph.size_bytes for graph in variant.graphs.values()}
    lines = [f"{role} {graph.size_bytes / 1e6:.2f} MB" for role, graph in variant.graphs.items()]
    return "\n".join([*lines, f"together {sum(sizes.values()) / 1e6:.2f} MB"])


def _parity(variant: Variant) -> str:
    parity = variant.parity
    errors = [f"{name} {error:.1e}" for name, error in parity.max_rel_error.items()]
    return "\n".join([f"against {parity.reference}, {parity.inputs} inputs", "max |a-b| / max |b|:", *errors])


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _macs_text(macs: Macs) -> str:
    return f"template {_millions(macs.template)}, search {_millions(macs.search)}, head {_millions(macs.head)}"


def _millions(macs: int) -> str:
    return f"{macs / 1e6:.1f} M"
