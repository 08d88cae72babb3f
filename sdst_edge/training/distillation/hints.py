"""A feature map of the student that is to resemble the teacher's (FitNets)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sdst_edge.training.distillation.resampling import resampled
from sdst_edge.training.losses.scores import full_precision
from sdst_edge.training.losses.term import Term
from sdst_runtime.errors import ConfigError

__all__ = ["Regressor", "hint"]


class Regressor(nn.Module):
    """From the student's channels to the teacher's: a 1 x 1 convolution, learned along and dropped afterwards.

    Args:
        student_channels: of the student's feature map.
        teacher_channels: of the teacher's.
    """

    def __init__(self, student_channels: int, teacher_channels: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(student_channels, teacher_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, student channels, H, W) to (B, teacher channels, H, W).

        Raises:
            ConfigError: another number of channels.
        """
        if features.shape[1] != self.project.in_channels:
            raise ConfigError(
                f"a hint's regressor takes {self.project.in_channels} channels of the student, the feature map has "
                f"{features.shape[1]}; build it for the map that the recipe's hint names"
            )
        result: Tensor = self.project(features)
        return result


def hint(student: Tensor, teacher: Tensor, regressor: Regressor, field: Tensor | None = None) -> Term:
    """``mean( (Reg(F_s) - F_t)² )`` over channels and cells (FitNets, Romero et al., ICLR 2015).

    The mean stands for half the sum, so that a weight means the same for maps of any size. The teacher's map is
    resampled at the student's cells where sides differ.

    Args:
        student: (B, C_s, H, W), with gradient.
        teacher: (B, C_t, H', W').
        regressor: from C_s to C_t channels.
        field: see :func:`sdst_edge.training.distillation.resampling.resampled`.

    Raises:
        ConfigError: the regressor is for other channels.
    """
    ours = full_precision(regressor(student))
    height, width = ours.shape[2:]
    theirs = resampled(full_precision(teacher.detach()), (height, width), field)
    if ours.shape != theirs.shape:
        raise ConfigError(
            f"a hint's regressor gives {tuple(ours.shape)}, the teacher's feature map is {tuple(theirs.shape)} at the "
            "student's cells; build it for the map that the recipe's hint names"
        )
    total = (ours - theirs).square().flatten(1).mean(dim=1)
    return Term(total, torch.ones_like(total))
