"""ONNX Runtime against torch on the same inputs, through both ways that a session can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.correlation import correlate_kernel
from sdst_runtime.baking import bake
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ParityError
from sdst_runtime.manifest import Correlation, Graph, GraphRole, Parity
from sdst_runtime.ort_graph import import_onnxruntime

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["INPUTS", "TOLERANCE", "measure_parity", "sample_inputs"]

INPUTS = 4
TOLERANCE = 1e-4  # of the largest magnitude; float32 against float32 of another engine is at 1e-6
CELL_PX = 16

Array: TypeAlias = NDArray[np.float32]
Arrays: TypeAlias = dict[str, Array]


def measure_parity(
    model: SiameseModel,
    correlations: Sequence[Correlation],
    graphs: Mapping[GraphRole, Graph],
    files: Mapping[GraphRole, bytes],
) -> Parity:
    """The largest difference of the exported graphs to the network, relative to the largest magnitude of each output.

    Args:
        model: as the checkpoint has it (not folded), in eval mode.
        correlations: of the boxes, as the manifest lists them.
        graphs: what the manifest says of the graphs.
        files: they themselves, serialised.

    Returns:
        Errors of ``baked.score`` (kernels written into the head), ``split.score`` (correlation outside, then the tail)
        and so on for each output; ``baked_small.score`` and so on for the search region of small targets; ``mask``.

    Raises:
        ParityError: an error is above :data:`TOLERANCE`, or no number.
    """
    errors = _Errors()
    for region in _regions(model.config):
        runner = _Runner(correlations, graphs, files, region)
        for z, x in sample_inputs(region.config):
            _compare(errors, model, runner, z, x)
    for name, error in errors.items():
        if not error <= TOLERANCE:
            raise ParityError(
                f"{name} of ONNX Runtime differs from torch by {error:.3g} of its largest magnitude, "
                f"allowed is {TOLERANCE:g}; nothing was written"
            )
    return Parity(reference=f"torch {torch.__version__}", inputs=INPUTS, max_rel_error=errors)


def sample_inputs(config: TrackerConfig) -> Iterator[tuple[Array, Array]]:
    """:data:`INPUTS` seeded pairs of network inputs: coarse blocks and noise; the template is the search's middle."""
    rule = config.normalization
    mean, std = (np.asarray(value, np.float32).reshape(3, 1, 1) for value in (rule.mean, rule.std))
    scales, _, side, _ = config.search_shape
    start = (side - config.template_size) // 2
    middle = slice(start, start + config.template_size)
    for seed in range(INPUTS):
        generator = np.random.default_rng(seed)
        blocks = -(-side // CELL_PX)
        coarse = generator.uniform(0, 255, (scales, 3, blocks, blocks)).repeat(CELL_PX, 2).repeat(CELL_PX, 3)
        noise = generator.uniform(0, 255, (scales, 3, side, side))
        pixels = np.rint(0.7 * coarse[:, :, :side, :side] + 0.3 * noise).astype(np.float32)
        x = (pixels - mean) / std  # (N, 3, S, S)
        yield np.ascontiguousarray(x[:1, :, middle, middle]), x


class _Errors(dict[str, float]):
    """The largest relative error by name."""

    def add(self, name: str, got: Array, want: torch.Tensor) -> None:
        """Takes one comparison in."""
        with np.errstate(invalid="ignore"):  # infinities: the result is then no number, and is not allowed
            error = float(np.abs(got - want.numpy()).max() / np.abs(want.numpy()).max())
        self[name] = float(np.maximum(self.get(name, 0.0), error))  # keeps NaN


class _Region(NamedTuple):
    """One size of the search region: its graphs, and how their results are called."""

    config: TrackerConfig
    search: GraphRole
    head: GraphRole
    tail: GraphRole
    suffix: str


def _regions(config: TrackerConfig) -> list[_Region]:
    small = config.for_small_target()
    regions = [_Region(config, "search", "head", "tail", "")]
    return (
        regions if small is None else [*regions, _Region(small, "search_small", "head_small", "tail_small", "_small")]
    )


def _compare(errors: _Errors, model: SiameseModel, runner: _Runner, z: Array, x: Array) -> None:
    suffix, config = runner.region.suffix, runner.region.config
    kernels, features = runner.embed(z), runner.search(x)
    baked, split = runner.baked(kernels, features), runner.split(kernels, features)
    with torch.no_grad():
        template, search = model.template(torch.from_numpy(z)), model.search(torch.from_numpy(x))
        for name, want in zip(config.outputs, model.head(template, search), strict=True):
            errors.add(f"baked{suffix}.{name}", baked[name], want)
            errors.add(f"split{suffix}.{name}", split[name], want)
        if model.mask is not None and not suffix:
            for cell in _cells(config.response_size):
                want = model.segment(template, search, torch.from_numpy(cell))
                errors.add("mask", runner.mask(kernels, features, cell), want)


def _cells(side: int) -> list[NDArray[np.int64]]:
    """Two corners and a cell between, in which row and column differ, so that none can pass for the other."""
    return [np.array(cell, np.int64) for cell in ((0, side - 1), (side // 2, side // 3), (side - 1, 0))]


class _Runner:
    """The graphs of one size of the search region under ONNX Runtime, one thread."""

    def __init__(
        self,
        correlations: Sequence[Correlation],
        graphs: Mapping[GraphRole, Graph],
        files: Mapping[GraphRole, bytes],
        region: _Region,
    ) -> None:
        self.region = region
        self._correlations, self._graphs, self._files = correlations, graphs, files
        self._trunk = self._load("trunk") if "trunk" in graphs else None
        self._template, self._search, self._tail = (
            self._load(role) for role in ("template", region.search, region.tail)
        )

    def embed(self, z: Array) -> Arrays:
        """Kernels by name."""
        return _run(self._template, {"z": z} if self._trunk is None else _run(self._trunk, {"x": z}))

    def search(self, x: Array) -> Arrays:
        """Search features by name."""
        return _run(self._search, {"x": x})

    def baked(self, kernels: Arrays, features: Arrays) -> Arrays:
        """Maps of the head that the kernels are written into."""
        return self._run_baked(self.region.head, kernels, features)

    def split(self, kernels: Arrays, features: Arrays) -> Arrays:
        """Maps of the tail, behind torch's correlations."""
        known = dict(features)
        for item in self._correlations:
            kernel, search = torch.from_numpy(kernels[item.kernel]), torch.from_numpy(features[item.search])
            known[item.response] = correlate_kernel(item, kernel, search).numpy()
        return _run(self._tail, known)

    def mask(self, kernels: Arrays, features: Arrays, cell: NDArray[np.int64]) -> Array:
        """Logits of the mask graph that its kernel is written into."""
        return self._run_baked("mask", kernels, {**features, "cell": cell})["mask"]

    def _run_baked(self, role: GraphRole, kernels: Arrays, known: Mapping[str, NDArray[Any]]) -> Arrays:
        return _run(_session(bake(self._files[role], self._graphs[role].placeholders, kernels), {}), known)

    def _load(self, role: GraphRole) -> onnxruntime.InferenceSession:
        return _session(self._files[role], self._graphs[role].dims)


def _session(data: bytes, dims: Mapping[str, int]) -> onnxruntime.InferenceSession:
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    for name, size in dims.items():
        options.add_free_dimension_override_by_name(name, size)
    return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, known: Mapping[str, NDArray[Any]]) -> Arrays:
    """Outputs by name; inputs are picked out of what is known."""
    feeds = {item.name: known[item.name] for item in session.get_inputs()}
    names = [item.name for item in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
