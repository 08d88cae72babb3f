"""Lines of NVIDIA's ``tegrastats``, from which rails are read where sysfs does not tell them.

The fields differ from board to board and from JetPack to JetPack ("Tegrastats Utility" in NVIDIA's Jetson Linux
Developer Guide); what is read here is what lines of the boards have in common.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from functools import partial
from math import inf
from threading import Condition, Thread
from time import monotonic

from sdst_bench.host.sysroot import Sysroot, signal_group
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors.ina3221 import NOT_CONNECTED, describe_total
from sdst_runtime.errors import DeviceError

__all__ = ["Tegrastats", "open_tegrastats", "rails_of"]

INTERVAL_MS = 100

#: That a first line, or the next one, may take.
PATIENCE_S = 5.0

#: Some times what the longest lines have; what never ends a line is cut here.
_LONGEST_LINE = 1 << 16

#: Memory that is cut off before its unit is no rail.
_RAIL = re.compile(r"(?<!\S)(?!RAM |SWAP |IRAM )([A-Z][A-Z0-9_]*) (\d+)(?:mW)?/\d+(?:mW)?(?!\S)")


def rails_of(line: str) -> dict[str, float]:
    """Power now by rail, mW, as a line tells it; channels without a rail are left out.

    A field that is cut off or not of the known form is not told.
    """
    return {name: float(now) for name, now in _RAIL.findall(line) if name != NOT_CONNECTED}


class Tegrastats:
    """Runs ``tegrastats`` and keeps its last line; see :class:`sdst_bench.sensors.power.PowerReader`."""

    source = "tegrastats"

    def __init__(self, program: str, *, copied: bool = False) -> None:
        """Starts it and waits for the first line.

        Args:
            program: its path.
            copied: it only writes what a board's once wrote: where it ends well, its last line stands.

        Raises:
            DeviceError: it cannot be started, ends, or writes no line with a rail in 5 s.
        """
        try:
            self._process = subprocess.Popen(
                [program, "--interval", str(INTERVAL_MS)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # ^C is for this process, which reads it once more
            )
        except OSError as error:
            raise DeviceError(f"{program} cannot be started: {error.strerror or error}") from error
        self._copied = copied
        self._news = Condition()
        self._rails_mw: dict[str, float] = {}
        self._arrived_s = monotonic()
        self._ended = False
        self._thread = Thread(target=self._listen, name="tegrastats", daemon=True)
        self._thread.start()
        try:
            with self._news:
                self._news.wait_for(lambda: self._rails_mw or self._ended, PATIENCE_S)
            self.in_total, self.total_of = describe_total(tuple(self._rails_mw or self.read_mw(0.0)))
        except BaseException:
            self.close()
            raise

    def read_mw(self, now_s: float) -> dict[str, float]:  # noqa: ARG002
        """Power by rail, mW, of the last line.

        Raises:
            DeviceError: ``tegrastats`` has ended, or writes nothing any more.
        """
        with self._news:
            if self._ended:
                raise DeviceError("tegrastats ended; run it by hand to see why")
            if not self._rails_mw or monotonic() - self._arrived_s > PATIENCE_S:
                raise DeviceError(f"tegrastats wrote no line with a rail's power in {PATIENCE_S:g} s")
            return self._rails_mw

    def close(self) -> None:
        """Ends ``tegrastats``, and what it has started."""
        try:
            self._signal(signal.SIGTERM)
        finally:  # after ^C, too
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._thread.is_alive():  # so one of the group is there, whose number is nobody else's
            signal_group(self._process, number)
            self._thread.join(PATIENCE_S)

    def _listen(self) -> None:
        """A line that lacks a rail of the lines before it was cut off, and is passed over."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in iter(partial(lines.readline, _LONGEST_LINE), ""):
                rails_mw = rails_of(line)
                with self._news:
                    if rails_mw and rails_mw.keys() >= self._rails_mw.keys():
                        self._rails_mw, self._arrived_s = rails_mw, monotonic()
                        self._news.notify_all()
        status = self._process.wait()
        with self._news:
            if self._copied and status == 0 and self._rails_mw:
                self._arrived_s = inf
            else:
                self._ended = True
            self._news.notify_all()


def open_tegrastats(sysroot: Sysroot, now_s: float) -> Tegrastats:  # noqa: ARG001
    """A running ``tegrastats``.

    Raises:
        NotMeasured: there is none, with an empty text; or it tells no power.
    """
    if sysroot.is_this_host:
        program = shutil.which("tegrastats")
    else:
        program = next((str(path) for path in sysroot.glob("bin/tegrastats")), None)
    if program is None:
        raise NotMeasured("")
    try:
        return Tegrastats(program, copied=not sysroot.is_this_host)
    except DeviceError as error:
        raise NotMeasured(str(error)) from error
