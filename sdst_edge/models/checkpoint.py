"""Our own checkpoints: safetensors, with the family, its options and the provenance in the metadata."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.key_mapping import load_weights, weights_of
from sdst_edge.models.registry import blueprint, build
from sdst_edge.weights import find_weights, shipped_weights
from sdst_runtime.errors import CheckpointError, ConfigError
from sdst_runtime.manifest import Provenance
from sdst_runtime.shipped import or_student
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint", "untrained_checkpoint"]

METADATA_KEY = "sdst_checkpoint"  # one key, because safetensors does not keep the order of several


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A network with its weights, in eval mode, and where they come from."""

    model: SiameseModel
    family: str
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metadata:
    format_version: Literal[1] = 1
    family: str
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Provenance


def untrained_checkpoint(family: str, *, seed: int = 0, **options: Any) -> Checkpoint:
    """A network with random weights: how fast it is can be measured before it is trained.

    Args:
        family: one of :func:`families`.
        seed: equal seeds make equal weights.
        **options: of the family, see :func:`build`.

    Raises:
        ConfigError: the family is unknown, or it has no such option, or no such value of it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(family, **options)
    notes = "untrained: for measuring speed, it cannot track"
    return Checkpoint(
        model=model.eval(),
        family=family,
        provenance=Provenance(source=f"random weights, seed {seed}", notes=notes),
    )


def save_checkpoint(model: SiameseModel, path: Path, provenance: Provenance) -> None:
    """Writes a network made by ``build``: whole or not at all, equal bytes for equal weights.

    Args:
        model: not folded, on any device.
        path: of the file, usually ``.safetensors``; replaced if it exists.
        provenance: of the weights.

    Raises:
        CheckpointError: the network has other weights than its family (it was folded), or the file cannot be written.
    """
    weights = {key: value.detach().cpu().contiguous() for key, value in weights_of(model).items()}
    expected = weights_of(blueprint(model.family, **model.options))
    if weights.keys() != expected.keys():
        raise CheckpointError(f"{path}: the {model.family} network was folded; save it before it is folded")
    metadata = _Metadata(family=model.family, options=model.options, provenance=provenance)
    text = json.dumps(to_plain(metadata), sort_keys=True)
    _write(path, safetensors.torch.save(weights, metadata={METADATA_KEY: text}))


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint that :func:`save_checkpoint` wrote, on the CPU.

    Args:
        path: of the file; or the name of a student that comes with the package, such as ``sdst-nano-m``, where nothing
            of that name is in the current folder.

    Raises:
        CheckpointError: it is missing, damaged, no checkpoint of sdst-edge, or does not fit its family.
    """
    path = find_weights(path)
    if path.exists() and not path.is_file():
        hides = " (and hides the student of that name)" if str(path) in shipped_weights() else ""
        raise CheckpointError(f"{path} is no file{hides}, expected a checkpoint (.safetensors)")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(METADATA_KEY)
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping
    except FileNotFoundError:
        expected = f"a checkpoint (.safetensors){or_student(shipped_weights())}"
        raise CheckpointError(f"{path} does not exist, expected {expected}") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is no checkpoint of sdst-edge, or is damaged: {error}; "
            "a checkpoint of another project is first read with 'sdst-edge import'"
        ) from None
    metadata = _parse(text, path)
    try:
        model = blueprint(metadata.family, **metadata.options)
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}") from None
    load_weights(model, weights, left_over=(), name=f"{path} ({metadata.family})")
    return Checkpoint(model=model.eval(), family=metadata.family, provenance=metadata.provenance)


def _parse(text: str | None, path: Path) -> _Metadata:
    if text is None:
        raise CheckpointError(f"{path} is a safetensors file without {METADATA_KEY!r} in its metadata: not ours")
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: its metadata is no JSON: {error}; write the checkpoint again") from None
    return from_plain(_Metadata, plain, where=f"{path}: metadata", error=CheckpointError)


def _write(path: Path, data: bytes) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
            fresh = Path(temporary) / path.name
            fresh.write_bytes(data)
            os.replace(fresh, path)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error.strerror}") from None
