"""From a box in a frame to the network's input: which pixels, and what becomes of their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sdst_runtime.errors import ConfigError
from sdst_runtime.ranges import require, require_choice

__all__ = ["Border", "ChannelOrder", "Context", "CropRule", "Interpolation", "Normalization", "Rounding"]

Context: TypeAlias = Literal["square", "rectangular"]
Rounding: TypeAlias = Literal["pysot", "dasiamrpn", "siamfc", "fear", "none"]
Interpolation: TypeAlias = Literal["opencv-u8", "opencv-warp"]
Border: TypeAlias = Literal["frame-mean", "frame-mean-rounded", "constant"]
ChannelOrder: TypeAlias = Literal["bgr", "rgb"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRule:
    """From a box to the network's input: part of a family, because its models are trained with it.

    Attributes:
        context: ``square``: one side ``sqrt((w + p) (h + p))``, ``p = context_amount (w + h)`` (pysot);
            ``rectangular``: sides ``w (1 + 2 context_amount)`` and likewise the height (FEAR).
        context_amount: margin around the box, >= 0.
        search_scale: side of the search crop over side of the template crop, > 0.
        rounding: how sides and corner become whole pixels; sides are rounded half to even unless said otherwise.
            ``pysot``: corner ``floor(centre - (side + 1) / 2 + 0.5)``; ``dasiamrpn`` (LightTrack too): corner
            ``centre - (side + 1) / 2`` rounded half to even; ``siamfc``: corner ``centre - (side - 1) / 2`` rounded
            half to even; ``fear``: corner and sides truncated towards zero; ``none``: the corner keeps its fraction,
            and ``centre -/+ (side - 1) / 2`` are the centres of the first and the last output pixel (SiamFC++).
        interpolation: ``opencv-u8``: bit-identical to OpenCV's bilinear resize of uint8; ``opencv-warp``: OpenCV 4's
            bilinear warpAffine of uint8, which goes with the rounding ``none`` and with nothing else.
        border: what lies outside the frame: ``frame-mean``, the channel means of the target's first frame
            truncated to uint8, ``frame-mean-rounded``, likewise rounded, or ``constant``, ``border_value``.
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
        require_choice("crop.context", self.context, Context)
        require_choice("crop.rounding", self.rounding, Rounding)
        require_choice("crop.interpolation", self.interpolation, Interpolation)
        require_choice("crop.border", self.border, Border)
        require("crop.context_amount", self.context_amount, 0.0, 1e3)
        require("crop.search_scale", self.search_scale, 1e-3, 1e3)
        for value in self.border_value:
            require("crop.border_value", value, 0, 255)
        if (self.rounding == "none") != (self.interpolation == "opencv-warp"):
            raise ConfigError(
                f"tracker configuration: crop.rounding is {self.rounding!r} and crop.interpolation is "
                f"{self.interpolation!r}; 'none' goes with 'opencv-warp', and neither with another"
            )


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
        require_choice("normalization.channel_order", self.channel_order, ChannelOrder)
        for value in self.mean:
            require("normalization.mean", value, 0.0, 255.0)
        for value in self.std:
            require("normalization.std", value, 1e-6, 1e6)
