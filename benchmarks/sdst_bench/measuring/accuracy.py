"""What a bundle is worth beside what it costs: scores by the house rule."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items

from sdst_bench.measuring.subject import Subject
from sdst_bench.report.parts import Accuracy
from sdst_edge.datasets import Sequence
from sdst_edge.evaluation import EvaluationResult, evaluate

__all__ = ["accuracy_of", "measure_accuracy"]


def measure_accuracy(
    subject: Subject, sequences: Items[Sequence], dataset: str, on_progress: Callable[[float, str], None]
) -> Accuracy:
    """Scores of a bundle, one pass over each sequence from its first box.

    A run that the user ends leaves nothing: the scores of some sequences are not those of the data set.

    Args:
        subject: to score.
        sequences: at least one, each with the target visible in its first frame and in one more.
        dataset: path of the sequences as it was given.
        on_progress: called with the share that is done and the name of the next sequence, before each and at the end.

    Raises:
        DatasetError: no sequences, one that cannot be scored (before any is run), or frames of different sizes.
        SdstError: the tracker refuses a frame or a box.
    """

    def tell(done: int, total: int, name: str) -> None:
        on_progress(done / max(total, 1), name)

    with subject.tracker() as tracker:
        return accuracy_of(evaluate(tracker, sequences, tell), dataset)


def accuracy_of(evaluation: EvaluationResult, dataset: str) -> Accuracy:
    """The figures of an evaluation by the house rule that the report gives.

    Args:
        evaluation: by the house rule.
        dataset: path of it as it was given.
    """
    scores = {name: score for name, score in evaluation.overall.items() if score is not None}
    return Accuracy(
        dataset=dataset,
        rule_text=evaluation.rule_text,
        sequences=len(evaluation.sequences),
        frames=sum(item.frames - 1 for item in evaluation.sequences),
        success_auc=scores["success_auc"],
        precision_20=scores["precision_20"],
        ao=scores["ao"],
        sr_50=scores["sr_50"],
    )
