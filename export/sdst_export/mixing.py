"""Which layers to leave in float, so that a quantised variant is fast and loses little."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sdst_export.accuracy import Followed, Validation, measure_accuracy
from sdst_export.draft import Draft
from sdst_export.network_time import time_networks
from sdst_export.progress import Progress
from sdst_export.variant_files import VariantFiles
from sdst_runtime.errors import ConfigError, ParityError
from sdst_runtime.measurements import Accuracy

__all__ = ["MAX_TRIALS", "Mix", "Trial", "TryMix", "find_mix", "try_mix"]

MAX_TRIALS = 12  # each follows all validation sequences
_SAME_TIME = 1.03  # times whose ratio is below differ by noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A mix that was tried.

    Attributes:
        float_layers: the others are quantised.
        accuracy: on the validation sequences, beside the reference.
        time_ratio: of its network to the reference's, one thread; None where another engine than the variant's own had
            to stand for it, whose times say nothing about the device.
    """

    float_layers: frozenset[str]
    accuracy: Accuracy
    time_ratio: float | None

    @property
    def drop(self) -> float:
        """Success AUC of the reference minus this one's; below 0 where this one scores better."""
        return self.accuracy.reference_success_auc - self.accuracy.success_auc


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What a search came to.

    Attributes:
        chosen: the fastest trial within ``max_drop``, of equally fast ones that with the fewest float layers; where
            there is none, the one that loses the least.
        layers: how many there are to quantise.
        max_drop: of success AUC.
        trials: all that could be measured, in the order in which they were made.
    """

    chosen: Trial
    layers: int
    max_drop: float
    trials: tuple[Trial, ...]

    @property
    def met(self) -> bool:
        """Whether the chosen one is within ``max_drop``."""
        return self.chosen.drop <= self.max_drop

    def explain(self) -> str:
        """What was found, in a sentence."""
        chosen = self.chosen
        kept = f"{len(chosen.float_layers)} of {self.layers} layers stay float"
        speed = "" if chosen.time_ratio is None else f", {chosen.time_ratio:.2f} of the float network's time"
        tried = f"{len(self.trials)} mixes tried" if len(self.trials) > 1 else "1 mix tried"
        if self.met:
            return f"{kept}: success AUC drops by {chosen.drop:.4f}{speed} ({tried})"
        return (
            f"no mix keeps the drop of success AUC within {self.max_drop:g} ({tried}); the closest drops by "
            f"{chosen.drop:.4f}, {kept}{speed}. Allow more, calibrate on more frames, or fine-tune the network for int8"
        )


#: Makes a mix, given the layers that stay float, and measures it.
TryMix: TypeAlias = Callable[[frozenset[str]], Trial]


def try_mix(
    draft: Draft, made: VariantFiles, float_layers: frozenset[str], reference: Followed, validation: Validation
) -> Trial:
    """A mix measured beside the reference.

    Args:
        draft: holds the reference. Not modified.
        made: the mix.
        float_layers: of it.
        reference: what the reference said about the sequences.
        validation: the sequences.
    """
    trial = Draft(draft.manifest, draft.files)
    trial.add(made)
    bundle = trial.bundle()
    ratio = None
    if made.variant.engine != "tensorrt":
        ratio = time_networks(bundle, (reference.variant, made.name))[made.name].ratio
    accuracy = measure_accuracy(bundle, made.name, reference, validation)
    return Trial(float_layers=float_layers, accuracy=accuracy, time_ratio=ratio)


def find_mix(
    order: Sequence[str],
    attempt: TryMix,
    max_drop: float,
    *,
    max_trials: int = MAX_TRIALS,
    on_progress: Progress | None = None,
) -> Mix:
    """The fastest mix under a drop of accuracy that so many trials find; :attr:`Mix.met` says whether one is.

    First everything is quantised. If that costs too much, it is bisected how many of the worst layers must stay float;
    then groups of these are quantised after all, large ones first. The error of one layer and the accuracy of all are
    not the same, and success AUC jumps with single frames, so that this is a search and not an optimum.

    Args:
        order: layers that can be quantised, the most sensitive first, without those that ``attempt`` leaves in float
            in any case, such as :func:`sdst_export.slow_layers.find_slow_layers` gives.
        attempt: makes and measures a mix; a ParityError of it counts as a drop that is not allowed.
        max_drop: of success AUC, 0..1.
        max_trials: >= 1; of a hundred layers, five or so go into the bisection where a few do the harm.
        on_progress: called before each trial with what is tried, and the share of ``max_trials`` used.

    Raises:
        ConfigError: there are no layers, or an option is out of its range.
        ParityError: of every mix that was tried nothing of the network was left.
    """
    if not order or max_trials < 1 or not 0.0 <= max_drop <= 1.0:
        raise ConfigError(
            f"{len(order)} layers, max_trials {max_trials}, max_drop {max_drop}; expected at least one layer and one "
            "trial, and a drop of success AUC in [0, 1]"
        )
    log = _Log(attempt, max_drop, max_trials, on_progress)
    _give_back(_bisect(order, log), log)
    trials = tuple(log.trials.values())
    if not trials:
        raise next(reversed(log.refused.values()))
    within = [trial for trial in trials if trial.drop <= max_drop]
    chosen = _fastest(within) if within else min(trials, key=lambda trial: trial.drop)
    layers = set(order).union(*(trial.float_layers for trial in trials))
    return Mix(chosen=chosen, layers=len(layers), max_drop=max_drop, trials=trials)


def _fastest(trials: Sequence[Trial]) -> Trial:
    """Of those that are as fast as the fastest, the one with the fewest float layers, which is also the smallest."""
    limit = _SAME_TIME * min(trial.time_ratio or 0.0 for trial in trials)
    as_fast = [trial for trial in trials if (trial.time_ratio or 0.0) <= limit]
    return min(as_fast, key=lambda trial: (len(trial.float_layers), trial.drop))


class _Log:
    """Trials made, and how many may follow."""

    def __init__(self, attempt: TryMix, max_drop: float, max_trials: int, on_progress: Progress | None) -> None:
        self._attempt, self._max_drop, self._max_trials = attempt, max_drop, max_trials
        self._on_progress = on_progress
        self.trials: dict[frozenset[str], Trial] = {}
        self.refused: dict[frozenset[str], ParityError] = {}

    @property
    def _count(self) -> int:
        return len(self.trials) + len(self.refused)

    @property
    def full(self) -> bool:
        return self._count >= self._max_trials

    def holds(self, layers: Sequence[str]) -> bool:
        """Whether the drop is allowed with these layers in float; tried now, if it was not before."""
        key = frozenset(layers)
        if key not in self.trials and key not in self.refused:
            if self._on_progress is not None:
                self._on_progress(f"try {len(key)} float layers", self._count / self._max_trials)
            try:
                self.trials[key] = self._attempt(key)
            except ParityError as error:
                self.refused[key] = error
        return key in self.trials and self.trials[key].drop <= self._max_drop


def _bisect(order: Sequence[str], log: _Log) -> list[str]:
    """The fewest of the first layers that have to stay float, as far as tried; none where nothing holds.

    Between few and many the geometric mean is tried, not the arithmetic one: mostly a few layers do the harm, and a mix
    in which half of them are float is of no use.
    """
    low, high, middle = -1, len(order), 0  # low does not hold; all in float do, but that is no quantised variant
    while high - low > 1 and not log.full:
        if log.holds(order[:middle]):
            high = middle
        else:
            low = middle
        middle = min(max(round(math.sqrt((low + 1) * (high + 1))) - 1, low + 1), high - 1)
    return list(order[:high]) if high < len(order) else []


def _give_back(kept: list[str], log: _Log) -> None:
    """Quantises groups of the layers after all, halves first, then smaller ones, the least sensitive of them first."""
    size = len(kept) // 2
    while size >= 1:
        for end in range(len(kept), 0, -size):
            if log.full:
                return
            group = set(kept[max(0, end - size) : end])
            rest = [layer for layer in kept if layer not in group]
            if log.holds(rest):
                kept = rest
        size //= 2
