"""Names of shipped students are taken where bundles and checkpoints are, by commands, recipes and other machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sdst_edge.cli.app import app
from sdst_edge.training.recipe import load_recipe
from sdst_edge.training.recipe.distillation import TeacherSpec
from sdst_edge.weights import find_weights, shipped_weights
from sdst_edge.workflows.bench.remote.bundles import send_bundles
from sdst_edge.workflows.bench.remote.request import Patience
from sdst_edge.workflows.distill.inputs import require_inputs
from sdst_edge.workflows.distill.stages import plan_stages
from sdst_edge.workflows.evaluate.model import find_model
from sdst_edge.workflows.trials import trial
from sdst_runtime.errors import ConfigError
from tests.shipped_student import NAME, student

__all__ = ["student"]

FILE = f"{NAME}.safetensors"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_weights_are_found_by_name_with_and_without_their_ending(student: Path, tmp_path: Path) -> None:
    assert shipped_weights() == (NAME,)
    for spelling in (NAME, FILE):
        assert find_weights(Path(spelling)) == tmp_path / "checkpoints" / FILE
    for other in ("other", f"./below/{NAME}", f"{NAME}.pth"):
        assert find_weights(Path(other)) == Path(other)


def test_weights_at_a_path_come_before_a_name(student: Path) -> None:
    Path(FILE).write_bytes(b"my own")
    assert find_weights(Path(FILE)) == Path(FILE)
    Path(NAME).symlink_to("nowhere")
    assert find_weights(Path(NAME)) == Path(NAME)


def test_eval_takes_the_bundle_by_name_and_the_checkpoint_with_its_ending(student: Path, tmp_path: Path) -> None:
    bundle, checkpoint = find_model(Path(NAME), variant="onnx/fp32"), find_model(Path(FILE))
    assert (bundle.kind, bundle.name, bundle.path) == ("bundle", NAME, student)
    assert (checkpoint.kind, checkpoint.name, checkpoint.path) == ("checkpoint", NAME, tmp_path / "checkpoints" / FILE)
    assert bundle.identity() == find_model(student).identity()
    with pytest.raises(ConfigError, match=rf"nothing does not exist; .*: {NAME}$"):
        find_model(Path("nothing"))


def test_eval_takes_boxes_in_a_folder_of_a_students_name(student: Path) -> None:
    Path(NAME).mkdir()
    assert find_model(Path(NAME)).kind == "boxes"


def test_info_shows_a_student_and_where_it_lies(student: Path) -> None:
    done = run("info", NAME)
    assert done.exit_code == 0, done.output
    assert str(student) in done.stdout
    assert "toy" in done.stdout


def test_tune_leaves_a_shipped_student_as_it_is(student: Path) -> None:
    before = (student / "manifest.json").read_bytes()
    done = run("tune", NAME, "data")
    assert done.exit_code == 1
    assert f"{NAME} comes with sdst-edge and is not changed; add --dry-run, or tune a copy of {student}" in done.stderr
    assert (student / "manifest.json").read_bytes() == before
    assert "data" in run("tune", NAME, "data", "--dry-run").stderr, "a search alone goes on to the data set"


class Machine:
    """Another machine, which has nothing and takes everything."""

    name = "board"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def run(self, command: Sequence[str], **_: Any) -> Any:
        return SimpleNamespace(status=int(command[0] == "test"), reason="")

    def send(self, files: Mapping[str, Path], _: str) -> None:
        self.sent += files


def test_another_machine_is_sent_the_folder_of_a_student(student: Path) -> None:
    machine = Machine()
    patience = Patience()
    (there,) = send_bundles([Path(NAME)], machine, "cache", patience, lambda _: None)  # type: ignore[arg-type]
    assert there.endswith(f"/{NAME}")
    assert f"{NAME}/manifest.json" in machine.sent
    assert f"{NAME}/onnx/fp32/head.onnx" in machine.sent


STARTING = f"""
model.start = "{NAME}"
optimization.steps = 1
data.sources = [{{ path = "train" }}]
data.attributes = ["FM"]
data.attribute_share = 0.5
"""
LEARNING = f"""{STARTING}
[distillation]
general = [{{ checkpoint = "{NAME}" }}, {{ bundle = "{NAME}" }}]
[distillation.specialised]
FM = {{ recipe = "teacher.toml" }}
"""


def test_recipes_start_from_students_and_learn_from_them(student: Path) -> None:
    Path("train").mkdir()
    Path("student.toml").write_text(LEARNING, encoding="utf-8")
    Path("teacher.toml").write_text(STARTING, encoding="utf-8")
    require_inputs(plan_stages(load_recipe("student.toml"), Path("out")), Path("out"))
    change = "distillation.general.0.checkpoint=other"
    with pytest.raises(ConfigError, match=r"distillation\.general\.0\.checkpoint is other, which does not exist"):
        require_inputs(plan_stages(load_recipe("student.toml", [change]), Path("out")), Path("out"))


def test_trials_tell_students_that_teach_by_what_is_in_their_files(student: Path, tmp_path: Path) -> None:
    checkpoint = TeacherSpec(checkpoint=NAME)
    before = trial._fingerprint(checkpoint)
    (tmp_path / "checkpoints" / FILE).write_bytes(b"other weights")
    assert before != trial._fingerprint(checkpoint) != ""
    assert trial._fingerprint(TeacherSpec(bundle=NAME)) == trial._fingerprint(TeacherSpec(bundle=str(student)))


def test_doctor_names_the_students(student: Path) -> None:
    assert json.loads(run("doctor", "--json").stdout)["students"] == [NAME]
    assert f"Trained students that come along, to be named in the place of a bundle: {NAME}" in run("doctor").stdout
