"""What both ways to another machine can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

__all__ = ["Completed", "Connection", "OnLine"]

#: Called with a line of text, without its end.
OnLine: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that has ended.

    Attributes:
        status: 0 done; 126 cannot be run, 127 not there; above 128 ended by a signal.
        stdout: as text.
        stderr: likewise.
    """

    status: int
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """The last line that says something, or the status."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return lines[-1] if lines else f"it ended with status {self.status}"


class Connection(Protocol):
    """A machine that runs commands and takes files. Errors of the connection itself are DeviceErrors."""

    @property
    def name(self) -> str:
        """Of the machine, such as ``user@board``."""
        ...

    @property
    def reached_by(self) -> str:
        """For the report: ``ssh user@board`` or ``adb SERIAL``."""
        ...

    def run(self, command: Sequence[str], *, timeout: float, data: bytes = b"") -> Completed:
        """Runs a command there to its end.

        Args:
            command: words; no shell reads them.
            timeout: s.
            data: for its stdin.

        Raises:
            DeviceError: the connection was lost, or the command takes longer than that.
        """
        ...

    def send(self, files: Mapping[str, Path], folder: str) -> None:
        """Copies files.

        Args:
            files: paths in ``folder``, whose folders are made, to the files that get them.
            folder: that is there.

        Raises:
            DeviceError: the connection was lost, or there is no room.
        """
        ...

    def stream(self, command: Sequence[str], on_line: OnLine, on_error: OnLine) -> int:
        """Runs a command there and hands on what it writes as it comes; its stdin stays open until it ends.

        An interrupt closes its stdin, hands on what still comes, and is raised again.

        Args:
            command: words; no shell reads them.
            on_line: called with whole lines of its stdout.
            on_error: likewise of its stderr.

        Returns:
            Its status.

        Raises:
            DeviceError: the connection was lost.
        """
        ...
