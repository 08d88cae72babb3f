"""No rule: boxes are kept and nothing is scored, as for test sets whose makers score on their own server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdst_edge.evaluation.rules.rule import Metric, Rule, RuleScores

__all__ = ["UNSCORED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unscored:
    name: str = "none"
    description: str = "no rule: nothing was scored, the boxes are for the server of the data set's makers"
    metrics: tuple[Metric, ...] = ()
    thresholds: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    needs_size: bool = False
    pooled: bool = False

    def score(self, *_: object, **__: object) -> RuleScores:
        return RuleScores(scores={}, frames=0)

    mean = score


#: Without metrics, curves and figures. Not among ``RULES``, which score.
UNSCORED: Rule = _Unscored()
