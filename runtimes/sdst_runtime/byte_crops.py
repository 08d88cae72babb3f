"""Crops as bytes, for graphs that begin with them: (B, H, W, 3) in the frame's order of channels, nothing normalised.

A quantised network whose first layer reads the bytes themselves needs no rounding of floats before it, and the crop
writes a quarter as much. Normalisation is folded into that layer's weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.crop_rule import Normalization
from sdst_runtime.errors import SdstError

__all__ = ["byte_shape", "fill_bytes"]


def byte_shape(shape: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The shape of bytes, (B, H, W, 3), for that of floats, (B, 3, H, W)."""
    batch, channels, height, width = shape
    return batch, height, width, channels


def fill_bytes(crop: NDArray[np.float32], rule: Normalization, out: NDArray[np.uint8]) -> None:
    """The bytes that a crop was made of; exact for what libsdst gives, the nearest byte for anything else.

    For what compares networks on float crops. It takes a millisecond and allocates; trackers get bytes from libsdst.

    Args:
        crop: (B, 3, H, W), normalised, in the network's order of channels.
        rule: by which it was normalised.
        out: (B, H, W, 3), BGR, written over.

    Raises:
        SdstError: a value is NaN or infinity.
    """
    if not np.isfinite(crop).all():
        raise SdstError(
            "the crop holds NaN or infinity, which no byte is; pass what the crop of the same manifest gives"
        )
    mean, std = (np.asarray(values, np.float32).reshape(3, 1, 1) for values in (rule.mean, rule.std))
    levels = np.rint(crop * std + mean).clip(0, 255)  # (B, 3, H, W)
    frame_order = levels if rule.channel_order == "bgr" else levels[:, ::-1]
    out[:] = frame_order.transpose(0, 2, 3, 1)
