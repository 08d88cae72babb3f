"""sdst-edge on another machine: what is missing there, and commands that end with their listener."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from sdst_edge.workflows.bench.remote import facts_there
from sdst_edge.workflows.bench.remote.board import MIN_PYTHON, read_board
from sdst_edge.workflows.bench.remote.connection import Completed, OnLine
from sdst_edge.workflows.bench.remote.facts_there import MARK
from sdst_edge.workflows.bench.remote.installing import ensure_installed
from sdst_edge.workflows.bench.remote.request import Patience
from sdst_runtime.errors import DeviceError
from tests.unit.test_bench_remote_wheels import board

#: The end of a folder's name that is this run's alone.
PART = re.compile(r"\.[0-9a-f]{8}\.part")

ALL = ("venv", "ensurepip", "numpy", "onnxruntime", "cv2", "typer")


class Scripted:
    """A machine that answers as ``answer`` says; None: done, without a word."""

    name = "user@board"
    reached_by = "ssh user@board"

    def __init__(self, answer: Callable[[str], Completed | None]) -> None:
        self.commands: list[str] = []
        self._answer = answer

    def run(self, command: Sequence[str], *, timeout: float, data: bytes = b"") -> Completed:
        line = PART.sub(".part", " ".join(command))
        self.commands.append(line)
        return self._answer(line) or Completed(status=0, stdout="", stderr="")

    def send(self, files: Mapping[str, Path], folder: str) -> None:
        self.commands.append(PART.sub(".part", f"send {' '.join(files)} {folder}"))

    def stream(self, command: Sequence[str], on_line: OnLine, on_error: OnLine) -> int:
        python, listener, *words = command
        assert (python, Path(listener).name) == ("/usr/bin/python3", "attended.py")
        done = self.run(words, timeout=0)
        for line in done.stderr.splitlines():
            on_error(line)
        return done.status


def failed(reason: str) -> Completed:
    return Completed(status=1, stdout="", stderr=f"{reason}\n")


def new(line: str) -> Completed | None:
    """A machine without the environment."""
    return failed("") if line.startswith("test -f") else None


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "sdst_edge-0.1.0-py3-none-any.whl"
    path.write_bytes(b"of a wheel")
    return path


def installed(machine: Scripted, wheel: Path, told: list[str], modules: tuple[str, ...] = ALL) -> str:
    return ensure_installed(machine, board(modules=modules), wheel, Patience(), told.append)


def test_environment_is_made_once_and_sees_the_systems_packages(wheel: Path) -> None:
    machine = Scripted(new)
    python = installed(machine, wheel, [])
    environment = python.removesuffix("/bin/python")
    assert f"/usr/bin/python3 -m venv --system-site-packages {environment}.part" in machine.commands
    assert f"send {wheel.name} attended.py {environment}.part" in machine.commands
    assert machine.commands[-5:] == [
        f"touch {environment}.part/ready",
        f"test -f {environment}/ready",
        f"rm -rf {environment}",
        f"mv {environment}.part {environment}",
        f"rm -rf {environment}.part",
    ]
    assert not [line for line in machine.commands if "numpy" in line]
    again = Scripted(lambda _: None)
    assert installed(again, wheel, []) == python
    assert len(again.commands) == 1


def test_environment_that_another_run_has_made_meanwhile_is_taken(wheel: Path) -> None:
    machine = Scripted(lambda line: new(line) if len(machine.commands) == 1 else None)
    installed(machine, wheel, [])
    assert not [line for line in machine.commands if line.startswith("mv ")]


def test_nothing_is_kept_outside_of_the_environment(wheel: Path) -> None:
    machine = Scripted(new)
    installed(machine, wheel, [], ("venv", "ensurepip"))
    pip = [line for line in machine.commands if " -m pip install" in line]
    assert len(pip) == 5
    assert all("--no-cache-dir" in line for line in pip)


def test_another_wheel_gets_another_environment(wheel: Path) -> None:
    first = installed(Scripted(new), wheel, [])
    wheel.write_bytes(b"of another wheel")
    assert installed(Scripted(new), wheel, []) != first


def test_absent_venv_is_told_with_the_command(wheel: Path) -> None:
    with pytest.raises(DeviceError, match="its Python lacks ensurepip: sudo apt install python3-venv there"):
        installed(Scripted(new), wheel, [], ("venv", "numpy"))


def test_wheel_that_cannot_be_installed_leaves_no_files(wheel: Path) -> None:
    machine = Scripted(lambda line: failed("No space left on device") if "--no-deps" in line else new(line))
    with pytest.raises(DeviceError, match=f"{wheel.name} cannot be installed: No space left on device; free some room"):
        installed(machine, wheel, [])
    assert machine.commands[-1].startswith("rm -rf /")
    assert machine.commands[-1].endswith(".part")


def test_full_disk_is_told_where_a_command_does_not_tell(wheel: Path) -> None:
    machine = Scripted(lambda line: failed("") if "disk_usage" in line or "-m venv" in line else new(line))
    with pytest.raises(DeviceError, match=r"no virtual environment .*; free some room there"):
        installed(machine, wheel, [])


def test_missing_packages_are_installed_beside_it(wheel: Path) -> None:
    told: list[str] = []
    machine = Scripted(new)
    installed(machine, wheel, told, ("venv", "ensurepip", "numpy", "onnxruntime", "cv2"))
    assert told[-1] == "user@board lacks typer: installing typer>=0.12 beside sdst-edge"
    assert [line for line in machine.commands if line.endswith(" typer>=0.12")]


def test_board_without_network_is_told_what_to_bring(wheel: Path) -> None:
    machine = Scripted(lambda line: failed("no index") if "numpy" in line else new(line))
    with pytest.raises(DeviceError, match=r"lacks numpy, and pip cannot install it there \(no index\)") as caught:
        installed(machine, wheel, [], ("venv", "ensurepip"))
    assert "an environment of your own that --remote-python names" in str(caught.value)


def test_bench_goes_on_without_onnxruntime_and_tries_again(wheel: Path) -> None:
    told: list[str] = []
    machine = Scripted(lambda line: failed("no index") if "onnxruntime" in line else new(line))
    assert installed(machine, wheel, told, ("venv", "ensurepip", "numpy", "cv2", "typer"))
    assert told[-1].endswith("going on without it")
    assert not [line for line in machine.commands if line.startswith("touch ")]


def test_library_that_does_not_load_is_told(wheel: Path) -> None:
    machine = Scripted(lambda line: failed("OSError: wrong ELF class") if "native" in line else new(line))
    with pytest.raises(DeviceError, match=f"libsdst of {wheel.name} does not load: OSError: wrong ELF class"):
        installed(machine, wheel, [])


def facts(**changes: object) -> Callable[[str], Completed]:
    return lambda _: Completed(
        status=0, stdout=f"hello\n{MARK}{json.dumps({**asdict(board()), **changes})}\n", stderr=""
    )


def test_facts_are_read_behind_what_a_login_writes() -> None:
    assert read_board(Scripted(facts()), "python3", Patience()) == board()


def test_module_that_is_too_old_is_as_good_as_none(tmp_path: Path) -> None:
    """Installing looks for what is not there; Debian's typer would be found, and fail."""
    for version, there in (("0.7.0", False), ("0.12.1", True)):
        folder = tmp_path / version
        (folder / f"typer-{version}.dist-info").mkdir(parents=True)
        (folder / f"typer-{version}.dist-info" / "METADATA").write_text(f"Name: typer\nVersion: {version}\n")
        (folder / "typer.py").touch()
        done = subprocess.run(
            [sys.executable, facts_there.__file__],
            env={"PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("typer" in json.loads(done.stdout.strip().removeprefix(MARK))["modules"]) is there


def test_old_python_and_a_home_that_cannot_be_written_are_told() -> None:
    with pytest.raises(DeviceError, match=rf"python3 is Python 3\.8, expected 3\.{MIN_PYTHON[1]} or newer"):
        read_board(Scripted(facts(python=[3, 8])), "python3", Patience())
    with pytest.raises(DeviceError, match=r"has no place for files: /home/pi/.cache: Read-only file system"):
        read_board(
            Scripted(facts(cache="", cache_reason="/home/pi/.cache: Read-only file system")), "python3", Patience()
        )


def attended(command: str) -> subprocess.Popen[bytes]:
    """A command of a shell that is given little time to end."""
    code = (
        "import sys; from sdst_edge.workflows.bench.remote import attended; attended.GRACE = (0.2, 0.2); "
        "sys.exit(attended.main(['sh', '-c', sys.argv[1]]))"
    )
    return subprocess.Popen([sys.executable, "-c", code, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_attended_command_keeps_its_status_while_somebody_listens() -> None:
    with attended("exit 7") as process:
        assert process.wait(30) == 7


def test_attended_command_ends_with_its_listener_even_if_it_does_not_want_to() -> None:
    with attended("trap '' INT TERM; echo deaf; while :; do sleep 0.1; done") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"deaf\n"
        process.stdin.close()
        assert process.wait(30) == 128 + 9
