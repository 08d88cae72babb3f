"""SDST: what a student learns from whom, what the losses of a step are, and who does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from sdst_edge.training.losses.term import Terms
from sdst_edge.training.pairs.batch import Crops, PairBatch
from sdst_edge.training.recipe import Distillation, Hint, Parts, TeacherSpec
from sdst_edge.training.sdst import Sdst
from sdst_edge.training.students.student import trial_batch
from sdst_edge.training.targets.points import narrowed
from sdst_edge.training.teachers.model_teacher import ModelTeacher
from sdst_edge.training.teachers.teacher import Outputs, Teacher
from sdst_runtime.errors import ConfigError
from tests.parity.spotting import (
    BLUE,
    CONFIG,
    GREEN,
    PREDICTIONS,
    RED,
    SPEC,
    Oracle,
    Shares,
    a_recipe,
    learned,
    pairs,
    right,
    small_student,
    total,
)
from tests.parity.toy_networks import toy
from tests.tolerances import REL_F32

FROM_TEACHERS = {
    "general": (SPEC,),
    "specialised": {"FM": SPEC},
    "task_weight": 0.0,
    "specialised_weight": 4.0,
    "general_parts": PREDICTIONS,
    "specialised_parts": PREDICTIONS,
}
KNOWS_RED, KNOWS_BLUE = Oracle("general", RED), Oracle("FM", BLUE)
KNOWS_ALL, MISTAKEN = Oracle("general", RED, BLUE), Oracle("FM", GREEN)


def weights(sdst: Sdst) -> dict[str, Tensor]:
    return sdst.student.state_dict()


def same(one: Sdst, other: Sdst) -> bool:
    return all(torch.equal(value, weights(other)[key]) for key, value in weights(one).items())


# --- what is learned


@pytest.mark.parametrize("weighting", ["uniform", "labels", "adaptive"])
def test_a_student_learns_what_only_the_specialised_teacher_knows(weighting: str) -> None:
    sdst = learned(a_recipe(**FROM_TEACHERS, weighting=weighting), KNOWS_RED, {"FM": KNOWS_BLUE})
    assert right(sdst) == Shares(plain=1.0, fast=1.0)
    assert sdst.metrics["gate/FM"] == (0.5 if weighting == "uniform" else 1.0)  # it never speaks for red squares


def test_a_student_without_the_specialised_teacher_does_not_learn_it() -> None:
    without = learned(a_recipe(**{**FROM_TEACHERS, "specialised": {}}), KNOWS_RED, {})
    assert right(without) == Shares(plain=1.0, fast=0.0)


def test_the_gate_shuts_a_bad_teacher_up() -> None:
    """It leaves no trace; and ungated it would do harm."""
    without = learned(a_recipe(**{**FROM_TEACHERS, "specialised": {}}), KNOWS_ALL, {})
    gated = learned(a_recipe(**FROM_TEACHERS), KNOWS_ALL, {"FM": MISTAKEN})
    ungated = learned(a_recipe(**FROM_TEACHERS, gate=False), KNOWS_ALL, {"FM": MISTAKEN})
    assert same(gated, without)
    assert gated.metrics["gate/FM"] == 0.0
    assert right(gated) == Shares(plain=1.0, fast=1.0)
    assert right(ungated) == Shares(plain=1.0, fast=0.0)


def test_the_same_steps_give_the_same_numbers() -> None:
    recipe = a_recipe(**FROM_TEACHERS, weighting="adaptive")
    runs = [learned(recipe, KNOWS_RED, {"FM": KNOWS_BLUE}, steps=5) for _ in range(2)]
    assert same(*runs)


# --- the losses of a step


ARMS: Mapping[str, Mapping[str, object]] = {
    "none": {},
    "general only": {"general": (SPEC,)},
    "specialised only": {"specialised": {"FM": SPEC}},
    "both uniform": {"general": (SPEC,), "specialised": {"FM": SPEC, "OV": SPEC}, "weighting": "uniform"},
    "both adaptive": {"general": (SPEC,), "specialised": {"FM": SPEC, "OV": SPEC}, "weighting": "adaptive"},
}


def built(**distillation: object) -> Sdst:
    """With a teacher of the student's kind for each that the recipe names."""
    recipe = a_recipe(**distillation)
    table = recipe.distillation
    assert table is not None
    general = [KNOWS_RED] * len(table.general)
    return Sdst(small_student(), CONFIG, recipe, general, dict.fromkeys(table.specialised, KNOWS_BLUE))


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_of_the_ablation_is_a_recipe(arm: str) -> None:
    table = ARMS[arm]
    sdst = built(**table)
    terms = sdst(pairs(0), 0.5)
    names = {"task/score/positive", "task/score/negative", "task/box"}
    parts = ("soft", "bounded", "hard")
    names |= {f"general/{part}" for part in parts if "general" in table}
    names |= {f"specialised/{k}/{part}" for part in parts for k in Distillation(**table).specialised}  # type: ignore[arg-type]
    names |= {"specialised/weights"} if arm == "both adaptive" else set()
    assert set(terms) == names
    total(terms).backward()  # type: ignore[no-untyped-call]
    assert all(item.grad is not None and item.grad.isfinite().all() for item in sdst.parameters())


