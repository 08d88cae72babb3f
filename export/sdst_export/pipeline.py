"""The steps from a checkpoint to a bundle, in order."""

from __future__ import annotations

import copy
import importlib.metadata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch

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
from sdst_runtime.manifest import Graph, GraphRole, Macs, Manifest, Parity, Placeholder, Variant

__all__ = ["run"]

VARIANT = "onnx/fp32"
ROLES: tuple[GraphRole, ...] = ("template", "search", "head", "tail")


def run(checkpoint: Path, out: Path, *, overwrite: bool, on_progress: Progress | None) -> Manifest:
    """See :func:`sdst_export.export_bundle`."""
    with _one_torch_thread():
        return _run(checkpoint, out, overwrite=overwrite, on_progress=on_progress)


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Lets torch run on one thread: on a busy machine its pool waits seconds for a network that takes 7 ms alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run(checkpoint: Path, out: Path, *, overwrite: bool, on_progress: Progress | None) -> Manifest:
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
    files = {role: _graph_file(traced[role], kernels if role == "head" else []) for role in ROLES}
    report("compare with torch", 0.7)
    data: dict[GraphRole, bytes] = {role: file.data for role, file in files.items()}
    parity = measure_parity(loaded.model, data, files["head"].placeholders)
    report("write bundle", 0.95)
    manifest = _manifest(loaded, files, parity)
    write_bundle(out, manifest, {_path(role): data[role] for role in ROLES})
    report("done", 1.0)
    return manifest


@dataclass(frozen=True, slots=True)
class _GraphFile:
    """A graph, its bytes as written, and the placeholders in them."""

    model: onnx.ModelProto
    data: bytes
    placeholders: tuple[Placeholder, ...]


def _folded(model: SiameseModel) -> SiameseModel:
    deploy = copy.deepcopy(model)
    fold(deploy)
    return deploy


def _graph_file(traced: onnx.ModelProto, kernels: list[str]) -> _GraphFile:
    model = with_placeholders(simplify(traced), kernels)
    return _GraphFile(model, *serialize(model, kernels))


def _path(role: GraphRole) -> str:
    return f"{VARIANT}/{role}.onnx"


def _manifest(loaded: Checkpoint, files: Mapping[GraphRole, _GraphFile], parity: Parity) -> Manifest:
    graphs: dict[GraphRole, Graph] = {
        role: describe(file.model, file.data, file=_path(role), placeholders=file.placeholders)
        for role, file in files.items()
    }
    variant = Variant(engine="onnxruntime", precision="fp32", session="baked", graphs=graphs, parity=parity)
    macs = Macs(**{role: count_macs(files[role].model) for role in ("template", "search", "head")})
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
