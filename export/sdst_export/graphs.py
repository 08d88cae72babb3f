"""Graphs traced from the pieces of a network; what they are is told in :mod:`sdst_export.cut`.

Kernels leave the template graph in the layout of convolution weights, and in the ``conv`` form every correlation is a
Conv node in the head: once the kernels are constants, ONNX Runtime runs it on its blocked (NCHWc) kernels.
``benchmarks/correlation_forms.py`` times the three forms. HardSwish stays one node, which ONNX Runtime fuses into the
convolution before it: 0.96 ms for the search graph of NanoTrack v3, against 1.17 to 1.25 ms with the Clip that it can
be spelled as (ONNX Runtime 1.32, one thread, AVX-512).

The exporter is the TorchScript one. Measured with torch 2.13 and opset 17, which TensorRT 8.5 needs: it writes
opset 17 itself, quietly and without onnxscript; the other one writes opset 18 and fails to convert NanoTrack v3.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps
from sdst_export.cut import Piece
from sdst_runtime.errors import ConfigError

__all__ = ["OPSET", "OPSETS", "trace"]

OPSET = 17
OPSETS = range(13, 21)  # from per-channel Q/DQ to the newest that this exporter knows


def trace(model: nn.Module, piece: Piece, opset: int = OPSET) -> onnx.ModelProto:
    """The graph of a piece, static shapes, not simplified.

    Args:
        model: that was cut; it holds the weights.
        piece: of its cut.
        opset: of the graph.

    Raises:
        ConfigError: the exporter does not write that opset.
    """
    if opset not in OPSETS:
        raise ConfigError(f"opset is {opset}, torch's exporter writes {OPSETS[0]} to {OPSETS[-1]} here")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of this exporter; see the top of the file
        warnings.filterwarnings("ignore", "Constant folding - Only steps=1", UserWarning)  # of the simplifier's work
        path = Path(folder) / "graph.onnx"
        torch.onnx.export(
            _Traced(model, piece).eval(),
            tuple(piece.inputs.values()),
            path,
            input_names=list(piece.inputs),
            output_names=list(piece.outputs),
            opset_version=opset,
            do_constant_folding=False,  # the simplifier does it
            dynamo=False,
        )
        return onnx.load(path)


class _Traced(nn.Module):
    """A piece as the module that the exporter asks for; its weights are the model's."""

    def __init__(self, model: nn.Module, piece: Piece) -> None:
        super().__init__()
        self.model = model
        self.piece = piece

    def forward(self, *tensors: Tensor) -> Maps:
        return self.piece.function(dict(zip(self.piece.inputs, tensors, strict=True)))
