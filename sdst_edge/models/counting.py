"""How much a network computes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.correlation import correlate
from sdst_edge.models.repconv import RepConv
from sdst_runtime.manifest import Correlation

__all__ = ["MacCounts", "count_macs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MacCounts:
    """Multiply-accumulates of convolutions and linear layers in the form that is exported; biases are not counted.

    Attributes:
        template: per target.
        search: per frame, of all scales.
        head: per frame, of what follows the correlations; a mask branch is left out.
        correlations: per frame, of the correlations themselves.
    """

    template: int
    search: int
    head: int
    correlations: int


def count_macs(model: SiameseModel) -> MacCounts:
    """The multiply-accumulates of a network, such as a blueprint, which is not to be used for anything else.

    Batches without a sample run through it: that takes no time, reads no weight, and layers tell their shapes all the
    same.
    """
    config, meter = model.eval().config, _Meter(model)
    with torch.inference_mode():
        template = model.template(torch.empty(0, *config.template_shape[1:]))
        template_macs = meter.take()
        search = model.search(torch.empty(0, *config.search_shape[1:]))
        search_macs = meter.take()
        named = dict(zip(model.search_outputs, search, strict=True))
        correlation_macs = 0
        for item, kernel in zip(model.correlations, template, strict=False):  # the mask's features come last
            named[item.response] = _response(item, kernel, named[item.search])
            correlation_macs += _correlation_macs(item, kernel, named[item.response])
        model.tail(*(named[name] for name in model.tail_inputs))
    return MacCounts(
        template=template_macs,
        search=config.scales * search_macs,
        head=config.scales * meter.take(),
        correlations=config.scales * correlation_macs,
    )


class _Meter:
    """Adds up what the layers of a network compute for one sample."""

    def __init__(self, model: nn.Module) -> None:
        self._macs = 0
        folded = {layer for item in model.modules() if isinstance(item, RepConv) for layer in _folded_away(item)}
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and module not in folded:
                module.register_forward_hook(self._add)

    def take(self) -> int:
        """The multiply-accumulates since the last call."""
        macs, self._macs = self._macs, 0
        return macs

    def _add(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module.weight, Tensor)
        # Of a convolution (out, in / groups, h, w), of a transposed one (in, out / groups, h, w).
        shared = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        self._macs += prod(shared.shape[1:]) * prod(module.weight.shape[1:])


def _folded_away(layer: RepConv) -> list[nn.Module]:
    """Branches that become part of the square convolution."""
    return [] if layer.point is None else list(layer.point.modules())


def _response(correlation: Correlation, template: Tensor, search: Tensor) -> Tensor:
    """(0, K, H', W') of batches without a sample: kernels of one template serve as many as there are."""
    return correlate(correlation, torch.empty(1, *template.shape[1:]), search)


def _correlation_macs(correlation: Correlation, template: Tensor, response: Tensor) -> int:
    channels, cells = template.shape[1], prod(template.shape[2:])
    products = {  # per value of the response
        "full": channels * cells,
        "depthwise": cells,
        "up-channel": channels * cells // response.shape[1],
        "pixelwise": channels,
    }
    return prod(response.shape[1:]) * products[correlation.kind]
