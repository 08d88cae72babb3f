"""Refusing to measure one device as another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdst_bench.host.devices import DEVICES, require_device
from sdst_bench.host.host import Board, Gpu, Host
from sdst_bench.host.probe import probe_host
from sdst_bench.host.sysroot import Sysroot
from sdst_edge.cli.bench import DeviceChoice
from sdst_runtime.errors import ConfigError, DeviceError
from tests.fake_orin import fake_orin, write_command


@pytest.fixture
def pc(tmp_path: Path) -> Host:
    return probe_host(Sysroot(tmp_path))


@pytest.fixture
def raspberry(pc: Host) -> Host:
    return replace(pc, board=Board(model="Raspberry Pi 5 Model B Rev 1.0", soc="bcm2712"))


@pytest.fixture
def with_gpu(pc: Host) -> Host:
    return replace(pc, gpus=(Gpu(name="some GPU", sm="8.9"),))


@pytest.mark.parametrize("name", ["auto", "cpu", "CPU"])
def test_require_device_is_cpu_on_a_pc(name: str, pc: Host) -> None:
    assert require_device(name, pc) == "cpu"


def test_require_device_leaves_a_gpu_alone_unless_it_is_asked_for(with_gpu: Host) -> None:
    assert require_device("auto", with_gpu) == "cpu"
    assert require_device("cuda", with_gpu) == "cuda"


def test_require_device_refuses_cuda_without_a_gpu(pc: Host) -> None:
    with pytest.raises(DeviceError, match=r"CUDA sees no GPU.*nvidia-smi.*--device cpu"):
        require_device("cuda", pc)


def test_require_device_refuses_jetson_on_a_pc_and_says_how_to_reach_one(pc: Host) -> None:
    with pytest.raises(DeviceError, match=r"no Jetson: it is no board.*bench BUNDLE --device jetson --host user@board"):
        require_device("jetson", pc)


def test_require_device_names_the_board_when_another_is_asked_for(raspberry: Host) -> None:
    with pytest.raises(DeviceError, match=r"no Jetson: it is Raspberry Pi 5"):
        require_device("jetson", raspberry)


def test_require_device_takes_boards_for_what_they_are(raspberry: Host, tmp_path: Path) -> None:
    orin = probe_host(Sysroot(fake_orin(tmp_path)))
    assert [require_device(name, orin) for name in ("auto", "jetson", "cuda", "cpu")] == [
        "jetson",
        "jetson",
        "cuda",
        "cpu",
    ]
    assert [require_device(name, raspberry) for name in ("auto", "raspberry-pi")] == ["raspberry-pi"] * 2
    with pytest.raises(DeviceError, match=r"no Raspberry Pi: it is NVIDIA Jetson Orin Nano.*--device raspberry-pi"):
        require_device("raspberry-pi", orin)


def test_require_device_takes_android_where_it_runs(pc: Host, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"no Android device.*adb devices"):
        require_device("android", pc)
    write_command(tmp_path, "getprop", "14")
    phone = probe_host(Sysroot(tmp_path))
    assert [require_device(name, phone) for name in ("auto", "android")] == ["android"] * 2


@pytest.mark.parametrize(("name", "meant"), [("jetsn", "'jetson'"), ("raspberrypi", "'raspberry-pi'")])
def test_require_device_guesses_what_was_meant(name: str, meant: str, pc: Host) -> None:
    with pytest.raises(ConfigError, match=rf"device is '{name}', did you mean {meant}\?"):
        require_device(name, pc)


@pytest.mark.parametrize("name", ["tpu", ""])
def test_require_device_lists_what_it_knows(name: str, pc: Host) -> None:
    with pytest.raises(ConfigError, match=r"expected one of auto, cpu, cuda, jetson, raspberry-pi, android"):
        require_device(name, pc)


def test_the_command_offers_the_devices_that_there_are() -> None:
    assert tuple(item.value for item in DeviceChoice) == DEVICES
