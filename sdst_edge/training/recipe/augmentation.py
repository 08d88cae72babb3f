"""How far a training pair strays from its annotation."""

from __future__ import annotations

from dataclasses import dataclass

from sdst_edge.training.recipe.ranges import require

__all__ = ["Augmentation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Each uniformly up to the value either way, where it is no probability.

    Attributes:
        shift_px: of the search centre along each axis, network px.
        scale_octaves: of the size that the tracker believes in, powers of two.
        aspect_octaves: of its aspect ratio, powers of two.
        template_shift_px: of the template's centre along each axis, network px.
        template_scale_octaves: of the template's size, powers of two.
        gain: factor 1 +- gain on all pixels, 0..1.
        tint: factor 1 +- tint on each channel, 0..1.
        offset: added to all pixels, grey levels.
        flip: probability of mirroring both sides of a pair, 0..1.
        gray: probability of taking the colour from both sides, 0..1.
        blur: probability of a box blur of the search region, 0..1.
    """

    shift_px: float = 48.0
    scale_octaves: float = 0.3
    aspect_octaves: float = 0.15
    template_shift_px: float = 0.0
    template_scale_octaves: float = 0.0
    gain: float = 0.2
    tint: float = 0.05
    offset: float = 12.0
    flip: float = 0.5
    gray: float = 0.0
    blur: float = 0.0

    def __post_init__(self) -> None:
        for name in ("shift_px", "template_shift_px"):
            require(f"augmentation.{name}", getattr(self, name), 0.0, 4096.0)
        for name in ("scale_octaves", "aspect_octaves", "template_scale_octaves"):
            require(f"augmentation.{name}", getattr(self, name), 0.0, 4.0)
        require("augmentation.offset", self.offset, 0.0, 255.0)
        for name in ("gain", "tint", "flip", "gray", "blur"):
            require(f"augmentation.{name}", getattr(self, name), 0.0, 1.0)
