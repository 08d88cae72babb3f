"""What is not the same of the hosts of two reports: ratios of figures compare these, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdst_bench.report.host_section import clocks_text
from sdst_bench.report.model import BenchReport
from sdst_runtime.strict import to_plain

__all__ = ["TextChange", "host_changes"]

#: What a host tells of one moment, and what would take a row for each processor.
LEFT_OUT = ("clocks_mhz", "clocks_max_mhz", "temperatures_c", "memory_available_bytes", "jetson.clocks")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """Something of hosts or setups that is not the same.

    Attributes:
        name: as in the JSON, such as ``jetson.power_mode``.
        old: in the earlier report; empty where that tells nothing.
        new: in the later one.
    """

    name: str
    old: str
    new: str


def host_changes(old: BenchReport, new: BenchReport) -> tuple[TextChange, ...]:
    """All that differs, but for what a host tells of one moment: clocks, temperatures, memory that is free."""
    before, after = _flat(old), _flat(new)
    pairs = [(name, before.get(name, ""), after.get(name, "")) for name in dict.fromkeys((*before, *after))]
    return tuple(TextChange(name=name, old=ours, new=theirs) for name, ours, theirs in pairs if ours != theirs)


def _flat(report: BenchReport) -> dict[str, str]:
    told = {"device": report.device, "sysroot": report.sysroot, **dict(_leaves(to_plain(report.host)))}
    kept = {
        name: text for name, text in told.items() if not any(f"{name}.".startswith(f"{item}.") for item in LEFT_OUT)
    }
    return {**kept, "clocks_max_mhz": clocks_text(report.host.clocks_max_mhz, {})}


def _leaves(plain: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and texts of all values, those of inner tables and lists by their place."""
    for key, value in plain.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield from _leaves({str(index): item for index, item in enumerate(value)}, f"{name}.")
        elif isinstance(value, list):
            yield name, " ".join(map(str, value))
        else:
            yield name, "" if value is None else str(value)
