"""Files that stages need from outside: one that is missing is told before hours of training, not after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sdst_edge.training.recipe import Distillation, Recipe
from sdst_edge.weights import find_weights
from sdst_edge.workflows.distill.stages import Stage
from sdst_edge.workflows.teacher_path import teacher_path
from sdst_runtime.errors import ConfigError

__all__ = ["require_inputs"]


def require_inputs(stages: Sequence[Stage], out: Path) -> None:
    """Looks for data sets and checkpoints of the stages that are still to run, where it is not the last one alone.

    What is in them is for the runs.

    Args:
        stages: in their order.
        out: folder below which they lie.

    Raises:
        ConfigError: one is missing.
    """
    from sdst_edge.training.run.files import RunFiles

    runs = {stage.name: RunFiles(out / stage.name) for stage in stages}
    made = {path for files in runs.values() for path in (files.model, files.best)}
    ahead = [stage for stage in stages if not runs[stage.name].result.exists()]
    if ahead == [stages[-1]]:
        return
    for stage in ahead:
        for key, path in _named(stage.recipe):
            if path not in made and not path.exists():
                below_root = key.startswith(("data.", "evaluation."))
                cure = "say by --set data.root=FOLDER what it is below" if below_root else "correct it by --set"
                raise ConfigError(f"stage {stage.name}: {key} is {path}, which does not exist; put it there, or {cure}")


def _named(recipe: Recipe) -> Iterator[tuple[str, Path]]:
    """Keys of a recipe and the files or folders that they name, by a path or as a shipped student."""
    root, table = Path(recipe.data.root), recipe.distillation or Distillation()
    for number, source in enumerate(recipe.data.sources):
        if source.path:
            yield f"data.sources.{number}.path", root / source.path
    if recipe.evaluation is not None:
        yield "evaluation.path", root / recipe.evaluation.path
    starts = {"model": recipe.model, **({"distillation.peer.model": table.peer.model} if table.peer else {})}
    for key, model in starts.items():
        if model.start:
            yield f"{key}.start", find_weights(Path(model.start))
    general = {f"general.{number}": teacher for number, teacher in enumerate(table.general)}
    specialised = {f"specialised.{name}": teacher for name, teacher in table.specialised.items()}
    for key, teacher in {**general, **specialised}.items():
        kind, path = teacher_path(teacher)
        yield f"distillation.{key}.{kind}", path
