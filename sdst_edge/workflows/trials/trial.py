"""A training run that is compared with others, in a folder of its own::

recipe.json, model.safetensors, ...     what the loop leaves
<name>/                                 its bundle
evaluation/result.json                  its figures on the validation set
trial.json                              written last: what was run and what it took
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.training.recipe import Distillation, Evaluation, Recipe, TeacherSpec, dump
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.teacher_path import teacher_path
from sdst_edge.workflows.trials.steps import OnShare, OnStage, Steps
from sdst_edge.workflows.trials.waiting import wait_for_first
from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.manifest import MANIFEST_NAME
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["Trial", "evaluation_of", "find_trial", "run_reference", "run_trial"]

TRIAL_FILE, EVALUATION = "trial.json", "evaluation"
LISTED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """``trial.json``: what was asked for, as plain values, and what it took."""

    asked: Mapping[str, Any]
    parameters: int
    steps: int
    pairs: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A finished trial, or a teacher that it is compared with.

    Attributes:
        name: of it.
        bundle: its folder.
        parameters: of the network.
        evaluation: on the validation set; its ``tracker`` is ``name``.
        steps: optimiser steps of its training; 0 for a teacher.
        pairs: that it was trained on; likewise.
        seconds: that the training took; likewise.
    """

    name: str
    bundle: Path
    parameters: int
    evaluation: EvaluationResult
    steps: int = 0
    pairs: int = 0
    seconds: float = 0.0


def evaluation_of(recipe: Recipe) -> Evaluation:
    """The table of a recipe that says what its runs are compared on.

    Raises:
        ConfigError: there is none.
    """
    if recipe.evaluation is None:
        raise ConfigError(
            "recipe: there is no table [evaluation], so there is no validation set to compare runs on; "
            "add one with the path of a data set"
        )
    return recipe.evaluation


def find_trial(recipe: Recipe, folder: Path, name: str) -> Trial | None:
    """The finished trial in a folder; None where it is not finished.

    Args:
        recipe: what was to be run.
        folder: of the trial.
        name: of the trial.

    Raises:
        ConfigError: the folder holds another recipe's trial, or is damaged.
    """
    return _find(_asked(recipe), folder, folder / name, name)


def run_trial(recipe: Recipe, folder: Path, name: str, steps: Steps, on_stage: OnStage) -> Trial:
    """Trains, exports and evaluates a recipe; what of it is there already is not done again.

    While it trains it is not evaluated: the last weights count, and no score chooses them.

    Args:
        recipe: whose teachers are there; its table of evaluation says what it is evaluated on.
        folder: for all that comes of it.
        name: of the trial and its bundle.
        steps: what does the work.
        on_stage: told of each step.

    Raises:
        ConfigError: the recipe has no table of evaluation, or the folder holds another recipe's trial.
        SdstError: of training, export or evaluation.
    """
    evaluation = evaluation_of(recipe)
    if (finished := find_trial(recipe, folder, name)) is not None:
        return finished
    trained = steps.train(replace(recipe, evaluation=None), folder, _share(on_stage, f"{name}: train"))
    if wait_for_first(folder / TRIAL_FILE):
        return run_trial(recipe, folder, name, steps, on_stage)
    parameters = steps.export(trained.checkpoint, folder / name, _share(on_stage, f"{name}: export"))
    root = Path(recipe.data.root)
    figures = steps.evaluate(
        folder / name, evaluation, root, folder / EVALUATION, _share(on_stage, f"{name}: evaluate")
    )
    trial = Trial(
        name=name,
        bundle=folder / name,
        parameters=parameters,
        evaluation=replace(figures, tracker=name),
        steps=trained.steps,
        pairs=trained.steps * recipe.optimization.batch_size,
        seconds=trained.seconds,
    )
    _write(_asked(recipe), folder, trial)
    return trial


