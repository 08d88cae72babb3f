"""``sdst-edge export``: a checkpoint becomes a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.console import progress_bar
from sdst_edge.cli.describe import print_manifest
from sdst_edge.cli.options import JsonOption

__all__ = ["EXAMPLE", "export"]

EXAMPLE = "sdst-edge export n3.safetensors -o n3/"


def export(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint that `sdst-edge import` or training wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the bundle to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a bundle that is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the bundle that a device runs: ONNX graphs cut at the correlation, and their manifest.

    ONNX Runtime must agree with torch on the same inputs, or nothing is written; how far they are apart is printed.
    """
    from sdst_export import export_bundle

    with progress_bar("export") as bar:
        manifest = export_bundle(
            checkpoint, output, overwrite=overwrite, on_progress=lambda step, share: bar(share, 1.0, step)
        )
    print_manifest(manifest, output, as_json=as_json)
