"""``sdst-edge bench``: what a bundle costs on a device, and what it is worth."""

from __future__ import annotations

import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.bench_outputs import BenchOutputs, measure_and_write, print_schema
from sdst_edge.cli.bench_requests import BenchOptions
from sdst_edge.cli.options import (
    AcceleratorOption,
    EngineOption,
    JsonOption,
    LayoutOption,
    SequencesOption,
    SessionChoice,
    SessionOption,
    ThreadsOption,
)

__all__ = ["EXAMPLE", "bench"]

EXAMPLE = "sdst-edge bench n3/ --device cpu --threads 1 --out report/"


class DeviceChoice(str, Enum):
    """Names of devices."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    JETSON = "jetson"
    RASPBERRY_PI = "raspberry-pi"
    ANDROID = "android"


#: Panels of the help.
WHAT, PEERS, WHERE, REPORT = "What is measured", "Peers", "Another machine", "Report"


def bench(
    context: typer.Context,
    bundles: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="BUNDLE...",
            help="Folders that `sdst-edge export` wrote, or names of shipped students; or one report.json to show.",
        ),
    ] = None,
    device: Annotated[DeviceChoice, typer.Option(help="Refused where the host is not it.")] = DeviceChoice.AUTO,
    variant: Annotated[
        list[str] | None,
        typer.Option(help="Of the bundle, such as onnx/fp32; may be repeated.", show_default="the manifest's default"),
    ] = None,
    engine: EngineOption = None,
    accelerator: AcceleratorOption = None,
    session: SessionOption = SessionChoice.AUTO,
    threads: ThreadsOption = 1,
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Of the rendered frames, px.")] = "1280x720",
    source: Annotated[
        str | None,
        typer.Option(help="Frames of a video, folder or camera instead; the capture of each is timed.", metavar="NAME"),
    ] = None,
    box: Annotated[str | None, typer.Option(metavar="X,Y,W,H", help="Target in the source's first frame.")] = None,
    frames: Annotated[
        int | None,
        typer.Option(min=1, help="Frames to time.", show_default="what --seconds holds", rich_help_panel=WHAT),
    ] = None,
    seconds: Annotated[float, typer.Option(help="Of stage times, and of the camera.", rich_help_panel=WHAT)] = 5.0,
    fps: Annotated[
        float | None, typer.Option(help="Also at a camera's rate: latency, dropped frames.", rich_help_panel=WHAT)
    ] = None,
    targets: Annotated[
        str, typer.Option(metavar="N,N", help="Targets at once; 0 for none.", rich_help_panel=WHAT)
    ] = "1,2,4,8",
    sustained: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="A long run: clocks, temperatures, throttling.", rich_help_panel=WHAT),
    ] = None,
    power: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Idle, then busy, where power is told; 0: none.", rich_help_panel=WHAT),
    ] = 3.0,
    accuracy: Annotated[
        Path | None, typer.Option(metavar="DATASET", help="Score on sequences with known boxes.", rich_help_panel=WHAT)
    ] = None,
    layout: LayoutOption = "auto",
    sequences: SequencesOption = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="OpenCV's trackers on the same frames, in turns.", rich_help_panel=PEERS)
    ] = False,
    peer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this one, such as Nano; may be repeated.", rich_help_panel=PEERS),
    ] = None,
    peers_python: Annotated[
        Path | None,
        typer.Option(metavar="PYTHON", help="Interpreter whose OpenCV has more of them.", rich_help_panel=PEERS),
    ] = None,
    nano_backbone: Annotated[
        Path | None, typer.Option(metavar="ONNX", help="Weights for TrackerNano.", rich_help_panel=PEERS)
    ] = None,
    nano_head: Annotated[
        Path | None, typer.Option(metavar="ONNX", help="Weights for TrackerNano.", rich_help_panel=PEERS)
    ] = None,
    vit: Annotated[
        Path | None, typer.Option(metavar="ONNX", help="Weights for TrackerVit.", rich_help_panel=PEERS)
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="USER@HOST[:PORT]", help="Measure there, by SSH.", rich_help_panel=WHERE),
    ] = None,
    wheel: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="sdst-edge for it.", rich_help_panel=WHERE, show_default="of dist/"),
    ] = None,
    ssh_option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="As of ssh -o.", rich_help_panel=WHERE)
    ] = None,
    serial: Annotated[str | None, typer.Option(help="Of the Android device, by adb.", rich_help_panel=WHERE)] = None,
    remote_python: Annotated[str, typer.Option(metavar="NAME", help="There.", rich_help_panel=WHERE)] = "python3",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For report.json, report.md and report.html.", rich_help_panel=REPORT),
    ] = None,
    as_json: JsonOption = False,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Print ratios to an earlier report.", rich_help_panel=REPORT),
    ] = None,
    max_regression: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Exit 1 where slower than --compare by more.", rich_help_panel=REPORT),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON's schema, and nothing else.", rich_help_panel=REPORT)
    ] = False,
    stream: Annotated[bool, typer.Option("--stream", hidden=True)] = False,
    sysroot: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Read host and sensors of a copied board there; the report says so."),
    ] = Path("/"),
) -> None:
    """Measure bundles on this device, or on another one: stages of update(), start, memory, power, accuracy.

    Nothing is simulated and no setting is changed: what a device does not tell reads "not measured", and another
    device's name is refused. Several bundles and variants take turns in one run. ^C keeps what was measured by then.
    """
    if schema:
        print_schema()
        return
    options = BenchOptions.of(context)
    outputs = BenchOutputs(folder=out, as_json=as_json, stream=stream, baseline=compare, max_regression=max_regression)
    command = shlex.join(["sdst-edge", *sys.argv[1:]])
    measure_and_write(options, outputs, command)
