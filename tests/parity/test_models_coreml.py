"""Reading of Core ML files: made-up ones, damaged ones, and those of the authors of FEAR."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.models.foreign.coreml import read_convolutions
from sdst_edge.models.foreign.fear_coreml import read_coreml
from sdst_runtime.errors import CheckpointError

WEIGHT = np.arange(2 * 3 * 1 * 2, dtype=np.float32).reshape(2, 3, 1, 2)
BIAS = np.array([0.5, -1.0], np.float32)


def varint(value: int) -> bytes:
    """A number in protobuf's base 128."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def network(*layers: bytes) -> bytes:
    """A file with these layers, and a version before it as real ones have."""
    return number(1, 4) + message(500, *layers)


def convolution(weights: bytes, *more: bytes, kernel: tuple[int, int] = (1, 2)) -> bytes:
    """A layer named ``first`` with 2 channels of 3, and a ReLU behind it."""
    size = message(20, *(varint(side) for side in kernel))
    layer = message(1, message(1, b"first"), message(100, number(1, 2), number(2, 3), size, weights, *more))
    return layer + message(1, message(1, b"second"), message(130, message(10)))


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "made-up.mlmodel"
    path.write_bytes(content)
    return path


F16 = message(90, message(2, WEIGHT.astype("<f2").tobytes()))
F32 = message(90, message(1, WEIGHT.astype("<f4").tobytes()))


@pytest.mark.parametrize("weights", [F16, F32], ids=["float16", "float32"])
def test_convolutions_are_read(tmp_path: Path, weights: bytes) -> None:
    bias = message(91, message(2, BIAS.astype("<f2").tobytes()))
    (read,) = read_convolutions(write(tmp_path, network(convolution(weights, bias))))
    assert read.name == "first"
    assert np.array_equal(read.weight, WEIGHT)
    assert read.weight.dtype == np.float32
    assert read.bias is not None
    assert np.array_equal(read.bias, BIAS)


def test_convolution_without_bias_has_none(tmp_path: Path) -> None:
    (read,) = read_convolutions(write(tmp_path, network(convolution(F16))))
    assert read.bias is None


def test_file_that_ends_early_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    content = network(convolution(F16))
    for length in range(len(content)):
        with pytest.raises(CheckpointError, match=r"made-up\.mlmodel is damaged, or no Core ML neural network"):
            read_convolutions(write(tmp_path, content[:length]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x80\x02}q\x00.", "damaged, or no Core ML neural network"),  # a pickle
        (network() * 2, "there 2 times"),
        (number(500, 1), "a number where a message belongs"),
        (network(message(1, message(100, number(1, 2), number(2, 3), F16))), "no kernel size"),
        (network(convolution(F16, kernel=(1 << 62, 1 << 62))), "24 bytes of weights for float16"),
        (network(convolution(message(90, message(30, b"quantised")))), "neither 16 nor 32 bit"),
        (network(convolution(b"")), "weights is there 0 times"),
        (b"\xff" * 64, "too long"),
        (varint(500 << 3 | 2) + varint(1 << 63) + b"short", "it ends"),
        (network(message(1) * 1001), "a message in it has more than 1,000 fields"),
        (network(message(1, message(100, message(1, b"\x00" * 1001)))), "a field in it has more than 1,000 numbers"),
    ],
    ids=["pickle", "two", "number", "kernel", "huge", "quantised", "weightless", "endless", "long", "layers", "packed"],
)
def test_foreign_file_is_refused_in_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(CheckpointError, match=told) as caught:
        read_convolutions(write(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_file_that_does_not_exist_or_is_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        read_convolutions(tmp_path / "absent.mlmodel")
    os.mkfifo(tmp_path / "pipe.mlmodel")
    for path in (tmp_path, tmp_path / "pipe.mlmodel"):
        with pytest.raises(CheckpointError, match="is no file"):
            read_convolutions(path)


def test_network_of_another_number_of_convolutions_is_no_fear(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="has 1 convolutions, FEAR-XS's tracker has 67"):
        read_coreml(write(tmp_path, network(convolution(F16))))


def test_file_of_template_features_alone_is_refused(shared: Path) -> None:
    with pytest.raises(CheckpointError, match="has 47 convolutions"):
        read_coreml(shared / "weights" / "FEAR-XS_TrackerInit.mlmodel")


def test_random_bytes_in_a_real_file_are_read_or_refused(shared: Path, tmp_path: Path) -> None:
    content = bytearray((shared / "weights" / "FEAR-XS-NoEmbs.mlmodel").read_bytes()[:20_000])
    generator = np.random.default_rng(7)
    for _ in range(200):
        damaged = bytearray(content)
        for at in generator.integers(0, 400, 3):
            damaged[at] = generator.integers(0, 256)
        with pytest.raises(CheckpointError):  # it ends early in any case
            read_convolutions(write(tmp_path, bytes(damaged)))
