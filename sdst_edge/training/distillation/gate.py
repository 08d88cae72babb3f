"""How loud each of several teachers speaks for a pair, by its attributes and by its merit. Nothing here is learned."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["gate", "label_weights", "uniform_weights"]


def gate(student_loss: Tensor, teacher_loss: Tensor, margin: float = 0.005) -> Tensor:
    """(B,): 1 where a teacher has something to teach, else 0; without gradient.

    ``1[ L_task(T_k) < L_task(S) - h ]``. Our reconstruction, after DST's adaptive hard loss and the selective
    distillation of Tan et al. (ICLR 2019), who decide once in a while for a whole task. A NaN shuts the gate.

    Args:
        student_loss: (B,) task loss of each pair.
        teacher_loss: (B,) the teacher's.
        margin: h.
    """
    return (teacher_loss.detach() < student_loss.detach() - margin).to(student_loss.dtype)


def label_weights(attributes: Tensor) -> Tensor:
    """(B, M): ``a_k / sum_j a_j``, evenly over the attributes that a pair holds; zeros where it holds none.

    Args:
        attributes: (B, M) multi-hot, one column for each specialised teacher, in their order.
    """
    return attributes / attributes.sum(dim=1, keepdim=True).clamp(min=1)


def uniform_weights(attributes: Tensor) -> Tensor:
    """(B, M): 1 / M, whatever a pair holds.

    Args:
        attributes: as in :func:`label_weights`; gives shape, type and device.
    """
    return torch.full_like(attributes, 1 / attributes.shape[1])
