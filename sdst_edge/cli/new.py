"""``sdst-edge new``: an untrained network, whose speed can be measured before it is trained."""

from __future__ import annotations

from typing import Annotated

import typer

from sdst_edge.cli.describe import print_checkpoint, read_checkpoint
from sdst_edge.cli.options import CheckpointOption, DepthOption, JsonOption, WidthOption, given, require_safetensors

__all__ = ["EXAMPLE", "new"]

EXAMPLE = "sdst-edge new siamrpn-alexnet --width 0.35 -o student.safetensors"


def new(
    family: Annotated[str, typer.Argument(help="One of `sdst-edge families`.")],
    output: CheckpointOption,
    width: WidthOption = None,
    depth: DepthOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random weights; equal seeds make equal files.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a checkpoint of a family, or of a student of it, with random weights.

    Exported and measured like a trained one, it tells how fast a student will be; it cannot track.
    """
    require_safetensors(output)
    from sdst_edge import models

    checkpoint = models.untrained_checkpoint(family, seed=seed, **given(width=width, depth=depth))
    models.save_checkpoint(checkpoint.model, output, provenance=checkpoint.provenance)
    print_checkpoint(read_checkpoint(output), as_json=as_json)
