"""What leaves a command, and through which door."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from sdst_edge.cli.console import PIPED_WIDTH, facts_text, note, print_json, print_rich, progress_bar, stage_bars
from sdst_edge.cli.scores import figure_table


@dataclass(frozen=True)
class Point:
    x: float
    y: tuple[int, ...]


def test_print_json_writes_dataclasses_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"points": [Point(1.5, (1, 2))], "none": None})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"points": [{"x": 1.5, "y": [1, 2]}], "none": None}
    assert captured.err == ""


def test_print_json_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"x": float("nan")})


def test_print_rich_cuts_nothing_off_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("a", "b")
    table.add_row("x" * 70, "y" * 70)
    line = "z" * (PIPED_WIDTH + 50)
    print_rich(table, line, "[brackets] stay")
    out = capsys.readouterr().out
    assert "x" * 70 in out
    assert "y" * 70 in out
    assert line in out
    assert "[brackets] stay" in out


def test_print_rich_cuts_no_name_off_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    table = figure_table(["attribute", ""], ["sequences", "share of frames"] * 3)
    table.add_row("absence", "aspect ratio change", *["1.000"] * 6)
    print_rich(table)
    out = capsys.readouterr().out
    assert "…" not in out
    for expected in ("attribute", "sequences", "share", "absence", "aspect"):
        assert expected in out
    assert "aspect ratio change" not in out, "what can take several lines does"


def test_note_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    note("by the way")
    assert capsys.readouterr() == ("", "by the way\n")


def test_facts_text_aligns_values_and_leaves_empty_ones_out() -> None:
    assert facts_text([("name", "n3"), ("notes", ""), ("parameters", "12")]) == "name        n3\nparameters  12"


def test_progress_bar_ends_with_its_last_state_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("eval") as bar:
        bar(1, 4, "one")
        bar(4, 4, "")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "eval" in captured.err
    assert "100%" in captured.err


def test_progress_bar_draws_nothing_before_the_first_move(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="early"), progress_bar("track"):
        raise ValueError("early")
    assert capsys.readouterr() == ("", ""), "an error stands alone"


def test_progress_bar_draws_nothing_when_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("track", hidden=True) as bar:
        bar(1, None, "frame 1")
    assert capsys.readouterr() == ("", "")


def test_progress_bar_needs_no_rich_before_it_is_drawn() -> None:
    code = (
        "import sys; sys.modules['rich'] = None\n"
        "from sdst_edge.cli.console import progress_bar\n"
        "with progress_bar('build'), progress_bar('track', hidden=True) as bar: bar(1, 2, 'frame 1')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_stage_bars_finish_a_stage_when_the_next_one_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_bars() as bars:
        bars("train", 0.3)
        bars("export", 0.5)
    train, export = capsys.readouterr().err.strip().splitlines()
    assert "train" in train
    assert "100%" in train
    assert "export" in export
    assert "50%" in export


def test_stage_bars_say_what_there_is_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_bars() as bars:
        bars("general", 0.5, "90 pairs/s")
    assert "general: 90 pairs/s" in capsys.readouterr().err


def test_stage_bars_have_no_thread_while_something_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with stage_bars(timing=True) as bars:
        bars("stages", 0.5)
        assert set(threading.enumerate()) <= before
    with stage_bars() as bars:
        bars("stages", 0.5)
        assert set(threading.enumerate()) - before
    assert capsys.readouterr().err.count("50%") == 2


def test_stage_bars_that_time_are_drawn_at_each_move(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = StringIO()
    monkeypatch.setattr("rich.console.Console", lambda **_: Console(file=terminal, force_terminal=True))
    with stage_bars(timing=True) as bars:
        bars("stages", 0.5)
        assert "50%" in terminal.getvalue()


def test_stage_bars_draw_nothing_when_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_bars(hidden=True) as bars:
        bars("general", 0.5, "90 pairs/s")
    assert capsys.readouterr() == ("", "")
