"""Which candidate of a student learns from which of a teacher: in one place for all losses on predictions.

With equally many candidates a cell, candidate by candidate. Otherwise (anchors and points, three anchors and five)
each side is reduced to the candidate of the highest logit in each cell: what that cell says about the target. Heads
with equally many candidates of different meaning, such as anchors of other sizes, are to be reduced beforehand.
"""

from __future__ import annotations

from torch import Tensor

from sdst_edge.training.losses.scores import full_precision
from sdst_edge.training.teachers.prediction import Prediction, best_candidate
from sdst_runtime.errors import ConfigError

__all__ = ["at_candidates", "matched"]


def matched(student: Prediction, teacher: Prediction) -> tuple[Prediction, Prediction]:
    """Student and teacher with the same candidates, at least float32; the teacher's detached.

    Raises:
        ConfigError: they have other batches or grids.
    """
    ours, theirs = student.logit.shape, teacher.logit.shape
    if (ours[0], *ours[2:]) != (theirs[0], *theirs[2:]):
        raise ConfigError(
            f"the student's scores are {tuple(ours)}, the teacher's {tuple(theirs)} (batch, candidates, rows, "
            "columns); bring the teacher's prediction onto the student's grid first"
        )
    if ours[1] != theirs[1]:
        student, teacher = best_candidate(student), best_candidate(teacher)
    logit, ltrb = teacher
    return _prepared(student), _prepared(Prediction(logit.detach(), None if ltrb is None else ltrb.detach()))


def at_candidates(cells: Tensor, logit: Tensor) -> Tensor:
    """(B, A, S, S) bool of cells or candidates that something holds for.

    Args:
        cells: (B, S, S), or (B, K, S, S): for all candidates of a cell, or for each; bool, or weights of which those
            above 0 count. Where K is not A the candidates
            were reduced to the best one, and any of the K counts.
        logit: (B, A, S, S).
    """
    if cells.ndim == 3:
        cells = cells[:, None]
    elif cells.shape[1] != logit.shape[1]:
        cells = cells.any(dim=1, keepdim=True)
    return cells.bool().expand_as(logit)


def _prepared(prediction: Prediction) -> Prediction:
    logit, ltrb = prediction
    return Prediction(full_precision(logit), None if ltrb is None else full_precision(ltrb))
