"""The pixel rule of trunks that were trained on ImageNet with torchvision's constants."""

from __future__ import annotations

from sdst_runtime.config import Normalization

__all__ = ["IMAGENET_RGB"]

IMAGENET_RGB = Normalization(
    channel_order="rgb",
    mean=(0.485 * 255, 0.456 * 255, 0.406 * 255),
    std=(0.229 * 255, 0.224 * 255, 0.225 * 255),
)
