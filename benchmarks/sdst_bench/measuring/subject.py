"""A bundle that is measured: opened once, and tracked with as often as it takes."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from sdst_bench.measuring.clip import Clip
from sdst_bench.report.model import Setup
from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.loading import OpenedSession, SessionChoice, open_session
from sdst_runtime.manifest import EngineName, Variant
from sdst_runtime.tracker import Tracker

__all__ = ["Subject", "SubjectRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRequest:
    """A bundle, and how it is to run; as :func:`sdst_runtime.open_session` has it.

    Attributes:
        bundle: path of its folder.
        variant: of the bundle, None for its default.
        session: how the template is kept; ``auto`` as the variant says.
        engine: that runs the variant, None for its own.
        accelerator: that the engine runs on, None for its default.
        threads: of the inference engine, >= 1.
    """

    bundle: str
    variant: str | None = None
    session: SessionChoice = "auto"
    engine: EngineName | None = None
    accelerator: str | None = None
    threads: int = 1


class Subject:
    """A bundle's variant with its session open.

    Attributes:
        name: that tells it from others, such as ``n3 onnx/fp32``; what was asked for beside the variant follows.
        setup: what is measured, and how.
        session: that all its trackers share.
        config: of its trackers.
    """

    def __init__(self, name: str, setup: Setup, session: OpenedSession, config: TrackerConfig) -> None:
        self.name = name
        self.setup = setup
        self.session = session
        self.config = config

    @classmethod
    def open(cls, request: SubjectRequest, clip: Clip) -> Subject:
        """Opens the bundle. The first subject of a clip whose target has no known place yet finds it in all frames.

        Raises:
            ManifestError: the bundle is not what its manifest says.
            BackendUnavailable: the engine or libsdst is missing.
            DeviceError: the accelerator is not there.
            ConfigError: an option that cannot be.
            SdstError: the clip's box or frames cannot be followed.
        """
        bundle = Bundle.open(request.bundle)
        session = open_session(
            bundle,
            request.session,
            request.threads,
            request.variant,
            engine=request.engine,
            accelerator=request.accelerator,
        )
        try:
            config = bundle.manifest.tracker
            if not clip.is_placed:
                with Tracker(session, config) as tracker:
                    clip.place_by(tracker)
            return cls(_name(request, bundle), _setup(request, bundle, session, clip), session, config)
        except BaseException:
            session.close()
            raise

    def tracker(self) -> Tracker:
        """A tracker without a target; closing it leaves the session open."""
        return Tracker(self.session, self.config)

    def close(self) -> None:
        """Frees the session. Closing twice is allowed."""
        self.session.close()

    def __enter__(self) -> Subject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _name(request: SubjectRequest, bundle: Bundle) -> str:
    asked = [request.engine, request.accelerator, None if request.session == "auto" else request.session]
    if request.threads > 1:
        asked.append(f"{request.threads} threads")
    variant = request.variant or bundle.manifest.default_variant
    return " ".join([bundle.path.resolve().name, variant, *(text for text in asked if text)])


def _setup(request: SubjectRequest, bundle: Bundle, session: OpenedSession, clip: Clip) -> Setup:
    variant = bundle.variant(request.variant)
    engine = request.engine or variant.engine
    return Setup(
        bundle=request.bundle,
        family=bundle.manifest.family,
        variant=request.variant or bundle.manifest.default_variant,
        engine=engine,
        session=session.kind,
        accelerator=request.accelerator or ("gpu" if engine == "tensorrt" else "cpu"),
        threads=request.threads,
        frames_from=clip.frames_from,
        size_wh=clip.size_wh,
        target_px=clip.target_px,
        bundle_bytes=_size_bytes(variant),
    )


def _size_bytes(variant: Variant) -> int:
    """Of the variant's files, each of which counts once."""
    files = {
        entry.file: entry.size_bytes for graph in variant.graphs.values() for entry in (graph, graph.weights) if entry
    }
    return sum(files.values())
