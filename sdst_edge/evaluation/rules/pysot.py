"""The rules of PySOT's toolkit: OPE, and OPE with LaSOT's flags of absence.

Source: github.com/STVIR/pysot, commit d04028f8e18c6b27ee150a7c0d8aab9a1807219e, ``toolkit/evaluation/ope_benchmark.py``
and ``toolkit/utils/statistics.py``.

* No predicted box is replaced, not even the first; one with a NaN is a miss.
* A true box without area has overlap -1, a miss. A true centre that is not positive, as that of the box 0,0,0,0 or of
  one with a NaN, has error -1, a hit at every threshold: a set that marks absence so gets precision for nothing.
* Both centres are divided by the true sides (+ 1e-16) before they are subtracted.
* ``pysot`` counts all frames. ``pysot-lasot`` leaves absent frames out, but not of the divisor, and cuts off rows
  beyond the last true box (monkey-17).
* Per sequence first, then the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdst_edge.evaluation.metrics import center_error_px, iou, pixel_centers, scaled_center_error
from sdst_edge.evaluation.rules.figures import (
    NORM_PRECISION,
    NORM_PRECISION_20,
    PRECISION,
    PRECISION_20,
    SUCCESS,
    SUCCESS_AUC,
)
from sdst_edge.evaluation.rules.one_pass import Measures, OnePassRule
from sdst_edge.evaluation.rules.recording import Recording

__all__ = ["PYSOT", "PYSOT_LASOT"]


def _measure_all(recording: Recording) -> Measures:
    return _measure(recording.predictions(), recording.true, np.ones_like(recording.visible))


def _measure_lasot(recording: Recording) -> Measures:
    return _measure(recording.predictions(cut=True), recording.true, recording.visible)


def _measure(predicted: NDArray[np.float64], true: NDArray[np.float64], counted: NDArray[np.bool_]) -> Measures:
    sides = true[:, 2:] + 1e-16
    centers = pixel_centers(true)
    values = {
        "success": np.where(_positive(true[:, 2:]), iou(predicted, true), -1.0),
        "precision": np.where(_positive(centers), center_error_px(predicted, true), -1.0),
        "norm_precision": np.where(_positive(centers / sides), scaled_center_error(predicted, true, sides), -1.0),
    }
    return Measures(values=values, counted=counted, divisor=np.ones_like(counted))


def _positive(pairs: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((pairs > 0).all(axis=1))


PYSOT = OnePassRule(
    name="pysot",
    description=(
        "PySOT: all frames, no box replaced, AUC over 21 thresholds (IoU >), precision at 20 px and 0.2 of the sides "
        "(<=), per sequence, then the mean"
    ),
    curves={"success": SUCCESS, "precision": PRECISION, "norm_precision": NORM_PRECISION},
    figures=(SUCCESS_AUC, PRECISION_20, NORM_PRECISION_20),
    measure=_measure_all,
)

PYSOT_LASOT = OnePassRule(
    name="pysot-lasot",
    description=(
        "PySOT on LaSOT: absent frames are misses, no box replaced, AUC over 21 thresholds (IoU >), precision at "
        "20 px and 0.2 of the sides (<=), per sequence, then the mean"
    ),
    curves=PYSOT.curves,
    figures=PYSOT.figures,
    measure=_measure_lasot,
)
