"""A wider and deeper student with the function of a smaller one.

Chen et al., *Net2Net: Accelerating Learning via Knowledge Transfer*, 2016: channels are copied, and what reads a
channel divides its weights among the copies, at random, so that copies learn to differ; layers that are new begin as
the identity.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.repconv import RepConv
from sdst_runtime.errors import ConfigError

__all__ = ["grow"]

Kind = TypeVar("Kind", bound=nn.Module)


def grow(small: SiameseModel, large: SiameseModel, seed: int = 0) -> None:
    """Gives a network the function of a smaller one of its kind: in eval mode it answers the same.

    Args:
        small: composed of ``RepConv`` and ``ConvNorm``, as the sdst-nano students are. Not modified.
        large: of as many channels and layers in each place, or more; its weights are replaced.
        seed: of how weights are divided.

    Raises:
        ConfigError: the two do not lie so, or are made of other layers.
    """
    if not isinstance(small, ComposedTracker) or not isinstance(large, ComposedTracker):
        raise _unfit("not composed of a trunk, matchers and branches")
    with torch.no_grad():
        _Growth(torch.Generator().manual_seed(seed)).tracker(small, large)


class _Growth:
    """The parts of a network one after the other.

    ``origins`` says of each channel of the large network which of the small one it copies, (C,) int64.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def tracker(self, small: ComposedTracker, large: ComposedTracker) -> None:
        levels = self._chain(small.trunk, large.trunk, torch.arange(3))
        read = {
            name: self._matcher(_of(small.matchers[name], Matcher), _of(matcher, Matcher), levels)
            for name, matcher in large.matchers.items()
        }
        for name, branch in large.branches.items():
            old, new = _of(small.branches[name], Branch), _of(branch, Branch)
            tower = self._chain(old.tower, new.tower, _joined([read[each] for each in new.reads]))
            outputs = torch.arange(_of(new.predict, nn.Conv2d).out_channels)
            self._convolution(_of(old.predict, nn.Conv2d), _of(new.predict, nn.Conv2d), tower, outputs)

    def _matcher(self, small: Matcher, large: Matcher, levels: Tensor) -> Tensor:
        kernel, new_kernel = _of(small.kernel, ConvNorm), _of(large.kernel, ConvNorm)
        operand = self._layer(kernel, new_kernel, levels)
        copies = operand.bincount()[operand]  # the correlation adds up over them
        for values in _of(new_kernel.norm, nn.BatchNorm2d).parameters():
            values.div_(copies)
        search = self._chain(small.search, large.search, levels)
        if large.kind != "pixelwise":
            raise _unfit(f"with a {large.kind} correlation")
        cells = _width(small.after) - (kernel.conv.out_channels if small.joins_search else 0)
        response = torch.arange(cells)
        return self._chain(small.after, large.after, _joined([search, response]) if large.joins_search else response)

    def _chain(self, small: nn.Module, large: nn.Module, origins: Tensor) -> Tensor:
        """Layers that follow each other; of those that keep the shape the large network may have more."""
        left = _layers(small)
        before: nn.Module | None = None
        for layer in _layers(large):
            if _keeps_shape(layer) and not (left and _keeps_shape(left[0])):
                _of(layer, RepConv).become_identity(_of(before, RepConv))
            elif not left:
                raise _unfit(f"with more layers of kind {type(layer).__name__}")
            else:
                origins, before = self._layer(left.pop(0), layer, origins), layer
        if left:
            raise _unfit("with fewer layers")
        return origins

    def _layer(self, small: nn.Module, large: nn.Module, origins: Tensor) -> Tensor:
        if type(small) is not type(large) or not isinstance(large, (ConvNorm, RepConv)):
            raise _unfit(f"with {type(large).__name__} in the place of {type(small).__name__}")
        if isinstance(large, ConvNorm):
            old = _of(small, ConvNorm)
            outputs = _copies(old.conv.out_channels, large.conv.out_channels)
            self._convolution(old.conv, large.conv, origins, outputs)
            _norm(old.norm, large.norm, outputs)
            return outputs
        repeated = _of(small, RepConv)
        outputs = self._layer(_of(repeated.square, ConvNorm), _of(large.square, ConvNorm), origins)
        self._layer(_of(repeated.point, ConvNorm), _of(large.point, ConvNorm), origins)
        if large.identity is not None:
            _norm(_of(repeated.identity, nn.BatchNorm2d), large.identity, outputs)
        return outputs

    def _convolution(self, small: nn.Conv2d, large: nn.Conv2d, inputs: Tensor, outputs: Tensor) -> None:
        if small.kernel_size != large.kernel_size or large.groups != 1 or large.in_channels != len(inputs):
            raise _unfit(f"with a convolution {tuple(large.weight.shape)} for {tuple(small.weight.shape)}")
        parts = 0.5 + torch.rand(len(outputs), len(inputs), generator=self._generator)
        whole = torch.zeros(len(outputs), small.in_channels).index_add_(1, inputs, parts)
        shares = parts / whole[:, inputs]  # of the copies of one channel: 1 together
        large.weight.copy_(small.weight[outputs][:, inputs] * shares[:, :, None, None])
        if large.bias is not None and small.bias is not None:
            large.bias.copy_(small.bias[outputs])


def _norm(small: nn.Module, large: nn.Module, origins: Tensor) -> None:
    if isinstance(large, nn.BatchNorm2d):
        values = {
            key: value if value.ndim == 0 else value[origins]
            for key, value in _of(small, nn.BatchNorm2d).state_dict().items()
        }
        large.load_state_dict(values)


def _copies(small: int, large: int) -> Tensor:
    """Of each of so many channels the one that it copies."""
    if large < small:
        raise _unfit(f"of {large} channels in the place of {small}")
    return torch.arange(large) % small


def _joined(parts: list[Tensor]) -> Tensor:
    """Origins of concatenated maps."""
    starts, start = [], 0
    for part in parts:
        starts.append(part + start)
        start += int(part.max()) + 1
    return torch.cat(starts)


def _layers(module: nn.Module) -> list[nn.Module]:
    return list(module) if isinstance(module, nn.Sequential) else [module]


def _width(module: nn.Module) -> int:
    """Channels that the first layer reads."""
    return _of(_layers(module)[0], ConvNorm).conv.in_channels


def _keeps_shape(layer: nn.Module) -> bool:
    return isinstance(layer, RepConv) and layer.identity is not None


def _of(module: object, kind: type[Kind]) -> Kind:
    if not isinstance(module, kind):
        raise _unfit(f"with {type(module).__name__} where {kind.__name__} is expected")
    return module


def _unfit(how: str) -> ConfigError:
    return ConfigError(
        f"a network cannot be grown to one {how}; expected a student of sdst-nano, and one that is nowhere narrower or "
        "shallower"
    )
