r"""SDST: a general teacher and specialised teachers into one small student.

Process 1, from general teachers T_g, and process 2, from teachers T_k that are specialised in the attributes k
(occlusion, fast motion, ...), which begins at a share ``specialised_from`` of the budget::

    L = task_weight L_task
      + general_weight     sum_g  v_g               L_general(S, T_g)          process 1
      + specialised_weight sum_k  w_k(x) gate_k(x)  L_specialised(S, T_k)      process 2

    v_g      weight of a general teacher over the sum of all
    w_k(x)   of a pair x: 1 / K                             "uniform"
                          a_k(x) / sum_j a_j(x)             "labels"; a is 1 where the pair holds the attribute
                          softmax over those attributes     "adaptive", see distillation.adaptive (AMTML)
    gate_k   1[ L_task(T_k) < L_task(S) - h ]: a teacher is silent for a pair that the student knows better
             0 where a pair is not annotated: by what should the two be judged?

``L_general`` and ``L_specialised`` are the weighted parts of :mod:`sdst_edge.training.students.part_losses`; with their
defaults DST's teacher-soft and adaptive hard losses. Plain distillation, averages over teachers and DST are other
weights. With a peer there are two students with these losses each, and DST's sharing between them, in which ours is the
dull one and the peer the intelligent one.

**This is a reconstruction.** Of SDST (Machine Vision and Applications, 2024, doi:10.1007/s00138-024-01578-4) only the
abstract and the references are public: they say that there are a general teacher and specialised ones for challenging
attributes, and that knowledge is transferred in two processes. Losses, weights and the number of teachers they do not
say. Process 1 is taken from DST (Shen et al., TPAMI 44(12), arXiv 1907.10586), of whose abstract SDST's is a near
sibling; w_k from AMTML-KD (Liu et al., arXiv 2103.04062); the gate from DST's adaptive hard loss and the selective
distillation of Tan et al. (ICLR 2019). Numbers made with it are ours, not the paper's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from sdst_edge.models.base import SiameseModel
from sdst_edge.training.distillation.gate import gate, label_weights, uniform_weights
from sdst_edge.training.distillation.sharing import sharing, sigma
from sdst_edge.training.losses.term import Term, Terms, per_pair
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.recipe import Distillation, Recipe
from sdst_edge.training.students.comparison import Answer, Comparison, answer, brought, compare, truth
from sdst_edge.training.students.participants import PreparedTeacher, make_participants
from sdst_edge.training.students.starting import make_student, trained_config
from sdst_edge.training.students.student import Student, trial, trial_batch
from sdst_edge.training.teachers.teacher import Teacher
from sdst_runtime.config import TrackerConfig

__all__ = ["Sdst"]


class Sdst(nn.Module):
    """A student with its teachers: from a batch of pairs to all losses of a step.

    Parameters are those of the student, of the peer, and of what they learn along and drop afterwards. Teachers are
    no submodules: they stay frozen and in eval mode, and are in no checkpoint.

    Attributes:
        participants: students and teachers.
        metrics: for the log, of the last step, scalars: by ``gate/<attribute>`` the share of the pairs that concern a
            specialised teacher for which it spoke, by ``weight/<attribute>`` the mean of its weight over those.
    """

    def __init__(
        self,
        student: SiameseModel,
        config: TrackerConfig,
        recipe: Recipe,
        general: Sequence[Teacher] = (),
        specialised: Mapping[str, Teacher] | None = None,
    ) -> None:
        """Makes the teachers ready for the student, and tries them on an empty batch.

        Args:
            student: on any device, in any mode.
            config: of the student's tracker as it is trained; may be narrower than ``student.config``.
            recipe: of the student.
            general: in the order of ``recipe.distillation.general``.
            specialised: by attribute, each one of ``recipe.data.attributes``.

        Raises:
            ConfigError: a teacher or a student lacks what a part of the recipe needs of it.
        """
        super().__init__()
        table = recipe.distillation or Distillation()
        students = {"student": (student, config)}
        if table.peer is not None:
            with torch.random.fork_rng(devices=[]):
                peer = make_student(table.peer.model, recipe.seed + 1, "distillation.peer.model")
            students["peer"] = peer, trained_config(peer, table.peer.model, "distillation.peer.model")
        own = {name: each for name, (_, each) in students.items()}
        participants = make_participants(own, general, specialised or {}, table)
        self.recipe, self.table, self.participants = recipe, table, participants
        self.students = nn.ModuleList(
            Student(participant, students[participant.name][0], table) for participant in participants.students
        )
        self.metrics: dict[str, Tensor] = {}
        device = next(student.parameters()).device
        self.students.to(device)
        if participants.general or participants.specialised:
            self._try(device)

    @property
    def configs(self) -> tuple[TrackerConfig, ...]:
        """Tracker configurations whose crops a batch must have as its views, in this order."""
        return self.participants.configs

    @property
    def clean_from(self) -> int | None:
        """Number of the first view that shows pairs clean, see ``Distillation.clean_views``; None for none."""
        return self.participants.clean_from

    @property
    def student(self) -> SiameseModel:
        """The network that the run is for."""
        return self._students[0].network

    @property
    def peer(self) -> SiameseModel | None:
        """The second student, None for none."""
        return self._students[1].network if len(self._students) > 1 else None

    def forward(self, batch: PairBatch, fraction: float) -> Terms:
        """All losses of a step by name, such as ``task/score/positive``, ``general/soft``, ``specialised/FM/soft``.

        Args:
            batch: with a view for each of ``configs``.
            fraction: of the budget that is spent, 0..1.
        """
        self.metrics = {}
        general_answers = self._heard(self.participants.general, batch)
        second = fraction >= self.table.specialised_from
        specialised_answers = self._heard(self.participants.specialised.values() if second else (), batch)
        answers = [student(batch, self.recipe.loss) for student in self._students]
        terms: dict[str, Term] = {}
        for student, own in zip(self._students, answers, strict=True):
            general = self._compared(own, general_answers, batch)
            specialised = self._compared(own, specialised_answers, batch)
            taught = _weighted("task", own.task, self.table.task_weight)
            taught |= self._process_1(student, general)
            taught |= self._process_2(student, specialised, batch)
            for other in answers:
                if other is not own:
                    taught["sharing"] = self._shared(student, own, other, general, batch)
            terms |= {f"{student.prefix}{name}": term for name, term in taught.items()}
        return terms

    def _process_1(self, student: Student, pairs: Sequence[Comparison]) -> dict[str, Term]:
        """General teachers to a student."""
        terms: dict[str, Term] = {}
        for index, (losses, pair) in enumerate(zip(student.general, pairs, strict=True)):
            name = "general" if len(pairs) == 1 else f"general/{index + 1}"
            terms |= _weighted(name, losses(pair), self.table.general_weight * self._shares[index])
        return terms

    def _process_2(self, student: Student, pairs: Sequence[Comparison], batch: PairBatch) -> dict[str, Term]:
        """Specialised teachers to a student: each is heard as far as a pair concerns it, and where its gate is open."""
        if not pairs:
            return {}
        terms: dict[str, Term] = {}
        taught = tuple(self.participants.specialised)
        active = batch.attributes[:, [self.recipe.data.attributes.index(attribute) for attribute in taught]]  # (B, K)
        weights = self._weights(student, pairs[0].student, active)  # (B, K)
        for attribute, losses, pair, weight in zip(taught, student.specialised, pairs, weights.unbind(1), strict=True):
            heard, told = weight, losses(pair)
            if self.table.gate:
                weight = weight * batch.annotated
                heard = weight * gate(pair.student_loss, pair.teacher_loss, self.table.gate_margin)
                told = {name: term.among(batch.annotated) for name, term in told.items()}
            told = {name: _heard_at(heard, term) for name, term in told.items()}
            terms |= _weighted(f"specialised/{attribute}", told, self.table.specialised_weight)
            count = (weight > 0).sum().clamp(min=1)
            self.metrics[f"{student.prefix}gate/{attribute}"] = (heard > 0).sum() / count
            self.metrics[f"{student.prefix}weight/{attribute}"] = weight.sum() / count
        if student.weights is not None:
            true, predictions = pairs[0].truth, [pair.taught for pair in pairs]
            response = pairs[0].student.outputs.features["response"]
            terms["specialised/weights"] = student.weights.loss(
                response, active, predictions, true.positive, true.negative
            )
        return terms

    def _weights(self, student: Student, own: Answer, active: Tensor) -> Tensor:
        """(B, K): w_k(x) of each pair, without gradient."""
        if student.weights is not None:
            weights: Tensor = student.weights(own.outputs.features["response"], active)
            return weights.detach()
        return (uniform_weights if self.table.weighting == "uniform" else label_weights)(active)

    def _shared(
        self, student: Student, own: Answer, other: Answer, pairs: Sequence[Comparison], batch: PairBatch
    ) -> Term:
        """What a student learns from the other one, as long as it is not far behind its general teachers."""
        peer = self.table.peer
        assert peer is not None
        epoch = int(batch.index[0]) // (self.recipe.optimization.batch_size * peer.epoch_steps)
        ours = per_pair(own.task)
        if pairs:
            ours, theirs = (
                torch.stack([share * loss for share, loss in zip(self._shares, losses, strict=True)]).sum(dim=0)
                for losses in zip(*((pair.student_loss, pair.teacher_loss) for pair in pairs), strict=True)
            )
        else:
            theirs = torch.full_like(ours, torch.inf)
        share = sigma(ours, theirs, epoch, decay=peer.decay, threshold=peer.threshold)
        weight = peer.weight * (peer.feedback if student.prefix else 1.0)  # the peer is the intelligent one
        shared = sharing(own.prediction, brought(other, own, batch), share).among(batch.annotated)
        return shared._replace(factor=weight)

    def _compared(self, own: Answer, teachers: Sequence[Answer], batch: PairBatch) -> list[Comparison]:
        if not teachers:
            return []
        true = truth(own, batch)
        return [compare(own, teacher, batch, true, self.recipe.loss) for teacher in teachers]

    def _heard(self, teachers: Iterable[PreparedTeacher], batch: PairBatch) -> list[Answer]:
        with torch.no_grad():
            return [
                answer(participant, teacher.teach(batch.views[participant.view]), batch, self.recipe.loss)
                for teacher, participant in teachers
            ]

    def _try(self, device: torch.device) -> None:
        """Finds out what does not fit, and which shapes the adapters must have."""
        batch = trial_batch(self.configs, len(self.recipe.data.attributes), device)
        with trial(self, self.recipe.seed):
            general_answers = self._heard(self.participants.general, batch)
            specialised_answers = self._heard(self.participants.specialised.values(), batch)
            for student in self._students:
                own = student(batch, self.recipe.loss)
                general = self._compared(own, general_answers, batch)
                student.add_teachers(general, self._compared(own, specialised_answers, batch))

    @property
    def _shares(self) -> list[float]:
        """v_g of the general teachers."""
        weights = [spec.weight for spec in self.table.general]
        return [weight / sum(weights) for weight in weights]

    @property
    def _students(self) -> list[Student]:
        return [student for student in self.students if isinstance(student, Student)]


def _weighted(prefix: str, terms: Terms, weight: float) -> dict[str, Term]:
    return {f"{prefix}/{name}": term._replace(factor=weight * term.factor) for name, term in terms.items()}


def _heard_at(weight: Tensor, term: Term) -> Term:
    """A loss that counts for each pair as far as its teacher is heard: what it is averaged over stays."""
    return term._replace(total=weight * torch.where(weight > 0, term.total, 0.0))
