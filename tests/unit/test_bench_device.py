"""Probing the board under a made-up root, and refusing to measure one device as another."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.device import Board, probe_board, require_device
from sdst_runtime.errors import DeviceError


def device_tree(root: Path, model: bytes, compatible: bytes) -> Path:
    tree = root / "proc" / "device-tree"
    tree.mkdir(parents=True)
    (tree / "model").write_bytes(model)
    (tree / "compatible").write_bytes(compatible)
    return root


ORIN = (b"NVIDIA Jetson Orin Nano Developer Kit\0", b"nvidia,p3767-0005\0nvidia,tegra234\0")
RASPBERRY = (b"Raspberry Pi 5 Model B Rev 1.0\0", b"raspberrypi,5-model-b\0brcm,bcm2712\0")


def test_probe_board_strips_the_nul_and_finds_the_soc_on_a_jetson(tmp_path: Path) -> None:
    board = probe_board(device_tree(tmp_path, *ORIN))
    assert board == Board(model="NVIDIA Jetson Orin Nano Developer Kit", soc="tegra234")
    assert board.is_jetson


def test_probe_board_is_no_jetson_on_another_board(tmp_path: Path) -> None:
    board = probe_board(device_tree(tmp_path, *RASPBERRY))
    assert board == Board(model="Raspberry Pi 5 Model B Rev 1.0", soc="")
    assert not board.is_jetson


def test_probe_board_is_empty_when_there_is_no_device_tree(tmp_path: Path) -> None:
    assert probe_board(tmp_path) == Board()


@pytest.mark.parametrize("name", ["auto", "cpu", "CPU"])
def test_require_device_is_cpu(name: str, tmp_path: Path) -> None:
    assert require_device(name, root=tmp_path) == "cpu"


def test_require_device_refuses_jetson_when_the_host_is_none(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"no Jetson.*absent.*--device cpu"):
        require_device("jetson", root=tmp_path)


def test_require_device_names_the_board_when_jetson_is_asked_for_on_another(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"no Jetson.*Raspberry Pi 5"):
        require_device("jetson", root=device_tree(tmp_path, *RASPBERRY))


def test_require_device_takes_jetson_on_one(tmp_path: Path) -> None:
    assert require_device("jetson", root=device_tree(tmp_path, *ORIN)) == "jetson"


@pytest.mark.parametrize("name", ["cuda", "tensorrt", "tpu", ""])
def test_require_device_refuses_what_it_cannot_measure(name: str, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"expected auto, cpu or jetson"):
        require_device(name, root=tmp_path)
