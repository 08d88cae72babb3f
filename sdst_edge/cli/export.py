"""``sdst-edge export``: a checkpoint becomes a bundle."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.console import progress_bar
from sdst_edge.cli.describe import print_manifest
from sdst_edge.cli.options import JsonOption

__all__ = ["EXAMPLE", "export"]

EXAMPLE = "sdst-edge export n3.safetensors -o n3/"


class FormChoice(str, Enum):
    """How correlations are spelled in the graphs."""

    AUTO = "auto"
    CONV = "conv"
    TAPS = "taps"
    MATMUL = "matmul"


def export(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint that `sdst-edge import` or training wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the bundle to write.")],
    xcorr: Annotated[
        FormChoice,
        typer.Option(
            help="How correlations are spelled: conv, fastest on ONNX Runtime, and TensorRT takes it from 8.5 on; "
            "taps, slices, products and sums that every engine parses; matmul, for engines made for those; "
            "auto: as the family prefers."
        ),
    ] = FormChoice.AUTO,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a bundle that is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the bundle that a device runs: ONNX graphs cut at the correlation, and their manifest.

    ONNX Runtime must agree with torch on the same inputs, or nothing is written; how far they are apart is printed.
    """
    from sdst_export import ExportOptions, export_bundle

    options = ExportOptions(correlation_form=None if xcorr is FormChoice.AUTO else xcorr.value)
    with progress_bar("export") as bar:
        manifest = export_bundle(
            checkpoint,
            output,
            options,
            overwrite=overwrite,
            on_progress=lambda step, share: bar(share, 1.0, step),
        )
    print_manifest(manifest, output, as_json=as_json)
