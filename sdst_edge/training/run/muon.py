"""Muon: convolution kernels move by an orthogonal matrix, everything else as by AdamW."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Muon", "is_orthogonalised", "orthogonalised"]

#: Of the quintic polynomial whose repetition pushes singular values towards 1 (Jordan), and how often it is applied.
_QUINTIC = (3.4445, -4.7750, 2.0315)
_REPETITIONS = 5
_MOMENTUM = 0.95
#: A step's root mean square is that of AdamW's, about this, times the rate (Liu et al., section 2.2).
_ROOT_MEAN_SQUARE = 0.2
#: Kernels with fewer outputs are predictions of one box a cell, whose rows are no features to be kept apart. Those of
#: several anchors have more, and are not told from features.
_FEWEST_OUTPUTS = 8


class Muon(torch.optim.AdamW):
    """AdamW whose groups with ``orthogonal`` set are moved by Muon.

    With momentum m = 0.95 m + 0.05 g of a kernel's gradient g, and Nesterov's look ahead u = 0.95 m + 0.05 g, u as a
    matrix of outputs x (inputs x height x width) is made orthogonal, which lets all directions learn at one pace::

        w <- (1 - lr decay) w - lr 0.2 sqrt(max(rows, columns)) orthogonal(u)

    Jordan et al., *Muon: an optimizer for hidden layers in neural networks*, 2024; decay and scale of Liu et al.,
    *Muon is Scalable for LLM Training*, 2025.

    Args:
        groups: of parameters, each with ``orthogonal``; those where it is True hold kernels of two and more dimensions.
        lr: of groups that name none.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float) -> None:
        super().__init__(groups, lr=lr)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Moves all parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        everything = self.param_groups
        for group in everything:
            if group["orthogonal"]:
                self._move_kernels(group)
        self.param_groups = [group for group in everything if not group["orthogonal"]]
        try:
            super().step()
        finally:
            self.param_groups = everything
        return loss

    def _move_kernels(self, group: dict[str, Any]) -> None:
        for kernel in group["params"]:
            if kernel.grad is None:
                continue
            state = self.state[kernel]
            if not state:  # AdamW expects a number of steps wherever it has a state
                state.update(step=torch.zeros(()), momentum=torch.zeros_like(kernel.grad))
            state["step"] += 1
            momentum = state["momentum"].lerp_(kernel.grad, 1 - _MOMENTUM)
            ahead = kernel.grad.lerp(momentum, _MOMENTUM).flatten(1)  # (O, I H W)
            scale = _ROOT_MEAN_SQUARE * max(ahead.shape) ** 0.5
            kernel.mul_(1 - group["lr"] * group["weight_decay"])
            kernel.add_(orthogonalised(ahead).view(kernel.shape), alpha=-group["lr"] * scale)


def is_orthogonalised(parameter: Tensor) -> bool:
    """Whether Muon moves a parameter by an orthogonal matrix: a kernel with too many outputs for a box and a score."""
    return parameter.ndim == 4 and len(parameter) >= _FEWEST_OUTPUTS


def orthogonalised(matrix: Tensor) -> Tensor:
    """(M, N) to the matrix of the same singular vectors whose singular values all lie near 1, about 0.7 to 1.2.

    By Newton-Schulz iteration, without a decomposition. Zeros stay zeros.
    """
    x = matrix.to(torch.float32)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / x.norm().clamp(min=1e-7)
    first, third, fifth = _QUINTIC
    for _ in range(_REPETITIONS):
        square = x @ x.T
        x = first * x + (third * square + fifth * square @ square) @ x
    result: Tensor = (x.T if tall else x).to(matrix.dtype)
    return result
