"""sdst-nano, our own student, in three sizes: plain convolutions, one pixelwise correlation, two short branches.

Only convolutions, ReLU, one concatenation, and one exp at the end: it folds to a straight chain that every engine runs
well and that quantises without special cases.

Sizes were chosen by frame time (``benchmarks/results/student-design.md``). At equal MACs plain 3x3 convolutions took
less time than separable, inverted or bottleneck blocks, most of all in INT8, and among plain trunks time follows MACs
wherever they are spent. So most are spent where they buy most parameters and the widest view, at stride 16. The first
layer is the exception: three channels at half resolution take a fifth of an INT8 frame for a twentieth of its MACs. So
it takes patches of 4 x 4 pixels at once (Dosovitskiy et al., An Image is Worth 16x16 Words, 2021), and in INT8 it reads
the crop's bytes as they are.

Coordinates. A convolution of stride 2 and padding 1 looks at every second cell from the first one on: cell i of the
maps stands for the pixels about 16 i, so points lie at ``(i - 7) * 16`` network px from the search centre, not
symmetric about it. NanoTrack's maps lie the same way, so a hint from it needs no half-cell shift, which would blur it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from sdst_edge.models.composed import Branch, ComposedTracker, Exp, Matcher
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.registry import family
from sdst_edge.models.repconv import RepConv
from sdst_edge.models.scaling import Scaling
from sdst_runtime.config import CropRule, Normalization, TrackerConfig

__all__ = ["sdst_nano_l", "sdst_nano_m", "sdst_nano_s"]

STRIDE = 16
PATCH = 4  # px that the first convolution takes at once
TEMPLATE_SIZE = 128
SEARCH_SIZE = 224
CELLS = SEARCH_SIZE // STRIDE
TEMPLATE_CELLS = (TEMPLATE_SIZE // STRIDE) ** 2  # channels of the response
PRIOR_SCORE = 0.02  # of every cell at the start of training: about 5 of 196 cells lie on a target
PRIOR_SIDE_PX = TEMPLATE_SIZE / 4  # a box's half side in the search crop: context doubles sqrt(w h)

CONFIG = TrackerConfig(
    template_size=TEMPLATE_SIZE,
    search_size=SEARCH_SIZE,
    response_size=CELLS,
    stride_px=STRIDE,
    score_kind="logit",
    point_origin_px=-(CELLS // 2) * STRIDE,
    window_influence=0.22,  # these three by `sdst-edge tune` for the shipped M, on the sequences that chose it
    penalty_k=0.25,
    size_lr=0.39,
    init_center_offset_px=0.0,
    crop=CropRule(context="square", context_amount=0.5, search_scale=SEARCH_SIZE / TEMPLATE_SIZE),
    normalization=Normalization(channel_order="bgr", mean=(127.5, 127.5, 127.5), std=(64.0, 64.0, 64.0)),
)


@dataclass(frozen=True, slots=True)
class Size:
    """Channels and layers of a student, at width and depth 1.

    Attributes:
        stem: channels of the first convolution, stride 4.
        stages: channels at stride 8 and 16.
        blocks: RepConvs that keep the size, after the one that begins each stage.
        head: channels of the correlation's operands and of what branches read.
        after: RepConvs between the correlation and the branches.
    """

    stem: int
    stages: tuple[int, int]
    blocks: tuple[int, int]
    head: int
    after: int


S = Size(stem=16, stages=(48, 96), blocks=(0, 2), head=64, after=1)
M = Size(stem=32, stages=(64, 128), blocks=(1, 2), head=80, after=2)
L = Size(stem=48, stages=(96, 192), blocks=(1, 3), head=128, after=1)


@family("sdst-nano-s", title="sdst-nano S")
def sdst_nano_s(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """The smallest student: 0.06 GMACs a frame. Options as in :class:`Scaling`."""
    return _student(S, Scaling(width, depth))


@family("sdst-nano-m", title="sdst-nano M")
def sdst_nano_m(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """The student between: 0.15 GMACs a frame. Options as in :class:`Scaling`."""
    return _student(M, Scaling(width, depth))


@family("sdst-nano-l", title="sdst-nano L")
def sdst_nano_l(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """The largest student: 0.38 GMACs a frame. Options as in :class:`Scaling`."""
    return _student(L, Scaling(width, depth))


def _student(size: Size, scaling: Scaling) -> ComposedTracker:
    head, last = scaling.channels(size.head), scaling.channels(size.stages[-1])
    matcher = Matcher(
        "pixelwise",
        kernel=ConvNorm(last, head),
        search=ConvNorm(last, head),
        after=nn.Sequential(
            ConvNorm(head + TEMPLATE_CELLS, head, act="relu"), *(RepConv(head, head) for _ in range(size.after))
        ),
        joins_search=True,
    )
    model = ComposedTracker(
        CONFIG,
        trunk=_trunk(size, scaling),
        matchers={"shared": matcher},
        branches={
            "score": _branch(head, outputs=1, prior=math.log(PRIOR_SCORE / (1 - PRIOR_SCORE))),
            "ltrb": _branch(head, outputs=4, prior=math.log(PRIOR_SIDE_PX), transform=Exp()),
        },
    )
    model.correlation_form = "matmul"
    return model


def _trunk(size: Size, scaling: Scaling) -> nn.Sequential:
    """(B, 3, H, W) to (B, C, H / 16, W / 16)."""
    before = scaling.channels(size.stem)
    layers: list[nn.Module] = [ConvNorm(3, before, PATCH, stride=PATCH, padding=0, act="relu")]
    for published, blocks in zip(size.stages, size.blocks, strict=True):
        channels = scaling.channels(published)
        layers.append(RepConv(before, channels, stride=2))
        layers += [RepConv(channels, channels) for _ in range(scaling.repeats(blocks) if blocks else 0)]
        before = channels
    return nn.Sequential(*layers)


def _branch(channels: int, *, outputs: int, prior: float, transform: nn.Module | None = None) -> Branch:
    predict = nn.Conv2d(channels, outputs, 1)
    nn.init.normal_(predict.weight, std=0.01)
    nn.init.constant_(predict.bias, prior)  # type: ignore[arg-type]
    return Branch(["shared"], ConvNorm(channels, channels, act="relu"), predict, transform)
