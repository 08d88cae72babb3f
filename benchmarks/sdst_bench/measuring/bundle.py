"""One bundle on a rendered clip, for whoever wants no more than its frame times."""

from __future__ import annotations

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.closed_loop import ClosedLoops, LoopPlan
from sdst_bench.measuring.cold_start import measure_cold_start
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_bench.report.model import BundleReport

__all__ = ["measure_bundle"]


def measure_bundle(
    request: SubjectRequest,
    *,
    frames: int = 300,
    warmup: int = 20,
    size_wh: tuple[int, int] = (1280, 720),
    cold_start: bool = False,
) -> BundleReport:
    """Times a bundle in a closed loop.

    Args:
        request: bundle, and how it runs.
        frames: updates to time, >= 1.
        warmup: updates before them, >= 0.
        size_wh: of the rendered frames, px.
        cold_start: whether a fresh process is measured, too.

    Returns:
        With ``closed_loop``, and ``start`` and ``memory`` if they were asked for.

    Raises:
        SdstError: as :meth:`Subject.open` and :class:`LoopPlan` have it.
    """
    clip = Clip.rendered(size_wh)
    start, memory = measure_cold_start(request, clip) if cold_start else (None, None)
    plan = LoopPlan(frames=frames, warmup=warmup)
    with Subject.open(request, clip) as subject, ClosedLoops([subject], clip, plan) as loops:
        loop = loops.take_rounds()[subject.name]
        return BundleReport(name=subject.name, setup=subject.setup, start=start, memory=memory, closed_loop=loop)
