"""A run of the bench on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from sdst_bench.report.model import BenchReport
from sdst_edge.workflows.bench.recording import OnReport
from sdst_edge.workflows.bench.remote.adb import open_adb
from sdst_edge.workflows.bench.remote.board import read_board
from sdst_edge.workflows.bench.remote.bundles import send_bundles
from sdst_edge.workflows.bench.remote.connection import Connection, OnLine
from sdst_edge.workflows.bench.remote.installing import ensure_installed
from sdst_edge.workflows.bench.remote.receiving import Receiver
from sdst_edge.workflows.bench.remote.request import RemoteRequest
from sdst_edge.workflows.bench.remote.ssh import open_ssh
from sdst_edge.workflows.bench.remote.wheels import checkout, choose_package, is_older_than_sources
from sdst_runtime.errors import DeviceError

__all__ = ["RemoteStopped", "receive_report", "run_remote"]


class RemoteStopped(DeviceError):  # noqa: N818 (what happened, not who says it)
    """The run there ended early.

    Attributes:
        report: what was measured by then, not ``complete`` and with the reason in ``stopped``; None for nothing.
        by_user: whether it was the user here who ended it.
    """

    def __init__(self, message: str, report: BenchReport | None, *, by_user: bool = False) -> None:
        super().__init__(message)
        self.report = report
        self.by_user = by_user


def run_remote(request: RemoteRequest, on_report: OnReport, on_progress: OnLine) -> BenchReport:
    """Measures bundles on another machine.

    There, sdst-edge is installed in an environment of its own and bundles are copied, both in the user's cache folder,
    where the next run finds them. No setting is changed, and nothing runs on after the end.

    Args:
        request: what to measure, and where.
        on_report: called with every state of the report that the bench there sends, the last one included.
        on_progress: called with lines for the user: what is being done, and what the bench there has to say.

    Raises:
        RemoteStopped: the bench there, or the connection to it, ended early; with what was measured by then.
        BackendUnavailable: ``ssh`` or ``adb`` is not installed here.
        ConfigError: the request cannot be.
        DeviceError: the machine cannot be reached, or sdst-edge cannot be installed there.
        ManifestError: a bundle is none.
    """
    with _connection(request) as connection:
        board = read_board(connection, request.python, request.patience)
        root = checkout()
        folders = [Path("dist"), *([root / "dist"] if root else [])]
        package = choose_package(request.wheel, board, folders)
        if root and is_older_than_sources(package, root):
            on_progress(f"note: {package} is older than the sources in {root}; for what they are now: make build")
        bundles = send_bundles(request.bundles, connection, board.cache, request.patience, on_progress)
        python = ensure_installed(connection, board, package, request.patience, on_progress)
        on_progress(f"measuring on {connection.name}")
        command = [python, "-m", "sdst_edge.workflows.bench.remote.attended", python, "-m", "sdst_edge.cli", "bench"]
        options = ["--device", request.device, "--stream", *request.arguments]
        paths = dict(zip(bundles, map(str, request.bundles), strict=True))
        receiver = Receiver(connection, request.command, paths, on_report)
        return receive_report(connection, [*command, *options, "--", *bundles], receiver, on_progress)


def receive_report(
    connection: Connection, command: Sequence[str], receiver: Receiver, on_progress: OnLine
) -> BenchReport:
    """The last report that a command there writes.

    Args:
        connection: to the machine.
        command: writes reports as lines of JSON, the last one at its end.
        receiver: takes them.
        on_progress: as for :func:`run_remote`.

    Raises:
        RemoteStopped: it or the connection ended early.
    """
    try:
        status = connection.stream(
            command,
            lambda line: receiver.take_line(line, on_progress),
            lambda line: receiver.take_error(line, on_progress),
        )
    except DeviceError as error:
        raise _stopped(str(error), receiver) from error
    except KeyboardInterrupt:
        where = receiver.report.stopped if receiver.report is not None else ""
        raise _stopped(where or "interrupted", receiver, by_user=True) from None
    if status:
        ended = f"the bench ended with status {status}{_signal(status)}"
        raise _stopped(f"{connection.name}: {receiver.error or ended}", receiver)
    if receiver.report is None or not receiver.report.complete:  # adb may give status 0 for a device that is gone
        raise _stopped(
            f"{connection.name}: the bench there ended without its last report; is it still connected?", receiver
        )
    return receiver.report


def _stopped(reason: str, receiver: Receiver, *, by_user: bool = False) -> RemoteStopped:
    report = receiver.report
    if report is not None:
        report = replace(report, complete=False, stopped=report.stopped or reason)
    return RemoteStopped(reason, report, by_user=by_user)


def _signal(status: int) -> str:
    """What a status above 128 says."""
    if status == 137:
        return ": it was killed there, as it is where memory runs out"
    return f": it was ended there by signal {status - 128}" if status > 128 else ""


def _connection(request: RemoteRequest) -> AbstractContextManager[Connection]:
    return open_adb(request) if request.host is None else open_ssh(request)
