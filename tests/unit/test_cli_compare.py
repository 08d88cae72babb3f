"""``sdst-edge compare``: what it calls the trackers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer.testing

from sdst_edge.cli.app import app
from tests.made_up_evaluation import made_up


def write(path: Path, tracker: str, score: float) -> Path:
    path.parent.mkdir(parents=True)
    result = made_up({"a": (score, ("FM",)), "b": (score / 2, ())}, tracker=tracker)
    path.write_text(json.dumps(result.to_plain()), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("trackers", "expected"),
    [(("n2", "n3"), ("n2", "n3")), (("n3", "n3"), ("before", "after"))],
)
def test_trackers_of_one_name_are_called_by_their_folders(
    tmp_path: Path, trackers: tuple[str, str], expected: tuple[str, str]
) -> None:
    paths = [
        write(tmp_path / folder / "result.json", tracker, score)
        for folder, tracker, score in zip(("before", "after"), trackers, (0.5, 0.6), strict=True)
    ]
    done = typer.testing.CliRunner().invoke(app, ["compare", *map(str, paths), "--json"])
    assert done.exit_code == 0, done.output
    compared = json.loads(done.stdout)
    assert (compared["baseline"], compared["contrasts"][0]["tracker"]) == expected
