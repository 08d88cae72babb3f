"""A report against an earlier one: how many times as long, large or costly each figure is now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

import numpy as np

from sdst_bench.report.host_changes import TextChange, host_changes
from sdst_bench.report.model import BenchReport, BundleReport, Setup
from sdst_bench.report.parts import Accuracy
from sdst_bench.stats import Interval, resampled_medians
from sdst_runtime.errors import ConfigError

__all__ = ["BundleChange", "Change", "ReportComparison", "compare_reports", "parse_share"]

#: ``not measured``: one of the two has no closed loop of the bundle, so that nobody can tell.
Verdict: TypeAlias = Literal["within", "regressed", "not measured", "not judged"]

RULE = (
    "regressed: the median of update() is more than {limit:g} times the old one, and the 95 % interval of that ratio "
    "(resampled blocks of frames of both) lies above 1"
)

#: Attributes of a setup that the figures do not hang on, or that are what changed.
NOT_COMPARED = ("bundle", "bundle_bytes", "target_px")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure in both reports.

    Attributes:
        old: in the earlier one.
        new: in the later one.
        ratio: ``new`` / ``old``; None where ``old`` is 0, and for scores, whose difference counts.
        interval: 95 % interval of ``ratio``; None where no series of frames is behind the figure.
    """

    old: float
    new: float
    ratio: float | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleChange:
    """A bundle in both reports. None: one of them has not measured it.

    Attributes:
        name: in both.
        verdict: of the median of ``update()``, by the rule of the comparison.
        setup: what is not the same of the two setups.
        median_ms: of ``update()``.
        p99_ms: of ``update()``.
        camera_ms: median latency at the camera's rate, where that is the same.
        peak_rss_bytes: of a fresh process.
        frame_mj: energy of a frame, where both read the same supplies.
        success_auc: where both were scored by one rule on as many sequences and frames.
    """

    name: str
    verdict: Verdict
    setup: tuple[TextChange, ...]
    median_ms: Change | None
    p99_ms: Change | None
    camera_ms: Change | None
    peak_rss_bytes: Change | None
    frame_mj: Change | None
    success_auc: Change | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportComparison:
    """Two reports, bundle by bundle.

    Attributes:
        old: when and by which command the earlier one was made.
        new: likewise the later one.
        max_regression: share by which the median may grow; None: the figures are only shown.
        rule: what counts as a regression, in words; empty where nothing is judged.
        bundles: that both have.
        only_old: names of bundles that the later one lacks.
        only_new: names of bundles that the earlier one lacks.
        hosts: what is not the same of the two hosts; where there is any, ratios compare hosts, too.
    """

    old: str
    new: str
    max_regression: float | None
    rule: str
    bundles: tuple[BundleChange, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    hosts: tuple[TextChange, ...]

    @property
    def passed(self) -> bool:
        """Whether every bundle that both have was measured in both and stayed within the limit, if there is one."""
        return all(bundle.verdict in ("within", "not judged") for bundle in self.bundles)


def compare_reports(old: BenchReport, new: BenchReport, max_regression: float | None) -> ReportComparison:
    """How the later report differs from the earlier one.

    Args:
        old: the baseline.
        new: to be judged.
        max_regression: share by which the median of ``update()`` may grow, such as 0.1; None to show figures only.

    Raises:
        ConfigError: no bundle is in both, or figures are to be judged of one that was not set up the same way.
    """
    before, after = ({bundle.name: bundle for bundle in report.bundles} for report in (old, new))
    common = [name for name in before if name in after]
    if not common:
        raise ConfigError(
            f"the reports have no bundle in common: {', '.join(map(repr, before)) or 'none'} in the old one, "
            f"{', '.join(map(repr, after)) or 'none'} in the new one; bundles are matched by their names"
        )
    bundles = tuple(_bundle_change(before[name], after[name], max_regression) for name in common)
    if max_regression is not None:
        _require_same_setups(bundles)
    return ReportComparison(
        old=f"{old.created}, {old.command}",
        new=f"{new.created}, {new.command}",
        max_regression=max_regression,
        rule="" if max_regression is None else RULE.format(limit=1 + max_regression),
        bundles=bundles,
        only_old=tuple(name for name in before if name not in after),
        only_new=tuple(name for name in after if name not in before),
        hosts=host_changes(old, new),
    )


def parse_share(text: str) -> float:
    """The share that ``10%`` or ``0.1`` says.

    Raises:
        ConfigError: it says none, a negative one, or a number above 1 without its ``%``.
    """
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        value = float(number) / (100 if percent else 1)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ConfigError(f"{text!r} is no share, expected one such as 10% or 0.1")
    if value > 1 and not percent:
        raise ConfigError(f"{text!r} would be {value:.0%}; write {number.strip()}%, or a share such as 0.1")
    return value


def _require_same_setups(bundles: Sequence[BundleChange]) -> None:
    differing = [f"{item.name!r} has {one.name} {one.old} and {one.new}" for item in bundles for one in item.setup]
    if differing:
        raise ConfigError(
            f"the reports were not set up the same way: {'; '.join(differing)}; measure again with the old one's "
            "setup, measure a new baseline, or compare without --max-regression"
        )


def _setup_changes(old: Setup, new: Setup) -> tuple[TextChange, ...]:
    names = [item.name for item in fields(Setup) if item.name not in NOT_COMPARED]
    pairs = [(name, str(getattr(old, name)), str(getattr(new, name))) for name in names]
    return tuple(TextChange(name=name, old=ours, new=theirs) for name, ours, theirs in pairs if ours != theirs)


def _bundle_change(old: BundleReport, new: BundleReport, max_regression: float | None) -> BundleChange:
    median = p99 = camera = energy = memory = auc = None
    if old.closed_loop and new.closed_loop:
        median = _median_change(old.closed_loop.total_ms, new.closed_loop.total_ms)
        p99 = _change(old.closed_loop.total.p99, new.closed_loop.total.p99)
    if old.camera and new.camera and old.camera.fps == new.camera.fps:
        camera = _median_change(old.camera.latency_ms, new.camera.latency_ms)
    if old.memory and new.memory and old.memory.peak_rss_bytes is not None and new.memory.peak_rss_bytes is not None:
        memory = _change(old.memory.peak_rss_bytes, new.memory.peak_rss_bytes)
    if old.power and new.power and old.power.total_of == new.power.total_of:
        energy = _change(old.power.frame_mj, new.power.frame_mj)
    if old.accuracy and new.accuracy and _scoring(old.accuracy) == _scoring(new.accuracy):
        auc = Change(old=old.accuracy.success_auc, new=new.accuracy.success_auc, ratio=None)
    return BundleChange(
        name=old.name,
        verdict=_verdict(median, max_regression),
        setup=_setup_changes(old.setup, new.setup),
        median_ms=median,
        p99_ms=p99,
        camera_ms=camera,
        peak_rss_bytes=memory,
        frame_mj=energy,
        success_auc=auc,
    )


def _change(old: float, new: float) -> Change:
    return Change(old=old, new=new, ratio=new / old if old > 0 else None)


def _median_change(old_ms: Sequence[float], new_ms: Sequence[float]) -> Change | None:
    """Of the medians of two series; None where one of them is empty."""
    if not old_ms or not new_ms:
        return None
    old, new = float(np.median(old_ms)), float(np.median(new_ms))
    if old <= 0:
        return _change(old, new)
    # two seeds: the same draws would pair blocks of runs that have nothing to do with each other
    ratios = resampled_medians(new_ms, seed=1) / resampled_medians(old_ms, seed=0)
    low, high = map(float, np.percentile(ratios, (2.5, 97.5)))
    return Change(old=old, new=new, ratio=new / old, interval=Interval(low=low, high=high))


def _verdict(median: Change | None, max_regression: float | None) -> Verdict:
    if max_regression is None:
        return "not judged"
    if median is None or median.ratio is None or median.interval is None:
        return "not measured"
    return "regressed" if median.ratio > 1 + max_regression and median.interval.low > 1 else "within"


def _scoring(scores: Accuracy) -> tuple[str, int, int]:
    """What scores hang on beside the tracker; the path of a data set may be another on each host."""
    return scores.rule_text, scores.sequences, scores.frames
