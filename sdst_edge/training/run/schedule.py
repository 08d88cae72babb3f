"""How much of the budget is spent, and the learning rate that goes with it."""

from __future__ import annotations

import math

from sdst_edge.training.recipe import Optimization

__all__ = ["budget_fraction", "rate"]

#: The warm-up's first rate, so that no step is wasted.
_FIRST_RATE = 0.01


def budget_fraction(optimization: Optimization, step: int, seconds: float) -> float:
    """Share of the budget that is spent, 0..1; of two budgets the one that runs out first counts.

    Args:
        optimization: holds the budgets.
        step: optimiser steps done.
        seconds: that the run has taken.
    """
    by_steps = step / optimization.steps if optimization.steps else 0.0
    by_time = seconds / optimization.seconds if optimization.seconds else 0.0
    return min(1.0, max(by_steps, by_time))


def rate(optimization: Optimization, fraction: float) -> float:
    """Share of the highest learning rate: up a line from near 0 in the warm-up, then as the schedule says.

    With t the share of the rest that is spent: ``cosine`` (1 + cos(pi t)) / 2 (Loshchilov & Hutter, SGDR, ICLR 2017);
    ``log`` s^t for the last share s, evenly spaced in the logarithm (SiamFC's); ``constant`` 1.

    Args:
        optimization: names the schedule.
        fraction: of the budget, 0..1.
    """
    warmup = optimization.warmup
    if fraction < warmup:
        return max(fraction / warmup, _FIRST_RATE)
    spent = (fraction - warmup) / max(1.0 - warmup, 1e-9)
    if optimization.schedule == "cosine":
        return 0.5 + 0.5 * math.cos(math.pi * spent)
    if optimization.schedule == "log":
        return math.exp(math.log(optimization.final_lr_share) * spent)
    return 1.0
