"""A network of ours as a teacher."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps, SiameseModel
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.training.pairs.batch import Crops, normalized
from sdst_edge.training.targets.points import narrowed, points
from sdst_edge.training.teachers.features import observe, require_features
from sdst_edge.training.teachers.grids import crop_numbers
from sdst_edge.training.teachers.shared_trunk import SharedTrunk
from sdst_edge.training.teachers.teacher import Outputs
from sdst_runtime.config import TrackerConfig

__all__ = ["ModelTeacher"]

#: Cells that a narrowed teacher keeps on each side beyond the student's, where its crops are others anyway. With it
#: NanoTrack v3 had its highest score inside the target in 92 % of the pairs of a student on 12 cells about the centre,
#: without it in 80 to 90 %.
RIM_CELLS = 1


class ModelTeacher:
    """A frozen network in eval mode, on whatever device the crops are on.

    Attributes:
        name: for logs and messages.
        config: of the network's tracker, or of a narrowed one.
        features: names of the features that outputs hold.
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
        """Lets outputs hold features of these names from now on.

        Raises:
            ConfigError: the network has none of such a name.
        """
        require_features(self.model, features, f"teacher {self.name}")
        self.features = tuple(features)

    def teach(self, crops: Crops) -> Outputs:
        """See :meth:`sdst_edge.training.teachers.Teacher.teach`."""
        with torch.no_grad():
            if self._device != crops.x.device:
                self.model.to(crops.x.device)
                self._device = crops.x.device
            z, x = self._pixels(crops)
            return observe(self.model, z, x, self.features)

    def narrowed(self, config: TrackerConfig) -> ModelTeacher:
        """A teacher of the same network that sees no more than a student does; itself where that cannot be.

        Cells are cut off at the border. A teacher that can cut what the student cuts sees just that; one of other
        strides or sizes keeps all cells between which the student's lie, and ``RIM_CELLS`` more on each side, as its
        border is where it is worst. Whether the network takes the smaller search region is found by running it. Maps
        are those of the middle but for what lies near the new border, and for layers that average over the whole
        region (squeeze-and-excite).

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
    cells = teacher.response_size
    surplus = 1 - student.crop.search_scale / teacher.crop.search_scale  # share of the teacher's field of view
    if surplus <= 0 or _context(teacher) != _context(student):
        return cells
    same = max(1, cells - round(surplus * teacher.search_size / teacher.stride_px))
    if crop_numbers(narrowed(teacher, same)) == crop_numbers(student):
        return same
    ratio = _px_per_template(teacher) / _px_per_template(student)
    ours, theirs = points(teacher).tolist(), [at * ratio for at in points(student).tolist()]
    spare_px = min(theirs[0] - ours[0], ours[-1] - theirs[-1])  # on each side
    return cells - max(0, int(2 * spare_px / teacher.stride_px + 1e-6) - 2 * RIM_CELLS)


def _context(config: TrackerConfig) -> tuple[str, float]:
    return config.crop.context, config.crop.context_amount


def _px_per_template(config: TrackerConfig) -> float:
    """Network px of the search input per side of what the template shows."""
    return config.search_size / config.crop.search_scale
