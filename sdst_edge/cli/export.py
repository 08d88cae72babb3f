"""``sdst-edge export``: a checkpoint becomes a bundle."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sdst_edge.cli.console import note, progress_bar
from sdst_edge.cli.describe import print_manifest
from sdst_edge.cli.options import JsonOption
from sdst_edge.cli.parsing import parse_names

if TYPE_CHECKING:
    from sdst_export import ExportOptions

__all__ = ["EXAMPLE", "export"]

EXAMPLE = "sdst-edge export n3.safetensors -o n3/ --precision fp32,int8 --calibrate data/train --validate data/val"


class FormChoice(str, Enum):
    """How correlations are spelled in the graphs."""

    AUTO = "auto"
    CONV = "conv"
    TAPS = "taps"
    MATMUL = "matmul"


class MethodChoice(str, Enum):
    """How ranges of activations are taken from what was seen."""

    MIN_MAX = "min-max"
    ENTROPY = "entropy"
    PERCENTILE = "percentile"


def export(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            help="Checkpoint that `sdst-edge import` or training wrote, or the name of a shipped student: sdst-nano-m."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the bundle to write.")],
    precision: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help="fp32, fp16, int8; fp32 is always there.", show_default="the target's"),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="Engines to write for: onnxruntime, tensorrt, openvino, ncnn.",
            show_default="the target's, or onnxruntime, and tensorrt's int8 beside its own",
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Device to write for, see `sdst-edge targets`; or a recipe of your own (.toml).")
    ] = None,
    calibrate: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="Sequences whose frames int8 is calibrated on; random: noise, to measure speed only."
        ),
    ] = None,
    method: Annotated[
        MethodChoice | None,
        typer.Option(help="How ranges are taken from what was seen.", show_default="the target's, or min-max"),
    ] = None,
    validate: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Sequences that every variant is scored on, beside fp32.")
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(
            metavar="AUC", help="Leave layers float until int8 loses at most this on --validate, such as 0.01."
        ),
    ] = None,
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
    """Write the bundle that a device runs: graphs cut at the correlation, in one or more precisions, and a manifest.

    Every variant must agree with torch on the same inputs as far as its precision allows, or nothing is written. What
    int8 costs is measured: layer by layer, in scores and boxes, and with --validate in success AUC.
    """
    from sdst_export import export_bundle, left_out

    options = _options(
        precisions=parse_names(precision, "--precision") or (),
        engines=parse_names(engine, "--engine") or (),
        target=target,
        calibrate=calibrate,
        method=None if method is None else method.value,
        validate=validate,
        max_drop=max_drop,
        correlation_form=None if xcorr is FormChoice.AUTO else xcorr.value,
    )
    if text := left_out(options):
        note(text)
    with progress_bar("export") as bar:
        manifest = export_bundle(
            checkpoint,
            output,
            options,
            overwrite=overwrite,
            on_progress=lambda step, share: bar(share, 1.0, step),
        )
    print_manifest(manifest, output, as_json=as_json)


def _options(**given: Any) -> ExportOptions:
    """The options; what their texts hold is checked by them."""
    from sdst_export import ExportOptions

    return ExportOptions(**given)
