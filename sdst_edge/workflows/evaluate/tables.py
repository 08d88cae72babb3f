"""An evaluation as tables for spreadsheets: all digits, empty where there is no figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from sdst_edge.evaluation.result import EvaluationResult

__all__ = ["attributes_csv", "sequences_csv"]


def sequences_csv(result: EvaluationResult) -> str:
    """A row a sequence: name, frames, scored frames, the metrics, speed, attributes with spaces between them."""
    keys = [metric.key for metric in result.metrics]
    rows: list[list[object]] = [["sequence", "frames", "scored", *keys, "fps", "median_ms", "attributes"]]
    for item in result.sequences:
        speed = (None, None) if item.speed is None else (item.speed.fps, item.speed.median_ms)
        scores = [item.scores.get(key) for key in keys]
        rows.append([item.name, item.frames, item.scored, *scores, *speed, " ".join(item.attributes)])
    return _text(rows)


def attributes_csv(result: EvaluationResult) -> str:
    """A row an attribute: name, source, number of sequences, the metrics over them."""
    keys = [metric.key for metric in result.metrics]
    rows: list[list[object]] = [["attribute", "source", "sequences", *keys]]
    for name, item in result.attributes.items():
        rows.append([name, item.source, item.sequences, *(item.scores.get(key) for key in keys)])
    return _text(rows)


def _text(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
