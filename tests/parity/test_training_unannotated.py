"""Pairs without an annotation: what a student learns of them, and which losses leave them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from sdst_edge.training.losses.term import Terms
from sdst_edge.training.pairs.batch import Crops, PairBatch
from sdst_edge.training.recipe import Hint, ModelSpec, Parts, Peer
from sdst_edge.training.sdst import Sdst
from sdst_edge.training.students.student import trial_batch
from sdst_edge.training.teachers.model_teacher import ModelTeacher
from tests.parity.spotting import (
    BLUE,
    CONFIG,
    PREDICTIONS,
    RED,
    SPEC,
    Oracle,
    Shares,
    a_recipe,
    pairs,
    right,
    small_student,
    total,
)
from tests.parity.toy_networks import toy

KNOWS_ALL, KNOWS_BLUE = Oracle("general", RED, BLUE), Oracle("FM", BLUE)
COUNT = 16
#: Two of four, so that either half has red and blue squares.
HALF = torch.arange(COUNT) // 2 % 2 == 0
NONE = torch.zeros(COUNT, dtype=torch.bool)
EVERY_PART = Parts(guided=1.0, hard=1.0, hint=1.0, attention=1.0, flow=1.0)
#: By their last names: losses that compare with the annotation; the others compare with a teacher.
JUDGED = {"positive", "negative", "score", "box", "bounded", "hard", "sharing", "weights"}


def known(which: Tensor, seed: int = 0) -> PairBatch:
    """Pairs that are annotated in part; what is said of the others is wrong."""
    batch = pairs(seed, COUNT)
    elsewhere = torch.tensor([-6.0, -6.0, 6.0, 6.0]).expand(COUNT, -1)
    return replace(batch, annotated=which, boxes_image=torch.where(which[:, None], batch.boxes_image, elsewhere))


def is_judged(name: str) -> bool:
    return name.rsplit("/", 1)[-1] in JUDGED


def assert_concern(terms: Terms, whole: Terms, which: Tensor) -> None:
    """Losses by the annotation concern some pairs alone, and say of them what they say in a batch of such pairs."""
    assert terms.keys() == whole.keys()
    for name, term in terms.items():
        concerned = which if is_judged(name) else torch.ones_like(which)
        assert torch.equal(term.weight, whole[name].weight * concerned), name
        assert torch.equal(term.total, torch.where(concerned, whole[name].total, 0.0)), name


# --- what is learned


def test_a_student_learns_from_teachers_alone_whatever_was_proposed() -> None:
    recipe = a_recipe(general=(SPEC,), general_parts=replace(PREDICTIONS, bounded=1.0, hard=1.0))
    sdst = Sdst(small_student(), CONFIG, recipe, [KNOWS_ALL])
    optimizer = torch.optim.Adam(sdst.parameters(), lr=0.02)
    for step in range(80):
        loss = total(sdst(known(NONE, step), step / 80))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert right(sdst) == Shares(plain=1.0, fast=1.0)


def test_without_any_teacher_a_batch_without_annotations_teaches_nothing() -> None:
    sdst = Sdst(small_student(), CONFIG, a_recipe())
    loss = total(sdst(known(NONE), 0.0))
    assert loss == 0
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(item.grad is not None and not item.grad.any() for item in sdst.parameters())


# --- the losses of a step

ARMS: Mapping[str, dict[str, Any]] = {
    "general": {"general": (SPEC,), "general_parts": replace(PREDICTIONS, bounded=1.0, hard=1.0)},
    "ungated": {"specialised": {"FM": SPEC, "OV": SPEC}, "weighting": "uniform", "gate": False},
    "adaptive": {"specialised": {"FM": SPEC, "OV": SPEC}, "weighting": "adaptive", "gate": False},
}


@pytest.mark.parametrize("which", [HALF, NONE], ids=["half", "none"])
@pytest.mark.parametrize("arm", ARMS)
def test_losses_by_the_annotation_leave_others_out_and_those_by_teachers_count_all(arm: str, which: Tensor) -> None:
    recipe = a_recipe(**ARMS[arm])
    table = recipe.distillation
    assert table is not None
    teachers = [KNOWS_ALL] * len(table.general), dict.fromkeys(table.specialised, KNOWS_BLUE)
    sdst = Sdst(small_student(), CONFIG, recipe, *teachers)
    batch = known(which)
    found, whole = sdst(batch, 0.0), sdst(pairs(0, COUNT), 0.0)
    assert_concern(found, whole, which)
    assert not all(is_judged(name) for name in found)
    total(found).backward()  # type: ignore[no-untyped-call]
    assert all(item.grad is not None and item.grad.isfinite().all() for item in sdst.parameters())


@pytest.mark.parametrize(
    ("student", "teacher"),
    [("toy-points", "toy-anchors"), ("toy-anchors", "toy-points"), ("toy-anchors", "toy-anchors")],
)
def test_it_is_so_from_any_head_to_any_other(student: str, teacher: str) -> None:
    hints = (Hint(student="trunk.stem", teacher="trunk.stem"), Hint(student="response", teacher="search"))
    recipe = a_recipe(general=(SPEC,), general_parts=EVERY_PART, hints=hints)
    model = toy(student)  # in eval mode norms take no account of other pairs
    sdst = Sdst(model, model.config, recipe, [ModelTeacher(toy(teacher), "general 1")])
    batch = trial_batch(sdst.configs, 2, torch.device("cpu"))
    which = torch.tensor([True, False])
    whole = sdst(batch, 0.0)
    assert {"task/box", "general/hard", "general/bounded", "general/flow"} <= whole.keys()
    assert_concern(sdst(replace(batch, annotated=which), 0.0), whole, which)


def test_gates_are_opened_by_the_annotation_alone() -> None:
    """Of red and blue squares by turns the specialised teacher knows the blue ones."""
    recipe = a_recipe(specialised={"FM": SPEC}, weighting="uniform")
    sdst = Sdst(small_student(), CONFIG, recipe, [], {"FM": KNOWS_BLUE})
    blue = torch.arange(COUNT) % 2 == 1
    soft = sdst(known(HALF), 0.0)["specialised/FM/soft"]
    assert torch.equal(soft.total > 0, HALF & blue)
    assert torch.equal(soft.weight > 0, HALF)
    assert sdst.metrics["gate/FM"] == 0.5
    assert sdst.metrics["weight/FM"] == 1.0
    silent = sdst(known(NONE), 0.0)
    assert all(term.mean() == 0 for term in silent.values())
    assert sdst.metrics["gate/FM"] == 0.0
    assert sdst.metrics["weight/FM"] == 0.0


def test_students_share_where_the_annotation_tells_how_far_they_are() -> None:
    peer = Peer(model=ModelSpec(family="sdst-nano-s"), threshold=1e6)
    sdst = Sdst(small_student(), CONFIG, a_recipe(general=(SPEC,), peer=peer), [KNOWS_ALL])
    sdst.eval()
    other = trial_batch(sdst.configs[1:], 2, torch.device("cpu")).views[0]
    z, x = (item[:1].expand(COUNT, -1, -1, -1) for item in (other.z, other.x))
    view = Crops(z=z, x=x, scale=torch.ones(COUNT, 2))
    whole, found = (sdst(replace(batch, views=(*batch.views, view)), 0.0) for batch in (pairs(0, COUNT), known(HALF)))
    assert whole["sharing"].total.all()
    assert_concern(found, whole, HALF)
