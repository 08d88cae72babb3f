"""What a small trunk costs by the blocks that it is made of: frame time, not MACs, chose sdst-nano's.

    python benchmarks/student_design.py --out benchmarks/results/student-design

Trunks from (1, 3, 256, 256) to 16 x 16 cells run on ONNX Runtime, one thread, in float32 and in INT8 (QDQ, u8
activations, s8 weights per channel, calibrated on noise: time does not depend on the values). All of them take turns
within a round, so that a busy machine is busy for all; figures are medians over rounds. Weights are random, batch norm
is folded.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from sdst_bench.environment import probe_environment
from sdst_bench.host.host import NOT_KNOWN
from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.errors import exit_status
from sdst_edge.models.layers import ActivationName, ConvNorm
from sdst_export.macs import count_macs
from sdst_export.simplify import simplify
from sdst_runtime.ort_graph import import_onnxruntime

BlockName = Literal["plain", "bottleneck", "separable", "inverted"]
SIDE = 256
PATCH = 4  # px that a first layer of patches takes at once


@dataclass(frozen=True, slots=True)
class Design:
    """A trunk to stride 16: channels of its stages, and how many blocks that keep the size follow each.

    The first layer is a 3x3 convolution of stride 2 before three halvings, or one that takes patches of 4 x 4 pixels at
    once before two.

    Attributes:
        block: ``plain``: a 3x3 convolution; ``bottleneck``: 1x1 to a half, 3x3, 1x1; ``separable``: depthwise 3x3 and
            1x1 (MobileNetV1); ``inverted``: 1x1 to four times the channels, depthwise 3x3, 1x1 (MobileNetV2).
        act: after each convolution but the last of an inverted block.
        channels: of the first layer and of each stage: four numbers, or three with patches.
        blocks: of the first layer, where there are none, and of each stage, besides the one that halves the size.
    """

    block: BlockName
    act: ActivationName
    channels: tuple[int, int, int, int] | tuple[int, int, int]
    blocks: tuple[int, int, int, int] | tuple[int, int, int]

    @property
    def patches(self) -> bool:
        """Whether the first layer takes patches."""
        return len(self.channels) == 3

    @property
    def name(self) -> str:
        """Such as ``plain relu 16-32-64-128 +0-0-1-2``, or ``plain relu patch 32-64-128 +0-1-2``."""
        block = f"{self.block} {self.act}{' patch' if self.patches else ''}"
        return f"{block} {'-'.join(map(str, self.channels))} +{'-'.join(map(str, self.blocks))}"


# Each kind at three budgets of about 0.1, 0.25 and 0.5 GMACs, and plain ones that spend 0.25 in other places; then
# the trunks of sdst-nano-s, -m and -l, which begin with patches.
DESIGNS = (
    Design("plain", "relu", (16, 24, 48, 96), (0, 0, 1, 2)),
    Design("plain", "relu", (16, 32, 64, 128), (0, 0, 2, 3)),
    Design("plain", "relu", (24, 48, 96, 160), (0, 0, 2, 3)),
    Design("plain", "hard-swish", (16, 32, 64, 128), (0, 0, 2, 3)),
    Design("plain", "relu", (16, 32, 64, 192), (0, 0, 1, 2)),
    Design("plain", "relu", (16, 32, 64, 96), (0, 0, 3, 6)),
    Design("plain", "relu", (16, 48, 80, 96), (0, 1, 1, 1)),
    Design("plain", "relu", (16, 48, 96), (0, 0, 2)),
    Design("plain", "relu", (32, 64, 128), (0, 1, 2)),
    Design("plain", "relu", (48, 96, 192), (0, 1, 3)),
    Design("bottleneck", "relu", (16, 48, 96, 192), (0, 1, 2, 3)),
    Design("bottleneck", "relu", (24, 64, 144, 288), (0, 1, 3, 4)),
    Design("separable", "relu", (16, 48, 96, 192), (0, 2, 2, 4)),
    Design("separable", "relu", (32, 64, 160, 320), (0, 2, 4, 4)),
    Design("inverted", "relu6", (16, 24, 40, 80), (0, 1, 2, 3)),
    Design("inverted", "relu6", (16, 32, 64, 112), (0, 1, 3, 5)),
    Design("inverted", "hard-swish", (16, 32, 64, 112), (0, 1, 3, 5)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One trunk: how much it computes, and its median times, milliseconds."""

    design: str
    block: BlockName
    parameters: int
    macs: int
    fp32_ms: float
    int8_ms: float


def main() -> int:
    """Exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60, help="times that each trunk is run")
    parser.add_argument("--out", type=Path, help="also write the table (.md) and a plot (.png) under this name")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}, expected at least 1")
    status, _ = exit_status(lambda: run(options))
    return status


def run(options: argparse.Namespace) -> None:
    """Measures all designs, and prints a table or JSON to stdout."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        sessions = [_sessions(trunk(design), Path(folder) / str(i)) for i, design in enumerate(DESIGNS)]
        times = _times([session for pair in sessions for session in pair[2:]], options.rounds)
    timings = [
        Timing(
            design=design.name,
            block=design.block,
            parameters=parameters,
            macs=macs,
            fp32_ms=times[2 * i],
            int8_ms=times[2 * i + 1],
        )
        for i, (design, (parameters, macs, *_)) in enumerate(zip(DESIGNS, sessions, strict=True))
    ]
    if options.json:
        print_json({"trunks": timings, "rounds": options.rounds, "environment": probe_environment()})
    else:
        print_rich(_markdown(timings, options.rounds))
    if options.out is not None:
        options.out.with_suffix(".md").write_text(_markdown(timings, options.rounds), encoding="utf-8")
        _plot(timings, options.out.with_suffix(".png"))


