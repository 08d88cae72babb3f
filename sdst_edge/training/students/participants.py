"""Students and teachers of a run, and which view of a batch each of them sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sdst_edge.training.recipe import Distillation
from sdst_edge.training.students.comparison import Participant
from sdst_edge.training.students.part_losses import uses_hints
from sdst_edge.training.teachers.grids import crop_numbers
from sdst_edge.training.teachers.preparing import prepare
from sdst_edge.training.teachers.teacher import Teacher
from sdst_runtime.config import TrackerConfig

__all__ = ["Participants", "PreparedTeacher", "distinct_views", "make_participants"]


class PreparedTeacher(NamedTuple):
    """A teacher, made ready for the student, and what it is called and sees."""

    teacher: Teacher
    participant: Participant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Participants:
    """All students and teachers of a run.

    Attributes:
        configs: tracker configurations whose crops are the views of a batch, the student's first.
        clean_from: number of the first view of general teachers, where they see pairs clean; None where they do not.
        students: ours first, then the peer.
        general: in the order of the recipe.
        specialised: by attribute.
    """

    configs: tuple[TrackerConfig, ...]
    clean_from: int | None
    students: tuple[Participant, ...]
    general: tuple[PreparedTeacher, ...]
    specialised: Mapping[str, PreparedTeacher]


def make_participants(
    students: Mapping[str, TrackerConfig],
    general: Sequence[Teacher],
    specialised: Mapping[str, Teacher],
    table: Distillation,
) -> Participants:
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
    # the specialised first: they see what students see
    asked = [table.specialised_parts] * len(specialised) + [table.general_parts] * len(general)
    features = [[hint.teacher for hint in table.hints if uses_hints(parts)] for parts in asked]
    first = next(iter(students.values()))
    teachers = prepare((*specialised.values(), *general), first, features)
    named = [*students.items(), *((f"teacher {teacher.name}", teacher.config) for teacher in teachers)]
    shown, clean = [config for _, config in named], len(general) if table.clean_views else 0
    configs, views = distinct_views(shown[: len(shown) - clean])
    clean_from = len(configs) if clean else None
    if clean:
        more, places = distinct_views(shown[-clean:])
        configs, views = configs + more, views + tuple(len(configs) + place for place in places)
    everyone = [Participant(name, config, view) for (name, config), view in zip(named, views, strict=True)]
    prepared = [PreparedTeacher(*pair) for pair in zip(teachers, everyone[len(students) :], strict=True)]
    return Participants(
        configs=configs,
        clean_from=clean_from,
        students=tuple(everyone[: len(students)]),
        general=tuple(prepared[len(specialised) :]),
        specialised=dict(zip(specialised, prepared, strict=False)),
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
