"""What a variant loses against another, such as the fp32 one: on single crops, and on sequences.

Both run in their real sessions, behind libsdst's own crop and decoder, as on a device.
"""

from __future__ import annotations

from sdst_export.accuracy.accuracy import Followed, Validation, follow_validation, measure_accuracy
from sdst_export.accuracy.drift import Crops, measure_drift

__all__ = ["Crops", "Followed", "Validation", "follow_validation", "measure_accuracy", "measure_drift"]
