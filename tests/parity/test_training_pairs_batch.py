"""Pixels to network input: by the formula, in the network's order of channels, and with no pass without effect."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from sdst_edge.training.pairs.batch import normalized
from sdst_runtime.config import Normalization
from tests.tolerances import REL_F32

MEAN, STD = (10.0, 120.0, 127.5), (64.0, 1.0, 2.5)
NEUTRAL = Normalization(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def random_pixels() -> Tensor:
    return torch.randint(0, 256, (2, 5, 6, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


class Passes(TorchDispatchMode):
    """Names of the operations that run, such as ``sub_``."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def passes(rule: Normalization) -> set[str]:
    """Those among operations of arithmetic that a rule takes."""
    with Passes() as recorded:
        normalized(random_pixels(), rule)
    return {name.strip("_") for name in recorded.names} & {"add", "sub", "mul", "div"}


@pytest.mark.parametrize("order", ["bgr", "rgb"])
@pytest.mark.parametrize("mean", [MEAN, NEUTRAL.mean])
@pytest.mark.parametrize("std", [STD, NEUTRAL.std])
def test_normalized_is_the_formula(order: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    pixels = random_pixels()
    before = pixels.clone()
    values = normalized(pixels, Normalization(channel_order=order, mean=mean, std=std))  # type: ignore[arg-type]
    assert torch.equal(pixels, before)
    assert (values.dtype, values.shape) == (torch.float32, (2, 3, 5, 6))
    assert values.is_contiguous(memory_format=torch.channels_last)
    for channel in range(3):
        given = pixels[..., 2 - channel if order == "rgb" else channel].double()
        want = (given - mean[channel]) / std[channel]
        assert float((values[:, channel] - want).abs().max() / want.abs().max()) <= REL_F32


def test_neutral_numbers_take_no_pass_over_the_pixels() -> None:
    assert passes(NEUTRAL) == set()
    assert passes(Normalization(mean=MEAN, std=NEUTRAL.std)) == {"sub"}
    assert passes(Normalization(mean=NEUTRAL.mean, std=STD)) == {"div"}
    assert passes(Normalization(mean=MEAN, std=STD)) == {"sub", "div"}


def test_neutral_numbers_leave_the_pixels_as_they_are() -> None:
    pixels = random_pixels()
    assert torch.equal(normalized(pixels, NEUTRAL), pixels.permute(0, 3, 1, 2).to(torch.float32))
