"""Memory of the host."""

from __future__ import annotations

import re

from sdst_bench.host.sysroot import Sysroot

__all__ = ["available_bytes", "total_bytes"]


def total_bytes(sysroot: Sysroot) -> int | None:
    """Of the host; None where it does not tell."""
    return _meminfo(sysroot, "MemTotal")


def available_bytes(sysroot: Sysroot) -> int | None:
    """That programs may still take without swapping (``MemAvailable``); None where the host does not tell."""
    return _meminfo(sysroot, "MemAvailable")


def _meminfo(sysroot: Sysroot, name: str) -> int | None:
    found = re.search(rf"^{name}:\s*(\d+) kB$", sysroot.read("proc/meminfo") or "", re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None
