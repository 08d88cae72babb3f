"""Who hears a batch: students and teachers, and which of its views each of them sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sdst_edge.training.lessons import Voice
from sdst_edge.training.parts import uses_hints
from sdst_edge.training.recipe import Distillation
from sdst_edge.training.teachers.grids import crop_numbers
from sdst_edge.training.teachers.preparing import prepare
from sdst_edge.training.teachers.teacher import Teacher
from sdst_runtime.config import TrackerConfig

__all__ = ["Roster", "Seat", "distinct_views", "make_roster"]


class Seat(NamedTuple):
    """A teacher, made ready for the student, and its voice."""

    teacher: Teacher
    voice: Voice


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roster:
    """All that hear a batch.

    Attributes:
        configs: tracker configurations whose crops are the views of a batch, the student's first.
        students: their voices.
        general: in the order of the recipe.
        specialised: by attribute.
    """

    configs: tuple[TrackerConfig, ...]
    students: tuple[Voice, ...]
    general: tuple[Seat, ...]
    specialised: Mapping[str, Seat]


def make_roster(
    students: Mapping[str, TrackerConfig],
    general: Sequence[Teacher],
    specialised: Mapping[str, Teacher],
    table: Distillation,
) -> Roster:
    """Makes teachers ready for the first student, and leaves out those whose process has no weight.

    Args:
        students: by name, as they are trained.
        general: in the order of ``table.general``.
        specialised: by attribute.
        table: of the recipe.

    Raises:
        ConfigError: a teacher has no feature of a name that a hint asks for.
    """
    assert len(general) <= len(table.general)  # each has a weight there
    general = general if table.general_weight > 0 else ()
    specialised = specialised if table.specialised_weight > 0 else {}
    asked = [table.general_parts] * len(general) + [table.specialised_parts] * len(specialised)
    features = [[hint.teacher for hint in table.hints if uses_hints(parts)] for parts in asked]
    first = next(iter(students.values()))
    teachers = prepare((*general, *specialised.values()), first, features)
    named = [*students.items(), *((f"teacher {teacher.name}", teacher.config) for teacher in teachers)]
    configs, views = distinct_views([config for _, config in named])
    voices = [Voice(name, config, view) for (name, config), view in zip(named, views, strict=True)]
    seats = [Seat(teacher, voice) for teacher, voice in zip(teachers, voices[len(students) :], strict=True)]
    return Roster(
        configs=configs,
        students=tuple(voices[: len(students)]),
        general=tuple(seats[: len(general)]),
        specialised=dict(zip(specialised, seats[len(general) :], strict=True)),
    )


def distinct_views(configs: Sequence[TrackerConfig]) -> tuple[tuple[TrackerConfig, ...], tuple[int, ...]]:
    """Configurations that cut pairs differently, and for each of those given the place of the one that cuts as it does.

    Args:
        configs: the student's first.
    """
    views: list[TrackerConfig] = []
    places = []
    for config in configs:
        cuts = [crop_numbers(view) for view in views]
        if crop_numbers(config) not in cuts:
            views.append(config)
            cuts.append(crop_numbers(config))
        places.append(cuts.index(crop_numbers(config)))
    return tuple(views), tuple(places)
