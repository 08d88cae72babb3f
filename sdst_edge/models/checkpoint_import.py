"""Published checkpoints of other projects, read without executing them and brought to our families."""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sdst_edge.models.checkpoint import Checkpoint
from sdst_edge.models.key_mapping import load_weights, map_keys
from sdst_edge.models.registry import build, families
from sdst_runtime.errors import CheckpointError
from sdst_runtime.manifest import Provenance

__all__ = ["import_checkpoint", "importable_families"]


def importable_families() -> tuple[str, ...]:
    """Families whose published checkpoints :func:`import_checkpoint` reads, sorted."""
    return tuple(name for name, item in families().items() if item.published is not None)


def import_checkpoint(family: str, path: Path) -> Checkpoint:
    """A published PyTorch checkpoint as one of our networks, in eval mode.

    Args:
        family: one of :func:`importable_families`.
        path: of a ``.pth`` file: a state dict, or a dict that holds one as ``state_dict``; keys may start with
            ``module.``.

    Raises:
        CheckpointError: the family is unknown; the file is missing, truncated or no checkpoint; keys are missing,
            left over, or of another shape.
    """
    published = families()[family].published if family in families() else None
    if published is None:
        raise CheckpointError(
            f"no importer for family {family!r}; checkpoints can be imported for {', '.join(importable_families())}"
        )
    state = _state_dict(_read(path), path)
    mapped, left_over = map_keys(state, published)
    model = build(family)
    try:
        load_weights(model, mapped, left_over=left_over, name=f"{path} as {family}")
    except CheckpointError as error:
        other = _looks_like(state)
        hint = f"; it looks like {other}" if other not in (None, family) else ""
        raise CheckpointError(f"{error}{hint}") from None
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    provenance = Provenance(source=path.name, sha256=sha256, importer=family)
    return Checkpoint(model=model.eval(), family=family, provenance=provenance)


def _numpy_scalar(*arguments: object) -> object:
    """A NumPy number from its pickle, whichever module NumPy keeps the function in."""
    return _REBUILD_SCALAR(*arguments)


_REBUILD_SCALAR: Callable[..., object] = np.float64(0).__reduce__()[0]
_numpy_scalar.__module__ = "numpy.core.multiarray"
_numpy_scalar.__name__ = _numpy_scalar.__qualname__ = "scalar"

# Plain numbers that training loops leave beside the weights, such as a best score.
_PLAIN_NUMBERS = (_numpy_scalar, _REBUILD_SCALAR, np.dtype, *(type(np.dtype(name)) for name in ("f8", "f4", "i8")))


@contextmanager
def _allowed(names: Sequence[Any]) -> Iterator[None]:
    """Lets torch's unpickler call these too; torch 2.4 has no context manager for it."""
    before = torch.serialization.get_safe_globals()
    torch.serialization.add_safe_globals(list(names))
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def _read(path: Path) -> object:
    """What the file holds, by torch's restricted unpickler: no code in it is run."""
    try:
        with _allowed(_PLAIN_NUMBERS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters becomes an error
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist, expected a PyTorch checkpoint (.pth)") from None
    except Exception as error:  # a damaged or hostile pickle can raise anything
        raise CheckpointError(f"{path} {_cause(error)}") from None


def _cause(error: Exception) -> str:
    """Why a file was not read. torch's own words advise to read it again without protection."""
    if refused := re.search(r"GLOBAL (\S+)", str(error)):
        return (
            f"holds {refused[1]}, which is no weight and is not loaded, since it could run code; "
            "save its state dict alone, or take a checkpoint that you trust"
        )
    is_pickle = isinstance(error, pickle.UnpicklingError)
    reason = "no pickle of weights" if is_pickle else str(error).strip().partition("\n")[0][:200]
    return f"is damaged, or no PyTorch checkpoint ({type(error).__name__}: {reason}); download it again"


def _state_dict(content: object, path: Path) -> dict[str, Tensor]:
    state = content.get("state_dict", content) if isinstance(content, Mapping) else content
    is_state = isinstance(state, Mapping) and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()
    )
    if not isinstance(state, Mapping) or not is_state or not state:
        raise CheckpointError(
            f"{path} holds a {type(content).__name__} without weights, expected a state dict "
            "(names to tensors), or a dict that holds one as 'state_dict'"
        )
    weights = {key.removeprefix("module."): value for key, value in state.items()}
    if len(weights) != len(state):
        raise CheckpointError(f"{path} holds weights twice, with and without 'module.' before their names")
    return weights


def _looks_like(state: Mapping[str, Tensor]) -> str | None:
    modules = {key.rpartition(".")[0] for key in state}
    fitting = (name for name in importable_families() if modules == set(families()[name].published or ()))
    return next(fitting, None)
