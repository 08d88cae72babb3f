"""Frame time, start and memory of a bundle's variants on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.closed_loop import ClosedLoops, LoopPlan
from sdst_bench.measuring.cold_start import measure_cold_start
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_bench.report.model import BundleReport
from sdst_runtime.manifest import Manifest

__all__ = ["measure_variants", "shown_variants"]

FRAMES = 200
#: As ``sdst-edge bench`` has it, so that it gives the figures again.
SIZE_WH = (1280, 720)
#: What to see side by side: the network as it was trained, and its quickest form on a CPU that has nothing but this.
COMPARED = ("onnx/fp32", "onnx/int8-ort")


def shown_variants(manifest: Manifest) -> tuple[str, ...]:
    """The bundle's default variant, and after it those to compare it with that the bundle has."""
    others = (name for name in COMPARED if name in manifest.variants and name != manifest.default_variant)
    return (manifest.default_variant, *others)


def measure_variants(
    bundle: str, variants: Sequence[str], on_progress: Callable[[float], None]
) -> tuple[BundleReport, ...]:
    """Measures each variant's start in a fresh process, then updates of all in turns, so that what drifts hits all.

    Args:
        bundle: name or path.
        variants: of the bundle, at least one, each another one.
        on_progress: called with the share of the updates that is done, 0..1.

    Raises:
        SdstError: of the bundle, or a variant cannot run here.
    """
    requests = [SubjectRequest(bundle=bundle, variant=variant) for variant in variants]
    clip = Clip.rendered(SIZE_WH)
    cold = [measure_cold_start(request, clip) for request in requests]
    with ExitStack() as opened:
        subjects = [opened.enter_context(Subject.open(request, clip)) for request in requests]
        loops = opened.enter_context(ClosedLoops(subjects, clip, LoopPlan(frames=FRAMES)))
        taken = loops.take_rounds(on_progress=lambda share, _: on_progress(share))
        return tuple(
            BundleReport(
                name=subject.name, setup=subject.setup, start=start, memory=memory, closed_loop=taken[subject.name]
            )
            for subject, (start, memory) in zip(subjects, cold, strict=True)
        )
