"""``sdst-edge import``: a published checkpoint becomes one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.describe import print_checkpoint, read_checkpoint
from sdst_edge.cli.options import JsonOption
from sdst_runtime.errors import ConfigError

__all__ = ["EXAMPLE", "import_checkpoint"]

EXAMPLE = "sdst-edge import nanotrack-v3 nanotrack_v3.pth -o n3.safetensors"


def import_checkpoint(
    family: Annotated[str, typer.Argument(help="nanotrack-v1, nanotrack-v2 or nanotrack-v3.")],
    weights: Annotated[Path, typer.Argument(help="The authors' .pth file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Checkpoint to write (.safetensors).")],
    as_json: JsonOption = False,
) -> None:
    """Read a published PyTorch checkpoint, without running code in it, and write it as a checkpoint of sdst-edge.

    Every weight must find its place: a key that is left over or missing is an error.
    """
    if output.suffix != ".safetensors":
        raise ConfigError(f"{output} ends in {output.suffix!r}, expected .safetensors; give the output another name")
    from sdst_edge import models

    checkpoint = models.import_checkpoint(family, weights)
    models.save_checkpoint(checkpoint.model, output, provenance=checkpoint.provenance)
    print_checkpoint(read_checkpoint(output), as_json=as_json)
