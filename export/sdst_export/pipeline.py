"""The steps from a checkpoint to a bundle, in order."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from sdst_edge.models.checkpoint import Checkpoint, load_checkpoint
from sdst_export.bundle_writer import check_target, write_bundle
from sdst_export.draft import Draft
from sdst_export.float_graphs import FloatGraphs
from sdst_export.fp32 import count_graph_macs, make_fp32
from sdst_export.make_variants import Data, make_variants
from sdst_export.options import ExportOptions
from sdst_export.plan import FP32, Plan, make_plan
from sdst_export.progress import Progress, part
from sdst_export.variant_files import VariantFiles
from sdst_runtime.manifest import GraphRole, Manifest

__all__ = ["run"]


def run(
    checkpoint: Path, out: Path, options: ExportOptions, *, overwrite: bool, on_progress: Progress | None
) -> Manifest:
    """See :func:`sdst_export.export_bundle`."""
    plan = make_plan(options)
    check_target(out, overwrite=overwrite)
    data = Data.open(options)
    report = on_progress or _ignore
    with _one_torch_thread():
        report("read checkpoint", 0.0)
        loaded = load_checkpoint(checkpoint)
        form = plan.form_of(loaded.model.correlation_form)
        graphs = FloatGraphs(loaded.model, loaded.family, form, opset=plan.opset)
        alone = len(plan.engines) == 1
        draft = _fp32(loaded, graphs, plan, part(report, 0.05, 0.95 if alone else 0.15))
        if not alone:
            make_variants(draft, graphs, plan, data, part(report, 0.15, 0.95))
    report("write bundle", 0.95)
    manifest = draft.with_default(plan.default, plan.target)
    write_bundle(out, manifest, draft.files)
    report("done", 1.0)
    return manifest


def _fp32(loaded: Checkpoint, graphs: FloatGraphs, plan: Plan, report: Progress) -> Draft:
    roles = len(graphs.onnx_roles()) + 1  # and the comparison with torch
    traced = 0

    def tell(role: GraphRole) -> None:
        nonlocal traced
        report(f"trace {role} graph", min(traced / roles, 1.0))
        traced += 1

    made = make_fp32(graphs, loaded.model, engine=plan.engines[FP32], session=plan.session, on_graph=tell)
    return Draft(_manifest(loaded, graphs, plan, made), made.files)


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


def _manifest(loaded: Checkpoint, graphs: FloatGraphs, plan: Plan, made: VariantFiles) -> Manifest:
    return Manifest(
        name=loaded.family,
        family=loaded.family,
        tracker=loaded.model.config,
        correlations=graphs.correlations,
        mask=graphs.mask,
        variants={made.name: made.variant},
        default_variant=made.name,
        parameters=sum(item.numel() for item in loaded.model.parameters()),
        macs=count_graph_macs(graphs),
        tools=_tools(graphs.opset, plan),
        provenance=loaded.provenance,
    )


def _tools(opset: int, plan: Plan) -> dict[str, str]:
    versions = {"opset": str(opset)}
    engines = set(plan.engines.values())
    more = [
        name for engine, name in (("openvino", "openvino"), ("ncnn", "pnnx"), ("ncnn", "ncnn")) if engine in engines
    ]
    for name in ("sdst-edge", "torch", "onnx", "onnxsim", "onnxruntime", *more):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # run from a source tree, or a vendor's build
            versions[name] = "unknown"
    return versions