def test_a_recipe_without_distillation_has_the_task_losses_alone() -> None:
    recipe = replace(a_recipe(), distillation=None)
    terms = Sdst(small_student(), CONFIG, recipe)(pairs(0), 0.0)
    assert {name.split("/")[0] for name in terms} == {"task"}
    assert [term.factor for term in terms.values()] == [0.5, 0.5, 1.0]


def test_general_teachers_are_averaged_by_weight() -> None:
    specs = tuple(TeacherSpec(checkpoint="unused", weight=weight) for weight in (3.0, 1.0))
    recipe = a_recipe(general=specs, general_weight=2.0, general_parts=replace(PREDICTIONS, soft=0.5))
    both = Sdst(small_student(), CONFIG, recipe, [KNOWS_RED, KNOWS_ALL])(pairs(0), 0.0)
    for number, (teacher, share) in enumerate([(KNOWS_RED, 0.75), (KNOWS_ALL, 0.25)], start=1):
        one = Sdst(small_student(), CONFIG, a_recipe(general=(SPEC,)), [teacher])(pairs(0), 0.0)
        term = both[f"general/{number}/soft"]
        assert torch.equal(term.total, one["general/soft"].total)
        assert term.factor == pytest.approx(2.0 * share * 0.5, rel=REL_F32)


def heard(terms: Terms, name: str, plain: Terms) -> list[float]:
    """How much of a loss each pair hears, by the same loss from a general teacher."""
    ratio = terms[name].total / plain["general/soft"].total
    assert torch.equal(terms[name].weight, plain["general/soft"].weight)
    return [round(share, 5) for share in ratio.tolist()]


def attributed(rows: list[list[float]]) -> PairBatch:
    return replace(pairs(0, len(rows)), attributes=torch.tensor(rows, dtype=torch.float32))


@pytest.mark.parametrize(
    ("weighting", "ov", "fm"),
    [
        ("uniform", [0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]),
        ("labels", [0.0, 1.0, 0.0, 0.5], [0.0, 0.0, 1.0, 0.5]),
        ("adaptive", [0.0, 1.0, 0.0, 0.5], [0.0, 0.0, 1.0, 0.5]),  # before it has learned anything
    ],
)
def test_pairs_hear_the_teachers_of_their_attributes(weighting: str, ov: list[float], fm: list[float]) -> None:
    batch = attributed([[0, 0], [1, 0], [0, 1], [1, 1]])
    specialised = {"FM": KNOWS_BLUE, "OV": KNOWS_BLUE}
    recipe = a_recipe(specialised=dict.fromkeys(specialised, SPEC), weighting=weighting, gate=False)
    sdst = Sdst(small_student(), CONFIG, recipe, [], specialised)
    terms = sdst(batch, 0.0)
    plain = Sdst(small_student(), CONFIG, a_recipe(general=(SPEC,)), [KNOWS_BLUE])(batch, 0.0)
    assert heard(terms, "specialised/OV/soft", plain) == ov
    assert heard(terms, "specialised/FM/soft", plain) == fm
    shares = [share for share in fm if share > 0]
    assert sdst.metrics["weight/FM"].item() == pytest.approx(sum(shares) / len(shares), rel=REL_F32)