def trunk(design: Design) -> nn.Sequential:
    """The network of a design, in its deploy form, random weights: (1, 3, 256, 256) to (1, C, 16, 16)."""
    before = design.channels[0]
    kernel, stride, padding = (PATCH, PATCH, 0) if design.patches else (3, 2, 1)
    layers: list[nn.Module] = [ConvNorm(3, before, kernel, stride=stride, padding=padding, act=design.act)]
    for channels, blocks in zip(design.channels[1:], design.blocks[1:], strict=True):
        layers.append(_block(design, before, channels, stride=2))
        layers += [_block(design, channels, channels, stride=1) for _ in range(blocks)]
        before = channels
    model = nn.Sequential(*layers).eval()
    for module in list(model.modules()):
        if isinstance(module, ConvNorm):
            module.fold()
    return model


def _block(design: Design, channels_in: int, channels: int, *, stride: int) -> nn.Module:
    act = design.act
    if design.block == "plain":
        return ConvNorm(channels_in, channels, 3, stride=stride, act=act)
    if design.block == "bottleneck":
        half = channels // 2
        inner = [ConvNorm(channels_in, half, act=act), ConvNorm(half, half, 3, stride=stride, act=act)]
        return _Shortcut(stride, channels_in, channels, *inner, ConvNorm(half, channels, act=act))
    if design.block == "separable":
        depthwise = ConvNorm(channels_in, channels_in, 3, stride=stride, groups=channels_in, act=act)
        return nn.Sequential(depthwise, ConvNorm(channels_in, channels, act=act))
    wide = 4 * channels_in
    depthwise = ConvNorm(wide, wide, 3, stride=stride, groups=wide, act=act)
    return _Shortcut(
        stride, channels_in, channels, ConvNorm(channels_in, wide, act=act), depthwise, ConvNorm(wide, channels)
    )


class _Shortcut(nn.Module):
    """Layers, and their input added to what they give where the two have one shape."""

    def __init__(self, stride: int, channels_in: int, channels: int, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.adds = stride == 1 and channels_in == channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return x + y if self.adds else y


def _sessions(model: nn.Sequential, folder: Path) -> tuple[int, int, Any, Any]:
    """Parameters, MACs, and the sessions of both precisions."""
    import onnx
    from onnxruntime import quantization

    folder.mkdir()
    path, quantised = folder / "fp32.onnx", folder / "int8.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        zeros = torch.zeros(1, 3, SIDE, SIDE)
        torch.onnx.export(model, (zeros,), path, input_names=["x"], opset_version=17, dynamo=False)
    onnx.save(simplify(onnx.load(path)), path)
    logging.getLogger().setLevel(logging.ERROR)  # its advice to simplify the graph, which was simplified
    quantization.quantize_static(
        str(path),
        str(quantised),
        _Noise(),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        per_channel=True,
    )
    parameters = sum(item.numel() for item in model.parameters())
    return parameters, count_macs(onnx.load(path)), _session(path), _session(quantised)


class _Noise:
    """Calibration data for a quantiser: a few noisy pictures."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self._inputs: Iterator[np.ndarray] = iter(generator.normal(size=(4, 1, 3, SIDE, SIDE)).astype(np.float32))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next feed, None at the end."""
        picture = next(self._inputs, None)
        return None if picture is None else {"x": picture}


def _session(path: Path) -> Any:
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _times(sessions: list[Any], rounds: int) -> list[float]:
    """Median milliseconds of each session; they take turns."""
    feed = {"x": np.random.default_rng(1).normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)}
    durations = np.empty((rounds + 2, len(sessions)))
    for i in range(rounds + 2):  # the first two warm up
        for j, session in enumerate(sessions):
            start = time.perf_counter_ns()
            session.run(None, feed)
            durations[i, j] = (time.perf_counter_ns() - start) / 1e6
    return [float(value) for value in np.median(durations[2:], axis=0)]


def _dot_product_instructions() -> str:
    """Those for 8-bit products that this processor has: with none, INT8 gains little."""
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return NOT_KNOWN
    return ", ".join(sorted(words & {"avx512_vnni", "avx_vnni", "asimddp", "i8mm"})) or "none"


def _markdown(timings: list[Timing], rounds: int) -> str:
    environment = probe_environment()
    rows = [
        f"| {t.design} | {t.parameters / 1e3:.0f} | {t.macs / 1e6:.0f} | {t.fp32_ms:.2f} | {t.int8_ms:.2f} | "
        f"{t.macs / t.fp32_ms / 1e6:.0f} | {t.macs / t.int8_ms / 1e6:.0f} |"
        for t in timings
    ]
    head = [
        "| trunk: block, activation, channels, added blocks | k params | MMACs | fp32 ms | int8 ms | fp32 GMAC/s "
        "| int8 GMAC/s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    foot = [
        "",
        f"Medians of {rounds} rounds, all in turn, one thread. {environment.cpu}, {environment.system}, "
        f"ONNX Runtime {environment.onnxruntime}; instructions for 8-bit dot products: {_dot_product_instructions()}.",
    ]
    return "\n".join([*head, *rows, *foot]) + "\n"


def _plot(timings: list[Timing], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, precision in zip(axes, ("fp32", "int8"), strict=True):
        for block in dict.fromkeys(item.block for item in timings):
            chosen = sorted((t for t in timings if t.block == block), key=lambda t: t.macs)
            times = [getattr(t, f"{precision}_ms") for t in chosen]
            axis.plot([t.macs / 1e6 for t in chosen], times, "o", label=block)
        axis.set(title=f"{precision}, one thread", xlabel="MMACs at 256 px")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("ms a frame, trunk alone")
    axes[1].legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    sys.exit(main())
