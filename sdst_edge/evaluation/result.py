"""What an evaluation found out, as it is printed, written to JSON, and read back to be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdst_edge.evaluation.rules.rule import Metric
from sdst_runtime.errors import DatasetError
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["AttributeResult", "Curve", "EvaluationResult", "SequenceResult", "Skipped", "Speed"]

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast the tracker was; the decoding of pictures is not in it.

    Attributes:
        fps: updates over the time spent in ``update()``.
        median_ms: of one ``update()``.
    """

    fps: float
    median_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceResult:
    """One sequence.

    Attributes:
        name: of the sequence.
        frames: how many it has.
        scored: how many of them count, by the rule.
        attributes: challenges that it holds.
        scores: by metric; None where the rule gives none for it.
        speed: None where it was not measured, as for recorded boxes.
    """

    name: str
    frames: int
    scored: int
    attributes: tuple[str, ...]
    scores: Mapping[str, float | None]
    speed: Speed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeResult:
    """The sequences that hold an attribute, or for labels per frame the frames.

    Attributes:
        source: ``labelled`` by the data set's makers, or ``derived`` from boxes and flags.
        sequences: how many hold it.
        scores: by metric, over those.
    """

    source: str
    sequences: int
    scores: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve over thresholds.

    Attributes:
        thresholds: (T,), ascending.
        values: (T,), same scale as the scores.
    """

    thresholds: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A broken sequence that was left out because the user said so.

    Attributes:
        name: of the sequence.
        reason: what is wrong with it, with file and line.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationResult:
    """A tracker's figures on a data set.

    Attributes:
        tracker: its name.
        dataset: path or name of the set.
        layout: of the set, such as ``lasot``.
        protocol: ``ope``, ``vot2018`` or ``vot2020``.
        rule: by which it was scored, such as ``house``.
        rule_text: the same for people.
        pooled: whether the rule pools the frames of all sequences, instead of averaging over sequences.
        metrics: what the scores are, the headline figure first.
        overall: by metric.
        sequences: in the order of the set.
        attributes: by name, in the set's order.
        curves: ``success``, ``precision``, ``norm_precision`` or ``eao``, as far as the rule has them.
        speed: over all sequences; None where it was not measured.
        workers: processes that ran side by side: above 1 they slow each other down, and ``speed`` says less.
        skipped: broken sequences.
        format_version: of this JSON.
    """

    tracker: str
    dataset: str
    layout: str
    protocol: str
    rule: str
    rule_text: str
    pooled: bool
    metrics: tuple[Metric, ...]
    overall: Mapping[str, float | None]
    sequences: tuple[SequenceResult, ...]
    attributes: Mapping[str, AttributeResult]
    curves: Mapping[str, Curve] = field(default_factory=dict)
    speed: Speed | None = None
    workers: int = 1
    skipped: tuple[Skipped, ...] = ()
    format_version: int = FORMAT_VERSION

    def to_plain(self) -> dict[str, Any]:
        """JSON values of all attributes."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def read(cls, path: Path) -> EvaluationResult:
        """The evaluation in a JSON file that ``sdst-edge eval`` wrote.

        Raises:
            DatasetError: the file is missing, or no such evaluation.
        """
        again = "expected the JSON that `sdst-edge eval` writes"
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DatasetError(f"{path} does not exist; {again}") from None
        except (OSError, ValueError, RecursionError) as error:
            raise DatasetError(f"{path} cannot be read: {error}; {again}") from None
        version = value.get("format_version") if isinstance(value, dict) else None
        if version != FORMAT_VERSION:
            raise DatasetError(f"{path} has format_version {version!r}, expected {FORMAT_VERSION}; {again}")
        return from_plain(cls, value, where=str(path), error=DatasetError)
