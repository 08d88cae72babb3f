"""``sdst-edge import``: a published checkpoint becomes one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.describe import print_checkpoint, read_checkpoint
from sdst_edge.cli.options import CheckpointOption, JsonOption, require_safetensors

__all__ = ["EXAMPLE", "import_checkpoint"]

EXAMPLE = "sdst-edge import auto SiamRPNBIG.model -o big.safetensors"


def import_checkpoint(
    family: Annotated[
        str, typer.Argument(help="One of `sdst-edge families`; auto: found out from the names of the weights.")
    ],
    weights: Annotated[Path, typer.Argument(help="The authors' file: .pth, .pkl, .model, .ckpt or .mlmodel.")],
    output: CheckpointOption,
    as_json: JsonOption = False,
) -> None:
    """Read a published checkpoint, without running code in it, and write it as a checkpoint of sdst-edge.

    Every weight must find its place: a key that is left over or missing is an error.
    """
    require_safetensors(output)
    from sdst_edge import models

    checkpoint = models.import_checkpoint(family, weights)
    models.save_checkpoint(checkpoint.model, output, provenance=checkpoint.provenance)
    print_checkpoint(read_checkpoint(output), as_json=as_json)
