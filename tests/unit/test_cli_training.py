"""The commands that train, as far as they come without training: what is wrong, and what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.cli.training_runs import progress_text, resumable

TEACHER, SPECIALISTS, STUDENT = (f"rendered-{name}.toml" for name in ("teacher", "specialists", "student-sdst"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "techer.toml"], "recipe techer.toml does not exist; did you mean teacher.toml? packaged are demo"),
        (["train", TEACHER, "--set", "optimization.learning_rate=1"], "'learning_rate'; did you mean 'lr'?"),
        (["train", TEACHER, "--set", "optimization.steps"], "expected key=value"),
        (["train", STUDENT], "is the recipe rendered-teacher.toml, which has to be run first: 'sdst-edge distill'"),
        (["train", STUDENT], "--set distillation.general.0.checkpoint=FILE"),
        (["train", SPECIALISTS], "model.start is the recipe rendered-teacher.toml, which has to be run first"),
        (["train", SPECIALISTS], "--set model.start=FILE"),
        (["distill", SPECIALISTS], "run it by 'sdst-edge train'"),
        (["distill", STUDENT, "--set", "genral:seed=1"], "there is no stage genral; did you mean general?"),
        (["distill", STUDENT, "--set", "all:seed=x"], "--set seed=x: seed is 'x' (str), expected int"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_written(arguments: list[str], message: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "out")])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seeds", ["x", "1,1", "-1", "", "1.5"])
def test_seeds_of_the_wrong_form_are_wrong_usage(seeds: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["distill", STUDENT, "-o", str(tmp_path), "--ablate", "--seeds", seeds])
    assert result.exit_code == 2
    assert "0,1,2" in result.stderr


@pytest.mark.parametrize("options", [["--seeds", "1"], ["--arms", "none"], ["--ablate", "--profile"]])
def test_option_that_would_do_nothing_is_wrong_usage(options: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["distill", STUDENT, "-o", str(tmp_path / "out"), *options])
    assert result.exit_code == 2
    assert "--ablate" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rank", ["0", "1"])
def test_ablation_is_told_by_the_first_process_alone(
    rank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdst_edge.workflows.ablation.run_ablation", lambda *args, **named: {"arms": []})
    monkeypatch.setenv("RANK", rank)
    result = CliRunner().invoke(app, ["distill", STUDENT, "-o", str(tmp_path), "--ablate", "--json"])
    assert result.exit_code == 0, result.output
    assert result.stdout == ('{\n  "arms": []\n}\n' if rank == "0" else "")


def test_ablation_is_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("sdst_edge.workflows.ablation.run_ablation", lambda *args, **named: asked.append((args, named)))
    monkeypatch.setattr("sdst_edge.workflows.ablation.ablation_markdown", lambda table: "# Ablation")
    options = ["--ablate", "--arms", "none,general", "--seeds", "3,4", "--set", "data.root=/data", "--devices", "2"]
    result = CliRunner().invoke(app, ["distill", STUDENT, "-o", str(tmp_path), *options])
    assert (result.exit_code, result.stdout) == (0, "# Ablation\n"), result.output
    ((args, named),) = asked
    assert args[:5] == (Path(STUDENT), tmp_path, ["data.root=/data"], (3, 4), ("none", "general"))
    assert named["settings"].trials.devices == 2


def test_interrupt_says_how_to_go_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for rank, expected in (("0", "stopped; the same command goes on from the last saved state\n"), ("1", "")):
        monkeypatch.setenv("RANK", rank)
        with pytest.raises(KeyboardInterrupt), resumable():
            raise KeyboardInterrupt
        assert capsys.readouterr() == ("", expected)


def test_progress_text_has_pace_and_losses() -> None:
    from sdst_edge.training.run.result import TrainProgress

    losses = {"loss": 1.5, "gradient_norm": 3.0, "task/score": 1.0, "task/box": 0.5}
    progress = TrainProgress(fraction=0.5, step=7, losses=losses, pairs_per_s=1234.4, eta_s=60.0, waiting=0.02)
    assert progress_text(progress) == "1,234 pairs/s, loss 1.500, task/score 1.000"
    waits = progress._replace(waiting=0.3, losses={"task/score/positive": 1.0, "loss": 0.5})
    assert progress_text(waits) == "1,234 pairs/s, waits 30%, loss 0.500"
    assert progress_text(progress._replace(losses={})) == "1,234 pairs/s"
