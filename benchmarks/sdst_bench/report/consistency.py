"""Whether the figures of a report fit each other: one that was edited by hand is no baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from sdst_bench.report.model import BenchReport, BundleReport
from sdst_bench.report.parts import Camera, ClosedLoop, Power
from sdst_bench.stats import Summary

__all__ = ["inconsistencies"]

#: Figures have six digits, and durations of series end at 0.1 us.
REL_TOL, ABS_TOL = 1e-4, 1e-4


def inconsistencies(report: BenchReport) -> list[str]:
    """What does not fit, in words; nothing where all does."""
    names = [bundle.name for bundle in report.bundles]
    twice = [f"two bundles are named {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    stopped = ["it is complete, yet it says where it stopped"] if report.complete and report.stopped else []
    return [*stopped, *twice, *(text for bundle in report.bundles for text in _of_bundle(bundle))]


def _of_bundle(bundle: BundleReport) -> Iterator[str]:
    for part, found in (
        ("closed_loop", _of_loop(bundle.closed_loop) if bundle.closed_loop else ()),
        ("camera", _of_camera(bundle.camera) if bundle.camera else ()),
        ("power", _of_power(bundle.power) if bundle.power else ()),
    ):
        for name, stated, expected in found:
            if not math.isclose(stated, expected, rel_tol=REL_TOL, abs_tol=ABS_TOL):
                yield f"{bundle.name}: {part}.{name} is {stated:g}, its other figures give {expected:g}"


def _of_loop(loop: ClosedLoop) -> Iterator[tuple[str, float, float]]:
    """Names of figures, what they are, and what they must be."""
    yield "frames", loop.frames, len(loop.total_ms)
    yield from _of_summary("total", loop.total, loop.total_ms)
    yield "total.p50 + jitter_ms", loop.total.p50 + loop.jitter_ms, loop.total.p99
    if loop.total.mean > 0:
        yield "fps", loop.fps, 1e3 / loop.total.mean
    if loop.stages:
        yield "stages, sum of means,", sum(stage.mean for stage in loop.stages.values()), loop.total.mean


def _of_camera(camera: Camera) -> Iterator[tuple[str, float, float]]:
    yield "frames", camera.frames, camera.processed + camera.dropped
    yield "processed", camera.processed, len(camera.latency_ms)
    yield from _of_summary("latency", camera.latency, camera.latency_ms)


def _of_power(power: Power) -> Iterator[tuple[str, float, float]]:
    yield "frame_mj * frames", power.frame_mj * power.frames, power.busy_mw * power.busy_seconds


def _of_summary(name: str, summary: Summary, times_ms: Sequence[float]) -> Iterator[tuple[str, float, float]]:
    if not times_ms:
        return
    p50, p90, p99 = map(float, np.percentile(times_ms, (50, 90, 99)))
    yield f"{name}.p50", summary.p50, p50
    yield f"{name}.p90", summary.p90, p90
    yield f"{name}.p99", summary.p99, p99
    yield f"{name}.max", summary.max, max(times_ms)
    yield f"{name}.mean", summary.mean, float(np.mean(times_ms))
