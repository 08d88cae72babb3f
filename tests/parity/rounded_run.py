"""A network run on noise, plainly and under rounding."""

from __future__ import annotations

import torch
from torch import Tensor

from sdst_edge.models import SiameseModel
from sdst_edge.training.quantization_aware.quantizer import Quantizer

__all__ = ["inputs", "rounded"]


def inputs(model: SiameseModel, seed: int = 0, batch: int = 1) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    config = model.config
    z, x = (torch.randn(batch, *shape[1:], generator=random) for shape in (config.template_shape, config.search_shape))
    return z, x


def rounded(model: SiameseModel, quantizer: Quantizer, z: Tensor, x: Tensor) -> tuple[Tensor, ...]:
    with torch.inference_mode(), quantizer.applied(model):
        maps: tuple[Tensor, ...] = model(z, x)
    return maps
