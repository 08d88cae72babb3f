"""What stays the same from trial to trial, kept: decoded frames, and the template features of each target.

Tracking is closed-loop: where a search region is cut depends on the boxes before, so nothing after the first frame of
the network can be kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Frames, Sequence
from sdst_runtime.session import Outputs, Session, Template, reads_bytes

__all__ = ["FrameMemory", "TemplateMemory"]


class FrameMemory:
    """Frames that stay decoded, as long as a budget of bytes lasts; those beyond it are decoded each time."""

    def __init__(self, budget_bytes: int) -> None:
        """An empty memory.

        Args:
            budget_bytes: for all sequences together; 0 keeps nothing.
        """
        self.left_bytes = budget_bytes

    def held(self, sequence: Sequence) -> Sequence:
        """The same sequence, whose frames are kept once they were asked for."""
        return replace(sequence, frames=_HeldFrames(sequence.frames, self))


@dataclass(slots=True)
class _HeldFrames:
    frames: Frames
    memory: FrameMemory
    kept: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        if (frame := self.kept.get(index)) is not None:
            return frame
        frame = self.frames[index]
        if frame.nbytes <= self.memory.left_bytes:
            self.memory.left_bytes -= frame.nbytes
            self.kept[index] = frame
        return frame


class TemplateMemory:
    """A session that embeds each template once. It fits wherever the session fits.

    Kernels are kept by the template input that they come from, so a target is recognised whatever the parameters are.
    """

    def __init__(self, session: Session) -> None:
        """An empty memory.

        Args:
            session: that does the work; :meth:`close` closes it.
        """
        self._session, self.reads_bytes = session, reads_bytes(session)
        self._templates: dict[bytes, _SharedTemplate] = {}

    def embed(self, z: NDArray[Any]) -> Template:
        """See :meth:`sdst_runtime.session.Session.embed`; closing the template keeps it for the next trial."""
        key = hashlib.blake2b(z.tobytes(), digest_size=16).digest()
        if key not in self._templates:
            self._templates[key] = _SharedTemplate(self._session.embed(z))
        return self._templates[key]

    def match(self, template: Template, x: NDArray[Any]) -> Outputs:
        """See :meth:`sdst_runtime.session.Session.match`."""
        return self._session.match(template.inner if isinstance(template, _SharedTemplate) else template, x)

    def close(self) -> None:
        """Frees the templates and the session."""
        for template in self._templates.values():
            template.inner.close()
        self._templates.clear()
        self._session.close()


@dataclass(frozen=True, slots=True)
class _SharedTemplate:
    inner: Template

    @property
    def size_bytes(self) -> int:
        return self.inner.size_bytes

    def close(self) -> None:
        """The memory closes it."""
