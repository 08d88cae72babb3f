"""The files of an int8 variant, what in each is quantised, and on what it is calibrated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from sdst_export.float_graphs import FloatGraphs
from sdst_export.graph_files import GraphFile, graph_files
from sdst_export.quantization.feeds import Arrays, FloatRun, run_session, start_session
from sdst_export.quantization.layers import find_layers, find_twins
from sdst_export.quantization.scheme import Scheme
from sdst_runtime.manifest import GraphRole
from sdst_runtime.search_roles import SEARCH_ROLES, SearchRoles

__all__ = ["FileWork", "onnx_files", "plan_work"]

_BY_ROLE: Mapping[GraphRole, SearchRoles] = {
    role: roles for roles in SEARCH_ROLES for role in (roles.search, roles.head, roles.tail)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWork:
    """One file to quantise.

    Attributes:
        file: in float.
        nodes: names of nodes by the layers that they are; empty for a file that stays float.
        is_head_twin: whether the layers are another file's, which names them.
        trunk: of a template graph that reads what another file gives, that file.
    """

    file: GraphFile
    nodes: Mapping[str, str]
    is_head_twin: bool = False
    trunk: GraphFile | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of layers that are this file's own."""
        return () if self.is_head_twin else tuple(self.nodes.values())

    @property
    def takes_crop(self) -> bool:
        """Whether the file's graphs begin with a crop."""
        first = {"template"} if self.trunk is None else {"trunk"}
        return not self.file.uses.keys().isdisjoint(first | {roles.search for roles in SEARCH_ROLES})

    def quantized(self, float_layers: Collection[str]) -> list[str]:
        """Names of nodes whose layers are not among those that stay float."""
        return [node for node, layer in self.nodes.items() if layer not in float_layers]

    def feeds(self, run: FloatRun) -> Iterator[Arrays]:
        """What the file is given on the crops, in every one of its uses."""
        for role in self.file.uses:
            if role == "trunk":
                for feed in run.template():
                    yield {"x": feed["z"]}
            elif role == "template":
                yield from self._template(run)
            elif role in (roles.search for roles in SEARCH_ROLES):
                yield from run.search(_BY_ROLE[role])
            elif role in (roles.head for roles in SEARCH_ROLES):
                yield from run.head(_BY_ROLE[role])
            else:
                yield from run.tail(_BY_ROLE[role])

    def _template(self, run: FloatRun) -> Iterator[Arrays]:
        if self.trunk is None:
            yield from run.template()
            return
        session = start_session(self.trunk.model)
        for feed in run.template():
            known = run_session(session, {"x": feed["z"]})
            yield {item.name: known[item.name] for item in self.file.model.graph.input}


def plan_work(graphs: FloatGraphs, scheme: Scheme) -> tuple[FileWork, ...]:
    """The files of a variant in the order in which a bundle lists them."""
    files = {file.name: file for file in onnx_files(graphs, static=scheme.is_split)}
    return tuple(_work(graphs, file, files) for file in files.values())


def onnx_files(graphs: FloatGraphs, *, static: bool) -> tuple[GraphFile, ...]:
    """The files of an ONNX variant in float, correlations as Conv.

    Args:
        graphs: of the network.
        static: as TensorRT and OpenVINO take them: no heads with kernels in them, but correlations by
            themselves, and no symbolic sides; else for ONNX Runtime.
    """
    roles = graphs.onnx_roles()
    if static:
        heads = [each.head for each in SEARCH_ROLES]
        roles = (*(role for role in roles if role not in heads), *graphs.correlate_roles())
    files = graph_files(graphs, roles, shared=not static)
    return tuple(
        replace(file, model=graphs.model(role, "conv")) if file.kernels else file
        for file in files
        for role in file.uses
        if role == next(iter(file.uses))
    )


def _work(graphs: FloatGraphs, file: GraphFile, files: Mapping[str, GraphFile]) -> FileWork:
    role = next(iter(file.uses))
    if role == "mask" or "correlate" in role:
        return FileWork(file=file, nodes={})
    roles = _BY_ROLE.get(role)
    is_map = roles is not None and role != roles.search
    found = find_layers(file.model, file.kernels, maps=is_map)
    own = {node: f"{file.name}/{node}" for node in found}
    if roles is not None and role == roles.tail and roles.head in files:
        twins = find_twins(files[roles.head].model, file.model, set(graphs.kernels(roles.head)))
        return FileWork(file=file, nodes={n: f"{roles.head}/{twins[n]}" for n in found}, is_head_twin=True)
    return FileWork(file=file, nodes=own, trunk=files["search"] if "trunk" in files["search"].uses else None)
