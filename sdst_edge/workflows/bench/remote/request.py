"""What a user asks of another machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sdst_runtime.errors import ConfigError

__all__ = ["Patience", "RemoteRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the other machine may be silent, seconds.

    Attributes:
        connect: until it answers at all.
        alive: between the questions of OpenSSH whether it is still there.
        alive_count: unanswered ones that end the connection.
        answer: of a short command.
        work: of copying, and of installing, which may compile.
        stop: of a bench that was told to end, until it is ended by force.
    """

    connect: int = 20
    alive: int = 5
    alive_count: int = 4
    answer: float = 60.0
    work: float = 3600.0
    stop: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRequest:
    """A run of the bench on another machine.

    Attributes:
        bundles: folders here, at least one.
        device: as the user named it; the other machine refuses a name that is not its own.
        arguments: options of ``sdst-edge bench`` that the other machine is given; paths in them are its own.
        host: ``user@board``, ``user@board:port``, an alias of the user's SSH configuration, or None for adb.
        serial: of the device on adb; None for the only one.
        wheel: of sdst-edge for that machine; None for what is in ``dist/``.
        python: name or path of Python there.
        ssh_options: ``Name=value`` each, as of ``ssh -o``.
        command: of the user, for the report; empty to leave it to the other machine.
        patience: with the other machine.
    """

    bundles: tuple[Path, ...]
    device: str
    arguments: tuple[str, ...] = ()
    host: str | None = None
    serial: str | None = None
    wheel: Path | None = None
    python: str = "python3"
    ssh_options: tuple[str, ...] = ()
    command: str = ""
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if not self.bundles:
            raise ConfigError("no bundle to measure; give the folder of one")
        if self.host is not None and self.serial is not None:
            raise ConfigError("--host and --serial exclude each other: SSH, or adb")
        if self.host is None and self.ssh_options:
            raise ConfigError("options of SSH without a machine; add --host user@board")
        if not self.python or self.python.startswith("-"):
            raise ConfigError(f"--remote-python is {self.python!r}, expected the name or the path of a Python there")
