"""An Android device by the system's ``adb``."""

from __future__ import annotations

import posixpath
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sdst_edge.workflows.bench.remote.archive import archive
from sdst_edge.workflows.bench.remote.connection import Completed, OnLine
from sdst_edge.workflows.bench.remote.failures import loss, not_written
from sdst_edge.workflows.bench.remote.processes import run_here, stream_here
from sdst_edge.workflows.bench.remote.request import Patience, RemoteRequest
from sdst_runtime.errors import BackendUnavailable, DeviceError

__all__ = ["Adb", "open_adb"]

#: States that ``adb devices`` gives to what to do about them.
_STATES = {
    "unauthorized": "unlock it and allow USB debugging from this computer",
    "authorizing": "unlock it and allow USB debugging from this computer",
    "offline": "unplug it and plug it in again, or: adb reconnect",
    "no permissions": "this user may not open the USB device: sudo apt install android-sdk-platform-tools-common",
    "recovery": "start it as usual",
    "sideload": "start it as usual",
    "bootloader": "start it as usual",
}

#: How ``adb`` begins where it, and not the command, failed.
_GONE = (
    "adb: device ",
    "error: device ",
    "adb: no devices",
    "error: no devices",
    "error: closed",
    "adb: error: device",
)


@contextmanager
def open_adb(request: RemoteRequest) -> Iterator[Adb]:
    """The device of a request.

    Raises:
        BackendUnavailable: ``adb`` is not installed here.
        DeviceError: there is no device, there are several, or it is not ready.
    """
    if shutil.which("adb") is None:
        raise BackendUnavailable(
            "adb is not installed on this machine; install it (Debian and Ubuntu: sudo apt install adb), or reach the "
            "device by SSH: --host user@phone:8022"
        )
    yield Adb(_serial(request), request.patience)


def _serial(request: RemoteRequest) -> str:
    """Of the device to take, which is ready."""
    done = run_here(["adb", "devices"], timeout=request.patience.answer)
    if done.status:
        raise DeviceError(f"adb devices: {done.reason}")
    rows = [line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line]
    states = {serial: state.strip() for serial, state in rows}
    serial = request.serial
    if serial is None:
        if not states:
            raise DeviceError(
                "adb lists no device; connect one with USB debugging on, or reach it by SSH: --host user@phone:8022"
            )
        if len(states) > 1:
            raise DeviceError(f"adb lists {', '.join(states)}; name one: --serial {next(iter(states))}")
        (serial,) = states
    if serial not in states:
        raise DeviceError(f"adb lists no device {serial}; it lists {', '.join(states) or 'none'}")
    if (state := states[serial]) != "device":
        fix = next((fix for start, fix in _STATES.items() if state.startswith(start)), "start it as usual")
        raise DeviceError(f"{serial} is not ready: adb calls it {state!r}; {fix}")
    return serial


class Adb:
    """A :class:`.Connection` by adb."""

    def __init__(self, serial: str, patience: Patience) -> None:
        self._adb = ["adb", "-s", serial]
        self._patience = patience
        self.name = serial
        self.reached_by = f"adb {serial}"

    def run(self, command: Sequence[str], *, timeout: float, data: bytes = b"") -> Completed:
        """See :class:`.Connection`."""
        return self._run([*self._adb, "shell", shlex.join(command)], timeout, data)

    def send(self, files: Mapping[str, Path], folder: str) -> None:
        """See :class:`.Connection`."""
        there = posixpath.join(folder, "files.tar")
        with archive(files) as packed:
            done = self._run([*self._adb, "push", str(packed), there], self._patience.work)
        if not done.status:
            done = self.run(["tar", "-xf", there, "-C", folder], timeout=self._patience.work)
            self.run(["rm", "-f", there], timeout=self._patience.answer)
        if done.status:
            raise DeviceError(not_written(self.name, folder, done))

    def stream(self, command: Sequence[str], on_line: OnLine, on_error: OnLine) -> int:
        """See :class:`.Connection`."""
        gone = ""

        def keep(line: str) -> None:
            nonlocal gone
            gone = line if line.startswith(_GONE) else gone
            on_error(line)

        argv = [*self._adb, "shell", shlex.join(command)]
        status = stream_here(argv, on_line, keep, stop_seconds=self._patience.stop)
        if gone or status < 0:
            raise DeviceError(loss(self.name, gone))
        return status

    def _run(self, argv: Sequence[str], timeout: float, data: bytes = b"") -> Completed:
        done = run_here(argv, timeout=timeout, data=data, doing=f"{self.name}: {argv[3]}")
        if done.status and done.reason.startswith(_GONE):
            raise DeviceError(loss(self.name, done.reason))
        return done