def run_reference(teacher: TeacherSpec, recipe: Recipe, folder: Path, steps: Steps, on_stage: OnStage) -> Trial | None:
    """A teacher, exported and evaluated like the trials; None for a bare ONNX model, which no tracker runs here.

    Args:
        teacher: a checkpoint, a bundle, or a bare ONNX model.
        recipe: whose table of evaluation says what it is evaluated on.
        folder: for its bundle and figures; its name is the teacher's.
        steps: what does the work.
        on_stage: told of each step.

    Raises:
        ConfigError: the folder holds another teacher.
        SdstError: the teacher is still a recipe; of export or evaluation.
    """
    if teacher.onnx:
        return None
    if teacher.recipe:
        raise SdstError(f"teacher {folder.name} is not trained yet: it is still the recipe {teacher.recipe}")
    name, evaluation, root = folder.name, evaluation_of(recipe), Path(recipe.data.root)
    bundle = folder / name if teacher.checkpoint else Path(teacher.bundle)
    asked = {
        "teacher": to_plain(teacher),
        "file": _fingerprint(teacher),
        "evaluation": to_plain(evaluation),
        "root": recipe.data.root,
    }
    wait_for_first(folder / TRIAL_FILE)
    if (finished := _find(asked, folder, bundle, name)) is not None:
        return finished
    parameters = steps.export(Path(teacher.checkpoint), bundle, _share(on_stage, f"teacher {name}: export"))
    on_share = _share(on_stage, f"teacher {name}: evaluate")
    figures = steps.evaluate(bundle, evaluation, root, folder / EVALUATION, on_share)
    trial = Trial(name=name, bundle=bundle, parameters=parameters, evaluation=replace(figures, tracker=name))
    _write(asked, folder, trial)
    return trial


def _find(asked: Mapping[str, Any], folder: Path, bundle: Path, name: str) -> Trial | None:
    path = folder / TRIAL_FILE
    if not path.exists():
        return None
    record = _read(path)
    if record.asked != asked:
        lines = [*_changes(record.asked, asked)]
        more = f" and {len(lines) - LISTED} more" if len(lines) > LISTED else ""
        raise ConfigError(
            f"{folder} holds a run of another recipe: {'; '.join(lines[:LISTED])}{more}; "
            "choose another output folder, or remove that one"
        )
    return Trial(
        name=name,
        bundle=bundle,
        parameters=record.parameters,
        evaluation=replace(EvaluationResult.read(folder / EVALUATION / "result.json"), tracker=name),
        steps=record.steps,
        pairs=record.pairs,
        seconds=record.seconds,
    )


def _write(asked: Mapping[str, Any], folder: Path, trial: Trial) -> None:
    record = _Record(
        asked=asked, parameters=trial.parameters, steps=trial.steps, pairs=trial.pairs, seconds=trial.seconds
    )
    with replacing(folder / TRIAL_FILE) as part:
        part.write_text(json.dumps(to_plain(record), indent=2) + "\n", encoding="utf-8")


def _share(on_stage: OnStage, name: str) -> OnShare:
    return lambda share: on_stage(name, share)


def _asked(recipe: Recipe) -> dict[str, Any]:
    """All of a recipe but what decides only how fast it is run, and which teachers lie where it says."""
    plain: dict[str, Any] = json.loads(json.dumps(dump(recipe)))
    for key in ("workers", "ahead", "cache"):
        del plain["loading"][key]
    table = recipe.distillation or Distillation()
    teachers = [*enumerate(table.general), *table.specialised.items()]
    plain["teachers"] = {str(name): _fingerprint(teacher) for name, teacher in teachers}
    return plain


def _fingerprint(teacher: TeacherSpec) -> str:
    """SHA-256 of its file, of a bundle that of its manifest; empty where it is not there, which training says."""
    kind, path = teacher_path(teacher)
    file = path / MANIFEST_NAME if kind == "bundle" else path
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _read(path: Path) -> _Record:
    again = "remove the folder, and the trial is run again"
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; {again}") from None
    return from_plain(_Record, plain, where=str(path), error=lambda text: ConfigError(f"{text}; {again}"))


def _changes(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """A line for each value that differs, such as ``optimization.lr was 0.003, is 0.01``."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from _changes(before.get(key), after.get(key), f"{where}.{key}" if where else str(key))
    elif before != after:
        told = ("other ones" if isinstance(value, (dict, list)) else repr(value) for value in (before, after))
        yield "{} was {}, is {}".format(where, *told)
