"""What is NVIDIA's own on a Jetson: versions, power mode and clocks. Asked, never set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sdst_bench.host.host import Board, Jetson
from sdst_bench.host.sysroot import Sysroot

__all__ = ["JETSON_SOCS", "probe_jetson"]


@dataclass(frozen=True, slots=True)
class _Soc:
    """A Tegra: the name of its modules, and the compute capability of its GPU."""

    family: str
    sm: str


#: By the name in the device tree.
JETSON_SOCS: Final[Mapping[str, _Soc]] = {
    "tegra264": _Soc("Thor", "11.0"),
    "tegra234": _Soc("Orin", "8.7"),
    "tegra194": _Soc("Xavier", "7.2"),
    "tegra186": _Soc("TX2", "6.2"),
    "tegra210": _Soc("TX1 / Nano", "5.3"),
}

#: JetPack by L4T, as NVIDIA's archive of releases has them (developer.nvidia.com/embedded/jetpack-archive), read in
#: public copies; 36.4.7 came as an update of 6.2.1.
_JETPACKS: Final[Mapping[str, str]] = {
    "39.2.1": "7.2.1",
    "39.2.0": "7.2",
    "38.4.0": "7.1",
    "38.2.1": "7.0",
    "38.2.0": "7.0",
    "36.5.0": "6.2.2",
    "36.4.7": "6.2.1",
    "36.4.4": "6.2.1",
    "36.4.3": "6.2",
    "36.4.0": "6.1",
    "36.3.0": "6.0",
    "35.6.1": "5.1.5",
    "35.6.0": "5.1.4",
    "35.5.0": "5.1.3",
    "35.4.1": "5.1.2",
    "35.3.1": "5.1.1",
    "35.2.1": "5.1",
    "35.1.0": "5.0.2",
    "32.7.6": "4.6.6",
    "32.7.5": "4.6.5",
    "32.7.4": "4.6.4",
    "32.7.3": "4.6.3",
    "32.7.2": "4.6.2",
    "32.7.1": "4.6.1",
}


def probe_jetson(sysroot: Sysroot, board: Board) -> Jetson | None:
    """What the Jetson tells; None on other boards."""
    soc = JETSON_SOCS.get(board.soc)
    if soc is None:
        return None
    l4t = _l4t(sysroot)
    mode = re.search(r"^NV Power Mode:\s*(\S.*)$", sysroot.run("nvpmodel", "-q") or "", re.MULTILINE)
    return Jetson(
        family=soc.family,
        sm=soc.sm,
        l4t=l4t,
        jetpack=_JETPACKS.get(l4t, ""),
        power_mode=mode.group(1).strip() if mode else "",
        clocks=sysroot.run("jetson_clocks", "--show") or "",
    )


def _l4t(sysroot: Sysroot) -> str:
    """Of three numbers, such as ``36.4.3``: from ``# R36 (release), REVISION: 4.3, ...``, else from the package's."""
    release = sysroot.read("etc/nv_tegra_release") or ""
    if found := re.search(r"\bR(\d+) \(release\), REVISION: (\d+(?:\.\d+)?)", release):
        version = ".".join(found.groups())
    elif found := re.search(r"\t(\d+(?:\.\d+)+)", sysroot.run("dpkg-query", "-W", "nvidia-l4t-core") or ""):
        version = found.group(1)
    else:
        return ""
    return version if version.count(".") > 1 else f"{version}.0"
