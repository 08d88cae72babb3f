"""``sdst-edge info``: what is in a bundle or a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.describe import print_checkpoint, print_manifest, read_checkpoint
from sdst_edge.cli.options import JsonOption

__all__ = ["EXAMPLE", "info"]

EXAMPLE = "sdst-edge info sdst-nano-m"


def info(
    path: Annotated[
        Path,
        typer.Argument(help="Folder of a bundle, a checkpoint (.safetensors), or the name of a shipped student."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show a tracker's family, sizes, parameters, MACs, precision, files, parity and provenance.

    All files are checked against the manifest first. A checkpoint needs the extra `train`; that of a shipped student is
    NAME.safetensors.
    """
    if path.suffix == ".safetensors":
        print_checkpoint(read_checkpoint(path), as_json=as_json)
        return
    from sdst_runtime import Bundle

    bundle = Bundle.open(path)
    print_manifest(bundle.manifest, bundle.path, as_json=as_json)
