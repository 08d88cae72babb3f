"""Networks as teachers: what they say, features by name, narrower ones, and trunks that are run once for several."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sdst_edge.models import build, save_checkpoint, untrained_checkpoint
from sdst_edge.models.composed import Branch, ComposedTracker
from sdst_edge.models.correlation import correlate
from sdst_edge.models.registry import blueprint
from sdst_edge.training.pairs.batch import Crops, normalized
from sdst_edge.training.recipe import Distillation, TeacherSpec
from sdst_edge.training.students.participants import distinct_views, make_participants
from sdst_edge.training.targets.points import narrowed, points
from sdst_edge.training.teachers.features import observe, require_features
from sdst_edge.training.teachers.loading import load_teacher
from sdst_edge.training.teachers.model_teacher import ModelTeacher
from sdst_edge.training.teachers.preparing import prepare
from sdst_edge.training.teachers.shared_trunk import SharedTrunk
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import CheckpointError, ConfigError
from sdst_runtime.manifest import Provenance
from tests.parity.toy_networks import toy
from tests.tolerances import REL_NETWORK_F32

CPU = torch.device("cpu")
SPOTTED = ("toy-response", "toy-anchors", "toy-points", "toy-mask")


def random_crops(config: TrackerConfig, pairs: int = 3, seed: int = 0) -> Crops:
    generator = torch.Generator().manual_seed(seed)
    z, x = (
        torch.randint(0, 256, (pairs, side, side, 3), dtype=torch.uint8, generator=generator)
        for side in (config.template_size, config.search_size)
    )
    return Crops(z=z, x=x, scale=torch.ones(pairs, 2))


def composed(name: str) -> ComposedTracker:
    model = toy(name)
    assert isinstance(model, ComposedTracker)
    return model


# --- what they say


@pytest.mark.parametrize("name", SPOTTED)
def test_a_teacher_says_what_its_network_says(name: str) -> None:
    model = toy(name)
    crops = random_crops(model.config)
    rule = model.config.normalization
    maps = model(normalized(crops.z, rule), normalized(crops.x, rule))
    outputs = ModelTeacher(toy(name).train(), "general").teach(crops)
    for ours, theirs in zip(outputs.maps, maps, strict=True):
        assert torch.equal(ours, theirs)
        assert not ours.requires_grad
    assert len(outputs.template) == len(outputs.search) == len(model.correlations)


def test_a_teacher_learns_nothing() -> None:
    model = toy("toy-points").train()
    before = copy.deepcopy(model.state_dict())
    ModelTeacher(model, "general").teach(random_crops(model.config))
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_teacher_speaks_in_mixed_precision() -> None:
    teacher = ModelTeacher(toy("toy-points"), "general")
    crops = random_crops(teacher.config)
    with torch.autocast("cpu", torch.bfloat16):
        assert all(item.isfinite().all() for item in teacher.teach(crops).maps)


# --- features by name


@pytest.mark.parametrize("name", SPOTTED)
def test_operands_and_response_are_those_of_the_first_correlation(name: str) -> None:
    model = toy(name)
    crops = random_crops(model.config)
    z, x = (normalized(item, model.config.normalization) for item in (crops.z, crops.x))
    features = observe(model, z, x, ["search", "template", "response"]).features
    assert torch.equal(features["template"], model.template(z)[0])
    assert torch.equal(features["search"], model.search(x)[0])
    response = correlate(model.correlations[0], features["template"], features["search"])
    assert torch.equal(features["response"], response)


def test_a_module_gives_its_feature_of_the_search_region_and_no_hook_stays() -> None:
    model = composed("toy-points")
    crops = random_crops(model.config)
    z, x = (normalized(item, model.config.normalization) for item in (crops.z, crops.x))
    outputs = observe(model, z, x, ["trunk.stem"])
    feature = outputs.features["trunk.stem"]
    assert isinstance(model.trunk.stem, nn.Module)
    assert torch.equal(feature, model.trunk.stem(x))
    feature.sum().backward()
    assert model.trunk.stem.conv.weight.grad is not None
    assert not any(module._forward_hooks for module in model.modules())


def test_a_wrong_name_is_met_with_those_that_look_alike() -> None:
    with pytest.raises(ConfigError, match=r"student \(toy-points\) has no module 'trunk.stm'; did you mean trunk.stem"):
        require_features(toy("toy-points"), ["search", "trunk.stm"], "student")


@pytest.mark.parametrize(
    ("name", "message"),
    [("trunk", "gives no feature map but a tuple; name a module inside it"), ("branches.score", "does not run on")],
)
def test_a_module_without_a_feature_map_is_refused(name: str, message: str) -> None:
    model = toy("toy-points")
    require_features(model, [name], "student")
    z, x = torch.zeros(2, 3, 32, 32), torch.zeros(2, 3, 64, 64)
    with pytest.raises(ConfigError, match=message):
        observe(model, z, x, [name])
    assert not any(module._forward_hooks for module in model.modules())


# --- narrower teachers


@pytest.mark.parametrize(("name", "cells"), [("toy-mask", 7), ("toy-mask", 6), ("toy-anchors", 5), ("toy-points", 10)])
def test_a_teacher_is_narrowed_to_what_its_student_sees(name: str, cells: int) -> None:
    student = narrowed(toy(name).config, cells)
    full = ModelTeacher(toy(name), "general")
    narrow = full.narrowed(student)
    assert narrow.config == student
    crops = random_crops(full.config)
    cut = (full.config.search_size - student.search_size) // 2
    middle = Crops(z=crops.z, x=crops.x[:, cut:-cut, cut:-cut].contiguous(), scale=crops.scale)
    wide, small = full.teach(crops).maps[0], narrow.teach(middle).maps[0]
    edge = (full.config.response_size - cells) / 2
    if edge.is_integer():  # the middle cells see none of what was cut off
        at, center = int(edge), cells // 2
        torch.testing.assert_close(
            small[:, :, center, center],
            wide[:, :, at + center, at + center],
            rtol=REL_NETWORK_F32,
            atol=REL_NETWORK_F32,
        )


def test_a_teacher_of_another_stride_still_covers_what_its_student_sees() -> None:
    student = narrowed(toy("toy-mask").config, 8)  # 44 of 64 px
    teacher = ModelTeacher(toy("toy-points"), "general").narrowed(student)
    assert teacher.config == narrowed(toy("toy-points").config, 11)


def test_a_teacher_of_other_crops_keeps_a_rim_around_the_students_cells() -> None:
    student, teacher = narrowed(blueprint("sdst-nano-s").config, 10), build("nanotrack-v3")
    config = ModelTeacher(teacher, "general").narrowed(student).config
    assert points(student).tolist() == [-80.0 + 16 * i for i in range(10)]  # 79.4 px of the teacher
    assert points(config).tolist() == [-96.0 + 16 * i for i in range(13)]  # a cell beyond, and one that both sides lose
    assert config.search_size == 255 - 32
    for cells in (12, 14):  # cutting a cell off each side would take the rim
        whole = ModelTeacher(teacher, "general").narrowed(narrowed(blueprint("sdst-nano-s").config, cells))
        assert whole.config == teacher.config


def test_a_network_with_a_layer_of_fixed_size_stays_wide() -> None:
    model = toy("toy-mask")
    score = model.get_submodule("branches.score")
    assert isinstance(score, Branch)
    score.tower = nn.Sequential(score.tower, nn.LayerNorm((8, 13, 13)))
    teacher = ModelTeacher(model, "general")
    assert teacher.narrowed(narrowed(model.config, 7)) is teacher


def test_views_are_cut_once_for_all_that_see_the_same() -> None:
    points, mask, anchors = (toy(name).config for name in ("toy-points", "toy-mask", "toy-anchors"))
    small = narrowed(anchors, 7)
    views, places = distinct_views([points, small, mask, small, anchors])
    assert views == (points, small)
    assert places == (0, 1, 0, 1, 0)


@pytest.mark.parametrize("clean", [False, True])
def test_general_teachers_that_see_pairs_clean_have_views_of_their_own(clean: bool) -> None:
    table = Distillation(general=(TeacherSpec(checkpoint="general.safetensors"),), clean_views=clean)
    general, special = (ModelTeacher(toy("toy-anchors"), name) for name in ("general", "FM"))
    students = dict.fromkeys(("student", "peer"), toy("toy-points").config)
    made = make_participants(students, [general], {"FM": special}, table)
    assert [each.view for each in made.students] == [0, 0]
    assert (made.general[0].teacher, made.specialised["FM"].teacher) == (general, special)
    assert made.general[0].participant.view == (1 if clean else 0)
    assert made.specialised["FM"].participant.view == 0
    assert made.clean_from == (1 if clean else None)
    assert len(made.configs) == (2 if clean else 1)


# --- shared trunks


def fine_tuned(name: str, seed: int) -> ComposedTracker:
    """A toy with other branches on the same trunk."""
    model = composed(name)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.branches.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
    return model


def counted(module: nn.Module) -> list[int]:
    """Grows by the batch of each run."""
    runs: list[int] = []

    def count(_: nn.Module, given: tuple[Tensor, ...], __: object) -> None:
        runs.append(len(given[0]))

    module.register_forward_hook(count)
    return runs


def test_teachers_with_equal_trunks_say_the_same_and_run_it_once() -> None:
    models = [fine_tuned("toy-points", seed) for seed in range(3)]
    crops, others = (random_crops(models[0].config, seed=seed) for seed in range(2))
    alone = [ModelTeacher(copy.deepcopy(model), "alone") for model in models]
    wanted = [[teacher.teach(item).maps for teacher in alone] for item in (crops, others)]
    runs = [counted(model.trunk) for model in models]
    teachers = prepare([ModelTeacher(model, "shared") for model in models], models[0].config, [["search"]] * 3)
    for item, maps in zip((crops, others), wanted, strict=True):
        for teacher, theirs in zip(teachers, maps, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(teacher.teach(item).maps, theirs, strict=True))
    assert runs == [[3, 3, 3, 3], [], []]  # z and x, of two batches
    assert len({id(model.trunk) for model in models}) == 1


def test_teachers_follow_the_crops_to_another_device() -> None:
    """The device without numbers stands for a GPU."""
    models = [fine_tuned("toy-points", seed) for seed in range(2)]
    teachers = prepare([ModelTeacher(model, "shared") for model in models], models[0].config, [[], []])
    for teacher in teachers:
        teacher.teach(random_crops(models[0].config))
    crops = random_crops(models[0].config).to(torch.device("meta"))
    assert all(teacher.teach(crops).maps[0].is_meta for teacher in teachers)
    assert all(parameter.is_meta for model in models for parameter in model.parameters())


def other_trunk(model: ComposedTracker) -> None:
    next(model.trunk.parameters()).data[0] += 1e-3


def other_rule(model: ComposedTracker) -> None:
    model.options["width"] = 2.0


@pytest.mark.parametrize("change", [other_trunk, other_rule])
def test_unequal_trunks_are_not_shared(change: Callable[[ComposedTracker], None]) -> None:
    one, other = composed("toy-points"), composed("toy-points")
    change(other)
    prepare([ModelTeacher(one, "a"), ModelTeacher(other, "b")], one.config, [[], []])
    assert not isinstance(one.trunk, SharedTrunk)
    assert one.trunk is not other.trunk


def test_a_hint_inside_the_trunk_is_given_by_each_teacher() -> None:
    models = [fine_tuned("toy-points", seed) for seed in range(2)]
    names = ["trunk.stem"]
    teachers = prepare([ModelTeacher(model, "t") for model in models], models[0].config, [names] * 2)
    crops = random_crops(models[0].config)
    assert all("trunk.stem" in teacher.teach(crops).features for teacher in teachers)


# --- from a recipe


def test_a_checkpoint_is_a_teacher(tmp_path: Path) -> None:
    path = tmp_path / "teacher.safetensors"
    model = untrained_checkpoint("sdst-nano-s").model
    save_checkpoint(model, path, Provenance(source="random weights"))
    teacher = load_teacher(TeacherSpec(checkpoint=str(path)), "FM", CPU)
    assert isinstance(teacher, ModelTeacher)
    assert (teacher.name, teacher.config) == ("FM", model.config)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in teacher.model.modules())
    crops = random_crops(model.config, pairs=2)
    assert_says_the_same(teacher, ModelTeacher(model, "same"), crops)


def test_loaded_teachers_can_be_narrowed_and_share_their_trunk(tmp_path: Path) -> None:
    """Though they are folded: specialists of one frozen trunk, for a student that sees less."""
    specs, unfolded = [], []
    for i in range(2):
        model = student_with_statistics(head_seed=i)
        path = tmp_path / f"{i}.safetensors"
        save_checkpoint(model, path, Provenance(source="random weights"))
        specs.append(TeacherSpec(checkpoint=str(path)))
        unfolded.append(ModelTeacher(model, "unfolded"))
    student = narrowed(unfolded[0].config, 10)
    names = ["search", "response"]
    teachers = prepare([load_teacher(spec, "FM", CPU) for spec in specs], student, [names] * 2)
    one, other = teachers
    assert isinstance(one, ModelTeacher)
    assert isinstance(other, ModelTeacher)
    assert one.config == other.config == student
    assert isinstance(one.model.trunk, SharedTrunk)
    assert one.model.trunk is other.model.trunk
    crops = random_crops(student, pairs=2)
    for teacher, own in zip((one, other), unfolded, strict=True):
        same = own.narrowed(student)
        same.give(names)
        assert_says_the_same(teacher, same, crops)


def student_with_statistics(head_seed: int) -> ComposedTracker:
    """A student with statistics as after training, and branches of its own."""
    model = untrained_checkpoint("sdst-nano-s", width=0.5).model
    assert isinstance(model, ComposedTracker)
    for seed, part in ((0, model), (head_seed, model.branches)):
        generator = torch.Generator().manual_seed(seed)
        for module in part.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2, generator=generator)
                module.running_var.uniform_(0.5, 2, generator=generator)
    return model


def assert_says_the_same(teacher: ModelTeacher, other: ModelTeacher, crops: Crops) -> None:
    ours, theirs = teacher.teach(crops), other.teach(crops)
    assert ours.features.keys() == theirs.features.keys()
    given = (*ours.maps, *ours.features.values()), (*theirs.maps, *theirs.features.values())
    for got, want in zip(*given, strict=True):
        assert float((got - want).abs().max() / want.abs().max()) <= REL_NETWORK_F32


def test_a_recipe_has_to_be_run_first() -> None:
    with pytest.raises(ConfigError, match=r"teacher FM is the recipe fm.toml, .* 'sdst-edge distill'"):
        load_teacher(TeacherSpec(recipe="fm.toml"), "FM", CPU)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^teacher FM: .*none.safetensors does not exist"):
        load_teacher(TeacherSpec(checkpoint=str(tmp_path / "none.safetensors")), "FM", CPU)
