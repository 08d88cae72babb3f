"""Which device a host is, so that no figure is printed under the name of another."""

from __future__ import annotations

from typing import Final

from sdst_bench.host.host import Host
from sdst_runtime.errors import ConfigError, DeviceError
from sdst_runtime.suggestions import closest

__all__ = ["DEVICES", "require_device"]

#: What a user may ask for.
DEVICES: Final = ("auto", "cpu", "cuda", "jetson", "raspberry-pi", "android")

_NAMES: Final = {"jetson": "Jetson", "raspberry-pi": "Raspberry Pi", "android": "Android device"}


def require_device(name: str, host: Host) -> str:
    """The device to measure on, one of :data:`DEVICES` but ``auto``.

    ``auto`` is the board where the host is one: ``jetson``, ``raspberry-pi`` or ``android``. It is ``cpu`` elsewhere,
    with an NVIDIA GPU too: nothing else here takes a PC's GPU unless it is asked to, and a bench is to measure what
    would run. ``cpu`` and ``cuda`` are to be had on boards as well.

    Args:
        name: what the user asked for.
        host: that is to be measured.

    Raises:
        ConfigError: there is no such device.
        DeviceError: the host is not that device. Nothing is ever measured on one device and reported as another.
    """
    wanted = name.lower()
    if wanted not in DEVICES:
        meant = closest(wanted, DEVICES)
        raise ConfigError(
            f"device is {name!r}, {f'did you mean {meant!r}? ' if meant else ''}expected one of {', '.join(DEVICES)}"
        )
    board = _board_kind(host)
    if wanted == "auto":
        return board or "cpu"
    if wanted == "cuda" and not host.gpus:
        raise DeviceError(
            f"CUDA sees no GPU on this host: {_described(host)}; install NVIDIA's driver, so that nvidia-smi lists the "
            "GPU, or measure this host with --device cpu"
        )
    if wanted in _NAMES and wanted != board:
        raise DeviceError(
            f"this host is no {_NAMES[wanted]}: it is {_described(host)}; {_reached(wanted)}, or measure this host "
            "with --device cpu"
        )
    return wanted


def _board_kind(host: Host) -> str:
    """``jetson``, ``raspberry-pi`` or ``android``; empty on other hosts."""
    if host.jetson is not None:
        return "jetson"
    if host.environment.system.startswith("Android"):
        return "android"
    return "raspberry-pi" if host.board.model.startswith("Raspberry Pi") else ""


def _reached(device: str) -> str:
    """How a board is reached from a host that is not it."""
    if device == "android":
        return "connect it with USB debugging on, so that `adb devices` lists it"
    return (
        "run the command on the board, or reach it from here: "
        f"sdst-edge bench BUNDLE --device {device} --host user@board"
    )


def _described(host: Host) -> str:
    """What the host is, in a few words."""
    return f"{host.board.model or 'no board with a device tree'} ({host.environment.cpu}, {host.environment.system})"
