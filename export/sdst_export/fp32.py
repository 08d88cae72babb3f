"""The float32 variant for ONNX Runtime: what every other variant is made from and compared with."""

from __future__ import annotations

from collections.abc import Callable

from sdst_edge.models.base import SiameseModel
from sdst_export.float_graphs import FloatGraphs
from sdst_export.graph_files import describe, graph_files
from sdst_export.macs import count_macs
from sdst_export.parity import measure_parity
from sdst_export.placeholders import serialize, with_placeholders
from sdst_export.plan import FP32
from sdst_export.variant_files import VariantFiles
from sdst_runtime.manifest import EngineName, Graph, GraphRole, Macs, SessionKind, Variant

__all__ = ["count_graph_macs", "make_fp32"]


def make_fp32(
    graphs: FloatGraphs,
    model: SiameseModel,
    *,
    engine: EngineName = "onnxruntime",
    session: SessionKind = "baked",
    on_graph: Callable[[GraphRole], None] | None = None,
) -> VariantFiles:
    """The variant, compared with torch.

    Args:
        graphs: of the network.
        model: the network as the checkpoint has it, not folded, in eval mode.
        engine: that it is for; TensorRT's has the correlations by themselves too, in every form.
        session: how ONNX Runtime keeps the template; TensorRT's variants are split.
        on_graph: called with each role before its graph is traced.

    Raises:
        ParityError: ONNX Runtime does not compute what torch does.
    """
    roles = graphs.onnx_roles()
    if engine == "tensorrt":
        roles = (*roles, *graphs.correlate_roles())
    for role in roles:
        if on_graph is not None:
            on_graph(role)
        graphs.model(role)
    entries: dict[GraphRole, Graph] = {}
    files: dict[str, bytes] = {}
    for file in graph_files(graphs, roles, shared=engine == "onnxruntime"):
        data, placeholders = serialize(with_placeholders(file.model, file.kernels), dict.fromkeys(file.kernels))
        entries |= describe(file, data, FP32, placeholders)
        files[f"{FP32}/{file.name}.onnx"] = data
    by_role = {role: files[entry.file] for role, entry in entries.items()}
    variant = Variant(
        engine=engine,
        precision="fp32",
        session="split" if engine == "tensorrt" else session,
        graphs=entries,
        parity=measure_parity(model, graphs.correlations, entries, by_role),
        correlation_form=graphs.form,
    )
    return VariantFiles(name=FP32, variant=variant, files=files)


def count_graph_macs(graphs: FloatGraphs) -> Macs:
    """Multiply-accumulates of template and search graphs, and of correlations and tail, however these are spelled."""
    tail = count_macs(graphs.model("tail")) + graphs.correlation_macs
    return Macs(template=count_macs(graphs.model("template")), search=count_macs(graphs.model("search")), head=tail)
