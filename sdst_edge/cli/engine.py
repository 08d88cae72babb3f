"""``sdst-edge engine``: TensorRT's engines of a bundle, built on the device that runs them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import facts_text, note, print_json, progress_bar
from sdst_edge.cli.options import BundleArgument, JsonOption

if TYPE_CHECKING:
    from sdst_runtime.bundle import Bundle
    from sdst_runtime.tensorrt import EngineSet

__all__ = ["EXAMPLE", "engine"]

EXAMPLE = "sdst-edge engine n3/ --variant onnx/fp16"


class CudaOption(str, Enum):
    """What reaches the GPU."""

    AUTO = "auto"
    PYCUDA = "pycuda"
    CUDA_PYTHON = "cuda-python"


class HardwareOption(str, Enum):
    """Other GPUs that engines run on."""

    AMPERE_PLUS = "ampere-plus"
    SAME_COMPUTE_CAPABILITY = "same-compute-capability"


def engine(
    bundle: BundleArgument,
    variant: Annotated[
        str | None,
        typer.Option(help="Variant to build, such as onnx/int8-qdq.", show_default="the default, or the first for it"),
    ] = None,
    workspace: Annotated[int, typer.Option(metavar="MIB", min=1, help="Scratch memory of a layer, at most.")] = 512,
    optimization_level: Annotated[
        int | None,
        typer.Option(metavar="0-5", min=0, max=5, help="How long TensorRT searches.", show_default="TensorRT's"),
    ] = None,
    hardware: Annotated[
        HardwareOption | None, typer.Option(help="Run on other GPUs too, slower.", show_default="this GPU alone")
    ] = None,
    tf32: Annotated[bool, typer.Option(help="Let float32 layers round their factors to 10 bits.")] = True,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of engines.", show_default="$SDST_ENGINES, or BUNDLE/engines"),
    ] = None,
    cuda: Annotated[CudaOption, typer.Option(help="What reaches the GPU.")] = CudaOption.AUTO,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build engines anew that are there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Build TensorRT's engines of a bundle on this device, once: a session would do it before its first frame.

    Engines run on the GPU and the TensorRT that they were built with, and are kept beside the bundle. Precision is the
    variant's. The correlation is the first of conv, matmul and taps that TensorRT builds and that computes it.
    """
    from sdst_runtime.bundle import Bundle
    from sdst_runtime.tensorrt import BuildOptions, TensorRTOptions, prepare_engines

    build = BuildOptions(
        workspace_mib=workspace,
        optimization_level=optimization_level,
        hardware=None if hardware is None else hardware.value,
        tf32=tf32,
    )
    options = TensorRTOptions(build=build, cache=cache, rebuild=rebuild, cuda=cuda.value)
    opened = Bundle.open(bundle)
    with progress_bar("engine") as bar:
        built, folder = prepare_engines(
            opened,
            variant=_choose(opened) if variant is None else variant,
            options=options,
            on_progress=lambda share, what: bar(share, 1.0, what),
        )
    _print(built, folder, as_json=as_json)


def _choose(bundle: Bundle) -> str:
    """The default variant if it is for TensorRT, else the first that is, else the default one."""
    variants, default = bundle.manifest.variants, bundle.manifest.default_variant
    for_tensorrt = [name for name, item in variants.items() if item.engine == "tensorrt"]
    return default if default in for_tensorrt or not for_tensorrt else for_tensorrt[0]


def _print(built: EngineSet, folder: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"folder": str(folder), "set": built})
        return
    sizes = ", ".join(f"{role} {item.size_bytes / 1e6:.1f}" for role, item in built.engines.items())
    rows = [
        ("engines", str(folder)),
        ("variant", f"{built.variant} ({built.precision})"),
        ("for", f"{built.place}; driver's CUDA {built.driver}"),
        ("size, MB", sizes),
        ("correlation", ", ".join(f"{role}: {form}" for role, form in built.correlation.items())),
    ]
    typer.echo(facts_text(rows))
    for role, reason in built.refused.items():
        note(f"{role} was not taken: {reason}")
    for text in built.notes:
        note(text)
