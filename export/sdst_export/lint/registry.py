"""Rules by their names; a rule is a function from what it looks at to the faults that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sdst_export.lint.finding import Fault, Finding

__all__ = ["Place", "Registry", "Rule"]


class Place(Protocol):
    """What rules look at."""

    @property
    def variant_name(self) -> str:
        """Of the bundle."""
        ...

    @property
    def role(self) -> str:
        """Of the graph; empty for the whole variant."""
        ...


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[P]):
    """A rule.

    Attributes:
        name: in findings.
        check: finds the faults.
        engines: whose targets it is for.
        dla: whether it is for DLAs only.
    """

    name: str
    check: Callable[[P], Iterable[Fault]]
    engines: tuple[str, ...]
    dla: bool = False


class Registry(Generic[P]):
    """Rules that look at the same kind of thing."""

    def __init__(self) -> None:
        self.rules: dict[str, Rule[P]] = {}

    def rule(
        self, name: str, *engines: str, dla: bool = False
    ) -> Callable[[Callable[[P], Iterable[Fault]]], Callable[[P], Iterable[Fault]]]:
        """Registers the function below it, for targets of these engines."""

        def register(check: Callable[[P], Iterable[Fault]]) -> Callable[[P], Iterable[Fault]]:
            assert name not in self.rules, name
            self.rules[name] = Rule(name=name, check=check, engines=engines, dla=dla)
            return check

        return register

    def run(self, place: P, engine: str, *, dla: bool) -> Iterator[Finding]:
        """What the rules of an engine find, and those of DLAs if asked for."""
        for rule in self.rules.values():
            if engine in rule.engines and (dla or not rule.dla):
                for fault in rule.check(place):
                    yield Finding(
                        rule=rule.name,
                        severity=fault.severity,
                        variant=place.variant_name,
                        graph=place.role,
                        node=fault.node,
                        what=fault.what,
                        fix=fault.fix,
                        source=fault.source,
                    )
