"""The root folder from which a host is read: ``/``, or a folder that is laid out like one.

All that is known of a host comes from files and commands below one root, so that a board can be read from a folder that
was copied from it. Commands of another root are run from its ``bin`` only, and links that lead out of it are not
followed: nothing of this host is taken for that one's.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Final

__all__ = ["THIS_HOST", "Sysroot", "read_file", "signal_group"]


@dataclass(frozen=True, slots=True)
class Sysroot:
    """Files and commands of a host.

    Attributes:
        root: ``/`` for this host.
        command_seconds: that a command may take; longer than any that is asked here does.
    """

    root: Path = Path("/")
    command_seconds: float = 10.0

    @property
    def is_this_host(self) -> bool:
        """Whether it is the machine that runs this process."""
        return self.root == Path("/")

    def path(self, name: str) -> Path:
        """Where a file of the host lies, such as ``proc/cpuinfo``."""
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str | None:
        """Text of a file without NULs and space at its ends; None where it is absent or may not be read."""
        path = self.path(name)
        try:
            if not self._holds(path):
                return None
            return read_file(path)
        except OSError:
            return None

    def glob(self, pattern: str) -> tuple[Path, ...]:
        """Files of the host by a pattern such as ``sys/class/thermal/thermal_zone*/temp``, in order of their names."""
        try:
            return tuple(sorted(path for path in self.root.glob(pattern.lstrip("/")) if self._holds(path)))
        except OSError:
            return ()

    def run(self, command: str, *arguments: str) -> str | None:
        """What a command writes to stdout; None where it is absent, fails, or takes longer than ``command_seconds``.

        Of this host it is looked up on the PATH, of another root in its ``bin`` alone, and called by its full name.
        """
        program = Path(command) if self.is_this_host else self.path(f"bin/{command}")
        try:
            if not self.is_this_host and not self._holds(program):
                return None
            process = subprocess.Popen(
                [str(program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return None
        with process:
            try:
                stdout, _ = process.communicate(timeout=self.command_seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                if process.returncode is None:
                    signal_group(process, signal.SIGKILL)
        return stdout.decode(errors="replace").strip() if process.returncode == 0 else None

    def _holds(self, path: Path) -> bool:
        if self.is_this_host:
            return True
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.root))


def read_file(path: Path) -> str:
    """Text of a file without NULs and space at its ends.

    Raises:
        OSError: it is absent, may not be read, or is no regular file: a pipe's end may never come.
    """
    if not S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return path.read_text(encoding="utf-8", errors="replace").strip("\0 \t\r\n")


def signal_group(process: subprocess.Popen[bytes] | subprocess.Popen[str], number: signal.Signals) -> None:
    """Signals a program that was started with a session of its own, and what that has started in turn."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


#: The machine that runs this process.
THIS_HOST: Final = Sysroot()
