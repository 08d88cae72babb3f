"""One of OpenCV's trackers in another Python environment, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_bench.peers import opencv, worker
from sdst_bench.peers.opencv import PeerAbsent, PeerFailed

__all__ = ["OutsidePeer", "Place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a peer runs.

    Attributes:
        python: interpreter of the environment.
        threads: of OpenCV, >= 1.
        limit_seconds: for each answer; the first one imports OpenCV, which takes its time from a slow card.
    """

    python: Path
    threads: int = 1
    limit_seconds: float = 60.0


class OutsidePeer:
    """A tracker that gets its frames through a pipe; ``update()`` alone is timed, by the process itself.

    A process that dies or does not answer in time is this peer's end, and no other's.

    Attributes:
        name: of the tracker.
        version: of what runs it.
    """

    def __init__(self, name: str, place: Place, weights: Items[str] = ()) -> None:
        """Starts the process.

        Args:
            name: in ``opencv.CLASSES``.
            place: where.
            weights: files, as :class:`~sdst_bench.peers.opencv.OpenCvTracker` takes them.

        Raises:
            PeerAbsent: the environment has no such tracker, or its Python cannot be run.
            WeightsRefused: its OpenCV cannot run the files.
        """
        self.name = name
        self._place = place
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = self._start([str(place.python), "-B", worker.__file__, name, str(place.threads), *weights])
        try:
            self.version = f"{self._answer()['version']} in its own process"
        except PeerFailed as error:
            self.close()
            raise PeerAbsent(f"{place.python} cannot run OpenCV's trackers: {error}") from None
        except BaseException:
            self.close()
            raise

    def init(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float], /) -> None:
        """Takes a target: (H, W, 3) uint8 BGR, 0-based image px.

        Raises:
            PeerFailed: OpenCV refuses it, or the process is gone.
        """
        self._ask(frame, box_xywh)

    def step(self, frame: NDArray[np.uint8], /) -> tuple[tuple[float, float, float, float], int]:
        """The target's box in the next frame, and how long ``update()`` took, ns.

        Raises:
            PeerFailed: OpenCV broke off, or the process is gone.
        """
        answer = self._ask(frame, None)
        x, y, w, h = answer["box"]
        return (x, y, w, h), answer["ns"]

    def close(self) -> None:
        """Ends the process. Closing twice is allowed."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:  # what was not sent has nobody to go to
                continue

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,  # ^C is for the bench, which then ends this process
            )
        except OSError as error:
            self._errors.close()
            raise PeerAbsent(f"{command[0]} cannot be run: {error.strerror}") from None

    def _ask(self, frame: NDArray[np.uint8], box_xywh: tuple[float, ...] | None) -> Any:
        request = json.dumps({"shape": frame.shape, "box": box_xywh})
        return self._answer(request.encode() + b"\n", np.ascontiguousarray(frame).data.cast("B"))

    def _answer(self, *parts: bytes | memoryview) -> Any:
        """What the process answers when it has been sent ``parts``."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        late = Event()
        watch = Timer(self._place.limit_seconds, self._expire, [late])
        watch.start()
        try:
            for part in parts:
                stdin.write(part)
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            watch.cancel()
        if not line:
            raise PeerFailed(self._end(late.is_set()))
        try:
            answer = json.loads(line)
        except ValueError:
            raise PeerFailed(f"it answered {line[:80].decode(errors='replace').strip()!r}") from None
        if "raised" in answer:
            raise getattr(opencv, answer["raised"])(answer["text"])
        return answer

    def _expire(self, late: Event) -> None:
        late.set()
        self._process.kill()

    def _end(self, late: bool) -> str:
        if late:
            return f"no answer within {self._place.limit_seconds:g} s"
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
        return f"its process ended with status {status}: {last}"
