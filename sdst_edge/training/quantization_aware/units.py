"""The convolutions of a network as the export leaves them, with gradients to the parameters that the family has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.composed import Branch, Matcher
from sdst_edge.models.folding import Foldable
from sdst_edge.models.layers import ConvNorm, SqueezeExcite
from sdst_edge.models.repconv import RepConv
from sdst_runtime.errors import ConfigError

__all__ = ["Folded", "Unit", "find_units", "folded"]

OutputKind: TypeAlias = Literal["rounded", "rounded before activation", "float"]

_FUSED = (nn.Identity, nn.ReLU, nn.ReLU6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A convolution with what is merged into it.

    Attributes:
        name: of its module in the network: a :class:`ConvNorm`, a :class:`RepConv` or a plain convolution.
        output: where what it gives may be rounded: after its activation, where that is fused (none, ReLU, ReLU6), or
            before it; ``float`` for operands of correlations and plain convolutions, which are rounded where something
            takes them in, if at all.
        is_float: whether it is left out: neither its weights nor what it takes and gives is rounded. The last layers
            before the tracker's maps always are.
    """

    name: str
    output: OutputKind
    is_float: bool


class Folded(NamedTuple):
    """What a unit computes: a convolution with these weights, and an activation.

    Attributes:
        layer: says stride, padding, dilation and groups.
        weight: (O, I, h, w), norms and branches merged.
        bias: (O,).
        activation: that follows.
    """

    layer: nn.Conv2d
    weight: Tensor
    bias: Tensor | None
    activation: nn.Module

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """The convolution with other weights of the same shape; without the activation."""
        layer = self.layer
        if layer.kernel_size == (1, 1) and layer.stride != (1, 1):  # see sdst_edge.training.run.memory_format
            x, weight = x.contiguous(), weight.contiguous()
        padding = tuple(int(cells) for cells in layer.padding)
        return F.conv2d(x, weight, self.bias, layer.stride, padding, layer.dilation, layer.groups)


def find_units(network: SiameseModel, float_modules: Collection[str] = ()) -> tuple[Unit, ...]:
    """The units of a network, in the order of its modules; squeeze-and-excite has none.

    Args:
        network: not changed.
        float_modules: prefixes of module names that stay float.

    Raises:
        ConfigError: a prefix fits no module, or a module folds in a way that is not known here.
    """
    known = dict(network.named_modules())
    for name in float_modules:
        if name not in known:
            children = ", ".join(child for child, _ in network.named_children())
            raise ConfigError(
                f"recipe: quantization.float_modules names {name!r}, which is no module of the network; "
                f"it has {children}, and what lies in them"
            )
    operands, predictions = _ends(network)
    return tuple(
        Unit(
            name=name,
            output="float" if module in operands else _output(module),
            is_float=module in predictions
            or any(name == prefix or name.startswith(f"{prefix}.") for prefix in float_modules),
        )
        for name, module in _convolutions("", network)
    )


def folded(module: nn.Module) -> Folded:
    """A unit's module as ``fold`` would leave it, by the same sums in the same order; the module stays as it is."""
    if isinstance(module, RepConv):
        return _merged(module)
    if isinstance(module, ConvNorm):
        weight, bias = _with_norm(module.conv.weight, module.conv.bias, module.norm)
        return Folded(module.conv, weight, bias, module.act)
    assert isinstance(module, nn.Conv2d)
    return Folded(module, module.weight, module.bias, nn.Identity())


def _merged(module: RepConv) -> Folded:
    """All branches of a RepConv in one 3x3 convolution."""
    layer, weight, bias, _ = folded(module.square)
    for branch in (module.point, module.identity):
        if branch is None:
            continue
        if isinstance(branch, nn.BatchNorm2d):
            unit = torch.eye(branch.num_features).to(branch.weight)[:, :, None, None]  # (C, C, 1, 1)
            more, shift = _with_norm(unit, None, branch)
        else:
            _, more, shift, _ = folded(branch)
        assert bias is not None
        assert shift is not None
        weight, bias = weight + F.pad(more, (1, 1, 1, 1)), bias + shift  # (O, I, 1, 1) to (O, I, 3, 3)
    return Folded(layer, weight, bias, nn.ReLU())


def _with_norm(weight: Tensor, bias: Tensor | None, norm: nn.Module) -> tuple[Tensor, Tensor | None]:
    """Weights and bias with a batch norm's running statistics and parameters in them."""
    if not isinstance(norm, nn.BatchNorm2d):
        return weight, bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    spread = torch.rsqrt(norm.running_var + norm.eps)  # (O,)
    before = torch.zeros_like(norm.running_mean) if bias is None else bias
    shift = (before - norm.running_mean) * spread * norm.weight + norm.bias
    return weight * (norm.weight * spread)[:, None, None, None], shift


def _convolutions(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Units below a module by name; what a unit is made of is none."""
    if isinstance(module, ConvNorm | RepConv | nn.Conv2d):
        yield name, module
        return
    if isinstance(module, SqueezeExcite):
        return
    if isinstance(module, Foldable):
        raise ConfigError(
            f"{name} is a {type(module).__name__}, which folds in a way that quantisation-aware training does not "
            "know; leave quantization out of the recipe for this family"
        )
    for child, inner in module.named_children():
        yield from _convolutions(f"{name}.{child}" if name else child, inner)


def _output(module: nn.Module) -> OutputKind:
    if isinstance(module, RepConv):
        return "rounded"
    if isinstance(module, ConvNorm):
        return "rounded" if isinstance(module.act, _FUSED) else "rounded before activation"
    return "float"


def _ends(network: SiameseModel) -> tuple[set[nn.Module], set[nn.Module]]:
    """The last units of what the export cuts apart: before correlations, and before the tracker's maps."""
    operands: set[nn.Module] = set()
    predictions: set[nn.Module] = set()
    for module in network.modules():
        if isinstance(module, Matcher):
            operands.update(*(_last(part) for part in (module.kernel, module.search)))
        elif isinstance(module, Branch):
            predictions.update(_last(module.predict))
    return operands, predictions


def _last(module: nn.Module) -> list[nn.Module]:
    return [unit for _, unit in _convolutions("", module)][-1:]
