"""How long variants of one bundle take for a frame's network, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from statistics import median
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from sdst_export.accuracy.running import engine_here
from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.loading import open_session
from sdst_runtime.session import Session

__all__ = ["time_networks"]

TURNS = 12
CALLS, UNCOUNTED = 12, 3  # of a turn; the first calls find the caches full of another variant's weights


def time_networks(bundle: Bundle, variants: Sequence[str], *, turns: int = TURNS) -> dict[str, float]:
    """Median milliseconds of search graph and head, or of what a session has in their place, one thread.

    Variants take turns of some calls each, so that ratios hold on a busy machine, where milliseconds do not.

    Args:
        bundle: that holds them.
        variants: names. TensorRT's are run by ONNX Runtime.
        turns: of each variant, >= 1.

    Raises:
        ManifestError: there is no such variant.
        BackendUnavailable: the engine of one is not installed.
    """
    z, x = _inputs(bundle.manifest.tracker)
    times: dict[str, list[int]] = {name: [] for name in variants}
    with ExitStack() as stack:
        runs = {}
        for name in times:
            session: Session = open_session(bundle, variant=name, engine=engine_here(bundle, name))
            stack.enter_context(closing(session))
            runs[name] = (session, stack.enter_context(closing(session.embed(z))))
        for _ in range(turns):
            for name, (session, template) in runs.items():
                for call in range(CALLS):
                    start = perf_counter_ns()
                    session.match(template, x)
                    if call >= UNCOUNTED:
                        times[name].append(perf_counter_ns() - start)
    return {name: median(values) / 1e6 for name, values in times.items()}


def _inputs(config: TrackerConfig) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Noise in the range of pixels: the time does not depend on what is seen."""
    generator = np.random.default_rng(0)
    rule = config.normalization
    mean, std = (np.asarray(value, np.float32).reshape(3, 1, 1) for value in (rule.mean, rule.std))
    z, x = (
        ((generator.uniform(0, 255, shape).astype(np.float32) - mean) / std).astype(np.float32)
        for shape in (config.template_shape, config.search_shape)
    )
    return z, x
