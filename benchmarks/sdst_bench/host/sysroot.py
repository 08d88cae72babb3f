"""The root folder from which a host is read: ``/``, or a folder that is laid out like one.

All that is known of a host comes from files and commands below one root, so that a board can be read from a folder that
was copied from it. Commands of another root are run from its ``bin`` only: nothing of this host is taken for that one's.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sysroot"]

#: Longer than any command that is asked here takes.
COMMAND_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sysroot:
    """Files and commands of a host.

    Attributes:
        root: ``/`` for this host.
    """

    root: Path = Path("/")

    @property
    def is_this_host(self) -> bool:
        """Whether it is the machine that runs this process."""
        return self.root == Path("/")

    def path(self, name: str) -> Path:
        """Where a file of the host lies, such as ``proc/cpuinfo``."""
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str | None:
        """Text of a file without NULs and space at its ends; None where it is absent or may not be read."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace").strip("\0 \t\r\n")
        except OSError:
            return None

    def glob(self, pattern: str) -> tuple[Path, ...]:
        """Files of the host by a pattern such as ``sys/class/thermal/thermal_zone*/temp``, in order of their names."""
        try:
            return tuple(sorted(self.root.glob(pattern.lstrip("/"))))
        except OSError:
            return ()

    def run(self, command: str, *arguments: str) -> str | None:
        """What a command writes to stdout; None where it is absent, fails, or takes longer than ten seconds.

        Of this host it is looked up on the PATH, of another root in its ``bin`` alone, and called by its full name.
        """
        program = command if self.is_this_host else str(self.path("bin") / command)
        try:
            done = subprocess.run(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode(errors="replace").strip()
