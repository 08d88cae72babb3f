"""From the path of a bundle to a tracker, in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, TypeAlias

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import SessionKind
from sdst_runtime.ort_graph import CPU_PROVIDERS
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.tracker import Tracker

__all__ = ["SessionChoice", "load", "open_session"]

SessionChoice: TypeAlias = Literal["auto", "baked", "split"]

_KINDS: dict[str, SessionKind | None] = {"auto": None, "baked": "baked", "split": "split"}


def load(
    bundle: Bundle | str | os.PathLike[str],
    session: SessionChoice = "auto",
    threads: int = 1,
    variant: str | None = None,
) -> Tracker:
    """A tracker with a session of its own, which :meth:`Tracker.close` closes.

    Args:
        bundle: opened, or the path of its folder or manifest.
        session: how the template is kept; ``auto`` is the variant's default.
        threads: that the network may use, >= 1.
        variant: of the bundle, None for its default.

    Raises:
        ManifestError: it is no bundle, or not what its manifest says.
        BackendUnavailable: ONNX Runtime or libsdst is missing.
        ConfigError: an option that cannot be.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    engine = open_session(opened, session, threads, variant)
    mask = opened.manifest.mask
    threshold = None if mask is None else mask.threshold
    try:
        return Tracker(engine, opened.manifest.tracker, mask_threshold=threshold, owns_session=True)
    except BaseException:
        engine.close()
        raise


def open_session(
    bundle: Bundle | str | os.PathLike[str],
    session: SessionChoice = "auto",
    threads: int = 1,
    variant: str | None = None,
    *,
    providers: Sequence[str] = CPU_PROVIDERS,
) -> OrtSession:
    """A session that any number of trackers may share; arguments and errors as in :func:`load`.

    Args:
        bundle: opened, or the path of its folder or manifest.
        session: how templates are kept; ``auto`` is the variant's default.
        threads: that the network may use, >= 1.
        variant: of the bundle, None for its default.
        providers: ONNX Runtime's execution providers in order of preference.
    """
    if session not in _KINDS:
        raise ConfigError(f"session is {session!r}, expected one of {', '.join(_KINDS)}")
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    return OrtSession(opened, kind=_KINDS[session], variant=variant, threads=threads, providers=providers)
