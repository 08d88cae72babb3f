"""The losses from one teacher to one student that a recipe's ``parts`` weigh, each by its name there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from sdst_edge.training.distillation.attention import attention
from sdst_edge.training.distillation.flow import flow
from sdst_edge.training.distillation.hard import adaptive_hard
from sdst_edge.training.distillation.hints import Regressor, hint
from sdst_edge.training.distillation.response import target_response
from sdst_edge.training.distillation.soft import bounded_boxes, guided_boxes, soft_scores
from sdst_edge.training.losses.term import Term, Terms
from sdst_edge.training.recipe import Hint, Parts
from sdst_edge.training.students.comparison import Comparison
from sdst_edge.training.teachers.teacher import Outputs
from sdst_runtime.errors import ConfigError

__all__ = ["PartLosses", "uses_hints"]

_OF_HINTS = ("hint", "attention", "flow")


def uses_hints(parts: Parts) -> bool:
    """Whether losses need the feature maps that hints name."""
    return any(getattr(parts, name) > 0 for name in _OF_HINTS)


class PartLosses(nn.Module):
    """From one teacher to one student, with the adapters that are learned along.

    Args:
        parts: weights of the losses.
        hints: the feature maps.
        table: of the recipe, such as ``general_parts``, for messages.
        trial: the two side by side, on any pairs: tells whether they fit, and the adapters' channels.

    Raises:
        ConfigError: student or teacher lacks what a part needs.
    """

    def __init__(self, parts: Parts, hints: Sequence[Hint], table: str, trial: Comparison) -> None:
        super().__init__()
        self.parts, self.hints = parts, tuple(hints)
        self.weights = {name: getattr(parts, name) for name in _LOSSES if getattr(parts, name) > 0}
        for name, weight in self.weights.items():
            if lack := _lack(name, trial, self.hints):
                part = f"distillation.{table}.{name}"
                raise ConfigError(f"recipe: {part} is {weight:g}, but {lack}; set {part} = 0")
        pairs = [(ours, theirs) for ours, theirs, _ in self.features(trial)] if uses_hints(parts) else []
        self.hint_adapters = _adapters(pairs if "hint" in self.weights else ())
        self.flow_adapters = _adapters(pairs if "flow" in self.weights else ())

    def forward(self, pair: Comparison) -> Terms:
        """By name, with the parts' weights as factors."""
        return {name: _LOSSES[name](self, pair)._replace(factor=weight) for name, weight in self.weights.items()}

    def features(self, pair: Comparison) -> list[tuple[Tensor, Tensor, Tensor | None]]:
        """The student's and the teacher's map of each hint, and the ``field`` between them."""
        ours, theirs = pair.student.outputs, pair.teacher.outputs
        return [
            (_feature(ours, item.student), _feature(theirs, item.teacher), _field(item, pair)) for item in self.hints
        ]


def _soft(losses: PartLosses, pair: Comparison) -> Term:
    return soft_scores(pair.student.prediction, pair.taught, losses.parts.temperature)


def _bounded(losses: PartLosses, pair: Comparison) -> Term:
    true, margin = pair.truth, losses.parts.bound_margin
    return bounded_boxes(pair.student.prediction, pair.taught, true.ltrb, true.positive, margin)


def _guided(_: PartLosses, pair: Comparison) -> Term:
    return guided_boxes(pair.student.prediction, pair.taught)


def _hard(losses: PartLosses, pair: Comparison) -> Term:
    behind = adaptive_hard(pair.student_loss, pair.teacher_loss, losses.parts.hard_threshold)
    return behind.among(pair.truth.annotated)


def _response(_: PartLosses, pair: Comparison) -> Term:
    return target_response(pair.student.outputs, pair.teacher.outputs, pair.field)


def _hint(losses: PartLosses, pair: Comparison) -> Term:
    maps = zip(losses.features(pair), _regressors(losses.hint_adapters), strict=True)
    return _summed(hint(ours, theirs, adapter, field) for (ours, theirs, field), adapter in maps)


def _attention(losses: PartLosses, pair: Comparison) -> Term:
    return _summed(attention(*maps) for maps in losses.features(pair))


def _flow(losses: PartLosses, pair: Comparison) -> Term:
    stages = pairwise(zip(losses.features(pair), _regressors(losses.flow_adapters), strict=True))
    return _summed(
        flow((first[0], second[0]), (first[1], second[1]), (adapter, next_adapter))
        for (first, adapter), (second, next_adapter) in stages
    )


#: By their names in :class:`sdst_edge.training.recipe.Parts`.
_LOSSES: Mapping[str, Callable[[PartLosses, Comparison], Term]] = {
    "soft": _soft,
    "bounded": _bounded,
    "guided": _guided,
    "hard": _hard,
    "response": _response,
    "hint": _hint,
    "attention": _attention,
    "flow": _flow,
}


def _summed(terms: Iterable[Term]) -> Term:
    """Over hints; all concern every pair."""
    found = list(terms)
    return Term(torch.stack([term.total for term in found]).sum(dim=0), found[0].weight)


def _adapters(pairs: Sequence[tuple[Tensor, Tensor]]) -> nn.ModuleList:
    return nn.ModuleList(Regressor(ours.shape[1], theirs.shape[1]) for ours, theirs in pairs)


def _regressors(adapters: nn.ModuleList) -> list[Regressor]:
    return [adapter for adapter in adapters if isinstance(adapter, Regressor)]


def _feature(outputs: Outputs, name: str) -> Tensor:
    return outputs.features[name]


def _field(item: Hint, pair: Comparison) -> Tensor | None:
    """None for templates, whose crops show the same whatever the search region."""
    return None if "template" in (item.student, item.teacher) else pair.field


def _lack(name: str, trial: Comparison, hints: Sequence[Hint]) -> str:
    """What a part needs and does not find; empty where it fits."""
    needed = {"hint": 1, "attention": 1, "flow": 2}.get(name, 0)
    if len(hints) < needed:
        return f"distillation.hints has {len(hints)} of the {needed} feature maps that it needs"
    for side, names in (
        (trial.student, {item.student for item in hints}),
        (trial.teacher, {item.teacher for item in hints}),
    ):
        outputs, whose = side.outputs, f"the {side.participant.name}"
        if name in ("bounded", "guided") and side.prediction.ltrb is None:
            return f"{whose} predicts no boxes"
        blind = name in _OF_HINTS and not names <= outputs.features.keys()
        if blind or (name == "response" and not outputs.template):
            return f"{whose} gives predictions only, no features"
        operands = zip(outputs.template, outputs.search, strict=False)
        if name == "response" and any(z.shape[1] != x.shape[1] for z, x in operands):
            return f"{whose} correlates up-channel: its template operand holds kernels, not features"
    return ""
