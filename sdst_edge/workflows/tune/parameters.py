"""The numbers that are searched: how much a tracker trusts its network against its last box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from sdst_runtime.config import TrackerConfig

__all__ = ["BOUNDS", "Parameters"]

#: Between which values each is searched.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "penalty_k": (0.0, 0.5),
    "window_influence": (0.0, 0.8),
    "size_lr": (0.05, 0.95),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Those of :class:`~sdst_runtime.config.TrackerConfig` that a search changes.

    Attributes:
        penalty_k: strength of the penalty on changes of size and aspect.
        window_influence: share of the Hann window in the penalised score.
        size_lr: rate at which the size follows the network.
    """

    penalty_k: float
    window_influence: float
    size_lr: float

    @classmethod
    def of(cls, config: TrackerConfig) -> Parameters:
        """Those that a configuration has."""
        return cls(penalty_k=config.penalty_k, window_influence=config.window_influence, size_lr=config.size_lr)

    def applied(self, config: TrackerConfig) -> TrackerConfig:
        """The configuration with these instead of its own."""
        return replace(config, penalty_k=self.penalty_k, window_influence=self.window_influence, size_lr=self.size_lr)

    def by_name(self) -> dict[str, float]:
        """Their values by name."""
        return asdict(self)
