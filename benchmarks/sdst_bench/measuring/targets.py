"""Several targets on one session: what each more of them costs a frame."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import Following
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted, NotMeasured
from sdst_bench.report.parts import Targets
from sdst_bench.stats import summarize
from sdst_runtime.errors import ConfigError

__all__ = ["measure_targets", "offsets_of_targets"]

WARMUP = 3
REACH = 8  # targets' sides, as far as others are looked for


def measure_targets(
    subject: Subject, clip: Clip, counts: Sequence[int] = (1, 2, 4, 8), frames: int = 100
) -> tuple[Targets, ...]:
    """Times ``update()`` of N targets in one frame, which take turns on the subject's session.

    The numbers of targets alternate from frame to frame, and so does which of them comes first: what drifts hits all
    alike. The targets are boxes of the clip's size beside its own, which all stay in the frame.

    Args:
        subject: whose session they share.
        clip: played back and forth.
        counts: numbers of targets, >= 1; each once.
        frames: to time of each.

    Raises:
        ConfigError: no frames, or a number of targets below 1.
        NotMeasured: the clip's frames have no place for so many different targets.
        Interrupted: the user ended it; its partial result is of the frames by then.
    """
    counts = tuple(dict.fromkeys(counts))
    if frames < 1 or not counts or min(counts) < 1:
        raise ConfigError(f"{frames} frames of {counts} targets, expected at least one of each")
    with ExitStack() as opened:
        followings = [
            opened.enter_context(Following(subject, clip, offset_px=offset))
            for offset in offsets_of_targets(clip, max(counts))
        ]
        pairs = clip.back_and_forth()
        times_ns: dict[int, list[int]] = {count: [] for count in counts}
        try:
            for turn in range(-WARMUP, frames):
                first = turn % len(counts)
                for count in counts[first:] + counts[:first]:
                    pair = next(pairs)
                    taken = sum(following.update(*pair) for following in followings[:count])
                    if turn >= 0:
                        times_ns[count].append(taken)
        except KeyboardInterrupt:
            if all(times_ns.values()):
                raise Interrupted(_results(times_ns)) from None
            raise
    return _results(times_ns)


def offsets_of_targets(clip: Clip, count: int) -> list[tuple[float, float]]:
    """Where other targets are beside the clip's own, px: the first is itself, the others as far apart as they can be.

    Their centres stay in the frame in every frame of the clip.

    Raises:
        NotMeasured: there are no such places.
    """
    boxes = np.array(clip.boxes_xywh)
    centers, sides = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:].max(axis=0)
    for step in (sides, sides / 2, sides / 4, sides / 8):
        steps = np.arange(-REACH, REACH + 1)
        grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)  # (steps ** 2, 2)
        grid = grid[np.argsort(np.abs(grid).sum(axis=1), kind="stable")][1:]
        places = centers[:, None] + grid * step  # (frames, places, 2)
        inside = ((places >= 0) & (places <= clip.size_wh)).all(axis=(0, 2))
        found = [(float(x), float(y)) for x, y in grid[inside] * step]
        if len(found) >= count - 1:
            return [(0.0, 0.0), *found[: count - 1]]
    raise NotMeasured(
        f"frames of {clip.size_wh[0]}x{clip.size_wh[1]} have no place for {count} targets of {sides[0]:.0f}x"
        f"{sides[1]:.0f} px that stay in them; choose larger frames, or fewer targets"
    )


def _results(times_ns: dict[int, list[int]]) -> tuple[Targets, ...]:
    summaries = {count: summarize(times) for count, times in times_ns.items()}
    return tuple(Targets(targets=n, frame=frame, per_target_ms=frame.p50 / n) for n, frame in summaries.items())
