"""What makes a family's tracker behave as it was trained to: the numbers around the network.

A family in ``sdst_edge.models`` declares a :class:`TrackerConfig`, the exporter writes it into the manifest, and
libsdst runs by it. There is one type for the three, so that training conforms to what happens on the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from sdst_runtime.errors import ConfigError

__all__ = ["ChannelOrder", "Context", "CropRule", "Normalization", "ScoreKind", "TrackerConfig"]

Context: TypeAlias = Literal["square", "rectangular"]
Rounding: TypeAlias = Literal["pysot"]
Interpolation: TypeAlias = Literal["opencv-u8"]
Border: TypeAlias = Literal["frame-mean", "constant"]
ChannelOrder: TypeAlias = Literal["bgr", "rgb"]
ScoreKind: TypeAlias = Literal["softmax2", "logit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRule:
    """From a box to the network's input: part of a family, because its models are trained with it.

    Attributes:
        context: ``square``: one side ``sqrt((w + p) (h + p))``, ``p = context_amount (w + h)`` (pysot);
            ``rectangular``: sides ``w (1 + 2 context_amount)`` and likewise the height (FEAR).
        context_amount: margin around the box, >= 0.
        search_scale: side of the search crop over side of the template crop, > 0.
        rounding: ``pysot``: side rounded half to even, corner ``floor(centre - (side + 1) / 2 + 0.5)``.
        interpolation: ``opencv-u8``: bit-identical to OpenCV's bilinear resize of uint8.
        border: what lies outside the frame: ``frame-mean``, the channel means of the target's first frame
            (truncated to uint8), or ``constant``, ``border_value``.
        border_value: B, G, R, 0..255.
    """

    context: Context = "square"
    context_amount: float = 0.5
    search_scale: float = 2.0
    rounding: Rounding = "pysot"
    interpolation: Interpolation = "opencv-u8"
    border: Border = "frame-mean"
    border_value: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        _require_choice("crop.context", self.context, Context)
        _require_choice("crop.rounding", self.rounding, Rounding)
        _require_choice("crop.interpolation", self.interpolation, Interpolation)
        _require_choice("crop.border", self.border, Border)
        _require("crop.context_amount", self.context_amount, 0.0, math.inf)
        _require("crop.search_scale", self.search_scale, 1e-3, 1e3)
        for value in self.border_value:
            _require("crop.border_value", value, 0, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalization:
    """From a pixel value v of channel c to the network's: ``(v - mean[c]) / std[c]``.

    Attributes:
        channel_order: of the network's input; frames are always BGR.
        mean: in the network's order of channels, 0..255.
        std: in the network's order of channels, > 0.
    """

    channel_order: ChannelOrder = "bgr"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        _require_choice("normalization.channel_order", self.channel_order, ChannelOrder)
        for value in self.mean:
            _require("normalization.mean", value, 0.0, 255.0)
        for value in self.std:
            _require("normalization.std", value, 1e-6, 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """All numbers of a tracker whose head predicts points: a score and four distances per cell.

    Attributes:
        template_size: side of the template input, network px.
        search_size: side of the search input, network px.
        response_size: side of the output maps, cells.
        stride_px: network px from one cell to the next.
        score_kind: ``softmax2``: (2, S, S) logits of background and target; ``logit``: (1, S, S) logit of the target.
        point_origin_px: network px from the centre of the search input to the point of the first cell.
        window_influence: share of the Hann window in the penalised score, 0..1.
        penalty_k: strength of the penalty on changes of size and aspect, >= 0.
        size_lr: rate at which the size follows the network, 0..1.
        min_side_px: smallest side of a reported box, image px.
        init_center_offset_px: added to the centre ``x + w / 2`` at the start: -0.5 for pysot's kin, which start at
            ``x + (w - 1) / 2`` and return ``cx - w / 2``; 0 elsewhere.
        found_threshold: a score below it reads ``found = False``.
        crop: the crop rule.
        normalization: the pixel rule.
    """

    template_size: int
    search_size: int
    response_size: int
    stride_px: float
    score_kind: ScoreKind
    point_origin_px: float
    window_influence: float
    penalty_k: float
    size_lr: float
    min_side_px: float = 10.0
    init_center_offset_px: float = 0.0
    found_threshold: float = 0.3
    crop: CropRule = field(default_factory=CropRule)
    normalization: Normalization = field(default_factory=Normalization)

    def __post_init__(self) -> None:
        _require("template_size", self.template_size, 1, 4096)
        _require("search_size", self.search_size, 1, 4096)
        _require("response_size", self.response_size, 1, 1024)
        _require("stride_px", self.stride_px, 1e-3, 4096.0)
        _require("point_origin_px", self.point_origin_px, -4096.0, 4096.0)
        _require("window_influence", self.window_influence, 0.0, 1.0)
        _require("penalty_k", self.penalty_k, 0.0, 1e3)
        _require("size_lr", self.size_lr, 0.0, 1.0)
        _require("min_side_px", self.min_side_px, 1e-3, 4096.0)
        _require("init_center_offset_px", self.init_center_offset_px, -1.0, 1.0)
        _require("found_threshold", self.found_threshold, 0.0, 1.0)
        _require_choice("score_kind", self.score_kind, ScoreKind)

    @property
    def score_channels(self) -> int:
        """Channels of the score map: 2 for ``softmax2``, 1 for ``logit``."""
        return 2 if self.score_kind == "softmax2" else 1


def _require(name: str, value: float, low: float, high: float) -> None:
    if not (low <= value <= high) or (math.isinf(high) and math.isinf(value)):
        raise ConfigError(f"tracker configuration: {name} is {value}, expected a number in [{low:g}, {high:g}]")


def _require_choice(name: str, value: str, kind: Any) -> None:
    if value not in get_args(kind):
        choices = ", ".join(get_args(kind))
        raise ConfigError(f"tracker configuration: {name} is {value!r}, expected one of {choices}")
