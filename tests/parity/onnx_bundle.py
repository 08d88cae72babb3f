"""Runs the graphs of a bundle with ONNX Runtime alone, by what the manifest says: the least that a reader must do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sdst_runtime.manifest import MANIFEST_NAME, Graph, Manifest

Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class BundleRun:
    """What the graphs gave: kernels, search features and output maps by name."""

    kernels: Arrays
    features: Arrays
    maps: Arrays

    @property
    def score(self) -> NDArray[np.float32]:
        """The first output."""
        return self.maps["score"]

    @property
    def ltrb(self) -> NDArray[np.float32]:
        """The second output of a network of points."""
        return self.maps["ltrb"]


def run_bundle(folder: Path, z: NDArray[np.float32], x: NDArray[np.float32], *, suffix: str = "") -> BundleRun:
    """Template and search graph, and the head with the kernels written over its placeholders.

    ``suffix`` is ``_small`` for the graphs of small targets.
    """
    manifest = Manifest.read(folder / MANIFEST_NAME)
    graphs = manifest.variants[manifest.default_variant].graphs
    first = {"z": z} if "trunk" not in graphs else run_described(folder, graphs["trunk"], {"x": z})
    kernels = run_described(folder, graphs["template"], first)
    features = run_described(folder, graphs[f"search{suffix}"], {"x": x})
    return BundleRun(kernels, features, run_baked(folder, graphs[f"head{suffix}"], kernels, features))


def run_baked(folder: Path, graph: Graph, kernels: Arrays, known: dict[str, NDArray[Any]]) -> Arrays:
    """A graph with kernels written over its placeholders, on those of the known tensors that it reads."""
    return run_graph(baked(folder, graph, kernels), {item.name: known[item.name] for item in graph.inputs})


def baked(folder: Path, head: Graph, kernels: Arrays) -> bytes:
    """The head's file with kernels at the offsets that the manifest names."""
    data = bytearray((folder / head.file).read_bytes())
    for item in head.placeholders:
        assert kernels[item.name].shape == item.shape
        assert kernels[item.name].nbytes == item.length
        data[item.offset : item.offset + item.length] = kernels[item.name].tobytes()
    return bytes(data)


def run_described(folder: Path, graph: Graph, known: Arrays) -> Arrays:
    """The outputs that a manifest names of a graph, on those of the known tensors that it reads."""
    feeds = {item.name: known[item.name] for item in graph.inputs}
    maps = run_graph((folder / graph.file).read_bytes(), feeds, dims=graph.dims)
    return {item.name: maps[item.name] for item in graph.outputs}


def run_graph(data: bytes, feeds: Arrays, *, dims: Mapping[str, int] = MappingProxyType({})) -> Arrays:
    """All outputs of a graph by name, its symbolic dimensions fixed."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for name, size in dims.items():
        options.add_free_dimension_override_by_name(name, size)
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def relative_error(got: NDArray[np.float32], want: NDArray[np.float32]) -> float:
    """Largest difference over the largest magnitude of ``want``; shapes must agree."""
    assert got.shape == want.shape
    return float(np.abs(got - want).max() / np.abs(want).max())
