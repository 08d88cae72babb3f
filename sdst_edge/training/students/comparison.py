"""What networks say about a batch, and a student's and a teacher's answers side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from sdst_edge.models.base import Maps
from sdst_edge.training.losses.task import task_terms
from sdst_edge.training.losses.term import Terms, per_pair
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.recipe import Loss
from sdst_edge.training.targets.anchors import make_anchor_targets
from sdst_edge.training.targets.points import make_point_targets
from sdst_edge.training.teachers.grids import onto, same_grid
from sdst_edge.training.teachers.prediction import Prediction, as_plain_head, predict
from sdst_edge.training.teachers.teacher import Outputs
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError

__all__ = ["Answer", "Comparison", "Participant", "Truth", "answer", "brought", "compare", "truth"]


class Participant(NamedTuple):
    """A student or a teacher of a run.

    Attributes:
        name: for messages, such as ``teacher FM``.
        config: of the tracker.
        view: index of the view of each batch that it sees.
    """

    name: str
    config: TrackerConfig
    view: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a student or a teacher says about the pairs of a batch.

    Attributes:
        participant: whose answer it is.
        outputs: maps and features.
        prediction: of its maps, on its own grid.
        task: its losses against the annotation, in its own terms; they concern annotated pairs alone.
    """

    participant: Participant
    outputs: Outputs
    prediction: Prediction
    task: Terms

    @property
    def config(self) -> TrackerConfig:
        """Of the tracker."""
        return self.participant.config

    @property
    def view(self) -> int:
        """Which view of the batch it was asked about."""
        return self.participant.view


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The annotation on the student's grid.

    Attributes:
        ltrb: (B, 4, S, S): distances from the points to the true box, network px.
        positive: (B, S, S) or (B, A, S, S) bool: cells, or of anchors candidates, that stand for the target.
        negative: likewise, for the ground. Neither has any where a pair is not annotated.
        annotated: (B,) bool: the pairs that are.
    """

    ltrb: Tensor
    positive: Tensor
    negative: Tensor
    annotated: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """A student and a teacher on the student's grid.

    Attributes:
        student: its answer.
        teacher: its answer.
        taught: the teacher's prediction on the student's grid.
        student_loss: (B,) task loss of each pair, comparable with the teacher's; with gradient. 0 where a pair is not
            annotated.
        teacher_loss: (B,) likewise, without.
        field: (B, 2): side of the student's search region over that of the teacher's, along x and y; None for the
            same region.
        truth: on the student's grid.
    """

    student: Answer
    teacher: Answer
    taught: Prediction
    student_loss: Tensor
    teacher_loss: Tensor
    field: Tensor | None
    truth: Truth


def answer(whose: Participant, outputs: Outputs, batch: PairBatch, loss: Loss) -> Answer:
    """A network's outputs with all that follows from it alone.

    Args:
        whose: it is.
        outputs: about the view of the batch that is the network's.
        batch: the pairs.
        loss: against the annotation.

    Raises:
        ConfigError: maps of other shapes than the tracker's configuration says.
    """
    config = whose.config
    shapes = [tuple(item.shape) for item in outputs.maps]
    wanted = [(len(batch), *shape[1:]) for shape in config.outputs.values()]
    if shapes != wanted:
        raise ConfigError(
            f"{whose.name} gives maps of {shapes}, its tracker wants {wanted}; "
            "it is of another family, or cannot search a region of this size"
        )
    task = _task(outputs.maps, config, whose.view, batch, loss)
    return Answer(participant=whose, outputs=outputs, prediction=predict(outputs.maps, config), task=task)


def truth(student: Answer, batch: PairBatch) -> Truth:
    """The annotation on a student's grid."""
    boxes, config = batch.boxes_xyxy(student.view), student.config
    of_points = make_point_targets(boxes, batch.positive, replace(config, size_offset_px=0.0))
    positive, negative = of_points.positive, of_points.negative
    if config.anchors:
        of_anchors = make_anchor_targets(boxes, batch.positive, config)
        positive, negative = of_anchors.positive > 0, of_anchors.negative > 0
    known = batch.annotated.view(-1, *(1 for _ in positive.shape[1:]))  # (B, 1, ...)
    return Truth(ltrb=of_points.ltrb, positive=positive & known, negative=negative & known, annotated=batch.annotated)


def compare(student: Answer, teacher: Answer, batch: PairBatch, true: Truth, loss: Loss) -> Comparison:
    """A student and a teacher side by side.

    Heads of one kind are each judged by their own task loss. Unlike ones are judged as plain heads of one logit a cell
    on the student's grid, by the scores alone where one of them has no boxes.

    Args:
        student: its answer.
        teacher: its answer, without gradient.
        batch: the pairs.
        true: the annotation on the student's grid.
        loss: against the annotation.
    """
    taught = brought(teacher, student, batch)
    ours, theirs = _judged(student, teacher, taught, batch, loss)
    return Comparison(
        student=student,
        teacher=teacher,
        taught=taught,
        student_loss=ours,
        teacher_loss=theirs.detach(),
        field=_field(student, teacher, batch),
        truth=true,
    )


def brought(teacher: Answer, student: Answer, batch: PairBatch) -> Prediction:
    """The prediction of a teacher, or a peer, on the student's grid and in its network px."""
    ours, theirs = student.config, teacher.config
    same_px = student.view == teacher.view
    if same_px and same_grid(ours, theirs) and ours.anchors == theirs.anchors:
        return teacher.prediction
    scale = batch.views[student.view].scale
    ratio = torch.ones_like(scale) if same_px else scale / batch.views[teacher.view].scale
    return onto(teacher.prediction, theirs, ours, ratio)


def _judged(
    student: Answer, teacher: Answer, taught: Prediction, batch: PairBatch, loss: Loss
) -> tuple[Tensor, Tensor]:
    """(B,) losses of student and teacher."""
    ours, theirs = student.config, teacher.config
    if (ours.output_kind, ours.score_kind, ours.anchors) == (theirs.output_kind, theirs.score_kind, theirs.anchors):
        return per_pair(student.task), per_pair(teacher.task)
    predictions = [student.prediction, taught]
    if any(item.ltrb is None for item in predictions):
        predictions = [item._replace(ltrb=None) for item in predictions]
    heads = [as_plain_head(item, ours) for item in predictions]
    own, other = (per_pair(_task(maps, config, student.view, batch, loss)) for maps, config in heads)
    return own, other


def _task(maps: Maps, config: TrackerConfig, view: int, batch: PairBatch, loss: Loss) -> Terms:
    """Losses against the annotation of the pairs that have one."""
    terms = task_terms(maps, batch.boxes_xyxy(view), batch.positive, config, loss)
    return {name: term.among(batch.annotated) for name, term in terms.items()}


def _field(student: Answer, teacher: Answer, batch: PairBatch) -> Tensor | None:
    if student.view == teacher.view:
        return None
    ours, theirs = (item.config.search_size / batch.views[item.view].scale for item in (student, teacher))
    return ours / theirs  # (B, 2), both in image px
