"""The four graphs of a bundle, traced from a network that is cut at its correlations.

::

    template   z                  -> kernel_*            once per target
    search     x                  -> search_*            once per frame
    head       kernel_*, search_* -> score, ltrb         the kernels become placeholders later
    tail       response_*         -> score, ltrb         head without the correlations

Kernels leave the template graph in the layout of convolution weights, (C, 1, h, w) for depthwise and (h w, C, 1, 1)
for pixelwise correlation, and both correlations are Conv nodes in the head: once the kernels are constants, ONNX
Runtime runs them on its blocked (NCHWc) kernels. For pixelwise correlation a MatMul of the same constants was
measured too: equal within 2 %, so that the one form is kept for both. HardSwish stays one node, which ONNX Runtime
fuses into the convolution before it: 0.96 ms for the search graph of NanoTrack v3, against 1.17 to 1.25 ms with the
Clip that it can be spelled as (ONNX Runtime 1.32, one thread, AVX-512).

The exporter is the TorchScript one. Measured with torch 2.13 and opset 17, which TensorRT 8.5 needs: it writes
opset 17 itself, quietly and without onnxscript; the other one writes opset 18 and fails to convert NanoTrack v3.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdst_edge.models.base import Maps, SiameseModel
from sdst_runtime.manifest import Correlation

__all__ = ["OPSET", "correlate_kernel", "kernel_layout", "trace_graphs"]

OPSET = 17


def trace_graphs(model: SiameseModel) -> dict[str, onnx.ModelProto]:
    """The graphs ``template``, ``search``, ``head`` and ``tail``, batch 1, static shapes, not simplified.

    Args:
        model: folded, in eval mode, on the CPU.
    """
    config, correlations = model.config, model.correlations
    z = torch.zeros(1, 3, config.template_size, config.template_size)
    x = torch.zeros(1, 3, config.search_size, config.search_size)
    with torch.no_grad():
        kernels = _kernels(model, z)
        features = model.search(x)
    kernel_names = [c.kernel for c in correlations]
    count, outputs = len(correlations), list(config.outputs)

    def named_tail_inputs(kernels: Sequence[Tensor], features: Sequence[Tensor]) -> dict[str, Tensor]:
        named = dict(zip(model.search_outputs, features, strict=True))
        for c, kernel in zip(correlations, kernels, strict=True):
            named[c.response] = correlate_kernel(c, kernel, named[c.search])
        return {name: named[name] for name in model.tail_inputs}

    def head(*tensors: Tensor) -> Maps:
        return model.tail(*named_tail_inputs(tensors[:count], tensors[count:]).values())

    with torch.no_grad():
        tail_inputs = tuple(named_tail_inputs(kernels, features).values())

    return {
        "template": _trace(model, lambda z: _kernels(model, z), (z,), ["z"], kernel_names),
        "search": _trace(model, model.search, (x,), ["x"], model.search_outputs),
        "head": _trace(model, head, (*kernels, *features), [*kernel_names, *model.search_outputs], outputs),
        "tail": _trace(model, model.tail, tail_inputs, model.tail_inputs, outputs),
    }


def kernel_layout(correlation: Correlation, template: Tensor) -> Tensor:
    """Template features (1, C, h, w) as convolution weights: (C, 1, h, w) or (h w, C, 1, 1)."""
    if correlation.kind == "depthwise":
        return template.transpose(0, 1)  # (C, 1, h, w)
    return template.flatten(2).permute(2, 1, 0).unsqueeze(3)  # (1, C, h w) to (h w, C, 1, 1)


def correlate_kernel(correlation: Correlation, kernel: Tensor, search: Tensor) -> Tensor:
    """The response of a kernel as :func:`kernel_layout` makes it on search features (1, C, H, W)."""
    groups = kernel.shape[0] if correlation.kind == "depthwise" else 1
    return F.conv2d(search, kernel, padding=correlation.padding, groups=groups)


def _kernels(model: SiameseModel, z: Tensor) -> Maps:
    return tuple(kernel_layout(c, features) for c, features in zip(model.correlations, model.template(z), strict=True))


class _Traced(nn.Module):
    """A function of a model, as the module that the exporter asks for; its weights are the model's."""

    def __init__(self, model: nn.Module, function: Callable[..., Maps]) -> None:
        super().__init__()
        self.model = model
        self.function = function

    def forward(self, *tensors: Tensor) -> Maps:
        return self.function(*tensors)


def _trace(
    model: nn.Module,
    function: Callable[..., Maps],
    inputs: Sequence[Tensor],
    input_names: Sequence[str],
    output_names: Sequence[str],
) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of this exporter; see the top of the file
        path = Path(folder) / "graph.onnx"
        torch.onnx.export(
            _Traced(model, function).eval(),
            tuple(inputs),
            path,
            input_names=list(input_names),
            output_names=list(output_names),
            opset_version=OPSET,
            dynamo=False,
        )
        return onnx.load(path)
