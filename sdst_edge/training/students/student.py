"""A student with all that it learns along, and the empty batch that shows whether its teachers fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sdst_edge.models import SiameseModel
from sdst_edge.training.distillation.adaptive import AdaptiveWeights
from sdst_edge.training.pairs.batch import Crops, PairBatch, normalized
from sdst_edge.training.recipe import Distillation, Loss
from sdst_edge.training.students.comparison import Answer, Comparison, Participant, answer
from sdst_edge.training.students.part_losses import PartLosses, uses_hints
from sdst_edge.training.teachers.features import observe, require_features
from sdst_runtime.config import TrackerConfig

__all__ = ["Student", "trial", "trial_batch"]

_TRIAL_PAIRS = 2  # one is a case of its own for correlations


class Student(nn.Module):
    """A student, the adapters of its teachers, and the weights that it gives them.

    Attributes:
        participant: its name, its tracker as it is trained, and its view of batches.
        network: the student.
        general: losses from each general teacher.
        specialised: losses from each specialised teacher.
        weights: of the specialised teachers, None where they are not learned.
    """

    weights: AdaptiveWeights | None

    def __init__(self, participant: Participant, network: SiameseModel, table: Distillation) -> None:
        """A student without teachers; :meth:`add_teachers` makes them known.

        Raises:
            ConfigError: the network has no feature map of a name that a hint asks for.
        """
        super().__init__()
        self.participant, self.network, self.table = participant, network, table
        tables = (table.general_parts, table.general), (table.specialised_parts, table.specialised)
        hinted = any(uses_hints(parts) and teachers for parts, teachers in tables)
        names = {hint.student for hint in table.hints} if hinted else set()
        if table.weighting == "adaptive" and table.specialised:
            names.add("response")
        require_features(network, names, participant.name)
        self.features = tuple(sorted(names))
        self.general, self.specialised, self.weights = nn.ModuleList(), nn.ModuleList(), None

    @property
    def prefix(self) -> str:
        """Before the names of its losses: empty for the student, ``peer/`` for the peer."""
        return "" if self.participant.name == "student" else f"{self.participant.name}/"

    def forward(self, batch: PairBatch, loss: Loss) -> Answer:
        """What the student says about a batch, with gradients."""
        crops, rule = batch.views[self.participant.view], self.participant.config.normalization
        outputs = observe(self.network, normalized(crops.z, rule), normalized(crops.x, rule), self.features)
        return answer(self.participant, outputs, batch, loss)

    def add_teachers(self, general: Sequence[Comparison], specialised: Sequence[Comparison]) -> None:
        """Makes what is learned along with each teacher.

        Args:
            general: this student and each general teacher on a batch of trial.
            specialised: likewise.

        Raises:
            ConfigError: one lacks what a part of the recipe needs of it.
        """
        table = self.table
        device = next(self.network.parameters()).device
        self.general.extend(PartLosses(table.general_parts, table.hints, "general_parts", pair) for pair in general)
        self.specialised.extend(
            PartLosses(table.specialised_parts, table.hints, "specialised_parts", pair) for pair in specialised
        )
        if table.weighting == "adaptive" and specialised:
            response = specialised[0].student.outputs.features["response"]
            self.weights = AdaptiveWeights(len(specialised), response.shape[1])
        for module in (self.general, self.specialised, self.weights):
            if module is not None:
                module.to(device)


def trial_batch(configs: Sequence[TrackerConfig], attributes: int, device: torch.device) -> PairBatch:
    """Black pairs with a small target in the middle.

    Args:
        configs: of the views.
        attributes: how many the recipe knows.
        device: of the batch.
    """
    count = _TRIAL_PAIRS

    def black(side: int) -> Tensor:
        return torch.zeros(count, side, side, 3, dtype=torch.uint8, device=device)

    views = tuple(
        Crops(z=black(each.template_size), x=black(each.search_size), scale=torch.ones(count, 2, device=device))
        for each in configs
    )
    return PairBatch(
        views=views,
        boxes_image=torch.tensor([[-16.0, -16.0, 16.0, 16.0]], device=device).repeat(count, 1),
        positive=torch.ones(count, dtype=torch.bool, device=device),
        annotated=torch.ones(count, dtype=torch.bool, device=device),
        attributes=torch.ones(count, attributes, device=device),
        index=torch.arange(count, device=device),
    )


@contextmanager
def trial(module: nn.Module, seed: int) -> Iterator[None]:
    """Without gradients, in eval mode, and with random numbers of its own; modes and numbers are as before then."""
    modes = [(each, each.training) for each in module.modules()]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module.eval()
            yield
    finally:
        for each, training in modes:
            each.training = training
