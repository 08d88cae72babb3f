"""Runs the layers of a Core ML neural network as they stand in the file: what a published network computes.

Field numbers and meanings: Apple's ``NeuralNetwork.proto``. Only the layers that FEAR-XS has are here.
"""

from __future__ import annotations

import struct
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.models.foreign.coreml import Message, numbers, parse_message, read_layers, weights

INPUTS, OUTPUTS = 2, 3
CONVOLUTION, RELU, EXP, ADD, SCALE, CONCAT, TRANSPOSE, MATMUL, RESHAPE = 100, 130, 220, 230, 245, 320, 985, 1045, 1140


def run_layers(path: Path, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """All tensors of the network by name, float32.

    Args:
        path: of the file.
        inputs: pictures are (1, 3, H, W) RGB of 0..255.
    """
    content = path.read_bytes()
    tensors = dict(inputs)
    tensors["image"] = tensors["image"] + picture_bias(content)
    for layer in read_layers(content):
        names = [text(value) for value in layer[INPUTS]]
        (kind,) = (field for field in layer if field >= CONVOLUTION and field != 1000)  # 1000 and below: names, ranks
        tensors[text(layer[OUTPUTS][0])] = run(kind, parse(layer, kind), [tensors[name] for name in names])
    return tensors


def run(kind: int, params: Message, x: list[Tensor]) -> Tensor:
    if kind == CONVOLUTION:
        return convolve(params, x[0])
    if kind == RELU:
        assert list(params) == [10], "the only activation is ReLU"
        return torch.relu(x[0])
    if kind == EXP:
        assert numbers(params, 1) == (4,), "the only unary function is EXP"
        return torch.exp(x[0])
    if kind == ADD:
        return x[0] + x[1]
    if kind == SCALE:
        shape = numbers(params, 1)
        return x[0] * torch.from_numpy(weights(params[2][0], shape))
    if kind == CONCAT:
        return torch.cat(x, dim=1)
    if kind == TRANSPOSE:
        return x[0].permute(numbers(params, 1))
    if kind == MATMUL:
        return x[0] @ x[1]
    assert kind == RESHAPE, kind
    return x[0].reshape([size - (size >> 63 << 64) for size in numbers(params, 1)])  # -1 is 2 ** 64 - 1


def convolve(params: Message, x: Tensor) -> Tensor:
    shape = (*numbers(params, 1), *numbers(params, 2), *numbers(params, 20))
    borders = parse(parse(params, 50), 1)[10]  # valid, padded by the amounts at the start and the end of each axis
    rows, columns = (numbers(parse_message(border), 1) or (0,) for border in borders)
    return F.conv2d(
        x,
        torch.from_numpy(weights(params[90][0], shape)),
        torch.from_numpy(weights(params[91][0], shape[:1])) if 91 in params else None,
        stride=numbers(params, 30),
        padding=(rows[0], columns[0]),
        groups=numbers(params, 10)[0],
    )


def picture_bias(content: bytes) -> Tensor:
    """What the file's preprocessing adds to a picture: (1, 3, 1, 1), RGB."""
    network = parse(parse_message(memoryview(content)), 500)
    scaler = parse(parse(network, 2), 10)
    scale, blue, green, red = (struct.unpack("<f", scaler[field][0])[0] for field in (10, 20, 21, 22))
    assert scale == 1
    return torch.tensor([red, green, blue]).reshape(1, 3, 1, 1)


def parse(message: Message, field: int) -> Message:
    return parse_message(message[field][0])


def text(value: memoryview) -> str:
    return bytes(value).decode()