def test_a_teacher_speaks_for_the_pairs_that_it_knows_better() -> None:
    """Of red and blue squares by turns it knows the blue ones; all pairs concern it."""
    recipe = a_recipe(specialised={"FM": SPEC}, weighting="uniform")
    sdst = Sdst(small_student(), CONFIG, recipe, [], {"FM": KNOWS_BLUE})
    terms = sdst(pairs(0), 0.0)
    assert (terms["specialised/FM/soft"].total > 0).tolist() == [False, True] * 8
    assert (terms["specialised/FM/soft"].weight == 1).all()
    assert sdst.metrics["gate/FM"] == 0.5


def test_a_margin_that_no_teacher_is_better_by_shuts_the_gate() -> None:
    recipe = a_recipe(specialised={"FM": SPEC}, weighting="uniform", gate_margin=1e3)
    sdst = Sdst(small_student(), CONFIG, recipe, [], {"FM": KNOWS_BLUE})
    assert (sdst(pairs(0), 0.0)["specialised/FM/soft"].total == 0).all()
    assert sdst.metrics["gate/FM"] == 0.0


def from_general(teacher: Teacher, **parts: float) -> Terms:
    """Of a new student, with these parts alone."""
    table = {"soft": 0.0, "bounded": 0.0, "hard": 0.0, **parts}
    recipe = a_recipe(general=(SPEC,), general_parts=Parts(**table))
    terms: Terms = Sdst(small_student(), CONFIG, recipe, [teacher])(pairs(0), 0.0)
    return terms


def test_a_threshold_that_no_student_is_behind_by_leaves_nothing_hard() -> None:
    assert from_general(KNOWS_ALL, hard=1.0)["general/hard"].total.all()
    assert not from_general(KNOWS_ALL, hard=1.0, hard_threshold=1e3)["general/hard"].total.any()


def test_a_teacher_with_worse_boxes_bounds_the_student_within_the_margin_alone() -> None:
    class Wide(Oracle):
        def teach(self, crops: Crops) -> Outputs:
            score, ltrb = super().teach(crops).maps
            return Outputs(maps=(score, torch.full_like(ltrb, 1e3)))

    wide = Wide("wide", RED)
    assert not from_general(wide, bounded=1.0)["general/bounded"].total.any()
    assert from_general(wide, bounded=1.0, bound_margin=1e3)["general/bounded"].total.all()


def test_process_2_begins_at_its_share_of_the_budget() -> None:
    sdst = built(general=(SPEC,), specialised={"FM": SPEC}, specialised_from=0.5)
    before, after = sdst(pairs(0), 0.49), sdst(pairs(0), 0.5)
    assert not any(name.startswith("specialised") for name in before)
    assert {"specialised/FM/soft", "general/soft"} <= set(after)


def test_a_weight_of_zero_leaves_teachers_out() -> None:
    class Silent(Oracle):
        def teach(self, crops: Crops) -> Outputs:
            raise AssertionError

    recipe = a_recipe(general=(SPEC,), specialised={"FM": SPEC}, general_weight=0.0, specialised_weight=0.0)
    silent = Silent("silent", RED)
    terms = Sdst(small_student(), CONFIG, recipe, [silent], {"FM": silent})(pairs(0), 1.0)
    assert {name.split("/")[0] for name in terms} == {"task"}


# --- unlike teachers


def of_toys(student: str, teacher: str, **distillation: object) -> Sdst:
    recipe = a_recipe(general=(SPEC,), **distillation)
    return Sdst(toy(student).train(), toy(student).config, recipe, [ModelTeacher(toy(teacher), "general 1")])


