"""Which board it is: by the device tree, by what the kernel says of the SoC, or by Android's properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sdst_bench.host.host import Board
from sdst_bench.host.sysroot import Sysroot

__all__ = ["android_release", "probe_board"]

#: The kernel's device tree; the first is a link to the second, which a copied folder may have lost.
_TREES: Final = ("proc/device-tree", "sys/firmware/devicetree/base")

#: ``soc_id`` of a Tegra, the number of its chip (kernel, ``include/soc/tegra/fuse.h``).
_TEGRA_IDS: Final[Mapping[str, str]] = {
    "38": "tegra264",
    "35": "tegra234",
    "25": "tegra194",
    "24": "tegra186",
    "33": "tegra210",
}


def probe_board(sysroot: Sysroot) -> Board:
    """The board; an empty :class:`Board` on hosts without a device tree, such as PCs.

    Of the device tree, ``model`` is a text that ends with a NUL and ``compatible`` a list that NULs separate, from the
    board to its SoC (Devicetree Specification 2.3.1).
    """
    model = _property(sysroot, "model")
    compatible = [entry.strip() for entry in _property(sysroot, "compatible").split("\0") if entry.strip()]
    if not model and not compatible:
        return _tegra_board(sysroot) or _android_board(sysroot)
    names = [entry.partition(",")[2] for entry in compatible]
    tegra = next((name for name in names if re.fullmatch(r"tegra\d+", name)), "")
    return Board(model=model, soc=tegra or (names[-1] if names else ""), part=_part(names, model))


def android_release(sysroot: Sysroot) -> str:
    """Version of Android, such as ``14``; empty elsewhere."""
    return _android_property(sysroot, "ro.build.version.release")


def _property(sysroot: Sysroot, name: str) -> str:
    return next((text for tree in _TREES if (text := sysroot.read(f"{tree}/{name}"))), "")


def _part(names: list[str], model: str) -> str:
    """NVIDIA's number: carrier and module, a suffix such as ``-super`` included."""
    number = r"p\d{4}-\d{4}(?:\+p\d{4}-\d{4})?"
    listed = next((name for name in names if re.match(number, name)), "")
    found = re.search(number, model)
    return listed or (found.group() if found else "")


def _tegra_board(sysroot: Sysroot) -> Board | None:
    """A Jetson inside a container, from which the device tree is hidden (``ABI/testing/sysfs-devices-soc``)."""
    family, model, number = (sysroot.read(f"sys/devices/soc0/{name}") or "" for name in ("family", "machine", "soc_id"))
    if family != "Tegra":
        return None
    return Board(model=model, soc=_TEGRA_IDS.get(number, ""), part=_part([], model))


def _android_board(sysroot: Sysroot) -> Board:
    """What a phone calls itself; its device tree may not be read by ordinary processes."""
    words = (_android_property(sysroot, f"ro.product.{name}") for name in ("manufacturer", "model"))
    soc = _android_property(sysroot, "ro.soc.model") or _android_property(sysroot, "ro.board.platform")
    return Board(model=" ".join(word for word in words if word), soc=soc)


def _android_property(sysroot: Sysroot, name: str) -> str:
    """By ``getprop``, else from the file that most of them come from, where it may be read."""
    listed = re.search(rf"^{re.escape(name)}=(.*)$", sysroot.read("system/build.prop") or "", re.MULTILINE)
    return sysroot.run("getprop", name) or (listed.group(1).strip() if listed else "")
