"""The steps from a checkpoint to a bundle, in order."""

from __future__ import annotations

import copy
import importlib.metadata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import torch

from sdst_edge.models.checkpoint import Checkpoint, load_checkpoint
from sdst_edge.models.folding import fold
from sdst_export.bundle_writer import check_target, write_bundle
from sdst_export.cut import Cut
from sdst_export.graphs import OPSET, trace
from sdst_export.macs import count_macs
from sdst_export.parity import measure_parity
from sdst_export.placeholders import serialize, with_placeholders
from sdst_export.progress import Progress
from sdst_export.signature import describe
from sdst_export.simplify import simplify
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import CorrelationForm, Graph, GraphRole, Macs, Manifest, Mask, Variant

__all__ = ["run"]

VARIANT = "onnx/fp32"


def run(
    checkpoint: Path,
    out: Path,
    *,
    correlation_form: CorrelationForm | None,
    overwrite: bool,
    on_progress: Progress | None,
) -> Manifest:
    """See :func:`sdst_export.export_bundle`."""
    if correlation_form not in (None, *get_args(CorrelationForm)):
        forms = ", ".join(get_args(CorrelationForm))
        raise ConfigError(f"correlation_form is {correlation_form!r}, expected one of {forms}, or None")
    check_target(out, overwrite=overwrite)
    report = on_progress or _ignore
    with _one_torch_thread():
        report("read checkpoint", 0.0)
        loaded = load_checkpoint(checkpoint)
        form = correlation_form or loaded.model.correlation_form
        exported = _export(loaded, form, report)
    report("write bundle", 0.95)
    write_bundle(out, exported.manifest, exported.files)
    report("done", 1.0)
    return exported.manifest


def _ignore(_step: str, _done: float) -> None:
    """No progress is wanted."""


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Lets torch run on one thread: on a busy machine its pool waits seconds for a network that takes 7 ms alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, slots=True)
class _Exported:
    """A bundle in memory; files by path."""

    manifest: Manifest
    files: Mapping[str, bytes]


def _export(loaded: Checkpoint, form: CorrelationForm, report: Progress) -> _Exported:
    deploy = copy.deepcopy(loaded.model)
    fold(deploy)
    cut = Cut(deploy, form)
    graphs: dict[GraphRole, Graph] = {}
    files: dict[GraphRole, bytes] = {}
    counted: dict[GraphRole, int] = {}
    for index, (role, piece) in enumerate(cut.pieces.items()):
        report(f"trace {role} graph", 0.1 + 0.6 * index / len(cut.pieces))
        graph = with_placeholders(simplify(trace(deploy, piece)), piece.kernels)
        files[role], placeholders = serialize(graph, piece.kernels)
        graphs[role] = describe(graph, files[role], file=f"{VARIANT}/{role}.onnx", placeholders=placeholders)
        counted[role] = count_macs(graph)
    head = counted["tail"] + cut.correlation_macs  # of the head graph only a part is counted where it has no Conv
    macs = Macs(template=counted["template"], search=counted["search"], head=head)
    report("compare with torch", 0.7)
    parity = measure_parity(loaded.model, cut.correlations, graphs, files)
    variant = Variant(
        engine="onnxruntime", precision="fp32", session="baked", graphs=graphs, parity=parity, correlation_form=form
    )
    return _Exported(_manifest(loaded, cut, variant, macs), {graphs[role].file: files[role] for role in graphs})


def _manifest(loaded: Checkpoint, cut: Cut, variant: Variant, macs: Macs) -> Manifest:
    branch = loaded.model.mask
    return Manifest(
        name=loaded.family,
        family=loaded.family,
        tracker=loaded.model.config,
        correlations=cut.correlations,
        mask=None if cut.mask is None or branch is None else Mask(correlation=cut.mask, threshold=branch.threshold),
        variants={VARIANT: variant},
        default_variant=VARIANT,
        parameters=sum(item.numel() for item in loaded.model.parameters()),
        macs=macs,
        tools=_tools(),
        provenance=loaded.provenance,
    )


def _tools() -> dict[str, str]:
    versions = {"opset": str(OPSET)}
    for name in ("sdst-edge", "torch", "onnx", "onnxsim", "onnxruntime"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # run from a source tree, or a vendor's build
            versions[name] = "unknown"
    return versions
