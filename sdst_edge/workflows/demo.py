"""The demo: from nothing to a small tracker that follows an object, measured, with files to look at."""

from __future__ import annotations

import importlib.util
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sdst_bench.latency import measure
from sdst_edge.datasets import Sequence, read_got10k, render_clip, write_got10k_sequence
from sdst_edge.evaluation import EvaluationResult, evaluate
from sdst_edge.workflows.demo_files import DemoPaths, check_target, workplace
from sdst_edge.workflows.demo_pictures import RecordingTracker, write_clip_video, write_tracked
from sdst_edge.workflows.demo_report import ClipFacts, DemoReport, report_text
from sdst_runtime.errors import BackendUnavailable, ConfigError
from sdst_runtime.loading import load
from sdst_runtime.manifest import Manifest, Provenance

if TYPE_CHECKING:
    from sdst_edge.training import Recipe, TrainResult

__all__ = ["CLIP_SEED", "FAMILY", "DemoReport", "run_demo"]

FAMILY = "sdst-nano-s"
#: What learns to follow rendered targets in one to three minutes of two cores.
OPTIONS = {"width": 0.75, "depth": 0.5}
#: Of the clip that is tracked, chosen by its looks; the clips that are trained on have other seeds.
CLIP_SEED = 21
BENCH_FRAMES = 200
MIN_CLIPS = 20
CLIPS_PER_SECOND = 7

#: Called with the name of a stage and the share of it that is done, 0..1.
OnProgress: TypeAlias = Callable[[str, float], None]


def run_demo(
    out: Path, *, seconds: float | None = None, seed: int = CLIP_SEED, on_progress: OnProgress | None = None
) -> DemoReport:
    """Renders clips, trains a tracker on them, exports it, times it, and follows an object in a clip it never saw.

    The files appear in ``out`` when all is done, or not at all. Everything is rendered: nothing is downloaded or read.

    Args:
        out: folder, made if it is missing; one that exists must be empty or hold an earlier demo, which is replaced.
        seconds: of training; None for what the recipe says.
        seed: of the clip to track.
        on_progress: called with a stage's name and the share of it that is done.

    Raises:
        ConfigError: ``out`` is in the way, ``seconds`` is no finite number above 0, or the clip is one of those
            trained on.
        BackendUnavailable: torch or another package of the extra ``export`` is not installed.
        SdstError: a file cannot be written.
    """
    _check_packages()
    check_target(out)
    recipe = _recipe(seconds, seed)
    stages = _Stages(on_progress)
    with workplace(out) as work:
        with stages.stage("clip"):
            clip = _write_clip(work, seed)
        training = _train(work.checkpoint, recipe, stages)
        with stages.stage("export"):
            manifest = _export(work, stages)
        with stages.stage("measure"):
            latency = measure(work.bundle, threads=1, frames=BENCH_FRAMES)
        with stages.stage("track"):
            evaluation, found = _track(work, clip)
        final = DemoPaths(out)
        report = DemoReport(
            clip=ClipFacts.of(clip, seed),
            training_clips=recipe.clips.clips,
            training=training,
            parameters=manifest.parameters,
            macs=manifest.macs,
            scores=evaluation.overall,
            rule_text=evaluation.rule_text,
            found=found,
            latency=replace(latency, setup=replace(latency.setup, bundle=str(final.bundle))),
            stage_seconds=stages.seconds,
            paths=final,
        )
        work.report.write_text(report_text(report), encoding="utf-8")
        work.figures.write_text(json.dumps(report.to_plain(), indent=2) + "\n", encoding="utf-8")
    return report


class _Stages:
    """Names, shares and times of the stages."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._name = ""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._name = name
        self.tell(0.0)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.tell(1.0)

    def tell(self, share: float) -> None:
        """Of the stage that runs, 0..1."""
        if self._on_progress is not None:
            self._on_progress(self._name, share)


def _check_packages() -> None:
    for module in ("torch", "safetensors", "onnx", "onnxsim"):
        if importlib.util.find_spec(module) is None:
            raise BackendUnavailable(
                f"the demo needs {module}, which is not installed: pip install 'sdst-edge[export]'"
            )


def _recipe(seconds: float | None, seed: int) -> Recipe:
    from sdst_edge.training.recipe import DEMO_RECIPE, load_recipe

    recipe = load_recipe(DEMO_RECIPE)
    if seconds is not None:
        if not 0 < seconds < math.inf:
            raise ConfigError(f"demo: {seconds} seconds of training, expected a finite number above 0")
        # Fewer clips for less time: rendering them should not outlast the training.
        clips = replace(recipe.clips, clips=min(recipe.clips.clips, max(MIN_CLIPS, round(CLIPS_PER_SECOND * seconds))))
        recipe = replace(recipe, seconds=seconds, steps=0, clips=clips)
    clips = recipe.clips
    if clips.first_seed <= seed < clips.first_seed + clips.clips:
        raise ConfigError(
            f"demo: clip {seed} is one of those trained on ({clips.first_seed} and {clips.clips - 1} more); "
            "choose another seed"
        )
    return recipe


def _write_clip(work: DemoPaths, seed: int) -> Sequence:
    """The clip as its files give it, so that whoever reads them later gets the same figures."""
    rendered = render_clip(seed)
    write_got10k_sequence(work.clip, rendered)
    (clip,) = read_got10k(work.clip)
    write_clip_video(work, clip)
    return clip


def _train(checkpoint: Path, recipe: Recipe, stages: _Stages) -> TrainResult:
    import torch

    from sdst_edge.models import build, save_checkpoint
    from sdst_edge.training import PairSource, narrowed, render_pool, train

    with stages.stage("render"):
        clips = render_pool(recipe.clips, stages.tell)
    with stages.stage("train"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = build(FAMILY, **OPTIONS)
        config = narrowed(model.config, recipe.search_cells or model.config.response_size)
        pairs = PairSource(clips, config, recipe.augmentation, seed=recipe.seed)
        result = train(model, pairs, recipe, lambda progress: stages.tell(progress.fraction))
    notes = f"{result.steps} steps on {recipe.clips.clips} rendered clips from seed {recipe.clips.first_seed} on"
    save_checkpoint(model, checkpoint, Provenance(source="recipe demo.toml", notes=notes))
    return result


def _export(work: DemoPaths, stages: _Stages) -> Manifest:
    from sdst_export import export_bundle

    return export_bundle(work.checkpoint, work.bundle, on_progress=lambda _, share: stages.tell(share))


def _track(work: DemoPaths, clip: Sequence) -> tuple[EvaluationResult, int]:
    """The tracker's figures on the clip, and in how many of its frames after the first the target was found."""
    with load(work.bundle) as tracker:
        recorder = RecordingTracker(tracker)
        evaluation = evaluate(recorder, [clip])
    write_tracked(work, clip, recorder.results)
    return evaluation, sum(result.found for result in recorder.results[1:])
