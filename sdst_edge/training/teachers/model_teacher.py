"""A network of ours as a teacher."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps, SiameseModel
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.training.pairs.batch import Crops, normalized
from sdst_edge.training.targets.points import narrowed
from sdst_edge.training.teachers.features import observe, require_features
from sdst_edge.training.teachers.shared_trunk import SharedTrunk
from sdst_edge.training.teachers.teacher import Lesson
from sdst_runtime.config import TrackerConfig

__all__ = ["ModelTeacher"]


class ModelTeacher:
    """A frozen network in eval mode, on whatever device the crops are on.

    Attributes:
        name: for logs and messages.
        config: of the network's tracker, or of a narrowed one.
        features: names of the features that lessons hold.
        model: the network; from now on the teacher's own.
    """

    def __init__(self, model: SiameseModel, name: str, config: TrackerConfig | None = None) -> None:
        """A teacher.

        Args:
            model: put into eval mode, and frozen.
            name: for logs and messages.
            config: None for the model's own.
        """
        self.model = model.eval().requires_grad_(False)
        self.name = name
        self.config = model.config if config is None else config
        self.features: tuple[str, ...] = ()
        self._device: torch.device | None = None  # where all weights are known to be; a trunk may be moved by others

    def give(self, features: Collection[str]) -> None:
        """Lets lessons hold features of these names from now on.

        Raises:
            ConfigError: the network has none of such a name.
        """
        require_features(self.model, features, f"teacher {self.name}")
        self.features = tuple(features)

    def teach(self, crops: Crops) -> Lesson:
        """See :meth:`sdst_edge.training.teachers.Teacher.teach`."""
        with torch.no_grad():
            if self._device != crops.x.device:
                self.model.to(crops.x.device)
                self._device = crops.x.device
            z, x = self._pixels(crops)
            return observe(self.model, z, x, self.features)

    def narrowed(self, config: TrackerConfig) -> ModelTeacher:
        """A teacher of the same network that sees no more than a student does; itself where that cannot be.

        Cells are cut off at the border until the field of view, in sides of the template crop, is no larger than
        needed. Whether the network takes the smaller search region is found by running it. Maps are those of the middle
        but for what lies near the new border, and for layers that average over the whole region (squeeze-and-excite).

        Args:
            config: of the student.
        """
        cells = _cells_needed(self.config, config)
        if cells == self.config.response_size:
            return self
        smaller = ModelTeacher(self.model, self.name, narrowed(self.config, cells))
        smaller.features = self.features
        return smaller if smaller._runs() else self

    def _runs(self) -> bool:
        """Whether the network's maps have the shapes that the configuration says."""
        config = self.config
        device = next(self.model.parameters()).device
        z, x = (torch.zeros(1, 3, side, side, device=device) for side in (config.template_size, config.search_size))
        try:
            with torch.no_grad():
                maps: Maps = self.model(z, x)
        except (RuntimeError, ValueError, IndexError):  # a layer of fixed size
            return False
        return [item.shape[1:] for item in maps] == [torch.Size(shape[1:]) for shape in config.outputs.values()]

    def _pixels(self, crops: Crops) -> tuple[Tensor, Tensor]:
        rule = self.config.normalization
        trunk: nn.Module | None = self.model.trunk if isinstance(self.model, ComposedTracker) else None
        if isinstance(trunk, SharedTrunk):
            return trunk.pixels(crops, rule)
        return normalized(crops.z, rule), normalized(crops.x, rule)


def _cells_needed(teacher: TrackerConfig, student: TrackerConfig) -> int:
    """Side of the teacher's maps that covers what the student sees."""
    same_context = (teacher.crop.context, teacher.crop.context_amount) == (
        student.crop.context,
        student.crop.context_amount,
    )
    surplus = 1 - student.crop.search_scale / teacher.crop.search_scale  # share of the teacher's field of view
    if not same_context or surplus <= 0:
        return teacher.response_size
    cut = int(surplus * teacher.search_size / teacher.stride_px + 1e-6)
    return max(1, teacher.response_size - cut)
