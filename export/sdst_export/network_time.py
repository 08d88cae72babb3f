"""How long variants of one bundle take for a frame's network, side by side.

What is counted is the processor time of one thread: on an idle machine that is the time that passes, and on a busy one
a network of 5 ms is not charged for the others that are let in between, which one of 1 ms escapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import process_time_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_export.accuracy.running import engine_here
from sdst_runtime.bundle import Bundle
from sdst_runtime.byte_crops import byte_shape
from sdst_runtime.config import TrackerConfig
from sdst_runtime.loading import open_session
from sdst_runtime.session import reads_bytes

__all__ = ["NetworkTime", "time_networks"]

TURNS = 30
CALLS, UNCOUNTED = 6, 2  # of a turn; the first calls find the caches full of another variant's weights


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTime:
    """Of one variant.

    Attributes:
        median_ms: over all calls, milliseconds of processor time.
        ratio: to the first variant's time: the median over the turns, in each of which both meet the same load on
            caches and clock.
    """

    median_ms: float
    ratio: float


def time_networks(bundle: Bundle, variants: Sequence[str], *, turns: int = TURNS) -> dict[str, NetworkTime]:
    """Times of search graph and head, or of what a session has in their place, one thread.

    Args:
        bundle: that holds them.
        variants: names, the one to compare with first. They take turns of some calls each. TensorRT's are run by ONNX
            Runtime.
        turns: of each variant, >= 1.

    Raises:
        ManifestError: there is no such variant.
        BackendUnavailable: the engine of one is not installed.
    """
    runs: dict[str, Callable[[], object]] = {}
    times: dict[str, list[list[int]]] = {name: [] for name in variants}
    with ExitStack() as stack:
        for name in times:
            session = open_session(bundle, variant=name, engine=engine_here(bundle, name))
            stack.enter_context(closing(session))
            z, x = _inputs(bundle.manifest.tracker, as_bytes=reads_bytes(session))
            template = stack.enter_context(closing(session.embed(z)))
            runs[name] = partial(session.match, template, x)
        for _ in range(turns):
            for name, run in runs.items():
                times[name].append(_turn(run))
    first = times[variants[0]]
    return {
        name: NetworkTime(
            median_ms=median(item for turn in own for item in turn) / 1e6,
            ratio=median(median(mine) / median(other) for mine, other in zip(own, first, strict=True)),
        )
        for name, own in times.items()
    }


def _turn(run: Callable[[], object]) -> list[int]:
    """Nanoseconds of the counted calls of a turn."""
    counted = []
    for _ in range(CALLS):
        start = process_time_ns()
        run()
        counted.append(process_time_ns() - start)
    return counted[UNCOUNTED:]


def _inputs(config: TrackerConfig, *, as_bytes: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Noise in the range of pixels: the time does not depend on what is seen."""
    generator = np.random.default_rng(0)
    shapes = config.template_shape, config.search_shape
    if as_bytes:
        z, x = (generator.integers(0, 256, byte_shape(shape), np.uint8) for shape in shapes)
        return z, x
    rule = config.normalization
    mean, std = (np.asarray(value, np.float32).reshape(3, 1, 1) for value in (rule.mean, rule.std))
    z, x = (((generator.uniform(0, 255, shape).astype(np.float32) - mean) / std).astype(np.float32) for shape in shapes)
    return z, x
