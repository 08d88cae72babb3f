"""Which frames of which folder the sequences of UAV123 are.

The numbers are those of the set's own ``configSeqs.m`` (Mueller, Smith, Ghanem: A Benchmark and Simulator for UAV
Tracking, ECCV 2016), as pytracking's ``uavdataset.py`` has them too.

UAV20L has one sequence a folder, from its first frame to the last one that UAV123 uses of it. UAV123@10fps keeps every
third frame, from the first, and numbers them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sdst_edge.datasets.layouts.numbered_frames import Span

__all__ = ["UAV123_SPANS", "at_10_fps"]

_TABLE = """
bird1 1-253 775-1477 1573-2437 | car1 1-751 751-1627 1627-2629 | car6 1-487 487-1807 1807-2953 2953-3925 3925-4861
car8 1-1357 1357-2575 | car16 1-415 415-1993 | group1 1-1333 1333-2515 2515-3925 3925-4873
group2 1-907 907-1771 1771-2683 | group3 1-1567 1567-2827 2827-4369 4369-5527 | person2 1-1189 1189-2623
person4 1-1501 1501-2743 | person5 1-877 877-2101 | person7 1-1249 1249-2065 | person8 1-1075 1075-1525
person12 1-601 601-1621 | person14 1-847 847-1813 1813-2923 | person17 1-1501 1501-2347
person19 1-1243 1243-2791 2791-4357 | truck4 1-577 577-1261 | uav1 1-1555 1555-2377 2473-3469
"""


def at_10_fps(span: Span) -> Span:
    """The same stretch in the numbers of UAV123@10fps, inclusive on both ends."""
    first, last = span
    return (first - 1) // 3 + 1, (last - 1) // 3 + 1


def _spans() -> Mapping[str, tuple[str, Span]]:
    spans: dict[str, tuple[str, Span]] = {}
    for row in _TABLE.strip().replace("\n", "|").split("|"):
        folder, *parts = row.split()
        for number, part in enumerate(parts, start=1):
            first, last = part.split("-")
            spans[f"{folder}_{number}"] = (folder, (int(first), int(last)))
    return MappingProxyType(spans)


#: Sequence to folder and span, for those that share a folder; the others are the whole folder of their name.
UAV123_SPANS = _spans()
