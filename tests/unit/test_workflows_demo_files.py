"""The demo's folder: whose files it may replace, and that they change all at once or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_edge.workflows.demo.files import DemoPaths, check_target, workplace
from sdst_runtime.errors import ConfigError, SdstError


def write_demo(out: Path, text: str, error: BaseException | None = None) -> None:
    """Two of the demo's files and one of its folders, all with the same text, and an error after them."""
    with workplace(out) as work:
        work.report.write_text(text, encoding="utf-8")
        work.figures.write_text(text, encoding="utf-8")
        work.clip.mkdir()
        (work.clip / f"{text}.txt").write_text(text, encoding="utf-8")
        if error is not None:
            raise error


def texts(folder: Path) -> dict[str, str]:
    """All files below a folder, hidden ones too, by their path in it."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def demo_of(text: str) -> dict[str, str]:
    """What :func:`write_demo` leaves."""
    return {"out/report.md": text, "out/demo.json": text, f"out/clip/{text}.txt": text}


def test_workplace_replaces_an_earlier_demo_and_keeps_other_files(tmp_path: Path) -> None:
    write_demo(tmp_path / "out", "old")
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    write_demo(tmp_path / "out", "new")
    assert texts(tmp_path) == {**demo_of("new"), "out/mine.txt": "mine"}


def test_workplace_leaves_nothing_of_an_earlier_demo_that_has_trained(tmp_path: Path) -> None:
    with workplace(tmp_path / "out") as work:
        for path in work.by_name(trained=True).values():
            path.write_text("old", encoding="utf-8")
    write_demo(tmp_path / "out", "new")
    assert texts(tmp_path) == demo_of("new")


@pytest.mark.parametrize("error", [SdstError("no"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_workplace_keeps_the_earlier_demo_when_the_work_fails(tmp_path: Path, error: BaseException) -> None:
    write_demo(tmp_path / "out", "old")
    with pytest.raises(type(error)):
        write_demo(tmp_path / "out", "new", error)
    assert texts(tmp_path) == demo_of("old")
    with pytest.raises(type(error)):
        write_demo(tmp_path / "another", "new", error)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [OSError("no space"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_workplace_keeps_the_earlier_demo_when_the_last_move_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write_demo(tmp_path / "out", "old")
    move = Path.replace

    def move_but_one(path: Path, target: Path) -> Path:
        if target == DemoPaths(tmp_path / "out").report and path.read_text() == "new":
            raise error
        return move(path, target)

    monkeypatch.setattr(Path, "replace", move_but_one)
    with pytest.raises(SdstError if isinstance(error, OSError) else KeyboardInterrupt):
        write_demo(tmp_path / "out", "new")
    assert texts(tmp_path) == demo_of("old")


def test_check_target_refuses_what_is_no_demo(tmp_path: Path) -> None:
    check_target(tmp_path / "missing")
    check_target(tmp_path)  # empty
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is a file"):
        check_target(file)
    with pytest.raises(ConfigError, match="no earlier demo"):
        check_target(tmp_path)
