"""Another machine by the system's OpenSSH, whose configuration, keys and known hosts are used as they are.

The user authenticates once: the first connection becomes the master that all others go through (``ControlMaster`` of
ssh_config(5)). Whether a host's key is right is left to OpenSSH.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sdst_edge.workflows.bench.remote.archive import archive
from sdst_edge.workflows.bench.remote.connection import Completed, OnLine
from sdst_edge.workflows.bench.remote.destination import Destination
from sdst_edge.workflows.bench.remote.failures import connection_failure, loss, not_written
from sdst_edge.workflows.bench.remote.processes import run_here, stream_here
from sdst_edge.workflows.bench.remote.request import Patience, RemoteRequest
from sdst_runtime.errors import BackendUnavailable, DeviceError

__all__ = ["Ssh", "open_ssh"]

#: Of ``ssh`` where the connection failed; commands have others.
FAILED = 255

#: Longest path of a socket, bytes, less what OpenSSH appends while it makes one (unix(7): 108 on Linux, 104 on macOS).
LONGEST_SOCKET = 80

#: After which the master ends by itself, where nobody ended it, s.
LEFT_ALONE = 60

#: For the user to type a password, s.
TYPING = 120.0


@contextmanager
def open_ssh(request: RemoteRequest) -> Iterator[Ssh]:
    """A connection to the host of a request, closed at the end.

    Raises:
        BackendUnavailable: OpenSSH is not installed here.
        ConfigError: the host's name has another form.
        DeviceError: it cannot be reached, its key is not known, or it refuses the user.
    """
    destination = Destination.of(request.host or "")
    if shutil.which("ssh") is None:
        raise BackendUnavailable(
            "ssh is not installed on this machine; install it (Debian and Ubuntu: sudo apt install openssh-client)"
        )
    with _socket_folder() as folder:
        ssh = Ssh(destination, _options(request, folder / "s"), request.patience)
        try:
            ssh.connect()
            yield ssh
        finally:
            ssh.close()


@contextmanager
def _socket_folder() -> Iterator[Path]:
    """A folder of the user's alone, with a name that is short enough for a socket in it."""
    place = None if len(tempfile.gettempdir().encode()) < LONGEST_SOCKET - 20 else "/tmp"  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="sdst-", dir=place) as folder:
        yield Path(folder)


def _options(request: RemoteRequest, socket: Path) -> list[str]:
    """Of every ``ssh``; what the user says comes first, as the first of two values counts."""
    patience = request.patience
    ours = {
        "ControlPath": socket,
        "ConnectTimeout": patience.connect,
        "ServerAliveInterval": patience.alive,
        "ServerAliveCountMax": patience.alive_count,
        "ClearAllForwardings": "yes",
        "RemoteCommand": "none",
        "RequestTTY": "no",
    }
    options = [*request.ssh_options, *(f"{name}={value}" for name, value in ours.items())]
    return [word for option in options for word in ("-o", option)]


class Ssh:
    """A :class:`.Connection` by OpenSSH."""

    def __init__(self, destination: Destination, options: Sequence[str], patience: Patience) -> None:
        self._destination = destination
        self._options = options
        self._patience = patience
        self.name = str(destination)
        self.reached_by = f"ssh {destination}"

    def connect(self) -> None:
        """Authenticates; asks the user on the terminal where it must, and where there is one.

        Raises:
            DeviceError: the host cannot be reached, its key is not known, or it refuses the user.
        """
        asks = sys.stdin is not None and sys.stdin.isatty()
        batch = [] if asks else ["-o", "BatchMode=yes"]
        master = ["-o", "ControlMaster=yes", "-o", f"ControlPersist={LEFT_ALONE}"]
        done = run_here(
            ["ssh", *self._options, *batch, *master, *self._destination.words, "exit 0"],
            timeout=2 * self._patience.connect + (TYPING if asks else 0.0),
            apart=not asks,
            doing=f"connecting to {self.name}",
        )
        if done.status:
            raise DeviceError(connection_failure(self._destination, done, asks=asks))

    def close(self) -> None:
        """Ends the connection; nothing of it stays in the background."""
        with suppress(DeviceError):
            run_here(["ssh", *self._options, "-O", "exit", *self._destination.words], timeout=5.0)

    def run(self, command: Sequence[str], *, timeout: float, data: bytes = b"") -> Completed:
        """See :class:`.Connection`."""
        return self._run(command, timeout, data)

    def send(self, files: Mapping[str, Path], folder: str) -> None:
        """See :class:`.Connection`."""
        with archive(files) as packed:
            done = self._run(["tar", "-xf", "-", "-C", folder], self._patience.work, packed)
        if done.status:
            raise DeviceError(not_written(self.name, folder, done))

    def stream(self, command: Sequence[str], on_line: OnLine, on_error: OnLine) -> int:
        """See :class:`.Connection`."""
        last = ""

        def keep(line: str) -> None:
            nonlocal last
            last = line or last
            on_error(line)

        status = stream_here(self._argv(command), on_line, keep, stop_seconds=self._patience.stop)
        if status == FAILED or status < 0:
            raise DeviceError(loss(self.name, last))
        return status

    def _run(self, command: Sequence[str], timeout: float, data: bytes | Path) -> Completed:
        doing = f"{self.name}: {command[0]}"
        done = run_here(self._argv(command), timeout=timeout, data=data, doing=doing)
        if done.status == FAILED:
            raise DeviceError(loss(self.name, done.reason if done.stderr.strip() else ""))
        return done

    def _argv(self, command: Sequence[str]) -> list[str]:
        through_master = ["-o", "ControlMaster=no", "-o", "BatchMode=yes"]
        return ["ssh", *self._options, *through_master, *self._destination.words, shlex.join(command)]
