"""All sensors of a host behind one object."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from types import TracebackType

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors.clocks import read_clocks_mhz
from sdst_bench.sensors.power import PowerReader, find_power
from sdst_bench.sensors.temperatures import read_temperatures_c

__all__ = ["Sensors"]


class Sensors:
    """Clocks, temperatures and power now; ends what reads the power on leaving its ``with``.

    Attributes:
        sysroot: of the host that is read.
        power: reader of the rails; None where there is none.
        power_absent: why there is none; empty where there is one.
        clock: seconds, of this object's readings.
    """

    def __init__(
        self, sysroot: Sysroot, power: PowerReader | None, power_absent: str, clock: Callable[[], float]
    ) -> None:
        self.sysroot = sysroot
        self.power, self.power_absent = power, power_absent
        self.clock = clock

    @classmethod
    def of(cls, sysroot: Sysroot, *, clock: Callable[[], float] = perf_counter) -> Sensors:
        """The sensors below a root folder."""
        try:
            return cls(sysroot, find_power(sysroot, clock()), "", clock)
        except NotMeasured as error:
            return cls(sysroot, None, str(error), clock)

    def clocks_mhz(self) -> dict[str, float]:
        """By what is clocked; see :func:`sdst_bench.sensors.clocks.read_clocks_mhz`."""
        return read_clocks_mhz(self.sysroot)

    def temperatures_c(self) -> dict[str, float]:
        """By sensor; see :func:`sdst_bench.sensors.temperatures.read_temperatures_c`."""
        return read_temperatures_c(self.sysroot)

    def power_mw(self) -> dict[str, float]:
        """By rail; empty where there is no reader.

        Raises:
            DeviceError: a rail is gone or may not be read any more.
        """
        return {} if self.power is None else self.power.read_mw(self.clock())

    def __enter__(self) -> Sensors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.power is not None:
            self.power.close()
