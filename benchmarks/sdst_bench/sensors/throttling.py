"""What a host itself counts of being slowed down: by heat, by its supply.

Kernels of x86 count in ``thermal_throttle`` (``Documentation/ABI/testing/sysfs-devices-system-cpu``), those of Jetson
Orin and later in ``soctherm_oc`` ("Over-Current Throttling" in NVIDIA's Jetson Linux Developer Guide), and Raspberry
Pi's firmware keeps bits (``vcgencmd get_throttled`` in Raspberry Pi's documentation of its operating system).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.sensors.files import read_number, read_text

__all__ = ["ThrottleCounts", "describe_throttling", "read_throttle_counts"]

_OVER_CURRENT = {1: "under-voltage", 2: "average over-current", 3: "instantaneous over-current"}

#: Bits of the firmware that hold now; 16 further up, that they held since the board started.
_FIRMWARE = {0: "under-voltage", 1: "capped clock", 2: "throttling", 3: "soft temperature limit"}
_SINCE_START = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleCounts:
    """Counters at one moment.

    Attributes:
        events: since the host started, by their names; empty where it counts none.
        firmware: bits of Raspberry Pi's firmware; None on other hosts.
    """

    events: Mapping[str, int] = field(default_factory=dict)
    firmware: int | None = None

    @property
    def is_told(self) -> bool:
        """Whether the host counts anything."""
        return bool(self.events) or self.firmware is not None


def read_throttle_counts(sysroot: Sysroot) -> ThrottleCounts:
    """The counters now. A package's count is repeated at each of its processors, so that the largest is taken."""
    events: dict[str, int] = {}
    for kind, total in (("core", sum), ("package", max)):
        counts = _numbers(sysroot.glob(f"sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/{kind}_throttle_count"))
        if counts:
            events[f"throttling of a {kind} by heat"] = total(counts)
    for device in sysroot.glob("sys/class/hwmon/hwmon*"):
        if read_text(device / "name") == "soctherm_oc":
            for number, name in _OVER_CURRENT.items():
                count = read_number(device / f"oc{number}_event_cnt")
                if count is not None:
                    events[name] = int(count)
    bits = re.fullmatch(r"throttled=0x([0-9a-fA-F]+)", sysroot.run("vcgencmd", "get_throttled") or "")
    return ThrottleCounts(events=events, firmware=int(bits[1], 16) if bits else None)


def describe_throttling(before: ThrottleCounts, after: ThrottleCounts) -> str:
    """What was counted from one moment to another, in words; empty where the host counts nothing."""
    if not after.is_told:
        return ""
    risen = {name: count - before.events.get(name, count) for name, count in after.events.items()}
    told = [f"{name} {times} times" for name, times in risen.items() if times > 0]
    if after.firmware is not None:
        told += _firmware_words(before.firmware or 0, after.firmware)
    return f"the host counted {', '.join(told)}" if told else "the host counted no throttling"


def _firmware_words(before: int, after: int) -> list[str]:
    words = []
    for bit, name in _FIRMWARE.items():
        held = after >> (bit + _SINCE_START) & 1
        if after >> bit & 1 or (held and not before >> (bit + _SINCE_START) & 1):
            words.append(f"{name} in the run")
        elif held:
            words.append(f"{name} since the board started, before the run or in it")
    return words


def _numbers(paths: Iterable[Path]) -> list[int]:
    return [int(value) for value in map(read_number, paths) if value is not None]
