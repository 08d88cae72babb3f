"""What there is to evaluate: a bundle, a checkpoint, or the boxes that some tracker left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sdst_edge.evaluation.run import Trackable
from sdst_edge.weights import SUFFIX, find_weights
from sdst_runtime.errors import CheckpointError, ConfigError
from sdst_runtime.loading import SessionChoice
from sdst_runtime.manifest import MANIFEST_NAME
from sdst_runtime.shipped import find_bundle, or_student, shipped_students

__all__ = ["Model", "ModelIdentity", "ModelKind", "find_model", "open_tracker"]

ModelKind: TypeAlias = Literal["bundle", "checkpoint", "boxes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model and how it is to run.

    Attributes:
        path: of the bundle's folder, the checkpoint's file, or the folder of result files.
        kind: which of them it is.
        variant: of a bundle, None for its default.
        session: of a bundle: how it keeps the template.
        threads: that the network may use.
    """

    path: Path
    kind: ModelKind
    variant: str | None = None
    session: SessionChoice = "auto"
    threads: int = 1

    @property
    def name(self) -> str:
        """For people, and for the folder of its boxes."""
        path = self.path.resolve()
        return path.stem if self.kind == "checkpoint" else path.name or "tracker"

    def identity(self) -> ModelIdentity:
        """What tells it from another model, whatever folder it lies in."""
        if self.kind == "boxes":
            return ModelIdentity(kind=self.kind, name=self.name, sha256=None)
        file = self.path / MANIFEST_NAME if self.kind == "bundle" else self.path
        return ModelIdentity(kind=self.kind, name=self.name, sha256=_sha256(file))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """See :meth:`Model.identity`.

    Attributes:
        kind: of the model.
        name: of its folder or file.
        sha256: of a bundle's manifest, which holds the hashes of its graphs, or of a checkpoint; None for boxes.
    """

    kind: ModelKind
    name: str
    sha256: str | None


def find_model(path: Path, *, variant: str | None = None, session: SessionChoice = "auto", threads: int = 1) -> Model:
    """The model at a path; whether it is in order shows when it is opened.

    Args:
        path: of a bundle's folder or manifest, of a checkpoint, or of a folder of result files; or a shipped student's
            name, which means its bundle, and with the ending of a checkpoint that.
        variant: of a bundle, None for its default.
        session: of a bundle.
        threads: that the network may use, >= 1.

    Raises:
        ConfigError: there is nothing of the kind, or an option that only bundles have was given for another kind.
    """
    if path.name == MANIFEST_NAME and path.is_file():
        path = path.parent
    path = find_weights(path) if path.suffix == SUFFIX else find_bundle(path)
    if path.is_dir():
        kind: ModelKind = "bundle" if (path / MANIFEST_NAME).exists() else "boxes"
    elif path.is_file() and path.suffix == SUFFIX:
        kind = "checkpoint"
    else:
        found = "is no such thing" if path.exists() else "does not exist"
        raise ConfigError(
            f"{path} {found}; expected a bundle's folder, a checkpoint ({SUFFIX}), "
            f"or a folder of a tracker's result files{or_student(shipped_students())}"
        )
    if kind != "bundle" and (variant is not None or session != "auto"):
        raise ConfigError(f"{path} is no bundle, so it has no variants and sessions to choose from")
    return Model(path=path, kind=kind, variant=variant, session=session, threads=threads)


@contextmanager
def open_tracker(model: Model) -> Iterator[Trackable]:
    """The tracker of a bundle or a checkpoint.

    Raises:
        SdstError: it is damaged, or what it needs is not installed.
    """
    if model.kind == "bundle":
        from sdst_runtime.loading import load

        with load(model.path, model.session, model.threads, model.variant) as tracker:
            yield tracker
        return
    from sdst_edge.models import TorchSession, load_checkpoint
    from sdst_runtime.tracker import Tracker

    network = load_checkpoint(model.path).model
    _limit_threads(model.threads)
    with Tracker(TorchSession(network), network.config, owns_session=True) as tracker:
        yield tracker


def _limit_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror}") from None
