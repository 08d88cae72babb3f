"""What the lint has to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

__all__ = ["SEVERITIES", "Fault", "Finding", "Report", "Severity", "gathered"]

#: ``error``: it will not build or will give wrong results. ``warning``: it runs worse, or it is not known whether it
#: runs. ``note``: good to know.
Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a rule found.

    Attributes:
        severity: how bad it is.
        node: of the graph, or the tensor that the graph keeps; empty for the whole graph.
        what: is the matter.
        fix: what to do.
        source: of the fact that the rule rests on; empty where it is plain.
    """

    severity: Severity
    node: str
    what: str
    fix: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault and where it is.

    Attributes:
        rule: that found it, such as ``quant-zero-point``.
        severity: how bad it is.
        variant: of the bundle.
        graph: role of the graph; empty for the whole variant.
        node: as in :class:`Fault`, and so the others.
    """

    rule: str
    severity: Severity
    variant: str
    graph: str
    node: str
    what: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings.

    Attributes:
        target: name.
        dla: whether the graphs were held against the target's DLA.
        graphs: roles of the graphs that were looked at, by variant.
        findings: errors first, in the order of the graphs.
    """

    target: str
    dla: bool
    graphs: dict[str, tuple[str, ...]]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are of that severity."""
        return sum(finding.severity == severity for finding in self.findings)


def gathered(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """The first of all findings that differ by their node alone, and how many more there are of it."""
    first: dict[Finding, Finding] = {}
    counts: Counter[Finding] = Counter()
    for finding in findings:
        kind = replace(finding, node="")
        first.setdefault(kind, finding)
        counts[kind] += 1
    return [(finding, counts[kind] - 1) for kind, finding in first.items()]
