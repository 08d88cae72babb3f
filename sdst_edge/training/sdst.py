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

``L_general`` and ``L_specialised`` are the weighted parts of :mod:`sdst_edge.training.parts`; with their defaults DST's
teacher-soft and adaptive hard losses. Plain distillation, averages over teachers and DST are other weights. With a
peer there are two students with these losses each, and DST's sharing between them, in which ours is the dull one and
the peer the intelligent one.

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
from sdst_edge.training.lessons import Answer, Comparison, answer, brought, compare, truth
from sdst_edge.training.losses.term import Term, Terms, per_pair
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.pupils import Pupil, start_peer, trial, trial_batch
from sdst_edge.training.recipe import Distillation, Recipe
from sdst_edge.training.roster import Seat, make_roster
from sdst_edge.training.teachers.teacher import Teacher
from sdst_runtime.config import TrackerConfig

__all__ = ["Sdst"]


class Sdst(nn.Module):
    """A student with its teachers: from a batch of pairs to all losses of a step.

    Parameters are those of the student, of the peer, and of what they learn along and drop afterwards. Teachers are
    no submodules: they stay frozen and in eval mode, and are in no checkpoint.

    Attributes:
        roster: students and teachers.
        notes: for the log, of the last step: by ``gate/<attribute>`` the share of the pairs that concern a specialised
            teacher for which it spoke, by ``weight/<attribute>`` the mean of its weight over those; scalars.
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
            students["peer"] = start_peer(table.peer.model, recipe.seed)
        own = {name: each for name, (_, each) in students.items()}
        roster = make_roster(own, general, specialised or {}, table)
        self.recipe, self.table, self.roster = recipe, table, roster
        self.pupils = nn.ModuleList(Pupil(voice, students[voice.name][0], table) for voice in roster.students)
        self.notes: dict[str, Tensor] = {}
        device = next(student.parameters()).device
        self.pupils.to(device)
        if roster.general or roster.specialised:
            self._try(device)

    @property
    def configs(self) -> tuple[TrackerConfig, ...]:
        """Tracker configurations whose crops a batch must have as its views, in this order."""
        return self.roster.configs

    @property
    def student(self) -> SiameseModel:
        """The network that the run is for."""
        return self._pupils[0].network

    @property
    def peer(self) -> SiameseModel | None:
        """The second student, None for none."""
        return self._pupils[1].network if len(self._pupils) > 1 else None

    def forward(self, batch: PairBatch, fraction: float) -> Terms:
        """All losses of a step by name, such as ``task/score/positive``, ``general/soft``, ``specialised/FM/soft``.

        Args:
            batch: with a view for each of ``configs``.
            fraction: of the budget that is spent, 0..1.
        """
        self.notes = {}
        masters = self._heard(self.roster.general, batch)
        second = fraction >= self.table.specialised_from
        specialists = self._heard(self.roster.specialised.values() if second else (), batch)
        answers = [pupil(batch, self.recipe.loss) for pupil in self._pupils]
        terms: dict[str, Term] = {}
        for pupil, own in zip(self._pupils, answers, strict=True):
            general, specialised = self._compared(own, masters, batch), self._compared(own, specialists, batch)
            taught = _weighted("task", own.task, self.table.task_weight)
            taught |= self._process_1(pupil, general)
            taught |= self._process_2(pupil, specialised, batch)
            for other in answers:
                if other is not own:
                    taught["sharing"] = self._shared(pupil, own, other, general, batch)
            terms |= {f"{pupil.prefix}{name}": term for name, term in taught.items()}
        return terms

    def _process_1(self, pupil: Pupil, pairs: Sequence[Comparison]) -> dict[str, Term]:
        """General teachers to a student."""
        terms: dict[str, Term] = {}
        for number, (losses, pair, share) in enumerate(zip(pupil.general, pairs, self._shares, strict=False), start=1):
            name = "general" if len(pairs) == 1 else f"general/{number}"
            terms |= _weighted(name, losses(pair), self.table.general_weight * share)
        return terms

    def _process_2(self, pupil: Pupil, pairs: Sequence[Comparison], batch: PairBatch) -> dict[str, Term]:
        """Specialised teachers to a student: each is heard as far as a pair concerns it, and where its gate is open."""
        if not pairs:
            return {}
        terms: dict[str, Term] = {}
        taught = tuple(self.roster.specialised)
        active = batch.attributes[:, [self.recipe.data.attributes.index(attribute) for attribute in taught]]  # (B, K)
        weights = self._weights(pupil, pairs[0].student, active)  # (B, K)
        for attribute, losses, pair, weight in zip(taught, pupil.specialised, pairs, weights.unbind(1), strict=True):
            heard = weight
            if self.table.gate:
                heard = weight * gate(pair.student_loss, pair.teacher_loss, self.table.gate_margin)
            told = {name: _heard_at(heard, term) for name, term in losses(pair).items()}
            terms |= _weighted(f"specialised/{attribute}", told, self.table.specialised_weight)
            count = (weight > 0).sum().clamp(min=1)
            self.notes[f"{pupil.prefix}gate/{attribute}"] = (heard > 0).sum() / count
            self.notes[f"{pupil.prefix}weight/{attribute}"] = weight.sum() / count
        if pupil.weights is not None:
            true, predictions = pairs[0].truth, [pair.taught for pair in pairs]
            response = pairs[0].student.lesson.features["response"]
            terms["specialised/weights"] = pupil.weights.loss(
                response, active, predictions, true.positive, true.negative
            )
        return terms

    def _weights(self, pupil: Pupil, own: Answer, active: Tensor) -> Tensor:
        """(B, K): w_k(x) of each pair, without gradient."""
        if pupil.weights is not None:
            weights: Tensor = pupil.weights(own.lesson.features["response"], active)
            return weights.detach()
        return (uniform_weights if self.table.weighting == "uniform" else label_weights)(active)

    def _shared(self, pupil: Pupil, own: Answer, other: Answer, pairs: Sequence[Comparison], batch: PairBatch) -> Term:
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
        weight = peer.weight * (peer.feedback if pupil.prefix else 1.0)  # the peer is the intelligent one
        return sharing(own.prediction, brought(other, own, batch), share)._replace(factor=weight)

    def _compared(self, own: Answer, teachers: Sequence[Answer], batch: PairBatch) -> list[Comparison]:
        if not teachers:
            return []
        true = truth(own, batch)
        return [compare(own, teacher, batch, true, self.recipe.loss) for teacher in teachers]

    def _heard(self, teachers: Iterable[Seat], batch: PairBatch) -> list[Answer]:
        with torch.no_grad():
            return [
                answer(voice, teacher.teach(batch.views[voice.view]), batch, self.recipe.loss)
                for teacher, voice in teachers
            ]

    def _try(self, device: torch.device) -> None:
        """Finds out what does not fit, and which shapes the adapters must have."""
        batch = trial_batch(self.configs, len(self.recipe.data.attributes), device)
        with trial(self, self.recipe.seed):
            masters = self._heard(self.roster.general, batch)
            specialists = self._heard(self.roster.specialised.values(), batch)
            for pupil in self._pupils:
                own = pupil(batch, self.recipe.loss)
                pupil.meet(*(self._compared(own, who, batch) for who in (masters, specialists)))

    @property
    def _shares(self) -> list[float]:
        """v_g of the general teachers."""
        weights = [spec.weight for spec in self.table.general]
        return [weight / sum(weights) for weight in weights]

    @property
    def _pupils(self) -> list[Pupil]:
        return [pupil for pupil in self.pupils if isinstance(pupil, Pupil)]


def _weighted(prefix: str, terms: Terms, weight: float) -> dict[str, Term]:
    return {f"{prefix}/{name}": term._replace(factor=weight * term.factor) for name, term in terms.items()}


def _heard_at(weight: Tensor, term: Term) -> Term:
    """A loss that counts for each pair as far as its teacher is heard: what it is averaged over stays."""
    return term._replace(total=weight * torch.where(weight > 0, term.total, 0.0))
