"""Which device this host is, so that no figure is printed under the name of another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sdst_runtime.errors import DeviceError

__all__ = ["JETSON_SOCS", "Board", "probe_board", "require_device"]

#: SoC in ``/proc/device-tree/compatible`` to NVIDIA's family of modules.
JETSON_SOCS = {
    "tegra264": "Thor",
    "tegra234": "Orin",
    "tegra194": "Xavier",
    "tegra186": "TX2",
    "tegra210": "Nano",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A single-board computer as its device tree describes it.

    Attributes:
        model: such as ``NVIDIA Jetson Orin Nano Developer Kit``; empty on hosts without a device tree, such as PCs.
        soc: of an NVIDIA Tegra, such as ``tegra234``; empty elsewhere.
    """

    model: str = ""
    soc: str = ""

    @property
    def is_jetson(self) -> bool:
        """Whether the board carries a Tegra that JetPack knows."""
        return self.soc in JETSON_SOCS


def probe_board(root: Path = Path("/")) -> Board:
    """What the device tree under ``root`` says; an empty :class:`Board` where there is none.

    ``model`` ends with a NUL and ``compatible`` is a list separated by NULs.
    """
    tree = root / "proc" / "device-tree"
    soc = re.search(r"nvidia,(tegra\d+)", _read(tree / "compatible"))
    return Board(model=_read(tree / "model").strip("\0 \n"), soc=soc.group(1) if soc else "")


def require_device(name: str, *, root: Path = Path("/")) -> str:
    """The device to measure on: ``cpu`` for ``auto`` and ``cpu``, ``jetson`` for the GPU of one.

    Args:
        name: what the user asked for.
        root: of the file system that is probed; tests give a folder.

    Raises:
        DeviceError: this host is not that device. Nothing is ever measured on one device and reported as another.
    """
    wanted = name.lower()
    if wanted in ("auto", "cpu"):
        return "cpu"
    board = probe_board(root)
    if wanted == "jetson" and not board.is_jetson:
        seen = repr(board.model) if board.model else "absent"
        raise DeviceError(
            f"this host is no Jetson: /proc/device-tree/model is {seen}; run the command on the board, "
            "or measure this host with --device cpu"
        )
    if wanted == "jetson":
        return "jetson"
    raise DeviceError(
        f"device {name!r} is not one that this version can measure, expected auto, cpu or jetson; "
        "measure this host with --device cpu"
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
