"""Runs the graphs of a bundle with ONNX Runtime alone, by what the manifest says: the least that a reader must do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sdst_runtime.manifest import MANIFEST_NAME, Graph, Manifest

Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class BundleRun:
    """What the graphs gave: kernels and search features by name, score and distances."""

    kernels: Arrays
    features: Arrays
    score: NDArray[np.float32]
    ltrb: NDArray[np.float32]


def run_bundle(folder: Path, z: NDArray[np.float32], x: NDArray[np.float32]) -> BundleRun:
    """Template and search graph, and the head with the kernels written over its placeholders."""
    manifest = Manifest.read(folder / MANIFEST_NAME)
    graphs = manifest.variants[manifest.default_variant].graphs
    kernels = run_graph((folder / graphs["template"].file).read_bytes(), {"z": z})
    features = run_graph((folder / graphs["search"].file).read_bytes(), {"x": x})
    maps = run_graph(baked(folder, graphs["head"], kernels), features)
    return BundleRun(kernels, features, maps["score"], maps["ltrb"])


def baked(folder: Path, head: Graph, kernels: Arrays) -> bytes:
    """The head's file with kernels at the offsets that the manifest names."""
    data = bytearray((folder / head.file).read_bytes())
    for item in head.placeholders:
        assert kernels[item.name].shape == item.shape
        assert kernels[item.name].nbytes == item.length
        data[item.offset : item.offset + item.length] = kernels[item.name].tobytes()
    return bytes(data)


def run_graph(data: bytes, feeds: Arrays) -> Arrays:
    """All outputs of a graph by name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def relative_error(got: NDArray[np.float32], want: NDArray[np.float32]) -> float:
    """Largest difference over the largest magnitude of ``want``; shapes must agree."""
    assert got.shape == want.shape
    return float(np.abs(got - want).max() / np.abs(want).max())
