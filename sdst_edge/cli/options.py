"""Arguments and options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from sdst_runtime.errors import ConfigError

if TYPE_CHECKING:
    from sdst_runtime.manifest import EngineName

__all__ = [
    "AcceleratorOption",
    "BundleArgument",
    "CheckpointOption",
    "DatasetArgument",
    "DepthOption",
    "EngineChoice",
    "EngineOption",
    "JsonOption",
    "LayoutOption",
    "SequencesOption",
    "SessionChoice",
    "SessionOption",
    "SkipBrokenOption",
    "ThreadsOption",
    "VariantOption",
    "WidthOption",
    "given",
    "named",
    "require_safetensors",
]


class SessionChoice(str, Enum):
    """How the template of a target is kept."""

    AUTO = "auto"
    BAKED = "baked"
    SPLIT = "split"
    WHOLE = "whole"


class EngineChoice(str, Enum):
    """What runs the network."""

    ONNXRUNTIME = "onnxruntime"
    TENSORRT = "tensorrt"
    OPENVINO = "openvino"
    NCNN = "ncnn"


BundleArgument: TypeAlias = Annotated[
    Path, typer.Argument(help="Folder that `sdst-edge export` wrote, or the name of a shipped student: sdst-nano-m.")
]
DatasetArgument: TypeAlias = Annotated[
    Path, typer.Argument(help="Folder of a data set or of one sequence, or a text file there that lists sequences.")
]
LayoutOption: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="How the data set lies on disk: lasot, got10k, otb, uav123, trackingnet, vot, imagenet-vid, coco, "
        "pictures, photos or folder; auto: found out.",
    ),
]
SequencesOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME,NAME", help="Only these.", show_default="all")
]
SkipBrokenOption: TypeAlias = Annotated[
    bool, typer.Option("--skip-broken", help="Go on without broken sequences, and list them.")
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
ThreadsOption: TypeAlias = Annotated[int, typer.Option(min=1, help="Threads of the inference engine.")]
VariantOption: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Variant of the bundle, such as onnx/fp32.", show_default="the manifest's default"),
]
SessionOption: TypeAlias = Annotated[
    SessionChoice,
    typer.Option(
        help="How the template is kept: baked into the head as constants; split, correlated by libsdst; whole, an "
        "input of the one graph that a frame runs; auto: as the manifest says."
    ),
]
EngineOption: TypeAlias = Annotated[
    EngineChoice | None,
    typer.Option(
        help="What runs the network; ONNX graphs run in onnxruntime and tensorrt.", show_default="the variant's"
    ),
]
AcceleratorOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What the engine runs on: of ONNX Runtime cpu, cuda, tensorrt, coreml, qnn, xnnpack; of OpenVINO CPU, "
        "GPU, NPU; of ncnn cpu, vulkan.",
        show_default="the engine's default",
    ),
]
CheckpointOption: TypeAlias = Annotated[
    Path, typer.Option("--output", "-o", help="Checkpoint to write (.safetensors).")
]
WidthOption: TypeAlias = Annotated[
    float | None, typer.Option(metavar="FACTOR", help="Channels between layers, times this.", show_default="1")
]
DepthOption: TypeAlias = Annotated[
    float | None, typer.Option(metavar="FACTOR", help="Number of repeated layers, times this.", show_default="1")
]


def given(**options: float | None) -> dict[str, float]:
    """The options that the user gave."""
    return {name: value for name, value in options.items() if value is not None}


def named(choice: EngineChoice | None) -> EngineName | None:
    """The engine that was chosen, as the runtime calls it."""
    return None if choice is None else choice.value


def require_safetensors(path: Path) -> None:
    """Checks the ending of a checkpoint to write.

    Raises:
        ConfigError: it is another one.
    """
    if path.suffix != ".safetensors":
        raise ConfigError(f"{path} ends in {path.suffix!r}, expected .safetensors; give the output another name")
