"""Where the template's features respond in the search region's: DST's Siamese target response loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.training.distillation.resampling import resampled
from sdst_edge.training.losses.scores import full_precision
from sdst_edge.training.losses.term import Term
from sdst_edge.training.teachers.teacher import Outputs
from sdst_runtime.errors import ConfigError

__all__ = ["Responses", "response_maps", "target_patch", "target_response"]

#: A map of a smaller norm counts as dark, and gives no gradient beyond 1 / DARK.
DARK = 1e-6

Responses = tuple[Tensor, Tensor]


def target_response(student: Outputs, teacher: Outputs, field: Tensor | None = None) -> Term:
    """``mean_l( ||Q_z^s - Q_z^t||² + ||Q_x^s - Q_x^t||² )`` over correlations l, every Q of length 1.

    DST (Shen et al., TPAMI 44(12)), by the formulas of its open reading in CFKD, with W made
    positive and normalised for each pair (CFKD: over the batch) and maps of length 1 (the paper; CFKD's are not), so
    neither the number of channels nor their scale matters. The sum over cells lies in 0..2 for each map; CFKD takes
    the mean, so its weight of 100 is one of 0.1 here at 31 x 31 cells. The operands of correlations stand for CFKD's
    backbone stages. Of n correlations of the student and m of the teacher, the i-th learns from the
    ``floor(i m / n)``-th.

    Args:
        student: with ``template`` and ``search``, with gradient.
        teacher: likewise; any channels, any sides.
        field: of the search regions, see :func:`sdst_edge.training.distillation.resampling.resampled`.

    Raises:
        ConfigError: one of them has no features, or an ``up-channel`` correlation, whose template operand are kernels
            of score and box channels, no features that could respond.
    """
    ours, theirs = _operands(student, "student"), _operands(teacher, "teacher")
    apart = []
    for i, (template, search) in enumerate(ours):
        other = theirs[i * len(theirs) // len(ours)]
        q_z, q_x = response_maps(template, search)
        r_z, r_x = response_maps(*(features.detach() for features in other))
        apart.append(_distance(q_z, r_z) + _distance(q_x, r_x, field))
    total = torch.stack(apart).mean(dim=0)
    return Term(total, torch.ones_like(total))


def response_maps(template: Tensor, search: Tensor) -> Responses:
    """``Q_z = sum_c |P|`` and ``Q_x = sum_c |W F_x|`` of one correlation's operands.

    ``P`` is :func:`target_patch`, ``W = max(0, xcorr(F_x, P))`` over all channels with as many cells as ``F_x``,
    divided by its sum.

    Args:
        template: (B, C, h, w).
        search: (B, C, H, W).

    Returns:
        (B, h', w') and (B, H, W), not normalised.
    """
    patch, search = target_patch(full_precision(template)), full_precision(search)
    response = _response(patch, search).clamp(min=0)  # (B, 1, H, W)
    total = response.sum(dim=(2, 3), keepdim=True)
    weight = response / total.clamp(min=torch.finfo(total.dtype).tiny)
    return patch.abs().sum(dim=1), (weight * search).abs().sum(dim=1)


def target_patch(template: Tensor) -> Tensor:
    """The middle of the template's features, where the target is: half of each side, an odd number of cells.

    A template shows the target with a margin of half its size (``context_amount`` 0.5). Features of an even side are
    first averaged over 2 x 2 neighbours, so that the middle cell lies in the middle.

    Args:
        template: (B, C, h, w).

    Returns:
        (B, C, h', w'), both odd.
    """
    height, width = template.shape[2:]
    rows, columns = height // 2 | 1, width // 2 | 1
    template = F.avg_pool2d(template, (2 - height % 2, 2 - width % 2), stride=1)  # odd sides
    top, left = (template.shape[2] - rows) // 2, (template.shape[3] - columns) // 2
    return template[:, :, top : top + rows, left : left + columns]


def _response(patch: Tensor, search: Tensor) -> Tensor:
    """(B, 1, H, W): cross-correlation over all channels, zeros beyond the search features.

    The products of all cells of the patch with all of the search region by one matrix product, and their sums along
    the diagonals by ``fold``: with its gradient a tenth of the time of a convolution of B groups on a CPU.

    Args:
        patch: (B, C, h, w), both odd.
        search: (B, C, H, W).
    """
    height, width = patch.shape[2:]
    with torch.autocast(search.device.type, enabled=False):
        products = patch.flatten(2).transpose(1, 2) @ search.flatten(2)  # (B, h w, H W)
        # fold adds a product at its place in the search region plus the cell's offset; it belongs there minus that.
        return F.fold(products.flip(1), search.shape[2:], (height, width), padding=(height // 2, width // 2))


def _operands(outputs: Outputs, whose: str) -> list[tuple[Tensor, Tensor]]:
    """Template and search features of each correlation."""
    pairs = list(zip(outputs.template, outputs.search, strict=False))  # a mask's further search features come last
    if not pairs:
        raise ConfigError(
            f"the target response needs features, the {whose} gives predictions only; set response = 0 in its parts, "
            "or use a checkpoint as the teacher"
        )
    for template, search in pairs:
        if template.shape[1] != search.shape[1]:
            raise ConfigError(
                f"the target response compares features; the {whose}'s correlation is of another kind (up-channel: "
                f"kernels of {template.shape[1]} channels on {search.shape[1]}); set response = 0 in its parts, "
                "and use a hint on one of its modules"
            )
    return pairs


def _distance(ours: Tensor, theirs: Tensor, field: Tensor | None = None) -> Tensor:
    """(B,): squared distance of two maps (B, H, W) at the cells of the first, each made one of length 1."""
    height, width = ours.shape[1:]
    a, b = ours, resampled(theirs[:, None], (height, width), field)[:, 0]
    a, b = (F.normalize(each.flatten(1), dim=1, eps=DARK) for each in (a, b))  # (B, H W)
    return (a - b).square().sum(dim=1)
