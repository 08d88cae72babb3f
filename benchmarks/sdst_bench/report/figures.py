"""Figures as texts; what is missing reads ``not measured``, never 0."""

from __future__ import annotations

from sdst_bench.host.host import NOT_KNOWN
from sdst_bench.stats import Interval, Summary

__all__ = [
    "NOT_MEASURED",
    "absence",
    "count_text",
    "interval_text",
    "megabytes_text",
    "milliseconds_text",
    "share_text",
    "summary_cells",
    "told",
]

NOT_MEASURED = "not measured"


def absence(reason: str | None) -> str:
    """``not measured``, and why where a reason is known."""
    return f"{NOT_MEASURED}: {reason}" if reason else NOT_MEASURED


def told(text: str) -> str:
    """What the host tells of itself, or that it does not."""
    return NOT_MEASURED if text in ("", NOT_KNOWN) else text


def count_text(count: int, noun: str) -> str:
    """Such as ``1 frame`` or ``1,200 frames``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def milliseconds_text(value: float) -> str:
    """Without the unit; microseconds up to 100 ms."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"


def interval_text(interval: Interval) -> str:
    """Such as ``3.954-4.025``, in the unit of the interval."""
    return f"{milliseconds_text(interval.low)}-{milliseconds_text(interval.high)}"


def summary_cells(summary: Summary) -> tuple[str, str, str, str]:
    """p50, p90, p99 and max."""
    p50, p90, p99, most = map(milliseconds_text, (summary.p50, summary.p90, summary.p99, summary.max))
    return p50, p90, p99, most


def megabytes_text(value: int | None) -> str:
    """Such as ``4.2 MB``, of 1,000,000 bytes; small things in kB."""
    if value is None:
        return NOT_MEASURED
    return f"{value / 1e6:.1f} MB" if abs(value) >= 1e6 else f"{value / 1e3:.1f} kB"


def share_text(share: float) -> str:
    """Such as ``12.5%``."""
    return f"{share:.1%}"
