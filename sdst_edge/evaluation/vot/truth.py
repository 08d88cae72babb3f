"""What the ground truth of a sequence is to the VOT protocols."""

from __future__ import annotations

from sdst_edge.datasets.region import Rectangle, Region
from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.vot.runs import Answer

__all__ = ["true_region", "true_regions"]


def true_region(sequence: Sequence, index: int) -> Region:
    """The region as the data set marks it, else the box; None where the target is absent."""
    if sequence.regions is not None:
        return sequence.regions[index]
    return Rectangle(*sequence.boxes_xywh[index].tolist()) if sequence.visible[index] else None


def true_regions(sequence: Sequence) -> tuple[Answer, ...]:
    """One a frame, to be compared with answers; unknown where the target is absent."""
    regions = (true_region(sequence, index) for index in range(len(sequence)))
    return tuple(SpecialCode.UNKNOWN if region is None else region for region in regions)
