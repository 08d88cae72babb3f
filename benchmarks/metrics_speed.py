"""Every rule over recorded boxes as many as LaSOT's test set has: 280 sequences, 685,360 frames, one process.

    python benchmarks/metrics_speed.py

Boxes are random, a tenth of the frames absent, lengths spread evenly from 1,000 frames up. Each rule takes turns with
itself counting curves by one comparison of all frames a threshold, as PySOT does, and gives the same figures, checked
before timing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_bench.environment import probe_environment
from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.evaluation.metrics import share_above, share_from, share_up_to
from sdst_edge.evaluation.rules import RULES, RuleScores
from sdst_edge.evaluation.rules.figures import CurveKind
from sdst_edge.evaluation.rules.one_pass import OnePassRule
from sdst_runtime.errors import ParityError

SEQUENCES, FRAMES, SHORTEST = 280, 685_360, 1_000
SIZE_WH = (1280, 720)

#: What a value does with a threshold that it meets.
MEETS: Mapping[object, np.ufunc] = {
    share_above: np.greater,
    share_from: np.greater_equal,
    share_up_to: np.less_equal,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Boxes of a sequence, (N, 4) twice and (N,)."""

    predicted: NDArray[np.float64]
    true: NDArray[np.float64]
    visible: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Medians over the whole set, seconds, and how many times faster ours is than the loop."""

    rule: str
    seconds: float
    loop_seconds: float
    ratio: float


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3, metavar="N", help="of every rule, at least 1")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.repetitions < 1:
        parser.error(f"--repetitions is {options.repetitions}, expected at least 1")
    status, _ = exit_status(lambda: run(options.repetitions, options.json))
    return status


def run(repetitions: int, as_json: bool) -> None:
    """Checks, times and prints to stdout.

    Raises:
        ParityError: the two ways give different figures.
    """
    recorded = record()
    rules = [rule for rule in RULES.values() if isinstance(rule, OnePassRule)]
    figures = [_measure(rule, recorded, repetitions) for rule in rules]
    environment = probe_environment()
    if as_json:
        facts = {"sequences": SEQUENCES, "frames": FRAMES, "repetitions": repetitions}
        print_json({"rules": figures, **facts, "environment": environment})
        return
    lines = [f"{f'{SEQUENCES} sequences, {FRAMES:,} frames':34}{'seconds':>10}{'loop':>10}{'ratio':>8}"]
    lines += [f"{row.rule:34}{row.seconds:10.3f}{row.loop_seconds:10.3f}{row.ratio:8.2f}" for row in figures]
    lines += [f"medians of {repetitions} runs over the set, one process"]
    lines += [f"{environment.cpu}, numpy {environment.numpy}, Python {environment.python}"]
    print_rich("\n".join(lines))


def record() -> list[Recorded]:
    """Sequences of a tracker that drifts about its target, loses it now and then, and sometimes says nothing."""
    generator = np.random.default_rng(0)
    lengths = np.linspace(SHORTEST, 2 * FRAMES / SEQUENCES - SHORTEST, SEQUENCES).astype(int)
    lengths[-1] += FRAMES - lengths.sum()
    return [_sequence(generator, int(length)) for length in lengths]


def _sequence(generator: np.random.Generator, length: int) -> Recorded:
    corner, sides = generator.uniform(0, 600, (length, 2)), generator.uniform(20, 200, (length, 2))
    true = np.hstack([corner, sides])
    predicted = true + generator.normal(0, 1, (length, 4)) * generator.uniform(1, 40, (length, 1))
    predicted[:, 2:] = np.abs(predicted[:, 2:])
    predicted[1:][generator.random(length - 1) < 0.01] = 0.0
    visible = generator.random(length) >= 0.1
    visible[0] = True
    return Recorded(predicted=predicted, true=true, visible=visible)


def _measure(rule: OnePassRule, recorded: Items[Recorded], repetitions: int) -> Figures:
    loop = replace(rule, curves={name: _looped(kind) for name, kind in rule.curves.items()})
    ours, theirs = score_all(rule, recorded), score_all(loop, recorded)
    if ours.scores != theirs.scores or any(not np.array_equal(ours.curves[k], theirs.curves[k]) for k in ours.curves):
        raise ParityError(f"{rule.name}: {dict(ours.scores)} and, in a loop, {dict(theirs.scores)}; expected the same")
    times: dict[str, list[float]] = {"ours": [], "loop": []}
    for repetition in range(repetitions):
        turns = [("ours", rule), ("loop", loop)]
        for name, which in turns if repetition % 2 else reversed(turns):
            start = time.perf_counter()
            score_all(which, recorded)
            times[name].append(time.perf_counter() - start)
    seconds, loop_seconds = (float(np.median(times[name])) for name in ("ours", "loop"))
    return Figures(rule=rule.name, seconds=seconds, loop_seconds=loop_seconds, ratio=loop_seconds / seconds)


def score_all(rule: OnePassRule, recorded: Items[Recorded]) -> RuleScores:
    """The figures of the whole set."""
    return rule.mean([rule.score(item.predicted, item.true, item.visible, SIZE_WH) for item in recorded])


def _looped(kind: CurveKind) -> CurveKind:
    meets = MEETS[kind.share]

    def share(values: ArrayLike, thresholds: ArrayLike, frames: int) -> NDArray[np.float64]:
        hits = [np.sum(meets(values, threshold)) / float(frames) for threshold in np.asarray(thresholds)]
        return np.array(hits)

    return CurveKind(thresholds=kind.thresholds, share=share)


if __name__ == "__main__":
    sys.exit(main())
