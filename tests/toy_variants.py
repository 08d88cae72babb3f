"""Variants of the toy bundle with other weights in the last layer, so that what they differ by is known."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_export.draft import Draft
from sdst_export.variant_files import VariantFiles
from sdst_runtime.bundle import Bundle
from tests.toy_bundle import FOLDER
from tests.toys import POINTS, Toy

__all__ = ["CropPair", "crop_pairs", "toy_draft", "toy_variant"]

# By output: weight (outputs, responses' channels) and bias (outputs,), as a toy has them.
Weights = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


class CropPair:
    """A template and a search region."""

    def __init__(self, z: NDArray[np.float32], x: NDArray[np.float32]) -> None:
        self.z, self.x = z, x


def crop_pairs(count: int = 3, *, toy: Toy = POINTS) -> list[CropPair]:
    """A bright square in the middle of a template, and a cell further right in each next search region."""
    pairs = []
    for index in range(count):
        z = np.full(toy.config.template_shape, 20, np.float32)
        x = np.full(toy.config.search_shape, 20, np.float32)
        z[..., 8:32, 8:32] = 230
        x[..., 24:48, 16 + 8 * index : 40 + 8 * index] = 230
        pairs.append(CropPair(z, x))
    return pairs


def toy_draft(folder: Path) -> Draft:
    """The toy bundle in memory."""
    manifest = Bundle.open(folder).manifest
    graphs = manifest.variants[FOLDER].graphs.values()
    return Draft(manifest, {graph.file: (folder / graph.file).read_bytes() for graph in graphs})


def toy_variant(draft: Draft, name: str, weights: Weights, *, toy: Toy = POINTS, **changes: Any) -> VariantFiles:
    """The toy's variant with these weights in place of its own, and ``changes`` of the manifest's entry."""
    variant = draft.manifest.variants[FOLDER]
    files, graphs = {}, {}
    for role, graph in variant.graphs.items():
        data = draft.files[graph.file]
        for output, (weight, bias) in weights.items() if role in ("head", "tail") else ():
            old_weight, old_bias = toy.weights[output]
            data = _patched(_patched(data, old_weight, weight), old_bias, bias)
        file = f"{name}/{role}.onnx"
        files[file] = data
        graphs[role] = replace(graph, file=file, sha256=hashlib.sha256(data).hexdigest())
    return VariantFiles(name=name, variant=replace(variant, graphs=graphs, **changes), files=files)


def _patched(data: bytes, old: NDArray[np.float32], new: NDArray[np.float32]) -> bytes:
    before, after = old.tobytes(), np.asarray(new, np.float32).tobytes()
    assert data.count(before) == 1
    assert len(before) == len(after)
    return data.replace(before, after)
