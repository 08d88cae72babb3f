"""What a trial is made of: teachers, training, export, evaluation. Each is one function, so that tests can stand in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.training.recipe import Evaluation, ModelSpec, Recipe
from sdst_edge.workflows.chosen import open_chosen
from sdst_edge.workflows.distill.stage_overrides import StageOverrides
from sdst_edge.workflows.evaluate import Request, find_model, run_evaluation
from sdst_edge.workflows.trials.frame_times import TimeBundle, update_ms
from sdst_edge.workflows.trials.waiting import wait_for_first
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import MANIFEST_NAME

__all__ = ["OnShare", "OnStage", "Steps", "Trained", "TrialSettings", "Untrained", "real_steps"]

MOST_WORKERS = 8

#: Called with the share of a step that is done, 0..1.
OnShare: TypeAlias = Callable[[float], None]
#: Called with the name of what is being done, and the share of it that is, 0..1.
OnStage: TypeAlias = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training run left, and what it took.

    Attributes:
        checkpoint: of its last weights (their running mean), chosen by no score.
        steps: optimiser steps.
        seconds: of the loop.
    """

    checkpoint: Path
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSettings:
    """How trials are run; none of it changes their figures.

    Attributes:
        devices: to train on, as the loop takes it.
        workers: processes that evaluate side by side; 0 for one a usable core, at most :data:`MOST_WORKERS`.
        command: that was given, for tables and pages.
    """

    devices: int | str = "auto"
    workers: int = 0
    command: str = ""

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ConfigError(f"{self.workers} workers, expected 0 or more")

    @property
    def processes(self) -> int:
        """How many processes evaluate, >= 1."""
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.workers or min(usable, MOST_WORKERS)


class Untrained(NamedTuple):
    """A network with random weights of a fixed seed.

    Attributes:
        parameters: how many it has.
        fingerprint: of its graphs: the same for two networks that are built alike.
    """

    parameters: int
    fingerprint: str


class _Prepare(Protocol):
    def __call__(self, recipe: Recipe, overrides: StageOverrides, out: Path, on_stage: OnStage) -> Recipe: ...


class _Train(Protocol):
    def __call__(self, recipe: Recipe, out: Path, on_share: OnShare) -> Trained: ...


class _Export(Protocol):
    def __call__(self, checkpoint: Path, bundle: Path, on_share: OnShare) -> int: ...


class _Untrained(Protocol):
    def __call__(self, model: ModelSpec, folder: Path, name: str) -> Untrained: ...


class _Evaluate(Protocol):
    def __call__(
        self, bundle: Path, evaluation: Evaluation, root: Path, out: Path, on_share: OnShare
    ) -> EvaluationResult: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps, each of which goes on with what it left when it was interrupted.

    Attributes:
        prepare: trains the teachers, and what else a recipe names by recipe, in folders below ``out``, as
            ``sdst-edge distill`` does; returns the recipe with their checkpoints in these places.
        train: trains a recipe whose teachers are there in a folder.
        export: writes the bundle of a checkpoint; returns the number of its parameters.
        evaluate: runs a bundle over a recipe's validation set, whose path is relative to ``root``, and leaves
            ``result.json`` in ``out``. All sequences, or as many as the table says.
        untrained: writes the bundle ``name`` of a network with random weights into a folder. How fast it is does not
            depend on their values.
        time_bundle: median milliseconds of one update.
    """

    prepare: _Prepare
    train: _Train
    export: _Export
    evaluate: _Evaluate
    untrained: _Untrained
    time_bundle: TimeBundle = update_ms


def real_steps(settings: TrialSettings) -> Steps:
    """The steps that train and evaluate in earnest.

    Raises:
        BackendUnavailable: a package that export needs is not installed, which is better known before training.
    """
    from sdst_export import require_packages

    require_packages()

    def train(recipe: Recipe, out: Path, on_share: OnShare) -> Trained:
        from sdst_edge.training.loop import train as train_recipe

        done = train_recipe(
            recipe, out, devices=settings.devices, on_progress=lambda progress: on_share(progress.fraction)
        )
        return Trained(checkpoint=done.files.model, steps=done.steps, seconds=done.seconds)

    def evaluate(bundle: Path, evaluation: Evaluation, root: Path, out: Path, on_share: OnShare) -> EvaluationResult:
        dataset = root / evaluation.path
        request = Request(
            model=find_model(bundle),
            dataset=dataset,
            layout=evaluation.layout,
            attributes=True,
            sequences=_some_names(dataset, evaluation),
            workers=settings.processes,
            out=out,
            command=settings.command,
        )
        return run_evaluation(request, lambda done, total, _: on_share(done / max(total, 1)))

    def prepare(recipe: Recipe, overrides: StageOverrides, out: Path, on_stage: OnStage) -> Recipe:
        from sdst_edge.workflows.distill import run_stages

        return run_stages(recipe, out, overrides=overrides, devices=settings.devices, on_progress=on_stage)

    return Steps(prepare=prepare, train=train, export=_export, evaluate=evaluate, untrained=_untrained)


def _export(checkpoint: Path, bundle: Path, on_share: OnShare) -> int:
    if not (bundle / MANIFEST_NAME).is_file():
        from sdst_export import export_bundle

        export_bundle(checkpoint, bundle, on_progress=lambda _, share: on_share(share))
    return Bundle.open(bundle).manifest.parameters


def _untrained(model: ModelSpec, folder: Path, name: str) -> Untrained:
    wait_for_first(folder / name / MANIFEST_NAME)
    if not (folder / name / MANIFEST_NAME).is_file():
        from sdst_edge.models import save_checkpoint, untrained_checkpoint
        from sdst_export import export_bundle

        checkpoint = untrained_checkpoint(model.family, **model.options)
        folder.mkdir(parents=True, exist_ok=True)
        saved = folder / f"{name}.safetensors"
        save_checkpoint(checkpoint.model, saved, checkpoint.provenance)
        export_bundle(saved, folder / name)
    manifest = Bundle.open(folder / name).manifest
    graphs = manifest.variants[manifest.default_variant].graphs
    return Untrained(manifest.parameters, " ".join(graph.sha256 for graph in graphs.values()))


def _some_names(dataset: Path, evaluation: Evaluation) -> tuple[str, ...] | None:
    """Names of as many sequences as are wanted, evenly spaced over the set; None for all."""
    if evaluation.sequences == 0:
        return None
    names = [sequence.name for sequence in open_chosen(dataset, evaluation.layout).sequences]
    count = min(evaluation.sequences, len(names))
    return tuple(names[index * len(names) // count] for index in range(count))
