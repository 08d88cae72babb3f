"""Which runs a student needs before its own, and in which order.

A recipe names others: those of its teachers, and the one that its network starts from. Each becomes a stage with a
folder of its own, once, however many name it; its checkpoint takes the place of the recipe's name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sdst_edge.training.recipe import Distillation, ModelSpec, Recipe, TeacherSpec, load_recipe, specialised_for
from sdst_edge.workflows.distill.stage_overrides import STUDENT, StageOverrides
from sdst_runtime.errors import ConfigError

__all__ = ["Stage", "named_recipes", "plan_stages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One run.

    Attributes:
        name: of the stage and of its folder: ``general``, ``general-1`` and so on where there are several,
            ``specialised-FM``, ``start-<recipe>``, and ``student`` at the end.
        recipe: with checkpoints in the place of recipes.
        needs: names of the stages that these checkpoints come from.
    """

    name: str
    recipe: Recipe
    needs: tuple[str, ...]


def plan_stages(recipe: Recipe, out: Path, overrides: StageOverrides | None = None) -> tuple[Stage, ...]:
    """The stages of a student, itself the last, each after those that it needs.

    What belongs to the machine and not to the run holds for all stages as the student's recipe has it: ``data.root``,
    and of ``loading`` the workers, the cache and where augmentation runs.

    Args:
        recipe: of the student; those given for the student are in it already.
        out: folder below which the stages lie.
        overrides: of the other stages' recipes.

    Raises:
        ConfigError: a recipe that is named is missing or wrong, or names itself in the end; it has several runs and
            none is asked for; an override is of no stage.
    """
    if recipe.specialise:
        raise ConfigError(
            f"recipe: it stands for {len(recipe.specialise)} runs (specialise is {', '.join(recipe.specialise)}), "
            "and a student is one; run it by 'sdst-edge train'"
        )
    plan = _Plan(recipe, out, overrides or StageOverrides())
    resolved, needs = plan.resolve(recipe, "")
    plan.overrides.check(tuple(stage.name for stage in plan.stages.values()))
    return (*plan.stages.values(), Stage(name=STUDENT, recipe=resolved, needs=needs))


def named_recipes(recipe: Recipe) -> dict[str, str]:
    """Recipes that a recipe names: by where it does, such as ``distillation.general[0]``, the file."""
    table = recipe.distillation or Distillation()
    starts = {"model.start": recipe.model.start}
    if table.peer is not None:
        starts["distillation.peer.model.start"] = table.peer.model.start
    teachers = {
        **{f"distillation.general[{i}]": teacher.recipe for i, teacher in enumerate(table.general)},
        **{f"distillation.specialised.{name}": teacher.recipe for name, teacher in table.specialised.items()},
    }
    return {where: path for where, path in {**starts, **teachers}.items() if path.endswith(".toml")}


class _Plan:
    """Stages by file and attribute, in the order in which they can run."""

    def __init__(self, top: Recipe, out: Path, overrides: StageOverrides) -> None:
        self.stages: dict[tuple[str, str], Stage] = {}
        self.overrides = overrides
        self._top, self._out = top, out
        self._open: list[tuple[str, str]] = []

    def resolve(self, recipe: Recipe, prefix: str) -> tuple[Recipe, tuple[str, ...]]:
        """The recipe with checkpoints for recipes, and the stages that they come from.

        Args:
            recipe: any.
            prefix: of the names of its teachers' stages.
        """
        needs: list[str] = []
        table = recipe.distillation
        if table is not None:
            several = len(table.general) > 1
            general = tuple(
                self._teacher(teacher, f"{prefix}general{f'-{number}' if several else ''}", "", needs)
                for number, teacher in enumerate(table.general, start=1)
            )
            specialised = {
                attribute: self._teacher(teacher, f"{prefix}specialised-{attribute}", attribute, needs)
                for attribute, teacher in table.specialised.items()
            }
            peer = table.peer and replace(table.peer, model=self._start(table.peer.model, needs))
            table = replace(table, general=general, specialised=specialised, peer=peer)
        model = self._start(recipe.model, needs)
        return replace(recipe, model=model, distillation=table), tuple(dict.fromkeys(needs))

    def _teacher(self, teacher: TeacherSpec, name: str, attribute: str, needs: list[str]) -> TeacherSpec:
        if not teacher.recipe:
            return teacher
        stage = self._stage(teacher.recipe, attribute, name)
        needs.append(stage.name)
        return replace(teacher, recipe="", checkpoint=self._checkpoint(stage))

    def _start(self, model: ModelSpec, needs: list[str]) -> ModelSpec:
        if not model.start.endswith(".toml"):
            return model
        stage = self._stage(model.start, "", f"start-{Path(model.start).stem}")
        needs.append(stage.name)
        return replace(model, start=self._checkpoint(stage))

    def _stage(self, path: str, attribute: str, name: str) -> Stage:
        """The stage of a file, which is planned if it is not yet."""
        name = self._free(name)
        recipe, one_of = self._recipe(path, attribute, name)
        key = (path, one_of)
        if key in self._open:
            chain = " needs ".join(Path(file).name for file, _ in (*self._open[self._open.index(key) :], key))
            raise ConfigError(f"recipe {chain}: a circle; one of them must start from a checkpoint, or from nothing")
        if key not in self.stages:
            self._open.append(key)
            resolved, needs = self.resolve(recipe, f"{name}-")
            self._open.pop()
            self.stages[key] = Stage(name=name, recipe=resolved, needs=needs)
        return self.stages[key]

    def _recipe(self, path: str, attribute: str, name: str) -> tuple[Recipe, str]:
        """The recipe of a stage, and its attribute where the file has a run for each of several."""
        recipe = load_recipe(path, self.overrides.of(name))
        if not recipe.specialise:
            return _on_this_machine(recipe, self._top), ""
        if attribute not in recipe.specialise:
            asked = f"none is for {attribute}; add it there" if attribute else "and one is asked for; name another"
            raise ConfigError(f"recipe {Path(path).name} has runs for {', '.join(recipe.specialise)}, {asked}")
        return _on_this_machine(specialised_for(recipe, attribute), self._top), attribute

    def _free(self, name: str) -> str:
        taken = {stage.name for stage in self.stages.values()} | {STUDENT}
        numbered = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
        return next(each for each in numbered if each not in taken)

    def _checkpoint(self, stage: Stage) -> str:
        """The best weights of a run that is evaluated, the last of another."""
        from sdst_edge.training.run.files import RunFiles

        files = RunFiles(self._out / stage.name)
        return str(files.model if stage.recipe.evaluation is None else files.best)


def _on_this_machine(recipe: Recipe, top: Recipe) -> Recipe:
    loading = replace(
        recipe.loading,
        workers=top.loading.workers,
        ahead=top.loading.ahead,
        augment_on=top.loading.augment_on,
        cache=top.loading.cache,
    )
    return replace(recipe, data=replace(recipe.data, root=top.data.root), loading=loading)
