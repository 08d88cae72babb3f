"""Published checkpoints of other projects brought to our families."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import Tensor

from sdst_edge.models.checkpoint import Checkpoint
from sdst_edge.models.detection import choose_family, fits, importable_families
from sdst_edge.models.foreign.fear_coreml import read_coreml
from sdst_edge.models.foreign.state_dicts import read_state_dict
from sdst_edge.models.key_mapping import load_weights, map_keys
from sdst_edge.models.registry import blueprint, families
from sdst_runtime.errors import CheckpointError
from sdst_runtime.manifest import Provenance

__all__ = ["AUTO", "import_checkpoint"]

AUTO = "auto"  # in place of a family: found out
COREML_SUFFIX, COREML_FAMILY = ".mlmodel", "fear-xs"  # the one family that is published so


def import_checkpoint(family: str, path: Path) -> Checkpoint:
    """A published checkpoint as one of our networks, in eval mode. Nothing in the file is run.

    Args:
        family: one of :func:`importable_families`, or ``auto``: by the names and shapes of the weights, and by the
            name of the file where two families are the same network.
        path: of the authors' file, see :func:`read_state_dict`; of ``fear-xs`` also a Core ML file (``.mlmodel``).

    Raises:
        CheckpointError: the family is unknown; the file is missing, damaged, hostile or no checkpoint; weights are
            missing, left over, of another shape, or not finite: the message lists them.
    """
    if family not in (AUTO, *importable_families()):
        raise CheckpointError(
            f"no importer for family {family!r}; checkpoints can be imported for {', '.join(importable_families())}, "
            f"and {AUTO!r} finds out which it is"
        )
    if path.suffix == COREML_SUFFIX:
        return _finished(COREML_FAMILY, _coreml_weights(family, path), path)
    state = read_state_dict(path)
    notes = ""
    if family == AUTO:
        try:
            family, notes = choose_family(state, path.name)
        except CheckpointError as error:
            raise CheckpointError(f"{path} {error}") from None
    mapped, left_over = map_keys(state, families()[family].published or {})
    try:
        return _finished(family, mapped, path, left_over=left_over, notes=notes)
    except CheckpointError as error:
        others = [fit.family for fit in fits(state) if fit.is_exact]
        hint = f"; it fits {' and '.join(others)}" if others and family not in others else ""
        raise CheckpointError(f"{error}{hint}") from None


def _finished(
    family: str, weights: dict[str, Tensor], path: Path, *, left_over: tuple[str, ...] = (), notes: str = ""
) -> Checkpoint:
    model = blueprint(family)
    load_weights(model, weights, left_over=left_over, name=f"{path} as {family}")
    provenance = Provenance(source=path.name, sha256=_sha256(path), importer=family, notes=notes)
    return Checkpoint(model=model.eval(), family=family, provenance=provenance)


def _coreml_weights(family: str, path: Path) -> dict[str, Tensor]:
    """Weights under our own names."""
    if family not in (AUTO, COREML_FAMILY):
        raise CheckpointError(f"{path} is a Core ML file, which is read as {COREML_FAMILY} and not as {family}")
    return read_coreml(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
