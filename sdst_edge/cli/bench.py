"""``sdst-edge bench``: how fast a bundle runs on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from sdst_edge.cli.console import note, print_json, print_rich
from sdst_edge.cli.options import (
    AcceleratorOption,
    BundleArgument,
    EngineOption,
    JsonOption,
    SessionChoice,
    SessionOption,
    ThreadsOption,
    VariantOption,
    named,
)
from sdst_edge.cli.parsing import parse_size

__all__ = ["EXAMPLE", "bench"]

EXAMPLE = "sdst-edge bench n3/ --device cpu --threads 1"


def bench(
    bundle: BundleArgument,
    device: Annotated[str, typer.Option(help="auto, cpu or jetson; refused when this host is not it.")] = "auto",
    threads: ThreadsOption = 1,
    variant: VariantOption = None,
    session: SessionOption = SessionChoice.AUTO,
    engine: EngineOption = None,
    accelerator: AcceleratorOption = None,
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Size of the frames, px.")] = "1280x720",
    frames: Annotated[int, typer.Option(min=1, help="Frames to time, after 20 of warm-up.")] = 300,
    as_json: JsonOption = False,
) -> None:
    """Time each stage of update() on this machine: crop, search network, correlation and head, decode, the rest.

    A rendered clip is played from memory: capture and file decoding are in no figure. Nothing is simulated: what
    cannot be measured here reads "not measured" or "not known", and another device's name is refused.
    """
    from sdst_bench import device as devices
    from sdst_bench import latency, latency_report

    size_wh = parse_size(size)
    host = devices.require_device(device)
    note(f"timing {frames} frames of {size}")
    measured = latency.measure(
        bundle,
        threads=threads,
        variant=variant,
        session=session.value,
        engine=named(engine) or ("tensorrt" if host == "jetson" else None),
        accelerator=accelerator,
        size_wh=size_wh,
        frames=frames,
    )
    if as_json:
        print_json(measured.to_plain())
    else:
        print_rich(*latency_report.latency_tables(measured))
