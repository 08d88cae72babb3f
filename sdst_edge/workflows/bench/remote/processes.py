"""Commands on this machine, ``ssh`` and ``adb``, with an end to waiting."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, TypeAlias

from sdst_edge.workflows.bench.remote.connection import Completed, OnLine
from sdst_runtime.errors import DeviceError

__all__ = ["run_here", "stream_here"]

#: A line, and whether it is of stderr; None: one of both has ended.
_Lines: TypeAlias = SimpleQueue[tuple[str, bool] | None]


def run_here(
    argv: Sequence[str], *, timeout: float, data: bytes | Path = b"", apart: bool = True, doing: str = ""
) -> Completed:
    """Runs a command to its end.

    Its output goes to files, not to pipes: what it leaves running in the background would keep those open.

    Args:
        argv: the command.
        timeout: s.
        data: for its stdin, or the file that is.
        apart: keep the terminal's ^C, and the terminal, from it.
        doing: what it does, for the message of its timeout.

    Raises:
        DeviceError: it took longer than that.
    """
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if isinstance(data, bytes):
            stdin.write(data)
            stdin.seek(0)
        with data.open("rb") if isinstance(data, Path) else stdin as source:
            process = subprocess.Popen(
                argv, stdin=source, stdout=out, stderr=err, start_new_session=apart, env=_environment()
            )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise DeviceError(f"{doing or argv[0]}: no end after {timeout:g} s; given up") from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return Completed(status=status, stdout=_text(out), stderr=_text(err))


def stream_here(argv: Sequence[str], on_line: OnLine, on_error: OnLine, *, stop_seconds: float) -> int:
    """Runs a command and hands on its lines as they come, as :meth:`.Connection.stream` says.

    Args:
        argv: the command.
        on_line: called with lines of stdout; one that breaks off in its middle is left out.
        on_error: called with lines of stderr.
        stop_seconds: for it to end after an interrupt.

    Returns:
        Its status; negative where a signal ended it here.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        env=_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    lines: _Lines = SimpleQueue()
    readers = [
        Thread(target=_read, args=(stream, is_error, lines), daemon=True)
        for stream, is_error in ((process.stdout, False), (process.stderr, True))
    ]
    for reader in readers:
        reader.start()
    try:
        _hand_on(lines, on_line, on_error, None)
        return process.wait(stop_seconds)
    except KeyboardInterrupt:
        with suppress(OSError):
            process.stdin.close()
        _hand_on(lines, on_line, on_error, time.monotonic() + stop_seconds)
        raise
    finally:
        _end(process, process.stdin, stop_seconds)
        for reader in readers:
            reader.join()
        process.stdout.close()
        process.stderr.close()


def _read(stream: Iterable[str], is_error: bool, lines: _Lines) -> None:
    for line in stream:
        lines.put((line, is_error))
    lines.put(None)


def _hand_on(lines: _Lines, on_line: OnLine, on_error: OnLine, until: float | None) -> None:
    """Calls back with lines until both streams have ended, or until a time of ``time.monotonic()``."""
    ended = 0
    while ended < 2:
        try:
            item = lines.get(timeout=None if until is None else max(until - time.monotonic(), 0.0))
        except Empty:
            return
        if item is None:
            ended += 1
            continue
        line, is_error = item
        if is_error:
            on_error(line.rstrip("\r\n"))
        elif line.endswith("\n"):
            on_line(line.rstrip("\r\n"))


def _end(process: subprocess.Popen[str], stdin: IO[str], seconds: float) -> None:
    """Lets a process see that nobody listens any more, and ends it where that does not help."""
    with suppress(OSError):
        stdin.close()
    try:
        process.wait(seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def _environment() -> Mapping[str, str]:
    """Ours, with messages in English, which are read here."""
    return {**os.environ, "LC_ALL": "C"}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
