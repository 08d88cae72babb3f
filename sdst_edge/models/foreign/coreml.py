"""The convolutions of a Core ML neural network (``.mlmodel``), read from the file's protobuf.

A dozen fields are needed, so they are read here by their numbers in Apple's ``Model.proto`` and
``NeuralNetwork.proto``: coremltools would do it too, at 26 MB and four seconds of import.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import CheckpointError

__all__ = ["Convolution", "Message", "numbers", "parse_message", "read_convolutions", "read_layers", "weights"]

#: Values of each field of a protobuf message by the field's number: numbers, or the bytes of texts and messages.
Message = dict[int, "list[int | memoryview]"]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
VARINT_BYTES = 10  # of the longest number

MAX_BYTES = 16 << 20  # of a file; FEAR-XS's has 2.7e6
MAX_FIELDS = 1000  # of a message, each a Python object; FEAR-XS's network has 129 layers

NEURAL_NETWORK, LAYERS = 500, 1
NAME, CONVOLUTION = 1, 100
OUTPUT_CHANNELS, INPUT_CHANNELS, KERNEL_SIZE, WEIGHTS, BIAS = 1, 2, 20, 90, 91
FLOAT32, FLOAT16 = 1, 2


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution as the file has it, batch norm already folded in.

    Attributes:
        name: of the layer.
        weight: (out, in / groups, height, width) float32.
        bias: (out,) float32, None where it has none.
    """

    name: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32] | None


def read_convolutions(path: Path) -> tuple[Convolution, ...]:
    """All convolutions in the order of the file, which is that of their execution.

    Raises:
        CheckpointError: the file is missing, damaged or no Core ML neural network of 16 or 32 bit floats.
    """
    try:
        if path.exists() and not path.is_file():
            raise CheckpointError(f"{path} is no file, expected a Core ML model (.mlmodel)")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise CheckpointError(f"{path} has {size:,} bytes, expected at most {MAX_BYTES:,}")
        layers = read_layers(path.read_bytes())
        return tuple(_convolution(layer) for layer in layers if CONVOLUTION in layer)
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist, expected a Core ML model (.mlmodel)") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged, or no Core ML neural network: {error}; download it again") from None


def read_layers(content: bytes) -> tuple[Message, ...]:
    """Layers of the file's neural network, in their order.

    Raises:
        ValueError: it is no message, or holds none.
    """
    model = parse_message(memoryview(content))
    network = parse_message(_only_message(model, NEURAL_NETWORK, "the neural network"))
    return tuple(parse_message(_as_bytes(layer)) for layer in network.get(LAYERS, []))


def parse_message(data: memoryview) -> Message:
    """Fields of a message of protobuf's wire format.

    Raises:
        ValueError: it is none.
    """
    fields: Message = {}
    at = count = 0
    while at < len(data):
        count += 1
        if count > MAX_FIELDS:
            raise ValueError(f"a message in it has more than {MAX_FIELDS:,} fields")
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        value: int | memoryview
        if wire_type == VARINT:
            value, at = _varint(data, at)
        elif wire_type in (BYTES, FIXED64, FIXED32):
            length, at = _varint(data, at) if wire_type == BYTES else (8 if wire_type == FIXED64 else 4, at)
            value = data[at : at + length]
            if len(value) != length:
                raise ValueError(f"it ends {length - len(value)} bytes before a field does")
            at += length
        else:
            raise ValueError(f"field {number} has the unknown wire type {wire_type}")
        fields.setdefault(number, []).append(value)
    return fields


def numbers(message: Message, field: int) -> tuple[int, ...]:
    """Values of a repeated field of unsigned numbers, packed or not."""
    result: list[int] = []
    for value in message.get(field, []):
        if isinstance(value, int):
            result.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            result.append(number)
            if len(result) > MAX_FIELDS:
                raise ValueError(f"a field in it has more than {MAX_FIELDS:,} numbers")
    return tuple(result)


def weights(data: memoryview, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """An array of a ``WeightParams`` message, float16 or float32.

    Raises:
        ValueError: it holds another number of values, or another type.
    """
    message = parse_message(data)
    for field, dtype in ((FLOAT16, np.dtype("<f2")), (FLOAT32, np.dtype("<f4"))):
        if field in message:
            content = _as_bytes(message[field][0])
            if len(content) != prod(shape) * dtype.itemsize:
                raise ValueError(f"it has {len(content)} bytes of weights for {dtype.name} {shape}")
            return np.frombuffer(content, dtype).reshape(shape).astype(np.float32)
    raise ValueError("weights are neither 16 nor 32 bit floats")


def _convolution(layer: Message) -> Convolution:
    params = parse_message(_only_message(layer, CONVOLUTION, "a convolution"))
    channels = [numbers(params, field) for field in (OUTPUT_CHANNELS, INPUT_CHANNELS)]
    kernel = numbers(params, KERNEL_SIZE)
    if any(len(values) != 1 for values in channels) or len(kernel) != 2:
        raise ValueError("a convolution has no channels or no kernel size")
    shape = (channels[0][0], channels[1][0], *kernel)
    return Convolution(
        name=bytes(_as_bytes(layer.get(NAME, [memoryview(b"")])[0])).decode(errors="replace"),
        weight=weights(_only_message(params, WEIGHTS, "a convolution's weights"), shape),
        bias=weights(_only_message(params, BIAS, "a convolution's bias"), shape[:1]) if BIAS in params else None,
    )


def _only_message(message: Message, field: int, what: str) -> memoryview:
    values = message.get(field, [])
    if len(values) != 1:
        raise ValueError(f"{what} is there {len(values)} times")
    return _as_bytes(values[0])


def _as_bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a field is a number where a message belongs")
    return value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, lowest first, and where the next field starts."""
    value = 0
    for place, byte in enumerate(data[at : at + VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("it ends within a number, or a number is too long")
