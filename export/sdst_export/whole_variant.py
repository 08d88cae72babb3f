"""What variants with one graph per frame have in common: their entries in the manifest, and their parity."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from sdst_export.float_graphs import FloatGraphs
from sdst_export.parity import TOLERANCE, sample_inputs
from sdst_runtime.config import TrackerConfig
from sdst_runtime.consistency import search_configs
from sdst_runtime.engines import BoundGraph, Engine
from sdst_runtime.errors import ParityError
from sdst_runtime.manifest import Graph, GraphRole, Parity, Precision, Tensor, WeightsFile
from sdst_runtime.ort_graph import empty_arrays
from sdst_runtime.search_roles import SEARCH_ROLES

__all__ = ["BOUNDS", "WholeFile", "WholeFiles", "describe", "measure_whole_parity"]

#: Of the largest magnitude of an output. float16 has 11 bits, and maps such as ltrb are e to the power of a network's
#: output. Measured with published weights of NanoTrack v1, v3 and FEAR: 3e-6; 0.006 with weights in float16, and 0.044
#: with arithmetic in float16 too.
BOUNDS: Mapping[Precision, float] = {"fp32": TOLERANCE, "fp16": 0.1}

#: From the configuration of a size of the search region to pairs of template and search crops.
Crops: TypeAlias = Callable[[TrackerConfig], Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]]]
Arrays: TypeAlias = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFile:
    """A graph as it is written: structure and weights, and their paths in the bundle."""

    model: bytes
    weights: bytes
    model_path: str
    weights_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFiles:
    """All graphs of a variant: entries of the manifest by role, and contents by path."""

    entries: Mapping[GraphRole, Graph]
    files: Mapping[str, bytes]


def describe(graphs: FloatGraphs, made: Mapping[GraphRole, WholeFile]) -> WholeFiles:
    """The manifest's entries of a variant's graphs, and their files.

    Args:
        graphs: of the network.
        made: graphs by role: ``template``, ``match``, and ``match_small`` where it is.
    """
    files: dict[str, bytes] = {}
    for file in made.values():
        files |= {file.model_path: file.model, file.weights_path: file.weights}
    return WholeFiles(entries={role: _describe(graphs, role, file) for role, file in made.items()}, files=files)


def _describe(graphs: FloatGraphs, role: GraphRole, file: WholeFile) -> Graph:
    piece = graphs.cut().pieces[role]
    with torch.no_grad():
        outputs = piece.function(piece.inputs)
    named = zip(piece.outputs, outputs, strict=True)
    return Graph(
        file=file.model_path,
        sha256=hashlib.sha256(file.model).hexdigest(),
        size_bytes=len(file.model),
        inputs=tuple(_tensor(name, item) for name, item in piece.inputs.items()),
        outputs=tuple(_tensor(name, item) for name, item in named),
        weights=WeightsFile(
            file=file.weights_path, sha256=hashlib.sha256(file.weights).hexdigest(), size_bytes=len(file.weights)
        ),
    )


def measure_whole_parity(
    graphs: FloatGraphs, engine: Engine, made: WholeFiles, bound: float, crops: Crops = sample_inputs
) -> Parity:
    """The largest difference of a variant's graphs to the folded network in torch.

    Args:
        graphs: of the network.
        engine: that runs the variant.
        made: its graphs.
        bound: of the largest magnitude of each output.
        crops: what to compare on, of one size of the search region.

    Returns:
        Errors of ``whole.score`` and so on for each output; ``whole_small.score`` for the region of small targets.

    Raises:
        ParityError: an error is above the bound, or no number.
    """
    entries, files = made.entries, made.files
    errors: dict[str, float] = {}
    count = 0
    template = _Loaded(engine, entries["template"], files)
    for roles, config, suffix in zip(SEARCH_ROLES, search_configs(graphs.config), ("", "_small"), strict=False):
        match = _Loaded(engine, entries[roles.match], files)
        for z, x in crops(config):
            count += not suffix
            got = match.run({"x": x, **template.run({"z": z})})
            for name, want in _reference(graphs, config, z, x).items():
                key = f"whole{suffix}.{name}"
                errors[key] = float(np.maximum(errors.get(key, 0.0), _relative_error(got[name], want)))  # keeps NaN
    for name, error in errors.items():
        if not error <= bound:
            raise ParityError(
                f"{name} of {entries['template'].file.partition('/')[0]} differs from torch by {error:.3g} of its "
                f"largest magnitude, allowed is {bound:g}; nothing was written"
            )
    return Parity(reference=f"torch {torch.__version__}", inputs=count, max_rel_error=errors)


class _Loaded:
    """A graph in an engine, and arrays for its tensors."""

    def __init__(self, engine: Engine, graph: Graph, files: Mapping[str, bytes]) -> None:
        self._arrays = empty_arrays((*graph.inputs, *graph.outputs))
        self._inputs = [tensor.name for tensor in graph.inputs]
        self._outputs = [tensor.name for tensor in graph.outputs]
        weights = None if graph.weights is None else files[graph.weights.file]
        self._graph: BoundGraph = engine.load(files[graph.file], weights, graph, self._arrays)

    def run(self, known: Mapping[str, NDArray[np.float32]]) -> Arrays:
        """Copies of the outputs by name; inputs are picked out of what is known."""
        for name in self._inputs:
            np.copyto(self._arrays[name], known[name])
        self._graph.run()
        return {name: self._arrays[name].copy() for name in self._outputs}


def _reference(graphs: FloatGraphs, config: TrackerConfig, z: NDArray[np.float32], x: NDArray[np.float32]) -> Arrays:
    network = graphs.network
    with torch.no_grad():
        maps = network.head(network.template(torch.from_numpy(z)), network.search(torch.from_numpy(x)))
    return {name: item.numpy() for name, item in zip(config.outputs, maps, strict=True)}


def _relative_error(got: NDArray[np.float32], want: NDArray[np.float32]) -> float:
    with np.errstate(invalid="ignore"):  # infinities: the result is then no number, and is not allowed
        return float(np.abs(got - want).max() / np.abs(want).max())


def _tensor(name: str, item: torch.Tensor) -> Tensor:
    return Tensor(name=name, shape=tuple(item.shape), dtype="float32")
