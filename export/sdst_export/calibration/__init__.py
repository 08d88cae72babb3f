"""The crops that the ranges of activations are taken from: what the runtime itself feeds a network on real frames."""

from __future__ import annotations

from sdst_export.calibration.collecting import SEARCHES, collect
from sdst_export.calibration.crops import MIN_SEARCHES, CalibrationSet, CropPair
from sdst_export.calibration.noise import random_calibration

__all__ = ["MIN_SEARCHES", "SEARCHES", "CalibrationSet", "CropPair", "collect", "random_calibration"]
