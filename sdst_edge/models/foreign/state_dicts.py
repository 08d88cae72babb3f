"""Weights out of the files of other projects, by their original names. Nothing in a file is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from torch import Tensor

from sdst_edge.models.foreign.pickle_names import Call
from sdst_edge.models.foreign.stored_tensors import TorchFile
from sdst_edge.models.foreign.torch_files import read_legacy, read_zip
from sdst_runtime.errors import CheckpointError

__all__ = ["read_state_dict"]

MAX_BYTES = 2 << 30  # the largest published one, DaSiamRPN's, has 0.36e9, a ResNet-50 with its optimizer 0.65e9
#: Keys under which a state dict lies in a checkpoint: pysot, LightTrack, Lightning; video_analyst.
WRAPPERS = ("state_dict", "model_state_dict")
MAX_WRAPPERS = 3
LIGHTNING = "pytorch-lightning_version"
PREFIXES = ("module.", "feature_extractor.")  # of names, in this order: trained on several GPUs; LightTrack
LISTED = 3
MAX_NAME = 200  # characters of a weight's name
#: Endings and first bytes of other files that are taken for a checkpoint.
OTHER_SUFFIXES = {
    ".onnx": "an ONNX graph, whose weights have lost their names",
    ".safetensors": "a safetensors file: 'sdst-edge info' tells whether it is a checkpoint of ours",
}
OTHERS = {
    b"<": "a web page or XML: it was not downloaded",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself",
    b"\x1f\x8b": "compressed with gzip: unpack it first",
    b"\x89HDF": "an HDF5 file",
}


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The weights of a PyTorch checkpoint (``.pth``, ``.pkl``, ``.model``, ``.ckpt``) by their names in it.

    Wrappers (``state_dict``, ``model_state_dict``) and :data:`PREFIXES` are taken off; of a Lightning checkpoint what
    lies under ``model.`` is taken. Classes of other packages, such as settings, are never made.

    Raises:
        CheckpointError: the file is missing, damaged, too large, no checkpoint, or could run code.
    """
    try:
        if path.exists() and not path.is_file():
            raise CheckpointError("is no file, expected a PyTorch checkpoint")
        with path.open("rb") as file:
            if path.suffix in OTHER_SUFFIXES:
                raise CheckpointError(f"is no PyTorch checkpoint but {OTHER_SUFFIXES[path.suffix]}")
            return _weights(_read(file, path.stat().st_size))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} does not exist, expected a published tracker's file (.pth, .pkl, .model, .ckpt or .mlmodel)"
        ) from None
    except CheckpointError as error:
        raise CheckpointError(f"{path} {error}") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}, expected a PyTorch checkpoint") from None


def _read(file: IO[bytes], size: int) -> TorchFile:
    if size > MAX_BYTES:
        raise CheckpointError(f"has {size:,} bytes, more than any tracker's checkpoint, expected at most {MAX_BYTES:,}")
    head = file.read(512)
    file.seek(0)
    if head.startswith(b"PK"):
        return read_zip(file, size)
    if head[257:262] == b"ustar":
        raise CheckpointError("is a tar archive, as torch before 0.2 wrote; save its state dict anew with torch 1.6 on")
    other = next((told for start, told in OTHERS.items() if head.lstrip().startswith(start)), None)
    if other is not None:
        raise CheckpointError(f"is no PyTorch checkpoint but {other}")
    return read_legacy(file, size)


def _weights(file: TorchFile) -> dict[str, Tensor]:
    state: object = file.content
    for _ in range(MAX_WRAPPERS):
        inner = next((state[key] for key in WRAPPERS if key in state), None) if isinstance(state, Mapping) else None
        if inner is None:
            break
        state = inner
    if not isinstance(state, Mapping) or not state or not all(isinstance(key, str) for key in state):
        raise _no_weights(file.content)
    if not all(len(key) <= MAX_NAME and key.isprintable() for key in state):
        raise CheckpointError("is damaged, or no PyTorch checkpoint: some names in it are no weight's")
    tensors = {str(key): file.tensor(value) for key, value in state.items()}
    others = [key for key, value in tensors.items() if value is None]
    if len(others) == len(tensors):
        raise _no_weights(file.content)
    if others:
        told = ", ".join(f"{key} ({_kind(state[key])})" for key in others[:LISTED])
        raise CheckpointError(f"holds {len(others)} entries that are no plain tensors: {told}; save it without them")
    is_lightning = isinstance(file.content, Mapping) and LIGHTNING in file.content
    return _renamed({key: value for key, value in tensors.items() if value is not None}, is_lightning=is_lightning)


def _renamed(weights: dict[str, Tensor], *, is_lightning: bool) -> dict[str, Tensor]:
    if is_lightning:
        weights = {key.removeprefix("model."): value for key, value in weights.items() if key.startswith("model.")}
    for prefix in PREFIXES:
        renamed = {key.removeprefix(prefix): value for key, value in weights.items()}
        if len(renamed) != len(weights):
            raise CheckpointError(f"holds weights twice, with and without {prefix!r} before their names")
        weights = renamed
    return weights


def _no_weights(content: object) -> CheckpointError:
    return CheckpointError(
        f"holds {_kind(content)} without weights, expected a state dict (names to tensors), or a dict that holds one "
        f"as {' or '.join(WRAPPERS)}"
    )


def _kind(value: object) -> str:
    return f"a {value.function}" if isinstance(value, Call) else f"a {type(value).__name__}"
