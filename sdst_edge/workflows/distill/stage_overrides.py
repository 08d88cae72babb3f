"""``--set`` for several recipes at once: a stage's name in front of a key says whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sdst_runtime.errors import ConfigError
from sdst_runtime.suggestions import closest

__all__ = ["ALL", "STUDENT", "StageOverrides"]

#: Name of the last stage.
STUDENT = "student"
#: In front of a key: of every stage.
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOverrides:
    """Overrides by stage, in the order in which they were given.

    Attributes:
        items: names of stages, ``student`` where none was given, and ``key=value``.
    """

    items: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def parse(cls, texts: Iterable[str]) -> StageOverrides:
        """From ``key=value``, ``STAGE:key=value`` and ``all:key=value``."""
        return cls(items=tuple(_parted(text) for text in texts))

    def of(self, stage: str) -> tuple[str, ...]:
        """Those of one stage, as :func:`sdst_edge.training.recipe.load_recipe` takes them."""
        return tuple(text for name, text in self.items if name in (stage, ALL))

    def check(self, stages: Sequence[str]) -> None:
        """Refuses overrides of stages that are not there.

        Raises:
            ConfigError: one is of none of ``stages``.
        """
        for name, text in self.items:
            if name not in (*stages, ALL, STUDENT):
                meant = closest(name, stages)
                raise ConfigError(
                    f"--set {name}:{text}: there is no stage {name}"
                    f"{f'; did you mean {meant}?' if meant else ';'} there are {', '.join((*stages, ALL))}"
                )


def _parted(text: str) -> tuple[str, str]:
    match = re.match(r"([\w-]+):([^=]*=.*)", text, flags=re.DOTALL)
    return (match[1], match[2]) if match else (STUDENT, text)
