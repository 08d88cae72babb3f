"""A toy problem in which only the specialised teacher knows the answer.

Plain pairs show a red square on grey. Pairs with the attribute FM show a blue one, which is the target, and a green
one, which is not. The student is a few convolutions, the teachers are written by hand: each believes in squares of some
colours and sees nothing else. The annotation is never learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sdst_edge.models.composed import Branch, ComposedTracker, Exp, Matcher
from sdst_edge.training.losses.term import Terms
from sdst_edge.training.pairs.batch import Crops, PairBatch, normalized
from sdst_edge.training.recipe import Data, Distillation, ModelSpec, Optimization, Parts, Recipe, Source, TeacherSpec
from sdst_edge.training.sdst import Sdst
from sdst_edge.training.teachers.teacher import Outputs, Teacher
from sdst_runtime.config import TrackerConfig
from tests.parity.toy_networks import toy

__all__ = [
    "BLUE",
    "CONFIG",
    "GREEN",
    "PREDICTIONS",
    "RED",
    "SPEC",
    "Oracle",
    "Shares",
    "a_recipe",
    "learned",
    "pairs",
    "right",
    "small_student",
    "total",
]

CONFIG = toy("toy-points").config
CELLS, STRIDE, SQUARE = CONFIG.response_size, 4, 2  # cells, px, side of the square in cells
BLUE, GREEN, RED = 0, 1, 2
GREY, BRIGHT = 100, 250
SPEC = TeacherSpec(checkpoint="unused.safetensors")
SURE = 4.0


def a_recipe(**distillation: object) -> Recipe:
    """Of a run on two attributes, whose teachers are given by hand."""
    return Recipe(
        model=ModelSpec(family="sdst-nano-s"),
        data=Data(sources=(Source(path="unused"),), attributes=("OV", "FM")),
        optimization=Optimization(steps=100, batch_size=16),
        distillation=Distillation(**distillation),  # type: ignore[arg-type]
    )


def pairs(seed: int, count: int = 16) -> PairBatch:
    """Plain pairs and pairs with FM by turns; the squares lie on whole cells."""
    generator = torch.Generator().manual_seed(seed)
    corners = torch.randint(1, CELLS - SQUARE - 1, (count, 2), generator=generator)  # column, row
    fast = torch.arange(count) % 2 == 1
    x = torch.full((count, CONFIG.search_size, CONFIG.search_size, 3), GREY, dtype=torch.uint8)
    for i, (column, row) in enumerate(corners.tolist()):
        _paint(x[i], column, row, BLUE if fast[i] else RED)
        if fast[i]:
            _paint(x[i], (column + 5) % 12 + 1, row, GREEN)
    z = torch.full((count, CONFIG.template_size, CONFIG.template_size, 3), BRIGHT, dtype=torch.uint8)
    first = corners * STRIDE - CONFIG.search_size / 2
    return PairBatch(
        views=(Crops(z=z, x=x, scale=torch.ones(count, 2)),),
        boxes_image=torch.cat([first, first + SQUARE * STRIDE], dim=1),
        positive=torch.ones(count, dtype=torch.bool),
        annotated=torch.ones(count, dtype=torch.bool),
        attributes=torch.stack([torch.zeros(count), fast.float()], dim=1),
        index=torch.arange(count) + seed * count,
    )


def _paint(picture: Tensor, column: int, row: int, channel: int) -> None:
    top, left, side = row * STRIDE, column * STRIDE, SQUARE * STRIDE
    picture[top : top + side, left : left + side, channel] = BRIGHT


class Oracle:
    """Believes in squares of some colours."""

    def __init__(self, name: str, *channels: int) -> None:
        self.name = name
        self.config: TrackerConfig = CONFIG
        self._channels = channels

    def teach(self, crops: Crops) -> Outputs:
        blocks = crops.x.unflatten(1, (CELLS, STRIDE)).unflatten(3, (CELLS, STRIDE))  # (B, S, 4, S, 4, 3)
        seen = (blocks[:, :, 0, :, 0] == BRIGHT)[..., list(self._channels)].any(dim=-1)  # (B, S, S)
        at = torch.arange(CELLS)
        sides = []
        for axis in (1, 2):  # cells of the square's rows, columns
            inside = seen.any(dim=axis)  # over rows: columns
            start, end = inside.float().argmax(dim=1), CELLS - 1 - inside.flip(1).float().argmax(dim=1)
            sides.append((at[None] - start[:, None] + 0.5, end[:, None] - at[None] + 0.5))  # (B, S) cells
        (left, right), (top, bottom) = sides
        square = (left[:, None, :], top[:, :, None], right[:, None, :], bottom[:, :, None])
        ltrb = torch.stack([side.expand(-1, CELLS, CELLS) for side in square], dim=1) * STRIDE
        known = seen.any(dim=(1, 2))[:, None, None, None]
        score = torch.where(seen, SURE, -SURE)[:, None]
        return Outputs(maps=(score, torch.where(known, ltrb, 2.0).clamp(min=0.1)))


def small_student(seed: int = 0) -> ComposedTracker:
    """Three layers that can tell red from blue."""
    torch.manual_seed(seed)
    branches = {"score": (1, None), "ltrb": (4, Exp())}
    model = ComposedTracker(
        CONFIG,
        trunk=nn.Sequential(nn.Conv2d(3, 8, STRIDE, STRIDE), nn.ReLU()),
        matchers={"only": Matcher("depthwise", center=1)},
        branches={
            name: Branch(["only"], nn.Identity(), nn.Conv2d(8, channels, 3, padding=1), transform)
            for name, (channels, transform) in branches.items()
        },
    )
    model.family = "spotter"
    return model


#: Predictions alone: what bounded boxes and the hard loss learn is in the annotation.
PREDICTIONS = Parts(soft=1.0, bounded=0.0, guided=1.0, hard=0.0)


def total(terms: Terms) -> Tensor:
    """The loss of a step."""
    return torch.stack([term.factor * term.mean() for term in terms.values()]).sum()


def learned(recipe: Recipe, general: Teacher, specialised: Mapping[str, Teacher], steps: int = 80) -> Sdst:
    """A student after some steps."""
    sdst = Sdst(small_student(), CONFIG, recipe, [general], specialised)
    optimizer = torch.optim.Adam(sdst.parameters(), lr=0.02)
    for step in range(steps):
        terms = sdst(pairs(step), step / steps)
        optimizer.zero_grad()
        total(terms).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return sdst


class Shares(NamedTuple):
    """Of new pairs, those in which the student is right, 0..1."""

    plain: float
    fast: float


def right(sdst: Sdst) -> Shares:
    """Whether the best cell lies in the square and its box overlaps it by more than a half."""
    batch = pairs(10_000, 64)
    crops, rule = batch.views[0], CONFIG.normalization
    with torch.no_grad():
        score, ltrb = sdst.student.eval()(normalized(crops.z, rule), normalized(crops.x, rule))
    best = score.flatten(1).argmax(dim=1)
    place = torch.stack([best % CELLS, best // CELLS], dim=1) * STRIDE + CONFIG.point_origin_px
    sides = ltrb.flatten(2)[torch.arange(len(best)), :, best]
    box = torch.cat([place - sides[:, :2], place + sides[:, 2:]], dim=1)
    hit = _iou(box, batch.boxes_image) > 0.5
    fast = batch.attributes[:, 1] > 0
    return Shares(plain=hit[~fast].float().mean().item(), fast=hit[fast].float().mean().item())


def _iou(a: Tensor, b: Tensor) -> Tensor:
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    return shared / ((a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - shared)