@pytest.mark.parametrize("teacher", ["toy-points", "toy-anchors", "toy-mask"])
@pytest.mark.parametrize("student", ["toy-points", "toy-anchors", "toy-mask"])
def test_every_part_goes_from_any_head_to_any_other(student: str, teacher: str) -> None:
    up_channel = "toy-anchors" in (student, teacher)
    parts = Parts(guided=1, response=0 if up_channel else 1, hint=1, attention=1, flow=1)
    hints = (Hint(student="trunk.stem", teacher="trunk.stem"), Hint(student="response", teacher="search"))
    sdst = of_toys(student, teacher, general_parts=parts, hints=hints)
    batch = trial_batch(sdst.configs, 2, torch.device("cpu"))
    terms = sdst(batch, 0.0)
    wanted = {"soft", "bounded", "guided", "hard", "hint", "attention", "flow"} | (
        {"response"} - {up_channel and "response"}
    )
    assert {name.removeprefix("general/") for name in terms if name.startswith("general/")} == wanted
    total(terms).backward()  # type: ignore[no-untyped-call]
    assert all(item.grad.isfinite().all() for item in sdst.parameters() if item.grad is not None)


def test_a_student_that_says_what_its_teacher_says_has_nothing_to_learn() -> None:
    sdst = of_toys("toy-points", "toy-points", general_parts=Parts(guided=1, response=1, attention=1))
    sdst.eval()
    batch = trial_batch(sdst.configs, 2, torch.device("cpu"))
    batch = replace(batch, views=(replace_pixels(batch.views[0]),))
    terms = sdst(batch, 0.0)
    for name in ("soft", "hard", "response", "attention"):
        assert terms[f"general/{name}"].total.abs().max() < REL_F32


def replace_pixels(crops: Crops) -> Crops:
    generator = torch.Generator().manual_seed(0)
    z, x = (torch.randint(0, 256, item.shape, dtype=torch.uint8, generator=generator) for item in (crops.z, crops.x))
    return Crops(z=z, x=x, scale=crops.scale)


def test_a_narrowed_student_and_its_teachers_share_a_view() -> None:
    config = narrowed(toy("toy-points").config, 10)
    teacher = ModelTeacher(toy("toy-points"), "general 1")
    sdst = Sdst(toy("toy-points"), config, a_recipe(general=(SPEC,)), [teacher])
    assert sdst.configs == (config,)


def test_a_teacher_with_other_crops_gets_a_view_of_its_own() -> None:
    """It sees twice the pixels a cell; a square in its middle is where it is in the student's."""

    class Coarse(Oracle):
        def __init__(self) -> None:
            super().__init__("coarse", RED)
            self.config = replace(CONFIG, search_size=128, stride_px=8.0, point_origin_px=-60.0)

        def teach(self, crops: Crops) -> Outputs:
            assert crops.x.shape[1] == 128
            score, ltrb = super().teach(replace(crops, x=crops.x[:, ::2, ::2])).maps
            return Outputs(maps=(score, ltrb * 2))

    batch = pairs(0)
    (own,) = batch.views
    double = Crops(z=own.z, x=own.x.repeat_interleave(2, 1).repeat_interleave(2, 2), scale=own.scale * 2)
    recipe = a_recipe(general=(SPEC,), general_parts=replace(PREDICTIONS, hard=1.0))
    one, other = (Sdst(small_student(), CONFIG, recipe, [teacher]) for teacher in (KNOWS_RED, Coarse()))
    assert [config.search_size for config in other.configs] == [64, 128]
    wanted, found = one(batch, 0.0), other(replace(batch, views=(own, double)), 0.0)
    for name, term in wanted.items():
        torch.testing.assert_close(found[name].total, term.total, rtol=REL_F32, atol=REL_F32)


