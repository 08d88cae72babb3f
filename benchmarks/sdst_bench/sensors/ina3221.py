"""Texas Instruments' INA3221, which measures three rails each on NVIDIA's Jetson modules.

JetPack 5 and later have the kernel's own driver (``Documentation/hwmon/ina3221.rst``): ``in1_label`` to ``in3_label``,
``in1_input`` in mV, ``curr1_input`` in mA. Its channel 7 is the sum of the shunts' voltages and no rail. JetPack 4 has
NVIDIA's driver for iio: ``rail_name_0``, ``in_power0_input`` in mW.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors.files import read_number, read_text, require_number
from sdst_bench.sensors.names import named_apart
from sdst_runtime.errors import DeviceError

__all__ = ["NOT_CONNECTED", "Ina3221", "describe_total", "open_ina3221"]

#: How a board labels a channel without a rail.
NOT_CONNECTED = "NC"

#: Rails through which all of a module's power goes: Xavier NX, TX2, Orin Nano and NX; Nano.
_TOTALS = ("VDD_IN", "POM_5V_IN")

_HWMON = ("sys/bus/i2c/devices/*-004[0-3]/hwmon/hwmon*", "sys/class/hwmon/hwmon*")
_IIO = "sys/bus/i2c/devices/*-004[0-3]/iio:device*"


@dataclass(frozen=True, slots=True)
class _Channel:
    """Files of a rail.

    Attributes:
        power_mw: file; None where power is the product of the others.
        voltage_mv: file; None where ``power_mw`` is there.
        current_ma: file; None where ``power_mw`` is there.
    """

    power_mw: Path | None = None
    voltage_mv: Path | None = None
    current_ma: Path | None = None

    def read_mw(self) -> float:
        if self.power_mw is not None:
            return require_number(self.power_mw)
        assert self.voltage_mv is not None
        assert self.current_ma is not None
        return require_number(self.voltage_mv) * require_number(self.current_ma) / 1e3


class Ina3221:
    """Rails of all INA3221 of a board; see :class:`sdst_bench.sensors.power.PowerReader`."""

    source = "INA3221"

    def __init__(self, channels: dict[str, _Channel]) -> None:
        self._channels = channels
        self.in_total, self.total_of = describe_total(tuple(channels))

    def read_mw(self, now_s: float) -> dict[str, float]:  # noqa: ARG002
        """Power by rail now, mW.

        Raises:
            DeviceError: a rail is gone, may not be read any more, or reads no number.
        """
        return {name: self._read(name) for name in self._channels}

    def close(self) -> None:
        """Nothing: its files are opened for each reading."""

    def _read(self, name: str) -> float:
        try:
            return self._channels[name].read_mw()
        except DeviceError as error:
            raise DeviceError(f"rail {name}: {error}") from error


def describe_total(rails: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Which rails make a Jetson's total, and that in words.

    Modules with one supply measure it. AGX modules have none of that kind: their rails are summed.
    """
    total = next((name for name in _TOTALS if name in rails), None)
    if total is not None:
        return (total,), f"{total}, the module's whole supply; the carrier board's own power is not in it"
    return rails, (
        f"sum of {', '.join(rails)}; the carrier board's own power is not in it, "
        "and what one of these rails feeds to another is counted twice"
    )


def open_ina3221(sysroot: Sysroot, now_s: float) -> Ina3221:
    """The board's rails, after one reading of them.

    Raises:
        NotMeasured: there is none, with an empty text; or none of its rails has a name, or one cannot be read.
    """
    chips = _hwmon_chips(sysroot)
    channels = named_apart([*_hwmon_channels(chips), *_iio_channels(sysroot)])
    if not channels:
        raise NotMeasured("INA3221: none of its channels has a label" if chips else "")
    reader = Ina3221(channels)
    try:
        reader.read_mw(now_s)
    except DeviceError as error:
        raise NotMeasured(f"INA3221: {error}") from error
    return reader


def _hwmon_chips(sysroot: Sysroot) -> list[Path]:
    """Each chip once, though it lies below its bus and below its class."""
    folders = {os.path.realpath(folder): folder for pattern in _HWMON for folder in sysroot.glob(pattern)}
    return [folder for folder in folders.values() if read_text(folder / "name") == "ina3221"]


def _hwmon_channels(chips: list[Path]) -> list[tuple[str, _Channel]]:
    found = []
    for folder in chips:
        for number in (1, 2, 3):
            label = read_text(folder / f"in{number}_label")
            if label and label != NOT_CONNECTED and read_number(folder / f"in{number}_enable") != 0:
                volts, amperes = folder / f"in{number}_input", folder / f"curr{number}_input"
                found.append((label, _Channel(voltage_mv=volts, current_ma=amperes)))
    return found


def _iio_channels(sysroot: Sysroot) -> list[tuple[str, _Channel]]:
    found = []
    for file in sysroot.glob(f"{_IIO}/rail_name_*"):
        label = read_text(file)
        number = file.name.removeprefix("rail_name_")
        if label and label != NOT_CONNECTED:
            found.append((label, _Channel(power_mw=file.parent / f"in_power{number}_input")))
    return found
