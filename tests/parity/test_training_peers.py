"""A second student beside the first: what the two share, and who cannot begin."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sdst_edge.training.losses.term import Term, Terms
from sdst_edge.training.pairs.batch import Crops
from sdst_edge.training.recipe import ModelSpec, Peer
from sdst_edge.training.sdst import Sdst
from sdst_edge.training.students.student import trial_batch
from sdst_runtime.errors import ConfigError
from tests.parity.spotting import (
    BLUE,
    CONFIG,
    RED,
    SPEC,
    Oracle,
    a_recipe,
    pairs,
    small_student,
    total,
)
from tests.tolerances import REL_F32

KNOWS_RED, KNOWS_BLUE = Oracle("general", RED), Oracle("FM", BLUE)
KNOWS_ALL = Oracle("general", RED, BLUE)


def test_a_peer_learns_beside_the_student_and_shares_with_it() -> None:
    peer = Peer(model=ModelSpec(family="sdst-nano-s"), epoch_steps=2, threshold=1e6, weight=3.0, feedback=0.25)
    recipe = a_recipe(general=(SPEC,), specialised={"FM": SPEC}, peer=peer)
    sdst = Sdst(small_student(), CONFIG, recipe, [KNOWS_RED], {"FM": KNOWS_BLUE})
    assert sdst.peer is not None
    assert sdst.peer.family == "sdst-nano-s"
    assert sdst.configs == (CONFIG, sdst.peer.config)

    def step(number: int) -> Terms:
        batch = pairs(number)
        other = trial_batch(sdst.configs[1:], 2, torch.device("cpu")).views[0]
        z, x = (item[:1].expand(16, -1, -1, -1) for item in (other.z, other.x))
        found: Terms = sdst(replace(batch, views=(*batch.views, Crops(z=z, x=x, scale=torch.ones(16, 2)))), 0.0)
        return found

    terms = step(0)
    alone = {name for name in terms if not name.startswith("peer/")}
    assert {name.removeprefix("peer/") for name in terms if name.startswith("peer/")} == alone
    assert (terms["sharing"].factor, terms["peer/sharing"].factor) == (3.0, 0.75)
    total(terms).backward()  # type: ignore[no-untyped-call]
    assert all(item.grad is not None for item in sdst.peer.parameters() if item.requires_grad)
    later, plain = step(4)["sharing"].total, per_epoch(sdst, step, 4)
    torch.testing.assert_close(later, 0.81 * plain, rtol=REL_F32, atol=0)  # two epochs of two steps


def per_epoch(sdst: Sdst, step, number: int) -> Tensor:  # type: ignore[no-untyped-def]
    peer = sdst.table.peer
    assert peer is not None
    table = sdst.table
    sdst.table = replace(table, peer=replace(peer, decay=1.0))
    found: Term = step(number)["sharing"]
    sdst.table = table
    return found.total


def test_a_student_far_behind_its_teacher_shares_nothing() -> None:
    peer = Peer(model=ModelSpec(family="sdst-nano-s"), threshold=0.005)
    recipe = a_recipe(general=(SPEC,), peer=peer)
    sdst = Sdst(small_student(), CONFIG, recipe, [KNOWS_ALL])
    batch = pairs(0)
    other = trial_batch(sdst.configs[1:], 2, torch.device("cpu")).views[0]
    z, x = (item[:1].expand(16, -1, -1, -1) for item in (other.z, other.x))
    terms = sdst(replace(batch, views=(*batch.views, Crops(z=z, x=x, scale=torch.ones(16, 2)))), 0.0)
    assert (terms["sharing"].total == 0).all()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ModelSpec(), r"neither distillation.peer.model.family nor distillation.peer.model.start is set"),
        (ModelSpec(start="peer.toml"), r"distillation.peer.model.start is the recipe peer.toml"),
    ],
)
def test_a_peer_that_cannot_begin_is_refused_by_its_place_in_the_recipe(model: ModelSpec, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Sdst(small_student(), CONFIG, a_recipe(peer=Peer(model=model)))
