"""Attributes that follow from boxes and flags: of a pair of frames, of each frame, of a sequence.

All three are one computation. A frame is a pair with the first visible frame, and a sequence holds what any of its
frames holds. For a template frame z and a search frame x:

* SV: the area of the box at x against that at z. ARC: width over height likewise.
* FM: the step of the centre into x, from the frame before x, whatever z is. LR: the box at x.
* FOC, OV, POC: what the data set flags at x, see ``Sequence.frame_attributes``.

The first four need boxes, so none holds where the target is absent at x; SV and ARC not where it is at z either, and a
step that touches an absent frame is none. The first frame has no step into it.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_edge.datasets.attributes.definitions import LASOT, Definitions
from sdst_edge.datasets.attributes.names import FLAGGED
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["derive_frames", "derive_pair", "derive_pairs", "derive_sequence"]

Flags: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.intp]


def derive_pairs(sequence: Sequence, z: ArrayLike, x: ArrayLike, definitions: Definitions = LASOT) -> dict[str, Flags]:
    """Which pairs of a template and a search frame hold what; takes as long as there are pairs, not frames.

    Args:
        sequence: with N frames. Not modified.
        z: template frames, 0-based, of any shape that broadcasts with x.
        x: search frames, likewise.
        definitions: by which boxes are judged.

    Returns:
        By name: bool, of the shape that z and x have together. What the definitions derive from boxes comes first,
        then POC, FOC and OV, as far as the sequence has such flags.

    Raises:
        DatasetError: a frame is not in the sequence.
    """
    z, x = np.broadcast_arrays(_indices(sequence, z), _indices(sequence, x))
    derived: dict[str, Flags] = {}
    with np.errstate(invalid="ignore"):  # the box of an absent target may be anything
        for name in definitions.derives:
            derived[name] = _FROM_BOXES[name](sequence, z, x, definitions)
    return derived | {name: flags[x] for name, flags in sequence.frame_attributes.items() if name in FLAGGED}


def derive_pair(sequence: Sequence, z: int, x: int, definitions: Definitions = LASOT) -> dict[str, bool]:
    """What one pair of a template frame z and a search frame x holds; see :func:`derive_pairs`."""
    return {name: bool(flag) for name, flag in derive_pairs(sequence, z, x, definitions).items()}


def derive_frames(sequence: Sequence, definitions: Definitions = LASOT) -> dict[str, Flags]:
    """Which frames hold what, against the first visible one; (N,) bool each. See :func:`derive_pairs`."""
    first_visible = int(sequence.visible.argmax())  # 0 where none is: then nothing that needs boxes holds
    return derive_pairs(sequence, first_visible, np.arange(len(sequence)), definitions)


def derive_sequence(sequence: Sequence, definitions: Definitions = LASOT) -> dict[str, bool]:
    """What any frame of the sequence holds, as the data sets define it for sequences."""
    return {name: bool(flags.any()) for name, flags in derive_frames(sequence, definitions).items()}


def _indices(sequence: Sequence, frames: ArrayLike) -> Indices:
    indices = np.asarray(frames, dtype=np.intp)
    if indices.size and not 0 <= indices.min() <= indices.max() < len(sequence):
        raise DatasetError(
            f"sequence {sequence.name}: frames {indices.min()} to {indices.max()} are asked for, "
            f"expected 0 to {len(sequence) - 1}"
        )
    return indices


# Ratios and roots are compared as products and squares, so that boxes of whole pixels at a bound are judged exactly.


def _is_scaled(sequence: Sequence, z: Indices, x: Indices, definitions: Definitions) -> Flags:
    outside = _is_outside(_area(sequence, x), _area(sequence, z), definitions.max_ratio)
    return outside & sequence.visible[z] & sequence.visible[x]


def _is_reshaped(sequence: Sequence, z: Indices, x: Indices, definitions: Definitions) -> Flags:
    width, height = sequence.boxes_xywh[:, 2], sequence.boxes_xywh[:, 3]
    outside = _is_outside(width[x] * height[z], width[z] * height[x], definitions.max_ratio)
    return outside & sequence.visible[z] & sequence.visible[x]


def _is_fast(sequence: Sequence, _: Indices, x: Indices, definitions: Definitions) -> Flags:
    before = np.maximum(x - 1, 0)
    box, previous = sequence.boxes_xywh[x], sequence.boxes_xywh[before]
    step = (box[..., :2] - previous[..., :2]) + (box[..., 2:] - previous[..., 2:]) / 2.0
    bound_squared = _area(sequence, before) if definitions.max_step_px is None else definitions.max_step_px**2
    fast: Flags = step[..., 0] ** 2 + step[..., 1] ** 2 > bound_squared
    return fast & (x > 0) & sequence.visible[x] & sequence.visible[before]


def _is_small(sequence: Sequence, _: Indices, x: Indices, definitions: Definitions) -> Flags:
    small: Flags = _area(sequence, x) < definitions.min_area_px
    return small & sequence.visible[x]


def _area(sequence: Sequence, frames: Indices) -> NDArray[np.float64]:
    area: NDArray[np.float64] = sequence.boxes_xywh[frames, 2] * sequence.boxes_xywh[frames, 3]
    return area


def _is_outside(value: NDArray[np.float64], reference: NDArray[np.float64], max_ratio: float) -> Flags:
    outside: Flags = (value > max_ratio * reference) | (max_ratio * value < reference)
    return outside


_FROM_BOXES = {"SV": _is_scaled, "ARC": _is_reshaped, "FM": _is_fast, "LR": _is_small}
