"""sdst-edge on the other machine: in a virtual environment of its own, which sees the system's packages and stays.

JetPack's own onnxruntime, TensorRT and OpenCV are system packages; nothing is installed outside of the environment.
"""

from __future__ import annotations

import hashlib
import posixpath
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sdst_edge.workflows.bench.remote.board import Board
from sdst_edge.workflows.bench.remote.connection import Completed, Connection, OnLine
from sdst_edge.workflows.bench.remote.request import Patience
from sdst_runtime.errors import DeviceError

__all__ = ["ensure_installed"]

#: Modules that the bench imports to the packages that bring them.
_PACKAGES = {
    "numpy": "numpy>=1.24",
    "typer": "typer>=0.12",
    "cv2": "opencv-python-headless>=4.8",
    "onnxruntime": "onnxruntime>=1.17",
}

#: Left out where it cannot be had: other engines do without it, and the bench says so where it is needed.
_OPTIONAL = {"onnxruntime"}

#: Runs commands there before sdst-edge is there; needs nothing of it.
_ATTENDED = Path(__file__).with_name("attended.py")

#: Less is no room, bytes.
LEAST_ROOM = 10_000_000

#: Makes Python look in further folders, after its own; their ``.pth`` files are not read.
_ADD_FOLDERS = (
    "import pathlib, sys, sysconfig; "
    "pathlib.Path(sysconfig.get_path('purelib'), 'further.pth').write_text('\\n'.join(sys.argv[1:]))"
)

#: Ends with 1 where the disk of a folder is as good as full; what fails then does not always say why.
_HAS_ROOM = f"import shutil, sys; sys.exit(shutil.disk_usage(sys.argv[1]).free < {LEAST_ROOM})"

#: ``~/.cache/pip`` is none of ours.
_PIP = (
    *("-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", "--no-input"),
    *("--retries", "1"),
)


def ensure_installed(
    connection: Connection, board: Board, package: Path, patience: Patience, on_progress: OnLine
) -> str:
    """Path of the other machine's Python that has sdst-edge; what an earlier run installed is taken again.

    Args:
        connection: to it.
        board: its facts.
        package: wheel or sdist to install.
        patience: with it.
        on_progress: called with what takes time.

    Raises:
        DeviceError: it cannot be installed, or what it needs is missing and cannot be had there.
    """
    environment = posixpath.join(board.cache, f"bench-{_key(package, board)}")
    is_ready = ["test", "-f", posixpath.join(environment, "ready")]
    python = posixpath.join(environment, "bin", "python")
    if not connection.run(is_ready, timeout=patience.answer).status:
        return python
    on_progress(f"installing {package.name} on {connection.name}, in {environment}")
    if missing := [name for name in ("venv", "ensurepip") if name not in board.modules]:
        needed = board.install(debian="python3-venv", termux="python")
        raise DeviceError(f"{connection.name}: its Python lacks {' and '.join(missing)}: {needed} there")
    with _part(connection, environment, patience) as part:  # another run may make the same one
        installer = _Installer(connection, board, part, patience)
        installer.install(package, on_progress)
        if connection.run(is_ready, timeout=patience.answer).status:
            connection.run(["rm", "-rf", environment], timeout=patience.answer)
            installer.require(["mv", part, environment], f"{environment} cannot be written")
    return python


@contextmanager
def _part(connection: Connection, environment: str, patience: Patience) -> Iterator[str]:
    """A folder there of this run alone, removed at the end, also after errors while the machine still answers."""
    part = f"{environment}.{secrets.token_hex(4)}.part"
    done = connection.run(["mkdir", "-p", part], timeout=patience.answer)
    if done.status:
        raise DeviceError(f"{connection.name}: {part} cannot be made: {done.reason}")
    try:
        yield part
    finally:
        with suppress(DeviceError):  # what went wrong first is what matters
            connection.run(["rm", "-rf", part], timeout=patience.answer)


class _Installer:
    """Commands that install there, and end when this machine is gone."""

    def __init__(self, connection: Connection, board: Board, environment: str, patience: Patience) -> None:
        self._connection = connection
        self._board = board
        self._environment = environment
        self._python = posixpath.join(environment, "bin", "python")
        self._patience = patience

    def install(self, package: Path, on_progress: OnLine) -> None:
        """Makes the environment; it gets a file ``ready`` where nothing of it was left out."""
        board, environment = self._board, self._environment
        self._connection.send({package.name: package, _ATTENDED.name: _ATTENDED}, environment)
        venv = [board.executable, "-m", "venv", "--system-site-packages", environment]
        self.require(venv, f"no virtual environment {environment}")
        if board.packages:  # of the environment that the user named, which is no system of its own
            self.require([self._python, "-c", _ADD_FOLDERS, *board.packages], f"{environment} cannot be written")
        there = posixpath.join(environment, package.name)
        self.require([self._python, *_PIP, "--no-deps", there], f"{package.name} cannot be installed")
        left_out = [name for name in _PACKAGES if name not in board.modules and not self._add(name, on_progress)]
        load = "import sdst_runtime.native as native; native.version()"
        self.require([self._python, "-c", load], f"libsdst of {package.name} does not load")
        if not left_out:  # else it is tried again next time
            self.require(["touch", posixpath.join(environment, "ready")], f"{environment} cannot be written")

    def require(self, command: Sequence[str], failed: str) -> None:
        """Raises a DeviceError that begins with ``failed`` where the command fails."""
        done = self._run(command)
        if done.status:
            raise DeviceError(f"{self._connection.name}: {failed}: {done.reason}{self._room(done)}")

    def _run(self, command: Sequence[str]) -> Completed:
        out, err = list[str](), list[str]()
        listener = [self._board.executable, posixpath.join(self._environment, _ATTENDED.name)]
        status = self._connection.stream([*listener, *command], out.append, err.append)
        return Completed(status=status, stdout="\n".join(out), stderr="\n".join(err))

    def _room(self, done: Completed) -> str:
        """What to do where there is no room; empty where there is."""
        check = [self._board.executable, "-c", _HAS_ROOM, self._environment]
        full = "No space left" in done.stderr or self._connection.run(check, timeout=self._patience.answer).status == 1
        return "; free some room there" if full else ""

    def _add(self, module: str, on_progress: OnLine) -> bool:
        """Installs the package that brings a module; False where it cannot be had and is not needed by all.

        Raises:
            DeviceError: it cannot be had, and the bench needs it.
        """
        package = _PACKAGES[module]
        on_progress(f"{self._connection.name} lacks {module}: installing {package} beside sdst-edge")
        done = self._run([self._python, *_PIP, "--only-binary", ":all:", package])
        if not done.status:
            return True
        advice = self._room(done) or (
            "; where it has no network, install it there from a file, into the system or an environment of your own "
            "that --remote-python names"
        )
        text = f"{self._connection.name} lacks {module}, and pip cannot install it there ({done.reason}){advice}"
        if module not in _OPTIONAL:
            raise DeviceError(text)
        on_progress(f"{text}; going on without it")
        return False


def _key(package: Path, board: Board) -> str:
    """Of the environment: another file, or another Python, gets another one."""
    made_of = (package.name, board.executable, board.python_version)
    return hashlib.sha256(package.read_bytes() + "\n".join(made_of).encode("utf-8", "surrogateescape")).hexdigest()[:16]
