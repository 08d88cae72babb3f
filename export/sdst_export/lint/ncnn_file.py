"""The text file that holds the structure of an ncnn graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Layer", "read_param"]

_MAGIC = "7767517"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A line of the file.

    Attributes:
        kind: such as ``Convolution``.
        name: of the layer.
        inputs: names of blobs.
        outputs: names of blobs.
        parameters: values by their numbers, as they are written.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: Mapping[str, str]


def read_param(data: bytes) -> tuple[Layer, ...]:
    """The layers of a ``.param`` file.

    Raises:
        ValueError: it is none.
    """
    lines = data.decode("utf-8").split("\n")
    if lines[0].strip() != _MAGIC:
        raise ValueError(f"its first line is {lines[0][:20]!r}, expected {_MAGIC}")
    return tuple(_layer(number, line.split()) for number, line in enumerate(lines[2:], 3) if line.strip())


def _layer(number: int, words: list[str]) -> Layer:
    try:
        kind, name, inputs, outputs = words[0], words[1], int(words[2]), int(words[3])
    except (IndexError, ValueError):
        raise ValueError(f"line {number} is no layer: {' '.join(words)[:60]!r}") from None
    blobs, rest = words[4 : 4 + inputs + outputs], words[4 + inputs + outputs :]
    if len(blobs) != inputs + outputs:
        raise ValueError(f"line {number} has {len(blobs)} blobs, expected {inputs + outputs}")
    parameters = dict(word.split("=", 1) for word in rest if "=" in word)
    return Layer(
        kind=kind, name=name, inputs=tuple(blobs[:inputs]), outputs=tuple(blobs[inputs:]), parameters=parameters
    )
