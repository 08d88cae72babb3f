"""The annotation once more, for pairs in which the student is behind its teacher."""

from __future__ import annotations

import torch
from torch import Tensor

from sdst_edge.training.losses.term import Term

__all__ = ["adaptive_hard"]


def adaptive_hard(student_loss: Tensor, teacher_loss: Tensor, threshold: float = 0.005) -> Term:
    """DST's adaptive hard loss (Shen et al., TPAMI 44(12)), for each pair.

    ``L_AH = L(s, gt) if L(s, gt) - L(t, gt) > h else 0``. DST takes a batch at a time. A pair in which the student is
    good enough counts as 0, so the mean falls with their number.

    Args:
        student_loss: (B,) task loss of each pair, with gradient.
        teacher_loss: (B,) the teacher's.
        threshold: h.
    """
    behind = student_loss.detach() - teacher_loss.detach() > threshold
    return Term(torch.where(behind, student_loss, 0.0), torch.ones_like(student_loss))
