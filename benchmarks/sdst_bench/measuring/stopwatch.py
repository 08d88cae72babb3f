"""Wrappers that time the stages of ``update()`` from the outside, so that the runtime carries no clock."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.core import NativeTracker, Result
from sdst_runtime.ort_session import Features, OrtSession
from sdst_runtime.session import Outputs, Session, Template, reads_bytes

__all__ = [
    "STAGES",
    "WHOLE_STAGES",
    "Stopwatch",
    "TimedCore",
    "TimedSession",
    "TimedWhole",
    "TwoStepSession",
    "timed",
]

#: In the order in which a frame passes them, in a session whose network is run in two steps.
STAGES = ("crop", "search", "head", "decode")

#: The same where one graph does all of it, or where the steps are queued on a GPU and only their end is seen.
WHOLE_STAGES = ("crop", "network", "decode")


class Stopwatch:
    """Durations in nanoseconds, one a call and in order.

    Attributes:
        stages: names, in the order in which a frame passes them.
        durations_ns: by stage, and of the whole ``update()`` under ``total``. The lists stay the same ones.
    """

    def __init__(self, stages: Sequence[str] = STAGES) -> None:
        self.stages = tuple(stages)
        self.durations_ns: dict[str, list[int]] = {name: [] for name in (*stages, "total")}

    def clear(self) -> None:
        """Forgets all durations: what was warm-up is over."""
        for durations in self.durations_ns.values():
            durations.clear()


class TwoStepSession(Protocol):
    """A session whose ``match`` is ``head`` of ``search``, such as :class:`sdst_runtime.ort_session.OrtSession`."""

    def embed(self, z: NDArray[Any]) -> Template:
        """Runs the template branch."""
        ...

    def search(self, x: NDArray[Any]) -> Features:
        """Runs the search branch."""
        ...

    def head(self, template: Template, features: Features) -> Outputs:
        """Runs the correlations and the rest of the head."""
        ...

    def close(self) -> None:
        """Frees the engine."""
        ...


class TimedWhole:
    """A session that keeps how long ``match`` takes; ``embed`` is not timed."""

    def __init__(self, session: Session, watch: Stopwatch) -> None:
        self.embed, self.close, self.reads_bytes = session.embed, session.close, reads_bytes(session)
        self._match, self._ns = session.match, watch.durations_ns["network"]

    def match(self, template: Template, x: NDArray[Any]) -> Outputs:
        """As the session's own."""
        start = perf_counter_ns()
        outputs = self._match(template, x)
        self._ns.append(perf_counter_ns() - start)
        return outputs


class TimedSession:
    """A session that keeps how long ``search`` and ``head`` take; ``embed`` is not timed."""

    def __init__(self, session: TwoStepSession, watch: Stopwatch) -> None:
        self._session, self.reads_bytes = session, reads_bytes(session)
        self._search_ns, self._head_ns = watch.durations_ns["search"], watch.durations_ns["head"]

    def embed(self, z: NDArray[Any]) -> Template:
        """As the session's own."""
        return self._session.embed(z)

    def match(self, template: Template, x: NDArray[Any]) -> Outputs:
        """As the session's own, in its two steps."""
        start = perf_counter_ns()
        features = self._session.search(x)
        middle = perf_counter_ns()
        outputs = self._session.head(template, features)
        self._head_ns.append(perf_counter_ns() - middle)
        self._search_ns.append(middle - start)
        return outputs

    def close(self) -> None:
        """As the session's own."""
        self._session.close()


class TimedCore:
    """A libsdst tracker that keeps how long its crop and its decoding take; the rest is the tracker's own."""

    def __init__(self, core: NativeTracker, watch: Stopwatch) -> None:
        self.template_input, self.state, self.close = core.template_input, core.state, core.close
        self._search_input, self._decode = core.search_input, core.decode
        self._crop_ns, self._decode_ns = watch.durations_ns["crop"], watch.durations_ns["decode"]

    def search_input(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """As libsdst's own."""
        start = perf_counter_ns()
        x = self._search_input(frame)
        self._crop_ns.append(perf_counter_ns() - start)
        return x

    def decode(self, *maps: NDArray[np.float32]) -> Result:
        """As libsdst's own."""
        start = perf_counter_ns()
        result = self._decode(*maps)
        self._decode_ns.append(perf_counter_ns() - start)
        return result


def timed(session: Session) -> tuple[Session, Stopwatch]:
    """The session with its stages timed, in two steps where it runs them one after the other; and their durations."""
    if isinstance(session, OrtSession):
        watch = Stopwatch(STAGES)
        return TimedSession(session, watch), watch
    watch = Stopwatch(WHOLE_STAGES)
    return TimedWhole(session, watch), watch
