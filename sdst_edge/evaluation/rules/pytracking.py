"""The rules of pytracking's analysis, in percent: as for OTB, LaSOT and UAV123, and with invalid frames excluded.

Source: github.com/visionml/pytracking, commit 7eb9e74bd3d40e29dbcec444902237da13de247b,
``pytracking/analysis/extract_results.py`` and ``plot_results.py``. The original keeps curves in float32, we in float64.

* A predicted box with a NaN or a side < 0 is refused, and so is a NaN in a true box, but for UAV123.
* From frame 2 on, a predicted box with a side of 0 becomes the box of the frame before, where the true box has no NaN.
  Frame 2 takes the tracker's own first box, and only then that one becomes the true box.
* Missing rows at the end become boxes 0,0,0,0, which nothing repairs, but for LaSOT, where they are refused; rows
  beyond the last true box are cut off.
* A frame is valid where the true sides are > 0 and, for all but ``pytracking``, the target is visible. An invalid one
  has overlap -1, a miss; centre error infinite, a miss, for UAV123 -1, a hit; and normalised error -1, a hit, for LaSOT
  infinite where the target is not visible. The divisor is the number of all frames; that of the valid ones for
  ``pytracking-valid`` (``exclude_invalid_frames``), whose normalised precision can so exceed 100.
* Both centres are divided by the true sides before they are subtracted.
* Per sequence first, then the mean.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sdst_edge.evaluation.metrics import center_error_px, edge_iou, scaled_center_error
from sdst_edge.evaluation.rules.figures import (
    NORM_PRECISION,
    NORM_PRECISION_20,
    PRECISION,
    PRECISION_20,
    SUCCESS,
    SUCCESS_AUC,
    Figure,
    at,
)
from sdst_edge.evaluation.rules.one_pass import Measures, OnePassRule
from sdst_edge.evaluation.rules.recording import Recording, last_kept
from sdst_edge.evaluation.rules.rule import Metric
from sdst_runtime.errors import DatasetError

__all__ = ["PYTRACKING", "PYTRACKING_LASOT", "PYTRACKING_UAV", "PYTRACKING_VALID"]

Kind = Literal["otb", "lasot", "uav", "valid"]


def _measure(kind: Kind, recording: Recording) -> Measures:
    true = recording.true
    if kind in ("uav", "valid"):
        true[~recording.visible] = np.nan if kind == "uav" else 0.0
    predicted = _repaired(kind, recording)
    predicted[0] = true[0]
    every = np.ones_like(recording.visible)
    visible = every if kind == "otb" else recording.visible
    valid = (true[:, 2:] > 0).all(axis=1) & visible
    norm_error_of_invalid = np.where(visible, -1.0, np.inf) if kind == "lasot" else -1.0
    values = {
        "success": np.where(valid, edge_iou(predicted, true), -1.0),
        "precision": np.where(valid, center_error_px(predicted, true), -1.0 if kind == "uav" else np.inf),
        "norm_precision": np.where(valid, scaled_center_error(predicted, true, true[:, 2:]), norm_error_of_invalid),
    }
    return Measures(values=values, counted=every, divisor=valid if kind == "valid" else every)


def _repaired(kind: Kind, recording: Recording) -> NDArray[np.float64]:
    """(N, 4) predicted boxes, newly allocated."""
    predicted, blank = recording.predicted, np.isnan(recording.true).any(axis=1)
    wrong = np.logical_or(np.isnan(predicted).any(axis=1), (predicted[:, 2:] < 0).any(axis=1))
    if wrong.any():
        raise DatasetError(
            f"predicted box of frame {int(wrong.argmax()) + 1} has a NaN or a side < 0; pytracking refuses such results"
        )
    if blank.any() and kind != "uav":
        raise DatasetError(
            f"true box of frame {int(blank.argmax()) + 1} has a NaN, which pytracking takes for UAV123 only; "
            "use pytracking-uav or pytracking-valid"
        )
    boxes = recording.predictions(cut=True, fill=None if kind == "lasot" else 0.0)
    good = (boxes[:, 2:] != 0).all(axis=1) | blank
    good[len(predicted) :] = True  # rows that were filled in stay as they are
    return boxes[last_kept(good)]


def _rule(name: str, kind: Kind, frames: str) -> OnePassRule:
    return OnePassRule(
        name=name,
        description=(
            f"{frames}, bad boxes become the one before, AUC over 21 thresholds (IoU >), precision at 20 px and 0.2 of "
            "the sides (<=), in percent, per sequence, then the mean"
        ),
        curves={"success": SUCCESS, "precision": PRECISION, "norm_precision": NORM_PRECISION},
        figures=(
            SUCCESS_AUC,
            Figure(metric=Metric(key="op_50", label="OP50"), curve="success", read=at(10)),
            Figure(metric=Metric(key="op_75", label="OP75"), curve="success", read=at(15)),
            PRECISION_20,
            NORM_PRECISION_20,
        ),
        measure=partial(_measure, kind),
        scale=100.0,
    )


PYTRACKING = _rule("pytracking", "otb", "pytracking: all frames")
PYTRACKING_LASOT = _rule("pytracking-lasot", "lasot", "pytracking on LaSOT: absent frames are misses")
PYTRACKING_UAV = _rule(
    "pytracking-uav", "uav", "pytracking on UAV123: absent frames are misses by overlap, hits by error"
)
PYTRACKING_VALID = _rule(
    "pytracking-valid", "valid", "pytracking without invalid frames: those left out of the divisor"
)
