"""The steps from a checkpoint to a bundle, in order."""

from __future__ import annotations

import copy
import importlib.metadata
from pathlib import Path

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.checkpoint import Checkpoint, load_checkpoint
from sdst_edge.models.folding import fold
from sdst_export.bundle_writer import check_target, write_bundle
from sdst_export.graphs import OPSET, trace_graphs
from sdst_export.macs import count_macs
from sdst_export.parity import measure_parity
from sdst_export.placeholders import serialize, with_placeholders
from sdst_export.progress import Progress
from sdst_export.signature import describe
from sdst_export.simplify import simplify
from sdst_runtime.manifest import Graph, GraphRole, Macs, Manifest, Placeholder, Variant

__all__ = ["run"]

VARIANT = "onnx/fp32"
ROLES: tuple[GraphRole, ...] = ("template", "search", "head", "tail")


def run(checkpoint: Path, out: Path, *, overwrite: bool, on_progress: Progress | None) -> Manifest:
    """See :func:`sdst_export.export_bundle`."""

    def report(step: str, done: float) -> None:
        if on_progress is not None:
            on_progress(step, done)

    check_target(out, overwrite=overwrite)
    report("read checkpoint", 0.0)
    loaded = load_checkpoint(checkpoint)
    report("trace graphs", 0.1)
    traced = trace_graphs(_folded(loaded.model))
    report("simplify graphs", 0.5)
    kernels = [c.kernel for c in loaded.model.correlations]
    graphs = {role: simplify(traced[role]) for role in ROLES}
    graphs["head"] = with_placeholders(graphs["head"], kernels)
    files: dict[GraphRole, bytes] = {role: serialize(graphs[role])[0] for role in ROLES}
    files["head"], placeholders = serialize(graphs["head"], kernels)
    report("compare with torch", 0.7)
    parity = measure_parity(loaded.model, files, placeholders)
    report("write bundle", 0.95)
    described: dict[GraphRole, Graph] = {}
    for role in ROLES:
        held: tuple[Placeholder, ...] = placeholders if role == "head" else ()
        described[role] = describe(graphs[role], files[role], file=f"{VARIANT}/{role}.onnx", placeholders=held)
    variant = Variant(engine="onnxruntime", precision="fp32", session="baked", graphs=described, parity=parity)
    macs = Macs(**{role: count_macs(graphs[role]) for role in ("template", "search", "head")})
    manifest = _manifest(loaded, variant, macs)
    write_bundle(out, manifest, {described[role].file: files[role] for role in ROLES})
    report("done", 1.0)
    return manifest


def _folded(model: SiameseModel) -> SiameseModel:
    deploy = copy.deepcopy(model)
    fold(deploy)
    return deploy


def _manifest(loaded: Checkpoint, variant: Variant, macs: Macs) -> Manifest:
    return Manifest(
        name=loaded.family,
        family=loaded.family,
        tracker=loaded.model.config,
        correlations=loaded.model.correlations,
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
