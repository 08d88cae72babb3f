"""The command in a process of its own, and what tests expect of it."""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["COMMAND", "fail", "run", "succeed"]

#: The command without its arguments.
COMMAND = (sys.executable, "-W", "error", "-m", "sdst_edge.cli")


def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command with these arguments, whatever comes of it."""
    environment = {**os.environ, "COLUMNS": "120", **(env or {})}
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)


def succeed(*arguments: object) -> str:
    """Stdout of a command that must succeed."""
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def fail(*arguments: object, status: int = 1, env: dict[str, str] | None = None) -> str:
    """Stderr of a command that must fail with a message, and print no results."""
    done = run(*arguments, env=env)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    if status == 1:
        assert done.stderr.splitlines()[-1].startswith("error: ")
    return done.stderr
