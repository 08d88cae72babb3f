"""sdst-edge on the other machine: in a virtual environment of its own, which sees the system's packages and stays.

JetPack's own onnxruntime, TensorRT and OpenCV are system packages; nothing is installed outside of the environment.
"""

from __future__ import annotations

import hashlib
import posixpath
import shlex
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

#: Makes Python look in further folders, after its own; their ``.pth`` files are not read.
_ADD_FOLDERS = (
    "import pathlib, sys, sysconfig; "
    "pathlib.Path(sysconfig.get_path('purelib'), 'further.pth').write_text('\\n'.join(sys.argv[1:]))"
)

_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1")


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
    python, ready = posixpath.join(environment, "bin", "python"), posixpath.join(environment, "ready")
    installer = _Installer(connection, python, patience)
    if not installer.run(["test", "-f", ready]).status:
        return python
    on_progress(f"installing {package.name} on {connection.name}, in {environment}")
    if missing := [name for name in ("venv", "ensurepip") if name not in board.modules]:
        needed = board.install(debian="python3-venv", termux="python")
        raise DeviceError(f"{connection.name}: its Python lacks {' and '.join(missing)}: {needed} there")
    installer.run(["rm", "-rf", environment])
    installer.require(
        [board.executable, "-m", "venv", "--system-site-packages", environment], f"no virtual environment {environment}"
    )
    if board.packages:  # of the environment that the user named, which is no system of its own
        installer.require([python, "-c", _ADD_FOLDERS, *board.packages], f"{environment} cannot be written")
    with _work_folder(connection, patience) as folder:
        connection.send({package.name: package}, folder)
        there = posixpath.join(folder, package.name)
        installer.require([python, *_PIP, "--no-deps", there], f"{package.name} cannot be installed")
    missing = [name for name in _PACKAGES if name not in board.modules]
    left_out = [name for name in missing if not installer.add(name, on_progress)]
    load = "import sdst_runtime.native as native; native.version()"
    installer.require([python, "-c", load], f"libsdst of {package.name} does not load")
    if not left_out:  # else it is tried again next time
        installer.run(["touch", ready])
    return python


class _Installer:
    """Commands that install there."""

    def __init__(self, connection: Connection, python: str, patience: Patience) -> None:
        self._connection = connection
        self._python = python
        self._patience = patience

    def run(self, command: Sequence[str]) -> Completed:
        return self._connection.run(command, timeout=self._patience.work)

    def require(self, command: Sequence[str], failed: str) -> None:
        """Raises a DeviceError that begins with ``failed`` where the command fails."""
        done = self.run(command)
        if done.status:
            fix = "; free some room there" if "No space left" in done.stderr else ""
            raise DeviceError(f"{self._connection.name}: {failed}: {done.reason}{fix}")

    def add(self, module: str, on_progress: OnLine) -> bool:
        """Installs the package that brings a module; False where it cannot be had and is not needed by all.

        Raises:
            DeviceError: it cannot be had, and the bench needs it.
        """
        package = _PACKAGES[module]
        on_progress(f"{self._connection.name} lacks {module}: installing {package} beside sdst-edge")
        done = self.run([self._python, *_PIP, "--only-binary", ":all:", package])
        if not done.status:
            return True
        command = shlex.join([self._python, "-m", "pip", "install", package])
        text = (
            f"{self._connection.name} lacks {module}, and pip cannot install it there ({done.reason}); where it has no "
            f"network, bring the package's wheel and install it: {command}"
        )
        if module not in _OPTIONAL:
            raise DeviceError(text)
        on_progress(f"{text}; going on without it")
        return False


@contextmanager
def _work_folder(connection: Connection, patience: Patience) -> Iterator[str]:
    """A private folder there, removed at the end, also after errors while the machine still answers."""
    done = connection.run(["mktemp", "-d"], timeout=patience.answer)
    folder = done.stdout.strip().rpartition("\n")[2]
    if done.status or not folder.startswith("/"):
        raise DeviceError(f"{connection.name} cannot make a folder for temporary files: {done.reason}")
    try:
        yield folder
    finally:
        with suppress(DeviceError):  # what went wrong first is what matters
            connection.run(["rm", "-rf", folder], timeout=patience.answer)


def _key(package: Path, board: Board) -> str:
    """Of the environment: another file, or another Python, gets another one."""
    made_of = (package.name, board.executable, board.python_version)
    return hashlib.sha256(package.read_bytes() + "\n".join(made_of).encode("utf-8", "surrogateescape")).hexdigest()[:16]
