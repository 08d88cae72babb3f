"""Stages of a student: which there are, in which order, with whose settings, and when one is out of date."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sdst_edge.training.recipe import load_recipe
from sdst_edge.training.recipe.finding import PACKAGED
from sdst_edge.workflows.distill.inputs import require_inputs
from sdst_edge.workflows.distill.record import NAME, StageRecord
from sdst_edge.workflows.distill.stage_overrides import StageOverrides
from sdst_edge.workflows.distill.stages import Stage, named_recipes, plan_stages
from sdst_edge.workflows.processes import is_first_process
from sdst_runtime.errors import CheckpointError, ConfigError

BASE = """
[data]
root = "elsewhere"
sources = [{ path = "train" }]
attributes = ["FM", "LR"]
attribute_share = 0.5
[optimization]
steps = 7
"""
FAMILY = '[model]\nfamily = "sdst-nano-s"\n'
SPECIALISTS = 'specialise = ["FM", "LR"]\n[model]\nstart = "teacher.toml"\n'
STUDENT = f"""{FAMILY}
[distillation]
general = [{{ recipe = "teacher.toml" }}]
[distillation.specialised]
FM = {{ recipe = "specialists.toml" }}
LR = {{ recipe = "specialists.toml" }}
"""
OUT = Path("out")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the recipes of a student and its teachers."""
    for name, text in (("teacher", FAMILY), ("specialists", SPECIALISTS), ("student", STUDENT)):
        (tmp_path / f"{name}.toml").write_text(f'extends = "base.toml"\n{text}', encoding="utf-8")
    (tmp_path / "base.toml").write_text(BASE, encoding="utf-8")
    return tmp_path


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def planned(folder: Path, *overrides: str, out: Path = OUT) -> tuple[Stage, ...]:
    split = StageOverrides.parse(overrides)
    return plan_stages(load_recipe(folder / "student.toml", split.of("student")), out, split)


def test_plan_has_each_stage_once_after_those_that_it_needs(folder: Path) -> None:
    general, fast, low, student = planned(folder)
    assert [stage.name for stage in (general, fast, low, student)] == [
        *("general", "specialised-FM", "specialised-LR", "student"),
    ]
    assert (general.needs, fast.needs, low.needs) == ((), ("general",), ("general",))
    assert student.needs == ("general", "specialised-FM", "specialised-LR")


def test_plan_puts_checkpoints_in_the_place_of_recipes(folder: Path) -> None:
    general, fast, low, student = planned(folder)
    assert fast.recipe.model.start == low.recipe.model.start == "out/general/model.safetensors"
    assert (fast.recipe.data.attributes, low.recipe.data.attributes) == (("FM",), ("LR",))
    assert fast.recipe.specialise == ()
    assert student.recipe.distillation is not None
    assert [teacher.checkpoint for teacher in student.recipe.distillation.general] == ["out/general/model.safetensors"]
    assert {name: teacher.checkpoint for name, teacher in student.recipe.distillation.specialised.items()} == {
        "FM": "out/specialised-FM/model.safetensors",
        "LR": "out/specialised-LR/model.safetensors",
    }
    assert not any(named_recipes(stage.recipe) for stage in (general, fast, low, student))


def test_plan_takes_the_best_weights_of_a_teacher_that_is_evaluated(folder: Path) -> None:
    _, fast, _, student = planned(folder, "general:evaluation.path=val")
    assert fast.recipe.model.start == "out/general/best.safetensors"
    assert student.recipe.distillation is not None
    assert student.recipe.distillation.specialised["FM"].checkpoint == "out/specialised-FM/model.safetensors"


def test_plan_keeps_teachers_that_are_files(folder: Path) -> None:
    general, fast, *_, student = planned(folder, "distillation.general.0.checkpoint=n3.safetensors")
    assert (general.name, fast.needs) == ("start-teacher", ("start-teacher",))
    assert student.recipe.distillation is not None
    assert student.recipe.distillation.general[0].checkpoint == "n3.safetensors"


