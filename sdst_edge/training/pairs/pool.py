"""Rendered clips to train on, kept in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.datasets.attributes import derive_frames
from sdst_edge.training.recipe import RenderedPool

__all__ = ["render_pool"]

_MOST_WORKERS = 4


def render_pool(pool: RenderedPool, on_progress: Callable[[float], None] | None = None) -> tuple[Sequence, ...]:
    """The clips of a pool, in the order of their seeds; the same every time.

    Kept frames are labelled with fast motion as the clip has it: from one kept frame to the next all would be fast.

    Args:
        pool: what to render. Memory: clips * frames * W * H * 3 bytes.
        on_progress: called after each clip with the share done, 0..1.

    Raises:
        ConfigError: frames smaller than rendered clips can be.
    """
    kept = range(0, pool.frames * pool.frame_step, pool.frame_step)

    def render(seed: int) -> Sequence:
        clip = render_clip(seed, frames=kept.stop, size_wh=pool.size_wh, distractors=pool.distractors)
        return replace(clip, frame_attributes={"FM": derive_frames(clip)["FM"]}).held(kept)

    clips: list[Sequence] = []
    with ThreadPoolExecutor(max_workers=min(_MOST_WORKERS, os.cpu_count() or 1)) as workers:
        for clip in workers.map(render, range(pool.first_seed, pool.first_seed + pool.clips)):
            clips.append(clip)
            if on_progress is not None:
                on_progress(len(clips) / pool.clips)
    return tuple(clips)
