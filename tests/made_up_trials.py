"""Stand-ins for training, export, evaluation and timing, which take no time and say what they were asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.training.recipe import Evaluation, ModelSpec, Recipe, TeacherSpec
from sdst_edge.workflows.distill.stage_overrides import StageOverrides
from sdst_edge.workflows.trials import Steps, Trained
from sdst_edge.workflows.trials.steps import OnShare, OnStage, Untrained
from tests.made_up_evaluation import made_up

__all__ = ["StandIns", "write_recipe"]

RECIPE = """
[model]
family = "sdst-nano-s"

[data]
attributes = ["FM"]

[[data.sources]]
path = "train"

[optimization]
steps = 80
batch_size = 4

[evaluation]
path = "val"

[distillation]
general = [{ checkpoint = "big.safetensors" }]

[distillation.specialised]
FM = { checkpoint = "fast.safetensors" }
"""


def write_recipe(folder: Path) -> Path:
    """A student's recipe with a general and a specialised teacher; nothing that it names exists."""
    path = folder / "student.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def success_of(name: str) -> float:
    """Success AUC of whatever has this name."""
    return 0.8 if name in ("general", "FM") else 0.5


@dataclass
class StandIns:
    """What was called, in order; and when to pretend that the user has pressed Ctrl-C.

    Attributes:
        stop_before: the call that is interrupted.
        score: success AUC by the name of a trial.
        ms: of one frame, by the name of a bundle.
        calls: such as ``train none-seed-0``.
        prepared: what teachers were prepared for.
        budgets: steps of each run that was trained.
    """

    stop_before: str = ""
    score: Callable[[str], float] = success_of
    ms: Mapping[str, float] = field(default_factory=lambda: {"general": 9.0})
    calls: list[str] = field(default_factory=list)
    prepared: Recipe | None = None
    budgets: list[int] = field(default_factory=list)

    @property
    def steps(self) -> Steps:
        """As a workflow takes them."""
        return Steps(
            prepare=self._prepare,
            train=self._train,
            export=self._export,
            evaluate=self._evaluate,
            untrained=self._untrained,
            time_bundle=self._time,
        )

    def _call(self, what: str) -> None:
        if what == self.stop_before:
            raise KeyboardInterrupt
        self.calls.append(what)

    def _prepare(self, recipe: Recipe, overrides: StageOverrides, out: Path, on_stage: OnStage) -> Recipe:
        self._call("prepare")
        self.prepared = recipe
        if recipe.distillation is None:
            return recipe
        trained = tuple(
            TeacherSpec(checkpoint=f"{item.recipe}.safetensors") if item.recipe else item
            for item in recipe.distillation.general
        )
        return replace(recipe, distillation=replace(recipe.distillation, general=trained))

    def _train(self, recipe: Recipe, out: Path, on_share: OnShare) -> Trained:
        assert recipe.evaluation is None, "no score chooses the weights"
        name = f"{out.parent.name}-{out.name}" if out.name.startswith("seed-") else out.name
        self._call(f"train {name}")
        self.budgets.append(recipe.optimization.steps)
        out.mkdir(parents=True, exist_ok=True)
        return Trained(checkpoint=out / "model.safetensors", steps=recipe.optimization.steps, seconds=8.0)

    def _export(self, checkpoint: Path, bundle: Path, on_share: OnShare) -> int:
        self._call(f"export {bundle.name}")
        return 8000 if bundle.name in ("general", "FM") else 1000

    def _evaluate(
        self, bundle: Path, evaluation: Evaluation, root: Path, out: Path, on_share: OnShare
    ) -> EvaluationResult:
        self._call(f"evaluate {bundle.name}")
        score = self.score(bundle.name)
        result = made_up({"a": (score, ("FM",)), "b": (score / 2, ())}, dataset=str(root / evaluation.path))
        out.mkdir(parents=True, exist_ok=True)
        (out / "result.json").write_text(json.dumps(result.to_plain()), encoding="utf-8")
        return result

    def _untrained(self, model: ModelSpec, folder: Path, name: str) -> Untrained:
        self._call(f"untrained {name}")
        width, depth = model.options["width"], model.options["depth"]
        return Untrained(round(1000 * width * depth), f"{width} {max(depth, 0.5)}")

    def _time(self, bundle: Path, frames: int) -> float:
        self._call(f"time {bundle.name}")
        return self.ms.get(bundle.name, 3.0)
