"""An OpenSSH server on the loopback interface, with keys, a port and a cache folder of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

__all__ = ["SshServer", "ssh_server", "until"]

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"

#: sshd's place for privilege separation when root runs it; packages make it when the service starts.
SEPARATION = Path("/run/sshd")


@dataclass(frozen=True, slots=True, kw_only=True)
class SshServer:
    """A server that lets the present user in.

    Attributes:
        folder: of its files.
        port: on which it listens.
        process: itself; each connection has processes of its own below it.
    """

    folder: Path
    port: int
    process: psutil.Process

    @property
    def host(self) -> str:
        return f"{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def programs(self) -> Path:
        """Folder where who logs in looks for commands first."""
        return self.folder / "bin"

    @property
    def cache(self) -> Path:
        """Cache folder of who logs in."""
        return self.folder / "cache"

    def options(self, **changes: str) -> tuple[str, ...]:
        """Of a client that has the key and knows the server; ``changes``: other values."""
        options = {
            "IdentityFile": str(self.folder / "user_key"),
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": str(self.folder / "known_hosts"),
            "GlobalKnownHostsFile": "/dev/null",
            **changes,
        }
        return tuple(f"{name}={value}" for name, value in options.items())

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def signal_connections(self, number: signal.Signals) -> None:
        """Sends a signal to what serves connections, and not to what their users run."""
        for process in self.process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # one ends with the other
                if process.name().startswith("sshd"):
                    process.send_signal(number)


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for something that must come true."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """A server with its files in a folder; skips the test where there can be none."""
    if not Path(SSHD).is_file() or not shutil.which("ssh"):
        pytest.skip("no OpenSSH server and client here (Debian and Ubuntu: apt install openssh-server)")
    if os.geteuid() == 0:
        try:
            SEPARATION.mkdir(mode=0o755, exist_ok=True)
        except OSError as error:
            pytest.skip(f"sshd needs {SEPARATION}, which cannot be made: {error.strerror}")
    for name in ("host_key", "user_key", "other_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    port = _free_port()
    key = " ".join((folder / "host_key.pub").read_text().split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}\n")
    for name in ("cache", "bin"):
        (folder / name).mkdir()
    (folder / "sshd_config").write_text(_config(folder, port))
    command = [SSHD, "-D", "-f", folder / "sshd_config", "-E", folder / "log"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            server = SshServer(folder=folder, port=port, process=psutil.Process(process.pid))
            until(lambda: process.poll() is not None or _listens(port), "sshd to listen")
            _require_login(server)
            yield server
        finally:
            children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.kill()
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()


def _config(folder: Path, port: int) -> str:
    lines = (
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        f"PidFile {folder / 'pid'}",
        f"SetEnv XDG_CACHE_HOME={folder / 'cache'} PATH={folder / 'bin'}:{os.environ['PATH']}",
        "LogLevel VERBOSE",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",
        "UsePAM no",
    )
    return "\n".join(lines) + "\n"


def _require_login(server: SshServer) -> None:
    """Skips where the system lets nobody in this way, such as an account that is locked."""
    options = [word for option in (*server.options(), "BatchMode=yes") for word in ("-o", option)]
    command = ["ssh", *options, "-p", str(server.port), server.host.rpartition(":")[0], "exit 0"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=30)
    if done.returncode:
        pytest.skip(f"sshd on this machine lets its own user not in: {done.stderr.strip()}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
