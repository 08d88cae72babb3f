"""Boxes as they stand in a toolkit's files, counted from 1, scored by a rule."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import ArrayLike

from sdst_edge.evaluation.rules import RuleScores, rule_by_name

#: Of files that count from 1.
CORNER = np.array((1.0, 1.0, 0.0, 0.0))

#: Of all pictures.
SIZE_WH = (100, 80)


def score_file_boxes(
    rule: str,
    predicted: ArrayLike,
    true: ArrayLike,
    visible: Items[bool] | None = None,
) -> RuleScores:
    """Scores of one sequence, from boxes counted from 1; the target is visible in all frames for None."""
    flags = np.ones(len(np.asarray(true)), np.bool_) if visible is None else visible
    return rule_by_name(rule).score(np.asarray(predicted) - CORNER, np.asarray(true) - CORNER, flags, SIZE_WH)
