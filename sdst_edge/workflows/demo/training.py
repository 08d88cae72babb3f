"""The demo's own student: trained from nothing on rendered clips, and exported."""

from __future__ import annotations

import importlib.util
import math
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdst_edge.workflows.demo.files import DemoPaths
from sdst_edge.workflows.demo.report import TrainingFacts
from sdst_edge.workflows.demo.stages import Stages
from sdst_runtime.errors import BackendUnavailable, ConfigError

if TYPE_CHECKING:
    from sdst_edge.training.recipe import Recipe, RenderedPool

__all__ = ["check_packages", "demo_recipe", "export_student", "train_student"]

MIN_CLIPS = 20
CLIPS_PER_SECOND = 7
#: Of the training's bar, for rendering what it trains on.
OPENING_SHARE = 0.15


def check_packages() -> None:
    """Tells what training and export would miss only after a minute of work.

    Raises:
        BackendUnavailable: torch or another package of the extra ``export`` is not installed.
    """
    for module in ("torch", "safetensors", "lightning_fabric", "tensorboardX", "onnx", "onnxsim"):
        if importlib.util.find_spec(module) is None:
            raise BackendUnavailable(
                f"the demo needs {module} to train, which is not installed: pip install 'sdst-edge[export]'; "
                "without --train it needs no more than there is"
            )


def demo_recipe(seconds: float | None, seed: int) -> Recipe:
    """The packaged recipe, cut to a time.

    Args:
        seconds: of training; None for what the recipe says.
        seed: of the clip to track.

    Raises:
        ConfigError: ``seconds`` is no finite number above 0, or the clip is one of those trained on.
    """
    from sdst_edge.training.recipe import DEMO_RECIPE, load_recipe

    recipe = load_recipe(DEMO_RECIPE)
    if seconds is not None:
        if not 0 < seconds < math.inf:
            raise ConfigError(f"demo: {seconds} seconds of training, expected a finite number above 0")
        # Fewer clips for less time: rendering them should not outlast the training.
        pool = _pool(recipe)
        pool = replace(pool, clips=min(pool.clips, max(MIN_CLIPS, round(CLIPS_PER_SECOND * seconds))))
        (source,) = recipe.data.sources
        recipe = replace(
            recipe,
            data=replace(recipe.data, sources=(replace(source, rendered=pool),)),
            optimization=replace(recipe.optimization, seconds=seconds, steps=0),
        )
    pool = _pool(recipe)
    if pool.first_seed <= seed < pool.first_seed + pool.clips:
        raise ConfigError(
            f"demo: clip {seed} is one of those trained on ({pool.first_seed} and {pool.clips - 1} more); "
            "choose another seed"
        )
    return recipe


def train_student(work: DemoPaths, recipe: Recipe, stages: Stages) -> TrainingFacts:
    """Trains, and leaves the checkpoint."""
    from sdst_edge.training.loop import train

    with tempfile.TemporaryDirectory(dir=work.folder) as temporary:
        result = train(
            recipe,
            Path(temporary) / "run",
            on_open=lambda share: stages.tell(OPENING_SHARE * share),
            on_progress=lambda progress: stages.tell(OPENING_SHARE + (1 - OPENING_SHARE) * progress.fraction),
        )
        shutil.copyfile(result.files.model, work.checkpoint)
    return TrainingFacts(clips=_pool(recipe).clips, steps=result.steps, seconds=result.seconds, losses=result.losses)


def export_student(work: DemoPaths, stages: Stages) -> None:
    """Writes the bundle of the checkpoint."""
    from sdst_export import export_bundle

    export_bundle(work.checkpoint, work.bundle, on_progress=lambda _, share: stages.tell(share))


def _pool(recipe: Recipe) -> RenderedPool:
    """What the demo trains on: rendered clips, its only source."""
    (source,) = recipe.data.sources
    assert source.rendered is not None
    return source.rendered
