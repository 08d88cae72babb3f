"""What the other machine has: its processor, its C library, its Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from sdst_edge.workflows.bench.remote.connection import Completed, Connection
from sdst_edge.workflows.bench.remote.facts_there import MARK
from sdst_edge.workflows.bench.remote.request import Patience
from sdst_runtime.errors import DeviceError
from sdst_runtime.strict import from_plain

__all__ = ["MIN_PYTHON", "Board", "read_board"]

MIN_PYTHON = (3, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The other machine, as its Python sees it.

    Attributes:
        machine: of Python, such as ``aarch64``.
        libc: ``glibc``, ``musl``, ``bionic``, or empty where it is not known.
        libc_version: such as ``2.35``; of bionic the API level.
        python: its version, two numbers.
        executable: its path.
        packages: folders of packages, where it belongs to a virtual environment.
        compiler: for C; empty where there is none.
        modules: that it can import, of those that sdst-edge needs.
        cache: folder to keep files in between runs.
        cache_reason: why there is none, where that is empty.
        termux: whether it is Termux on Android.
    """

    machine: str
    libc: str
    libc_version: str
    python: tuple[int, int]
    executable: str
    packages: tuple[str, ...]
    compiler: str
    modules: tuple[str, ...]
    cache: str
    cache_reason: str
    termux: bool

    @property
    def python_version(self) -> str:
        """Such as ``3.10``."""
        return ".".join(map(str, self.python))

    def install(self, *, debian: str, termux: str = "") -> str:
        """The command that installs packages there.

        Args:
            debian: their names, there.
            termux: likewise.
        """
        return f"pkg install {termux}" if self.termux else f"sudo apt install {debian}"


def read_board(connection: Connection, python: str, patience: Patience) -> Board:
    """The other machine's facts.

    Args:
        connection: to it.
        python: name or path of its Python.
        patience: with it.

    Raises:
        DeviceError: there is no such Python, it is too old, or it has no place for files.
    """
    source = files("sdst_edge.workflows.bench.remote").joinpath("facts_there.py").read_bytes()
    done = connection.run([python, "-"], timeout=patience.answer, data=source)
    line = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    if done.status or line is None:
        raise DeviceError(_no_python(connection, python, done))
    try:
        plain = json.loads(line.removeprefix(MARK))
    except ValueError as error:
        raise DeviceError(f"{connection.name}: its Python does not tell about itself: {error}") from error
    board = from_plain(Board, plain, where=connection.name, error=DeviceError)
    if board.python < MIN_PYTHON:
        raise DeviceError(
            f"{connection.name}: {python} is Python {board.python_version}, expected "
            f"{'.'.join(map(str, MIN_PYTHON))} or newer; name another one there by --remote-python"
        )
    if not board.cache:
        raise DeviceError(f"{connection.name} has no place for files: {board.cache_reason}; make it writable there")
    return board


def _no_python(connection: Connection, python: str, done: Completed) -> str:
    if done.status in (126, 127) or "not found" in done.reason:
        return (
            f"{connection.name} has no {python} ({done.reason}); install it there (Debian and Ubuntu: sudo apt install "
            "python3 python3-venv; Termux: pkg install python), or name another one by --remote-python"
        )
    return f"{connection.name}: {python} does not run there: {done.reason}; name another one by --remote-python"
