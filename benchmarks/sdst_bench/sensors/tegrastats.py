"""Lines of NVIDIA's ``tegrastats``, from which rails are read where sysfs does not tell them.

The fields differ from board to board and from JetPack to JetPack ("Tegrastats Utility" in NVIDIA's Jetson Linux
Developer Guide); what is read here is what lines of the boards have in common.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from threading import Condition, Thread
from time import monotonic

from sdst_bench.host.sysroot import Sysroot, signal_group
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors.ina3221 import NOT_CONNECTED, describe_total
from sdst_bench.sensors.temperatures import OFF_C
from sdst_runtime.errors import DeviceError

__all__ = ["TegraLine", "Tegrastats", "open_tegrastats", "parse_line"]

INTERVAL_MS = 100

#: That a first line, or the next one, may take.
PATIENCE_S = 5.0

#: Some times what the longest lines have; what never ends a line is cut here.
_LONGEST_LINE = 1 << 16

#: Memory that is cut off before its unit is no rail.
_RAIL = re.compile(r"(?<!\S)(?!RAM |SWAP |IRAM )([A-Z][A-Z0-9_]*) (\d+)(?:mW)?/\d+(?:mW)?(?!\S)")
_TEMPERATURE = re.compile(r"(?<!\S)(\w+)@(-?\d+(?:\.\d+)?)C(?!\S)")
_GPU = re.compile(r"(?<!\S)GR3D_FREQ (?:(\d+)%)?(?:@\[?(\d+(?:,\d+)*)\]?)?(?!\S)")
_RAM = re.compile(r"(?<!\S)RAM (\d+)/(\d+)MB(?!\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TegraLine:
    """What a line tells; None or empty: it does not.

    Attributes:
        rails_mw: power now by rail; channels without one are left out.
        temperatures_c: by sensor; those that are off are left out.
        gpu_percent: of its present clock that the GPU uses. Thor does not tell it.
        gpu_mhz: of its clusters.
        ram_used_mb: of the host's memory, MiB.
        ram_total_mb: MiB.
    """

    rails_mw: Mapping[str, float]
    temperatures_c: Mapping[str, float]
    gpu_percent: float | None
    gpu_mhz: tuple[float, ...]
    ram_used_mb: float | None
    ram_total_mb: float | None


def parse_line(line: str) -> TegraLine:
    """What a line tells. A field that is cut off or not of the known form is not told."""
    gpu, ram = _GPU.search(line), _RAM.search(line)
    celsius = {name: float(value) for name, value in _TEMPERATURE.findall(line)}
    return TegraLine(
        rails_mw={name: float(now) for name, now in _RAIL.findall(line) if name != NOT_CONNECTED},
        temperatures_c={name: value for name, value in celsius.items() if value > OFF_C},
        gpu_percent=float(gpu[1]) if gpu and gpu[1] else None,
        gpu_mhz=tuple(float(value) for value in gpu[2].split(",")) if gpu and gpu[2] else (),
        ram_used_mb=float(ram[1]) if ram else None,
        ram_total_mb=float(ram[2]) if ram else None,
    )


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
                rails_mw = dict(parse_line(line).rails_mw)
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