def test_plan_numbers_several_general_teachers(folder: Path) -> None:
    (folder / "second.toml").write_text('extends = "teacher.toml"\n', encoding="utf-8")
    names = [s.name for s in planned(folder, f"distillation.general.1.recipe={folder / 'second.toml'}")]
    assert names == ["general-1", "general-2", "specialised-FM", "specialised-LR", "student"]


def test_plan_trains_a_recipe_of_one_run_once(folder: Path) -> None:
    change(folder, "student.toml", "specialists.toml", "teacher.toml")
    *stages, student = planned(folder)
    assert [stage.name for stage in stages] == ["general"]
    assert student.needs == ("general",)


def test_plan_goes_down_to_the_teachers_of_teachers(folder: Path) -> None:
    change(folder, "teacher.toml", FAMILY, FAMILY + '[distillation]\ngeneral = [{ recipe = "grand.toml" }]\n')
    (folder / "grand.toml").write_text(f'extends = "base.toml"\n{FAMILY}', encoding="utf-8")
    assert [s.name for s in planned(folder)][:2] == ["general-general", "general"]


def test_plan_lets_the_machine_be_the_students(folder: Path) -> None:
    overrides = ("data.root=/data", "loading.workers=5", "loading.cache.kind=none", "loading.region_scale=2.5")
    general, *_, student = planned(folder, *overrides, "optimization.lr=1e-4", "seed=3")
    assert (general.recipe.data.root, general.recipe.loading.workers, general.recipe.loading.cache.kind) == (
        *("/data", 5, "none"),
    )
    assert general.recipe.loading.region_scale != student.recipe.loading.region_scale
    assert (general.recipe.optimization.lr, student.recipe.optimization.lr) == (3e-3, 1e-4)
    assert (general.recipe.seed, student.recipe.seed) == (0, 3)


def test_overrides_are_of_a_stage_or_of_all(folder: Path) -> None:
    general, fast, low, student = planned(
        folder, "all:optimization.steps=2", "specialised-FM:optimization.lr=1e-4", "student:seed=1", "data.root=a:b=c"
    )
    assert {stage.recipe.optimization.steps for stage in (general, fast, low, student)} == {2}
    assert (fast.recipe.optimization.lr, low.recipe.optimization.lr) == (1e-4, 3e-3)
    assert (student.recipe.seed, student.recipe.data.root) == (1, "a:b=c")


def test_overrides_of_no_stage_are_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"no stage genral; did you mean general\? there are general, specialised-FM"):
        planned(folder, "genral:optimization.lr=1e-4")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("specialists.toml", '"FM", "LR"', '"FM"', r"specialists\.toml has runs for FM, none is for LR; add it there"),
        ("student.toml", '"teacher.toml" }]', '"specialists.toml" }]', r"runs for FM, LR, and one is asked for; name"),
        ("student.toml", "extends", 'specialise = ["FM"]\nextends', r"stands for 1 runs .*'sdst-edge train'"),
        (
            "teacher.toml",
            '"sdst-nano-s"',
            '"a"\nstart = "teacher.toml"',
            r"teacher\.toml needs teacher\.toml: a circle",
        ),
        (
            "teacher.toml",
            '"sdst-nano-s"',
            '"a"\nstart = "student.toml"',
            r"student\.toml needs teacher\.toml: a circle",
        ),
        ("teacher.toml", "family", "famly", r"recipe teacher\.toml: model has an unknown key 'famly'"),
    ],
)
def test_plan_tells_what_does_not_fit(folder: Path, name: str, old: str, new: str, message: str) -> None:
    change(folder, name, old, new)
    with pytest.raises(ConfigError, match=message):
        planned(folder)


@pytest.mark.parametrize("kind", ["student-sdst", "small-student-sdst", "rendered-student-sdst"])
def test_packaged_students_have_stages(kind: str) -> None:
    recipe = load_recipe(PACKAGED / f"{kind}.toml", ["data.root=/data"])
    *stages, student = plan_stages(recipe, OUT)
    assert {f"specialised-{name}" for name in recipe.data.attributes} <= {stage.name for stage in stages}
    assert all(stage.recipe.data.root == "/data" for stage in (*stages, student))


