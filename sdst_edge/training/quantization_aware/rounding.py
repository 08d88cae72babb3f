"""Tensors on a grid of integers and back, by the formulas of ONNX's QuantizeLinear and DequantizeLinear.

``x`` becomes ``(clip(round(x / scale) + zero_point) - zero_point) * scale``. The gradient goes straight through where
nothing was clipped, and is 0 where something was (Jacob et al., Quantization and Training of Neural Networks, CVPR
2018, section 3).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["S8", "U8", "Grid", "decayed", "round_activations", "round_weights", "straying", "widened"]

#: A range of zeros alone still has a scale.
_LEAST_SCALE = 1e-10
_WEIGHT_MOST = 127
#: Of most activations: 6 to each side.
_NEEDED_DEVIATIONS = 12.0


class Grid(NamedTuple):
    """Integers that activations go into.

    Attributes:
        low: smallest integer.
        high: largest integer.
        symmetric: whether the zero point is 0, and the scale that of the larger magnitude.
    """

    low: int
    high: int
    symmetric: bool


U8 = Grid(0, 255, symmetric=False)
S8 = Grid(-128, 127, symmetric=True)


def round_activations(x: Tensor, bounds: Tensor, grid: Grid) -> Tensor:
    """A tensor on a grid that spans its range.

    Args:
        x: any shape; computed in float32.
        bounds: (2,): smallest and largest value; 0 counts as within them, so that it is represented exactly.
        grid: the integers.
    """
    low, high = bounds[0].clamp(max=0.0), bounds[1].clamp(min=0.0)
    if grid.symmetric:
        scale = (torch.maximum(-low, high) / grid.high).clamp(min=_LEAST_SCALE)
        zero_point = torch.zeros_like(scale, dtype=torch.int32)
    else:
        scale = ((high - low) / (grid.high - grid.low)).clamp(min=_LEAST_SCALE)
        zero_point = (grid.low - low / scale).round().to(torch.int32)
    return torch.fake_quantize_per_tensor_affine(x.float(), scale, zero_point, grid.low, grid.high)


def round_weights(weight: Tensor) -> Tensor:
    """Weights as s8, symmetric, with a scale for each output channel; computed in float32.

    Args:
        weight: (O, I, h, w).
    """
    magnitude = weight.detach().float().abs().amax(dim=(1, 2, 3))  # (O,)
    scale = (magnitude / _WEIGHT_MOST).clamp(min=_LEAST_SCALE)
    zero_point = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight.float(), scale, zero_point, 0, -_WEIGHT_MOST, _WEIGHT_MOST)


def decayed(bounds: Tensor, x: Tensor, decay: float) -> Tensor:
    """A running mean of ranges, moved by 1 - decay towards that of ``x``; NaN where there was none yet.

    Args:
        bounds: (2,) the mean so far.
        x: any shape.
        decay: 0..1.
    """
    new = _extremes(x)
    return torch.where(bounds.isnan(), new, bounds.lerp(new, 1.0 - decay))


def widened(bounds: Tensor, x: Tensor) -> Tensor:
    """A range that holds ``bounds`` and all of ``x``; NaN where there was none yet."""
    new = _extremes(x)
    return torch.stack((torch.fmin(bounds[0], new[0]), torch.fmax(bounds[1], new[1])))


def straying(x: Tensor) -> Tensor:
    """Bits that a few values far outside cost the others: octaves of a tensor's width over 12 standard deviations.

    Akin to the range losses of Kundu et al., R2 Loss: Range Restriction Loss for Model Compression and Quantization,
    2023, which act on weights.

    Args:
        x: any shape.

    Returns:
        A scalar, 0 for a width of no more than that; its gradient draws the extremes in.
    """
    values = x.float()
    low, high = torch.aminmax(values)
    needed = _NEEDED_DEVIATIONS * values.detach().std() + _LEAST_SCALE
    return torch.relu(torch.log2((high - low) / needed + _LEAST_SCALE))


def _extremes(x: Tensor) -> Tensor:
    return torch.stack(tuple(torch.aminmax(x.detach().float())))  # (2,)
