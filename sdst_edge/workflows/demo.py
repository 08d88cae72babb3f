"""The demo: from nothing to a small tracker that follows an object, measured, with files to look at."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sdst_bench.environment import probe_environment
from sdst_bench.measuring.bundle import measure_bundle
from sdst_bench.measuring.subject import SubjectRequest
from sdst_edge.datasets import Sequence, read_got10k, render_clip, write_got10k_sequence
from sdst_edge.evaluation import EvaluationResult, evaluate
from sdst_edge.workflows.demo_files import DemoPaths, check_target, workplace
from sdst_edge.workflows.demo_pictures import RecordingTracker, write_clip_video, write_tracked
from sdst_edge.workflows.demo_report import ClipFacts, DemoReport, TrainingFacts, report_text
from sdst_runtime.errors import BackendUnavailable, ConfigError
from sdst_runtime.loading import load
from sdst_runtime.manifest import Manifest

if TYPE_CHECKING:
    from sdst_edge.training.recipe import Recipe, RenderedPool

__all__ = ["CLIP_SEED", "DemoReport", "run_demo"]

#: Of the clip that is tracked, chosen by its looks; the clips that are trained on have other seeds.
CLIP_SEED = 21
BENCH_FRAMES = 200
MIN_CLIPS = 20
CLIPS_PER_SECOND = 7
#: Of the training's bar, for rendering what it trains on.
OPENING_SHARE = 0.15

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
        training = _train(work, recipe, stages)
        with stages.stage("export"):
            manifest = _export(work, stages)
        with stages.stage("measure"):
            request = SubjectRequest(bundle=str(work.bundle))
            latency = measure_bundle(request, frames=BENCH_FRAMES, cold_start=True)
        with stages.stage("track"):
            evaluation, found = _track(work, clip)
        final = DemoPaths(out)
        report = DemoReport(
            clip=ClipFacts.of(clip, seed),
            training_clips=_pool(recipe).clips,
            training=training,
            parameters=manifest.parameters,
            macs=manifest.macs,
            scores=evaluation.overall,
            rule_text=evaluation.rule_text,
            found=found,
            latency=replace(latency, setup=replace(latency.setup, bundle=str(final.bundle))),
            environment=probe_environment(),
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
    for module in ("torch", "safetensors", "lightning_fabric", "tensorboardX", "onnx", "onnxsim"):
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


def _pool(recipe: Recipe) -> RenderedPool:
    """What the demo trains on: rendered clips, its only source."""
    (source,) = recipe.data.sources
    assert source.rendered is not None
    return source.rendered


def _write_clip(work: DemoPaths, seed: int) -> Sequence:
    """The clip as its files give it, so that whoever reads them later gets the same figures."""
    rendered = render_clip(seed)
    write_got10k_sequence(work.clip, rendered)
    (clip,) = read_got10k(work.clip)
    write_clip_video(work, clip)
    return clip


def _train(work: DemoPaths, recipe: Recipe, stages: _Stages) -> TrainingFacts:
    from sdst_edge.training.loop import train

    with stages.stage("train"), tempfile.TemporaryDirectory(dir=work.folder) as temporary:
        result = train(
            recipe,
            Path(temporary) / "run",
            on_open=lambda share: stages.tell(OPENING_SHARE * share),
            on_progress=lambda progress: stages.tell(OPENING_SHARE + (1 - OPENING_SHARE) * progress.fraction),
        )
        shutil.copyfile(result.files.model, work.checkpoint)
    return TrainingFacts(steps=result.steps, seconds=result.seconds, losses=result.losses)


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
