"""Scores as a table and as files of boxes."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from sdst_edge.cli.scores import score_tables, write_results
from sdst_edge.evaluation import HOUSE_RULE, Evaluation, Scores, SequenceEvaluation


def evaluation() -> Evaluation:
    scores = Scores(success_auc=0.625, precision_20=0.875, ao=0.75, sr_50=1.0)
    item = SequenceEvaluation(
        name="car",
        updates=2,
        scores=scores,
        fps=100.0,
        median_ms=10.0,
        boxes_xywh=((0.0, 1.5, 20.0, 10.0), (3.25, 4.0, 20.0, 10.0), (5.0, 6.0, 20.0, 10.0)),
    )
    return Evaluation(rule=HOUSE_RULE, sequences=(item,), mean=scores, fps=100.0, median_ms=10.0)


def test_score_tables_show_sequences_mean_and_rule() -> None:
    out = io.StringIO()
    for item in score_tables(evaluation()):
        Console(file=out, width=200).print(item)
    text = out.getvalue()
    for expected in ("success AUC", "precision 20 px", "AO", "SR 0.5", "FPS", "car", "mean", "0.625", "100.0"):
        assert expected in text
    assert "house rule" in text


def test_write_results_counts_pixels_from_one(tmp_path: Path) -> None:
    write_results(tmp_path / "results", evaluation())
    lines = (tmp_path / "results" / "car" / "car_001.txt").read_text(encoding="utf-8").splitlines()
    assert [float(value) for value in lines[1].split(",")] == [4.25, 5.0, 20.0, 10.0]
    assert len(lines) == 3
