"""The rule of LaSOT's MATLAB toolkit.

Source: github.com/HengLan/LaSOT_Evaluation_Toolkit, commit 95bf38ae4f75965739546ae1fd7d5556dfc6e5c6,
``utils/calc_seq_err_robust.m``, ``eval_tracker.m`` and ``plot_draw_save.m``.

* From frame 2 on, a predicted box with a NaN or a side <= 0 becomes the box of the frame before, absent or not, where
  the true box has no NaN. Frame 2 takes the tracker's own first box, and only then that one becomes the true box.
* Absent frames are no hits, but all frames are counted in the divisor.
* A true box with a value <= 0, x and y included, has overlap -1, a miss, and error -1, a hit at every threshold.
* Both centres are divided by the true sides before they are subtracted.
* Rows beyond the last true box are cut off (monkey-17); rows too few are an error.
* A sequence whose curve is zero all along is left out of that curve's mean over sequences.
"""

from __future__ import annotations

import numpy as np

from sdst_edge.evaluation.metrics import center_error_px, edge_iou, scaled_center_error
from sdst_edge.evaluation.rules.figures import (
    NORM_PRECISION,
    NORM_PRECISION_20,
    PRECISION,
    PRECISION_20,
    SUCCESS,
    SUCCESS_AUC,
)
from sdst_edge.evaluation.rules.one_pass import Measures, OnePassRule
from sdst_edge.evaluation.rules.recording import Recording, last_kept

__all__ = ["LASOT"]


def _measure(recording: Recording) -> Measures:
    predicted, true = recording.predictions(cut=True), recording.true
    bad = np.isnan(predicted).any(axis=1) | (predicted[:, 2:] <= 0).any(axis=1)
    predicted = predicted[last_kept(np.logical_or(~bad, np.isnan(true).any(axis=1)))]
    predicted[0] = true[0]
    usable = (true > 0).all(axis=1)
    values = {
        "success": np.where(usable, edge_iou(predicted, true), -1.0),
        "precision": np.where(usable, center_error_px(predicted, true), -1.0),
        "norm_precision": np.where(usable, scaled_center_error(predicted, true, true[:, 2:]), -1.0),
    }
    return Measures(values=values, counted=recording.visible, divisor=np.ones_like(recording.visible))


LASOT = OnePassRule(
    name="lasot",
    description=(
        "LaSOT toolkit: absent frames are misses, bad boxes become the one before, AUC over 21 thresholds (IoU >), "
        "precision at 20 px and 0.2 of the sides (<=), per sequence, then the mean"
    ),
    curves={"success": SUCCESS, "precision": PRECISION, "norm_precision": NORM_PRECISION},
    figures=(SUCCESS_AUC, PRECISION_20, NORM_PRECISION_20),
    measure=_measure,
    drops_zeros=True,
)
