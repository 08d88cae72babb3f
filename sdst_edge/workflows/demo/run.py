"""The demo from its first clip to its report, with the student that comes along or with one of its own training."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from sdst_bench.environment import probe_environment
from sdst_edge.datasets import Sequence
from sdst_edge.workflows.demo.clip import follow_clip, write_clip, write_tracked
from sdst_edge.workflows.demo.files import DemoPaths, check_target, workplace
from sdst_edge.workflows.demo.measuring import measure_variants, shown_variants
from sdst_edge.workflows.demo.report import STUDENT, ClipFacts, DemoReport, TrackerFacts, TrainingFacts, VariantRun
from sdst_edge.workflows.demo.report_text import report_text
from sdst_edge.workflows.demo.stages import OnProgress, Stages
from sdst_edge.workflows.demo.training import check_packages, demo_recipe, export_student, train_student
from sdst_runtime.bundle import Bundle
from sdst_runtime.shipped import is_shipped

__all__ = ["CLIP_SEED", "STUDENT", "run_demo", "run_training_demo"]

#: Of the clip that is tracked, chosen by its looks; the clips that are trained on have other seeds.
CLIP_SEED = 21


def run_demo(
    out: Path, *, bundle: str = STUDENT, seed: int = CLIP_SEED, on_progress: OnProgress | None = None
) -> DemoReport:
    """Renders a clip, times a tracker that is ready, and has it follow an object in the clip.

    The files appear in ``out`` when all is done, or not at all. Nothing is trained, downloaded or written elsewhere.

    Args:
        out: folder, made if it is missing; one that exists must be empty or hold an earlier demo, which is replaced.
        bundle: name of a student that comes with the package, or the path of a bundle's folder.
        seed: of the clip to track.
        on_progress: called with a stage's name and the share of it that is done.

    Raises:
        ConfigError: ``out`` is in the way.
        ManifestError: there is no such bundle, or it is damaged.
        SdstError: the bundle cannot run here, or a file cannot be written.
    """
    check_target(out)
    Bundle.open(bundle)  # what is the matter with it is told before there is anything else to read
    stages = Stages(on_progress)
    with workplace(out) as work:
        with stages.stage("clip"):
            clip = write_clip(work, seed)
        return _show(_Scene(work, DemoPaths(out), clip, seed, stages), bundle)


def run_training_demo(
    out: Path, *, seconds: float | None = None, seed: int = CLIP_SEED, on_progress: OnProgress | None = None
) -> DemoReport:
    """As :func:`run_demo`, with a tracker that is trained from nothing on other rendered clips, and exported.

    Args:
        out: as :func:`run_demo` has it.
        seconds: of training; None for what the recipe says.
        seed: of the clip to track.
        on_progress: called with a stage's name and the share of it that is done.

    Raises:
        ConfigError: ``out`` is in the way, ``seconds`` is no finite number above 0, or the clip is one of those
            trained on.
        BackendUnavailable: torch or another package of the extra ``export`` is not installed.
        SdstError: a file cannot be written.
    """
    check_packages()
    check_target(out)
    recipe = demo_recipe(seconds, seed)
    stages = Stages(on_progress)
    with workplace(out) as work:
        with stages.stage("clip"):
            clip = write_clip(work, seed)
        with stages.stage("train"):
            training = train_student(work, recipe, stages)
        with stages.stage("export"):
            export_student(work, stages)
        return _show(_Scene(work, DemoPaths(out), clip, seed, stages), str(work.bundle), training)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a tracker is shown on: where files are made and where they end up, the clip and its seed, the stages."""

    work: DemoPaths
    final: DemoPaths
    clip: Sequence
    seed: int
    stages: Stages


def _show(scene: _Scene, bundle: str, training: TrainingFacts | None = None) -> DemoReport:
    """Measures the bundle, has it follow the clip's target, and writes what is there to look at and to read."""
    opened = Bundle.open(bundle)
    manifest, work = opened.manifest, scene.work
    variants = shown_variants(manifest)
    with scene.stages.stage("measure"):
        timed = measure_variants(bundle, variants, scene.stages.tell)
    with scene.stages.stage("track"):
        followed = [follow_clip(opened, variant, scene.clip) for variant in variants]
        write_tracked(work, scene.clip, followed[0].results)
    named = str(scene.final.bundle) if training else bundle
    runs = tuple(
        VariantRun(
            scores=item.evaluation.overall,
            found=item.found,
            latency=replace(report, setup=replace(report.setup, bundle=named)),
        )
        for item, report in zip(followed, timed, strict=True)
    )
    report = DemoReport(
        clip=ClipFacts.of(scene.clip, scene.seed),
        tracker=TrackerFacts(
            bundle=named, shipped=is_shipped(Path(named)), parameters=manifest.parameters, macs=manifest.macs
        ),
        training=training,
        runs=runs,
        rule_text=followed[0].evaluation.rule_text,
        environment=probe_environment(),
        stage_seconds=scene.stages.seconds,
        paths=scene.final,
    )
    work.report.write_text(report_text(report), encoding="utf-8")
    work.figures.write_text(json.dumps(report.to_plain(), indent=2) + "\n", encoding="utf-8")
    return report
