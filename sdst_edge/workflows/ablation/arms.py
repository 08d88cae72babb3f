"""The arms of an ablation: changes of a recipe's table of distillation, and of nothing else.

All arms of a seed start from the same weights and see the same pairs in the same order, for as many steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from sdst_edge.training.recipe import Distillation, Recipe, TeacherSpec
from sdst_runtime.errors import ConfigError

__all__ = [
    "ARMS",
    "OPTIONAL_ARMS",
    "check_arms",
    "chosen_teachers",
    "general_teachers",
    "needed",
    "specialised_teachers",
    "with_arm",
]

_Change: TypeAlias = Callable[[Distillation], Distillation | None]


def _none(_table: Distillation) -> None:
    return None


def _general(table: Distillation) -> Distillation:
    return replace(table, specialised={})


def _specialised(table: Distillation) -> Distillation:
    return replace(table, general=())


_CHANGES: Mapping[str, _Change] = {
    "none": _none,
    "general": _general,
    "specialised": _specialised,
    "both-uniform": lambda table: replace(table, weighting="uniform"),
    "both-adaptive": lambda table: replace(table, weighting="adaptive"),
    "both-labels": lambda table: replace(table, weighting="labels"),
}
#: What an ablation runs unless it is told otherwise.
ARMS = ("none", "general", "specialised", "both-uniform", "both-adaptive")
#: What it can run besides.
OPTIONAL_ARMS = ("both-labels",)

#: Of a run of the training loop: its best weights, and what it was made of.
BEST_NAME, RECIPE_NAME = "best.safetensors", "recipe.json"

_NEED_GENERAL = ("general", "both-uniform", "both-adaptive", "both-labels")
_NEED_SPECIALISED = ("specialised", "both-uniform", "both-adaptive", "both-labels")


def check_arms(recipe: Recipe, arms: Sequence[str]) -> None:
    """Refuses arms that a recipe cannot be run with.

    Raises:
        ConfigError: none is given, or one twice; one is unknown; the recipe has no table of distillation, or lacks the
            teachers that an arm needs, or what is left of it in an arm cannot be trained: photos and nobody who says
            what they show.
    """
    if not arms or len(set(arms)) != len(arms):
        raise ConfigError(f"arms are {', '.join(arms) or 'none at all'}, expected some, each once")
    for arm in arms:
        if arm not in _CHANGES:
            raise ConfigError(f"unknown arm {arm!r} of the ablation, known are {', '.join(_CHANGES)}")
    table = recipe.distillation
    if table is None:
        raise ConfigError(
            "recipe: there is no table [distillation], so there is nothing to leave out of it; "
            "ablate a recipe that names teachers"
        )
    for needs, teachers, kind in (
        (_NEED_GENERAL, table.general, "general"),
        (_NEED_SPECIALISED, table.specialised, "specialised"),
    ):
        lacking = [arm for arm in arms if arm in needs]
        if lacking and not teachers:
            raise ConfigError(
                f"recipe: distillation.{kind} is empty, and {', '.join(lacking)} need {kind} teachers; "
                "add one, or leave these arms out"
            )
    for arm in arms:
        try:
            replace(recipe, distillation=_CHANGES[arm](table))
        except ConfigError as error:
            raise ConfigError(f"arm {arm!r} of the ablation: {error}; or leave the arm out") from None


def with_arm(recipe: Recipe, arm: str) -> Recipe:
    """The recipe of one arm; weights of losses, parts, gate and everything else stay as the recipe has them.

    Args:
        recipe: that :func:`check_arms` accepts with the arm.
        arm: ``none``, no table of distillation, so no teacher and no peer; ``general``, process 1 alone;
            ``specialised``, process 2 alone; or both processes with specialised teachers weighted ``both-uniform``,
            ``both-adaptive`` or ``both-labels``.
    """
    check_arms(recipe, (arm,))
    assert recipe.distillation is not None
    return replace(recipe, distillation=_CHANGES[arm](recipe.distillation))


def needed(recipe: Recipe, arms: Sequence[str]) -> Recipe:
    """The recipe without the teachers that none of the arms learns from: they need not be trained."""
    table = recipe.distillation
    assert table is not None
    general = table.general if any(arm in _NEED_GENERAL for arm in arms) else ()
    specialised = table.specialised if any(arm in _NEED_SPECIALISED for arm in arms) else {}
    return replace(recipe, distillation=replace(table, general=general, specialised=specialised))


def general_teachers(recipe: Recipe) -> dict[str, TeacherSpec]:
    """The general teachers by name: ``general``, or ``general-1`` and so on where there are several."""
    teachers = () if recipe.distillation is None else recipe.distillation.general
    if len(teachers) == 1:
        return {"general": teachers[0]}
    return {f"general-{number}": teacher for number, teacher in enumerate(teachers, start=1)}


def specialised_teachers(recipe: Recipe) -> dict[str, TeacherSpec]:
    """The specialised teachers by attribute."""
    return {} if recipe.distillation is None else dict(recipe.distillation.specialised)


def chosen_teachers(recipe: Recipe) -> dict[str, str]:
    """Teachers that are the best weights of a run, not its last ones: by name, the data set that chose them.

    Args:
        recipe: whose teachers are there.
    """
    chosen = {}
    for name, teacher in {**general_teachers(recipe), **specialised_teachers(recipe)}.items():
        checkpoint = Path(teacher.checkpoint)
        if checkpoint.name == BEST_NAME:
            with suppress(OSError, ValueError, KeyError, TypeError):  # no run of ours: nobody knows what chose it
                evaluation = json.loads(checkpoint.with_name(RECIPE_NAME).read_text(encoding="utf-8"))["evaluation"]
                if evaluation["every"] > 0:  # else it is evaluated once, at the end, and the best are the last
                    chosen[name] = str(evaluation["path"])
    return chosen
