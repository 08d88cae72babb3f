"""Running Average Power Limit: energy that x86 processors count, as the kernel's powercap tells it.

``energy_uj`` counts microjoules up to ``max_energy_range_uj`` and starts again at 0 (kernel,
``Documentation/power/powercap/powercap.rst``). Zones are ``package-0`` and so on, with ``core``, ``uncore`` and, beside
the package's own energy, ``dram`` below them; ``psys`` is the platform's, which overlaps the packages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors.files import read_number, read_text, require_number
from sdst_bench.sensors.names import named_apart
from sdst_runtime.errors import DeviceError

__all__ = ["Rapl", "open_rapl"]

#: Kernels since 5.10 keep the counters from users: they tell secrets of other processes (CVE-2020-8694).
ADVICE = (
    "Linux keeps it for root: run the command as root, or `sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj` "
    "until the next start"
)


#: The processor counts about once a millisecond: shorter spans would be noise.
SHORTEST_S = 0.02


@dataclass(frozen=True, slots=True)
class _Zone:
    """A counter of energy.

    Attributes:
        path: of ``energy_uj``.
        range_uj: at which it starts again.
    """

    path: Path
    range_uj: float

    def read_uj(self) -> float:
        return require_number(self.path, advice=ADVICE)


class Rapl:
    """Mean power between readings; see :class:`sdst_bench.sensors.power.PowerReader`.

    Read it once a minute at least: a counter that went round twice in between would not be noticed.
    """

    source = "RAPL"

    def __init__(self, zones: dict[str, _Zone], now_s: float) -> None:
        self._zones = zones
        self.in_total = tuple(name for name in zones if _is_outermost(name))
        self.total_of = (
            f"{' + '.join(self.in_total)}, as the processor counts them; "
            "a graphics card, disks, fans and the power supply's losses are not in it"
        )
        self._last_s, self._last_uj = now_s, {name: zone.read_uj() for name, zone in zones.items()}

    def read_mw(self, now_s: float) -> dict[str, float]:
        """Mean power by zone since the last call, mW; empty, and no call, where that was less than 20 ms ago.

        Raises:
            DeviceError: a counter is gone, may not be read any more, or reads no number.
        """
        seconds = now_s - self._last_s
        if seconds < SHORTEST_S:
            return {}
        energies_uj = {name: zone.read_uj() for name, zone in self._zones.items()}
        power_mw = {}
        for name, energy_uj in energies_uj.items():
            used_uj = energy_uj - self._last_uj[name]
            power_mw[name] = (used_uj if used_uj >= 0 else used_uj + self._zones[name].range_uj) / 1e3 / seconds
        self._last_s, self._last_uj = now_s, energies_uj
        return power_mw

    def close(self) -> None:
        """Nothing: its files are opened for each reading."""


def open_rapl(sysroot: Sysroot, now_s: float) -> Rapl:
    """The processors' counters.

    Raises:
        NotMeasured: there is none, with an empty text; or none is a package's, or they may not be read.
    """
    found = []
    for folder in sysroot.glob("sys/class/powercap/intel-rapl:*"):
        name, range_uj = read_text(folder / "name"), read_number(folder / "max_energy_range_uj")
        if name and range_uj:
            outer = folder.name.rpartition(":")[0]
            package = read_text(sysroot.path(f"sys/class/powercap/{outer}/name")) if outer.count(":") else None
            found.append((f"{package} {name}" if package else name, _Zone(folder / "energy_uj", range_uj)))
    if not found:
        raise NotMeasured("")
    if not any(_is_outermost(name) for name, _ in found):
        raise NotMeasured(f"RAPL: it counts no package here, only {', '.join(name for name, _ in found)}")
    try:
        return Rapl(named_apart(found), now_s)
    except DeviceError as error:
        raise NotMeasured(f"RAPL: {error}") from error


def _is_outermost(name: str) -> bool:
    """Packages and their memory; cores and graphics are in the packages, and the platform is more than them."""
    return name.startswith("package-") and (" " not in name or name.endswith(" dram"))