def test_the_shipped_student_has_a_stage_for_each_of_its_recipes() -> None:
    recipe = load_recipe(PACKAGED / "sdst-nano-m.toml", ["data.root=/data"])
    names = [stage.name for stage in plan_stages(recipe, OUT)]
    stages = [f"start-sdst-nano-m-{name}" for name in ("start", "long", "hard", "tuned", "clean")]
    assert names == ["general", *stages, "student"]


def test_what_is_missing_is_told_before_the_first_stage_runs(folder: Path, tmp_path: Path) -> None:
    out, root = tmp_path / "out", tmp_path / "data"
    stages = planned(folder, f"data.root={root}", "evaluation.path=val", out=out)
    with pytest.raises(
        ConfigError, match=r"stage general: data\.sources\.0\.path is .*train, which does not exist; .* --set data.root"
    ):
        require_inputs(stages, out)
    (root / "train").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"stage student: evaluation\.path is .*val, which does not exist"):
        require_inputs(stages, out)
    for stage in stages[:-1]:  # the last one tells itself, at once
        (out / stage.name).mkdir(parents=True)
        (out / stage.name / "result.json").touch()
    require_inputs(stages, out)


def test_missing_checkpoint_of_a_teacher_is_told_before_the_first_stage_runs(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    stages = planned(folder, f"data.root={tmp_path}", "distillation.specialised.LR={checkpoint='lr.safetensors'}")
    with pytest.raises(ConfigError, match=r"distillation\.specialised\.LR\.checkpoint is lr\.safetensors, which"):
        require_inputs(stages, OUT)


def begin(stages: tuple[Stage, ...], out: Path) -> None:
    """All stages as if they had been run."""
    record = StageRecord(out)
    for stage in stages:
        record.check(stage)
        (out / stage.name).mkdir(exist_ok=True)
        for name in ("recipe.json", "state.pt"):
            (out / stage.name / name).touch()


def test_record_lets_the_same_stages_run_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    begin(planned(folder, out=out), out)
    before = (out / NAME).read_bytes()
    begin(planned(folder, "loading.workers=4", "optimization.lr=1e-4", out=out), out)  # its own are not its matter
    assert (out / NAME).read_bytes() == before


def test_record_refuses_a_stage_whose_teacher_is_another_now(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    begin(planned(folder, out=out), out)
    with pytest.raises(ConfigError, match=r"specialised-FM was begun with another general, .* remove .*specialised-FM"):
        begin(planned(folder, "general:optimization.lr=1e-4", out=out), out)
    for name in ("specialised-FM", "specialised-LR"):
        (out / name / "state.pt").unlink()
    message = "student was begun with another general and specialised-FM and specialised-LR"
    with pytest.raises(ConfigError, match=message):
        begin(planned(folder, "general:optimization.lr=1e-4", out=out), out)
    (out / "student" / "state.pt").unlink()
    begin(planned(folder, "general:optimization.lr=1e-4", out=out), out)
    assert set(json.loads((out / NAME).read_text(encoding="utf-8"))["student"]) == {
        *("general", "specialised-FM", "specialised-LR"),
    }


@pytest.mark.parametrize("text", ["", "[]", '{"general": 3}'])
def test_record_refuses_a_broken_file(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"stages\.json cannot be read: .*; remove it"):
        StageRecord(tmp_path)


def test_record_is_written_by_the_first_process_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert not is_first_process()
    StageRecord(tmp_path / "out").check(planned(folder)[0])
    assert not (tmp_path / "out").exists()
    monkeypatch.setenv("RANK", "0")
    assert is_first_process()


def test_stages_are_planned_without_torch(folder: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sdst_edge.training.recipe import load_recipe\n"
        "from sdst_edge.workflows.distill import plan_stages\n"
        f"print(len(plan_stages(load_recipe({str(folder / 'student.toml')!r}), Path('out'))), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "4 False\n"
