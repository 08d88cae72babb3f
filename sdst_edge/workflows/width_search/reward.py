"""How good a student is for its time, and which of several go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sdst_runtime.errors import ConfigError

__all__ = ["keep_better_half", "reward"]

Key = TypeVar("Key")


def reward(score: float, teacher_score: float, ms: float, teacher_ms: float) -> float:
    """The reward of N2N (Ashok et al., ICLR 2018, section 3.3) with frame time in the place of parameters.

    ``R = C (2 - C) a_s / a_t`` with ``C = 1 - t_s / t_t``: it grows with the accuracy of the student over the
    teacher's, and with the share of the teacher's time that is saved, less and less so. A student as slow as the
    teacher has 0, a slower one less.

    Args:
        score: of the student, a_s, higher is better.
        teacher_score: likewise, a_t > 0.
        ms: of a frame of the student, t_s > 0.
        teacher_ms: likewise, t_t > 0.

    Raises:
        ConfigError: the teacher scores 0 or less.
    """
    if not teacher_score > 0:
        raise ConfigError(
            f"the teacher scores {teacher_score:g}, so no student can be compared with it; "
            "take a better one, or longer runs"
        )
    saved = 1.0 - ms / teacher_ms
    return saved * (2.0 - saved) * score / teacher_score


def keep_better_half(rewards: Mapping[Key, float]) -> list[Key]:
    """The better half, rounded up, the best first (successive halving, Jamieson and Talwalkar, AISTATS 2016).

    Args:
        rewards: by candidate; of equal ones the earlier is better.
    """
    ranked = sorted(rewards, key=lambda item: -rewards[item])  # stable
    return ranked[: (len(ranked) + 1) // 2]
