"""Power of a host by rail, whatever reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors import ina3221, rapl, tegrastats

__all__ = ["PowerReader", "find_power", "power_source_name"]


class PowerReader(Protocol):
    """Reads the power of named rails.

    Attributes:
        source: ``INA3221``, ``tegrastats`` or ``RAPL``.
        total_of: what the total is, in words: of which rails, and what is not in it.
        in_total: names of the rails that the total is the sum of.
    """

    source: str
    total_of: str
    in_total: tuple[str, ...]

    def read_mw(self, now_s: float) -> dict[str, float]:
        """Power by rail, mW: now, or where energy is counted, the mean since the last call.

        Args:
            now_s: time of the call, on the clock that this reader was made with.

        Raises:
            DeviceError: a rail is gone, may not be read any more, or reads no number.
        """
        ...

    def close(self) -> None:
        """Ends what it runs."""
        ...


def find_power(sysroot: Sysroot, now_s: float) -> PowerReader:
    """The first of INA3221, tegrastats and RAPL that can be read on this host.

    Raises:
        NotMeasured: none can, with the reason of each that is there.
    """
    reasons: list[str] = []
    for open_reader in (ina3221.open_ina3221, tegrastats.open_tegrastats, rapl.open_rapl):
        try:
            return open_reader(sysroot, now_s)
        except NotMeasured as error:
            reasons.append(str(error))
    raise NotMeasured(_reason([reason for reason in reasons if reason]))


def power_source_name(sysroot: Sysroot) -> str:
    """``INA3221``, ``tegrastats`` or ``RAPL``; empty where no power can be read."""
    try:
        reader = find_power(sysroot, 0.0)
    except NotMeasured:
        return ""
    reader.close()
    return reader.source


def _reason(reasons: Sequence[str]) -> str:
    return "; ".join(reasons) or "this host has no power sensor that is known here: no INA3221, tegrastats or RAPL"
