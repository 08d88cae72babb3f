"""ONNX Runtime against torch on the same inputs, through both ways that a session can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from sdst_edge.models.base import SiameseModel
from sdst_export.graphs import correlate_kernel
from sdst_export.placeholders import bake
from sdst_runtime.config import Normalization
from sdst_runtime.errors import ParityError
from sdst_runtime.manifest import GraphRole, Parity, Placeholder
from sdst_runtime.ort_graph import import_onnxruntime

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["INPUTS", "TOLERANCE", "measure_parity", "sample_inputs"]

INPUTS = 4
TOLERANCE = 1e-4  # of the largest magnitude; float32 against float32 of another engine is at 1e-6
CELL_PX = 16

Array = NDArray[np.float32]


def measure_parity(
    model: SiameseModel, files: Mapping[GraphRole, bytes], placeholders: tuple[Placeholder, ...]
) -> Parity:
    """The largest difference of the exported graphs to the network, relative to the largest magnitude of each output.

    Args:
        model: as the checkpoint has it (not folded), in eval mode.
        files: serialised graphs by role.
        placeholders: of the head.

    Returns:
        Errors of ``baked.score`` and ``baked.ltrb`` (kernels written into the head) and of ``split.score`` and
        ``split.ltrb`` (correlation outside, then the tail).

    Raises:
        ParityError: an error is above :data:`TOLERANCE`, or no number.
    """
    errors: dict[str, float] = {}
    runner = _Runner(model, files, placeholders)
    for z, x in sample_inputs(model.config.template_size, model.config.search_size, model.config.normalization):
        with torch.no_grad():
            expected = [item.numpy() for item in model(torch.from_numpy(z), torch.from_numpy(x))]
        for way, outputs in runner.run(z, x).items():
            for name, got, want in zip(model.config.outputs, outputs, expected, strict=True):
                error = float(np.abs(got - want).max() / np.abs(want).max())
                errors[f"{way}.{name}"] = float(np.maximum(errors.get(f"{way}.{name}", 0.0), error))  # keeps NaN
    for name, error in errors.items():
        if not error <= TOLERANCE:
            raise ParityError(
                f"{name} of ONNX Runtime differs from torch by {error:.3g} of its largest magnitude, "
                f"allowed is {TOLERANCE:g}; nothing was written"
            )
    return Parity(reference=f"torch {torch.__version__}", inputs=INPUTS, max_rel_error=errors)


def sample_inputs(template_size: int, search_size: int, normalization: Normalization) -> Iterator[tuple[Array, Array]]:
    """:data:`INPUTS` seeded pairs of network inputs: coarse blocks and noise; the template is the search's middle."""
    mean, std = (np.asarray(v, np.float32).reshape(3, 1, 1) for v in (normalization.mean, normalization.std))
    start = (search_size - template_size) // 2
    middle = slice(start, start + template_size)
    for seed in range(INPUTS):
        generator = np.random.default_rng(seed)
        blocks = -(-search_size // CELL_PX)
        coarse = generator.uniform(0, 255, (3, blocks, blocks)).repeat(CELL_PX, 1).repeat(CELL_PX, 2)
        noise = generator.uniform(0, 255, (3, search_size, search_size))
        pixels = np.rint(0.7 * coarse[:, :search_size, :search_size] + 0.3 * noise).astype(np.float32)
        x = ((pixels - mean) / std)[None]  # (1, 3, S, S)
        yield np.ascontiguousarray(x[:, :, middle, middle]), x


class _Runner:
    """The graphs under ONNX Runtime, one thread."""

    def __init__(
        self, model: SiameseModel, files: Mapping[GraphRole, bytes], placeholders: tuple[Placeholder, ...]
    ) -> None:
        self._correlations, self._tail_inputs = model.correlations, model.tail_inputs
        self._outputs = list(model.config.outputs)
        self._head, self._placeholders = files["head"], placeholders
        self._template, self._search, self._tail = (_session(files[role]) for role in ("template", "search", "tail"))

    def run(self, z: Array, x: Array) -> dict[str, list[Array]]:
        """Score and distances by way: ``baked`` and ``split``."""
        kernels = _named_outputs(self._template, {"z": z})
        features = _named_outputs(self._search, {"x": x})
        baked = _session(bake(self._head, self._placeholders, kernels))
        responses = {}
        for c in self._correlations:
            kernel, search = torch.from_numpy(kernels[c.kernel]), torch.from_numpy(features[c.search])
            responses[c.response] = correlate_kernel(c, kernel, search).numpy()
        tail_feed = {name: responses.get(name, features.get(name)) for name in self._tail_inputs}
        return {"baked": baked.run(self._outputs, features), "split": self._tail.run(self._outputs, tail_feed)}


def _session(data: bytes) -> onnxruntime.InferenceSession:
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _named_outputs(session: onnxruntime.InferenceSession, feeds: dict[str, Array]) -> dict[str, Array]:
    names = [item.name for item in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