def test_features_are_compared_over_the_region_that_both_see() -> None:
    """A teacher that cannot be narrowed searches 64 px at 2 px per image px, the student 40 at 1 and at 4."""
    model = toy("toy-mask")
    score = model.get_submodule("branches.score")
    score.tower = nn.Sequential(score.tower, nn.LayerNorm((8, 13, 13)))
    config = narrowed(toy("toy-points").config, 10)
    recipe = a_recipe(general=(SPEC,), general_parts=Parts(attention=1))
    sdst = Sdst(toy("toy-points"), config, recipe, [ModelTeacher(model, "general 1")])
    assert [item.search_size for item in sdst.configs] == [40, 64]
    batch = trial_batch(sdst.configs, 2, torch.device("cpu"))
    scales = (torch.tensor([[1.0, 4.0], [4.0, 1.0]]), torch.full((2, 2), 2.0))
    views = tuple(replace(view, scale=scale) for view, scale in zip(batch.views, scales, strict=True))
    batch = replace(batch, views=views)
    (teacher,) = sdst._heard(sdst.participants.general, batch)
    own = sdst._students[0](batch, recipe.loss)
    field = sdst._compared(own, [teacher], batch)[0].field
    assert field is not None
    assert field.tolist() == [[40 / 32, 10 / 32], [10 / 32, 40 / 32]]
    assert sdst(batch, 0.0)["general/attention"].total.isfinite().all()


def test_construction_changes_no_mode_and_draws_no_global_number() -> None:
    student, teachers = toy("toy-points").train(), [ModelTeacher(toy("toy-mask"), "general 1")]
    student.get_submodule("trunk.stem").eval()
    modes = [module.training for module in student.modules()]
    before = {key: value.clone() for key, value in student.state_dict().items()}
    torch.manual_seed(1)
    state = torch.get_rng_state()
    recipe = a_recipe(general=(SPEC,), general_parts=Parts(hint=1))
    first = Sdst(student, student.config, recipe, teachers)
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in student.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in student.state_dict().items())
    torch.manual_seed(2)
    second = Sdst(student, student.config, recipe, teachers)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_teachers_are_no_part_of_the_module() -> None:
    teacher = toy("toy-mask")
    sdst = Sdst(toy("toy-points"), toy("toy-points").config, a_recipe(general=(SPEC,)), [ModelTeacher(teacher, "g")])
    sdst.train()
    assert not any(module.training for module in teacher.modules())
    ours = {id(parameter) for parameter in sdst.parameters()}
    assert ours == {id(parameter) for parameter in sdst.student.parameters()}


# --- who does not fit


REFUSED = {
    "no boxes": ("toy-points", "toy-response", Parts(), r"bounded is 1, but the teacher general 1 predicts no boxes"),
    "student without": ("toy-response", "toy-points", Parts(bounded=0, guided=1), r"guided is 1, but the student"),
    "up-channel": ("toy-points", "toy-anchors", Parts(response=0.5), r"response is 0.5, but the teacher .* up-channel"),
    "one hint": ("toy-points", "toy-points", Parts(flow=1), r"flow is 1, but distillation.hints has 1 of the 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_unfit_teacher_is_refused_with_what_to_set(case: str) -> None:
    student, teacher, parts, message = REFUSED[case]
    name = message.split(" ")[0]
    with pytest.raises(ConfigError, match=rf"recipe: distillation.general_parts.{message}.*; set .*\.{name} = 0"):
        of_toys(student, teacher, general_parts=parts)


@pytest.mark.parametrize("part", ["response", "hint", "attention"])
def test_a_teacher_of_predictions_alone_gives_no_features(part: str) -> None:
    recipe = a_recipe(specialised={"FM": SPEC}, specialised_parts=Parts(**{part: 1.0}))  # type: ignore[arg-type]
    teachers: Mapping[str, Teacher] = {"FM": KNOWS_BLUE}
    with pytest.raises(ConfigError, match=rf"specialised_parts.{part} is 1, but the teacher FM gives predictions only"):
        Sdst(small_student(), CONFIG, recipe, [], teachers)


def test_a_teacher_with_the_maps_of_another_family_is_refused() -> None:
    wrong = Oracle("general 1", RED)
    wrong.config = toy("toy-mask").config
    with pytest.raises(ConfigError, match=r"teacher general 1 gives maps of .* its tracker wants \[\(2, 1, 13, 13\)"):
        Sdst(small_student(), CONFIG, a_recipe(general=(SPEC,)), [wrong])


def test_a_hint_that_the_student_has_not_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the student \(toy-points\) has no module 'trunk.steam'.* trunk.stem"):
        of_toys("toy-points", "toy-mask", general_parts=Parts(hint=1), hints=(Hint(student="trunk.steam"),))
