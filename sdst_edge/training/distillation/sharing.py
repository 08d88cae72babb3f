"""Two students that learn from one another (DST's student-student sharing).

::

    L_dull  = L(dull)  +        sigma_dull  L_SS(dull,  intelligent)
    L_intel = L(intel) + beta * sigma_intel L_SS(intel, dull)

with beta = 0.5, the factor of the second term (Shen et al., TPAMI 44(12); numbers of CFKD, its open reading).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.training.distillation.boxes import relative_sides
from sdst_edge.training.distillation.candidates import matched
from sdst_edge.training.distillation.soft import soft_scores
from sdst_edge.training.losses.term import Term
from sdst_edge.training.teachers.prediction import Prediction

__all__ = ["sharing", "sigma"]


def sigma(
    student_loss: Tensor, teacher_loss: Tensor, epoch: int, *, decay: float = 0.9, threshold: float = 0.005
) -> Tensor:
    """(B,): how much each pair of a student shares, without gradient.

    ``decay ** epoch if L(student, gt) - L(teacher, gt) < threshold else 0``: a student far behind its teacher learns
    from that one alone. DST decides for a batch, we for each pair.

    Args:
        student_loss: (B,) task loss.
        teacher_loss: (B,) the teacher's.
        epoch: from 0.
        decay: of the sharing with each epoch.
        threshold: h.
    """
    near = student_loss.detach() - teacher_loss.detach() < threshold
    return near.to(student_loss.dtype) * decay**epoch


def sharing(student: Prediction, peer: Prediction, share: Tensor) -> Term:
    """``sigma ( KL of scores + SmoothL1 of boxes )`` of a student to its peer, which gets no gradient from it.

    The KL is :func:`sdst_edge.training.distillation.soft.soft_scores` at T = 1. SmoothL1 takes distances over the
    sides of the peer's boxes, the mean of four, weighted by the peer's score p: ``sum(p l) / max(1, sum(p))``; the
    units and that weight are ours. Without boxes on both sides the scores alone are shared.

    Args:
        student: with gradient.
        peer: on the same grid.
        share: (B,) sigma.

    Raises:
        ConfigError: the grids differ.
    """
    total = soft_scores(student, peer).total
    student, peer = matched(student, peer)
    if student.ltrb is not None and peer.ltrb is not None:
        ours, theirs = (relative_sides(each.ltrb, of=peer.ltrb) for each in (student, peer) if each.ltrb is not None)
        apart = F.smooth_l1_loss(ours, theirs, reduction="none").mean(dim=2)  # (B, A, S, S)
        score = torch.sigmoid(peer.logit)
        total = total + (score * apart).flatten(1).sum(dim=1) / score.flatten(1).sum(dim=1).clamp(min=1)
    return Term(share.detach() * total, torch.ones_like(total))
