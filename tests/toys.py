"""Networks of a few convolutions whose every number can be computed by hand; ``toy_bundle`` makes bundles of them.

Features are means of 8x8 px blocks over the channels' range, minus an offset. A template's kernels are its inner 3x3
features (all but pixelwise), or all its cells (pixelwise). Every output is a weighted sum of the responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.config import CropRule, ScalePyramid, SmallTarget, TrackerConfig
from sdst_runtime.manifest import Correlation, Mask

BLOCK, TEMPLATE_CELLS, SEARCH_CELLS, SMALL_SEARCH_CELLS, OFFSET = 8, 5, 9, 11, 0.35
#: How a template's features are scaled in a kernel, by its name.
KERNEL_SCALES = {"kernel_mask": 0.5}
KERNEL_SHAPES = {
    "depthwise": (3, 1, 3, 3),
    "full": (1, 3, 3, 3),
    "up-channel": (2, 3, 3, 3),  # the inner features, and twice the same
    "pixelwise": (TEMPLATE_CELLS**2, 3, 1, 1),
}
RESPONSE_CHANNELS = {"depthwise": 3, "full": 1, "up-channel": 2, "pixelwise": TEMPLATE_CELLS**2}

Map = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Toy:
    """One of the networks.

    Attributes:
        weights: by output: (outputs, responses' channels) and (outputs,), a weighted sum and what is added to it.
        rejoins: whether search features are summed too, behind the responses.
        mask: of a network with a mask graph; its search graph then also gives ``detail``, twice the features.
    """

    config: TrackerConfig
    correlations: tuple[Correlation, ...]
    weights: Mapping[str, tuple[Map, Map]]
    rejoins: bool = False
    mask: Mask | None = None

    @property
    def every_correlation(self) -> tuple[Correlation, ...]:
        return self.correlations if self.mask is None else (*self.correlations, self.mask.correlation)


def _correlation(kind: str, name: str, padding: int = 0) -> Correlation:
    return Correlation(
        kind=kind,  # type: ignore[arg-type]
        kernel=f"kernel_{name}",
        search="features",
        response=f"response_{name}",
        padding=padding,
    )


def _rows(*rows: list[float]) -> Map:
    return np.array(rows, np.float32)


def _ramp(outputs: int, inputs: int) -> tuple[Map, Map]:
    weight = np.linspace(-0.5, 0.5, outputs * inputs, dtype=np.float32).reshape(outputs, inputs)
    return weight, np.linspace(-1, 1, outputs, dtype=np.float32)


_CONFIG = TrackerConfig(
    template_size=BLOCK * TEMPLATE_CELLS,
    search_size=BLOCK * SEARCH_CELLS,
    response_size=SEARCH_CELLS,
    stride_px=float(BLOCK),
    score_kind="logit",
    point_origin_px=-float(BLOCK * (SEARCH_CELLS // 2)),
    window_influence=0.1,
    penalty_k=0.05,
    size_lr=0.3,
    min_side_px=4.0,
    found_threshold=0.5,
    crop=CropRule(search_scale=SEARCH_CELLS / TEMPLATE_CELLS),
)

#: Follows something bright on dark; its box is nearly a constant, 10 network px to each side: the target's size there.
POINTS = Toy(
    config=_CONFIG,
    correlations=(_correlation("depthwise", "dw", padding=1), _correlation("pixelwise", "pw")),
    weights={
        "score": (_rows(3 * [0.8] + 25 * [0.05]), _rows([-1.0])[0]),
        "ltrb": (_rows(*4 * [3 * [0.1] + 25 * [0.0]]), _rows(4 * [10.0])[0]),
    },
)

#: Two anchors, from an up-channel correlation.
ANCHORS = Toy(
    config=replace(
        _CONFIG,
        response_size=SEARCH_CELLS - 2,
        point_origin_px=-float(BLOCK * (SEARCH_CELLS // 2 - 1)),
        score_kind="softmax2",
        anchors=((40.0, 20.0), (20.0, 40.0)),
    ),
    correlations=(_correlation("up-channel", "up"),),
    weights={"score": _ramp(4, 2), "deltas": _ramp(8, 2)},
)

#: A response map for each of three scales, from a full correlation.
RESPONSE = Toy(
    config=replace(
        _CONFIG,
        response_size=SEARCH_CELLS - 2,
        point_origin_px=-float(BLOCK * (SEARCH_CELLS // 2 - 1)),
        pyramid=ScalePyramid(),
    ),
    correlations=(_correlation("full", "full"),),
    weights={"score": (_rows([0.5]), _rows([-2.0])[0])},
)

#: As ``POINTS``, with another search size for small targets, and features that are joined behind the correlations.
SMALL = Toy(
    config=replace(
        _CONFIG,
        small_target=SmallTarget(
            max_area_share=0.03, search_size=BLOCK * SMALL_SEARCH_CELLS, response_size=SMALL_SEARCH_CELLS
        ),
    ),
    correlations=POINTS.correlations,
    weights={
        "score": (_rows(3 * [0.8] + 25 * [0.05] + [0.3, 0.2, 0.1]), _rows([-1.0])[0]),
        "ltrb": (_rows(*4 * [3 * [0.1] + 28 * [0.0]]), _rows(4 * [10.0])[0]),
    },
    rejoins=True,
)

#: As ``POINTS``, with a mask of 20 x 20: a bar that stands out more the more the cell has of the target.
MASKS = replace(POINTS, mask=Mask(correlation=_correlation("depthwise", "mask", padding=1), threshold=0.3))
MASK_BAR = np.full((1, 1, 20, 20), -4, np.float32)
MASK_BAR[:, :, 5:15, 7:13] = 4
MASK_SLOPE = 0.05

TOYS = {"points": POINTS, "anchors": ANCHORS, "response": RESPONSE, "small": SMALL, "masks": MASKS}


def expected_maps(z: Map, x: Map, toy: Toy = POINTS) -> tuple[Map, ...]:
    """Outputs of the network in their order, in float64 from loops over windows."""
    template = _features(z[0])  # (3, 5, 5)
    outputs: dict[str, list[NDArray[np.float64]]] = {name: [] for name in toy.config.outputs}
    for region in x:
        search = _features(region)  # (3, 9, 9)
        maps = [_correlate(item, template, search) for item in toy.correlations]
        joined = np.concatenate([*maps, search] if toy.rejoins else maps)
        for name, (weight, bias) in toy.weights.items():
            outputs[name].append(np.tensordot(weight, joined, axes=1) + bias[:, None, None])
    return tuple(np.stack(items).astype(np.float32) for items in outputs.values())


def expected_mask(z: Map, x: Map, cell: tuple[int, int]) -> Map:
    """Logits of the mask of ``MASKS`` for one cell, (1, 1, 20, 20)."""
    assert MASKS.mask is not None
    template, search = _features(z[0]), _features(x[0])
    evidence = _correlate(MASKS.mask.correlation, template, search) + 2 * search  # (3, 9, 9)
    return np.asarray(MASK_BAR + MASK_SLOPE * evidence[:, cell[0], cell[1]].sum(), np.float32)


def _features(image: Map) -> NDArray[np.float64]:
    cells = image.shape[-1] // BLOCK
    blocks = image.astype(np.float64).reshape(3, cells, BLOCK, cells, BLOCK)
    return np.asarray(blocks.mean(axis=(2, 4)) / 255 - OFFSET)


def _correlate(
    correlation: Correlation, template: NDArray[np.float64], search: NDArray[np.float64]
) -> NDArray[np.float64]:
    if correlation.kind == "pixelwise":
        return np.tensordot(template.reshape(3, -1).T, search, axes=1)  # (25, H, W)
    kernel = KERNEL_SCALES.get(correlation.kernel, 1.0) * template[:, 1:4, 1:4]
    pad = correlation.padding
    padded = np.pad(search, ((0, 0), (pad, pad), (pad, pad)))
    height, width = padded.shape[1] - 2, padded.shape[2] - 2
    response = np.zeros((3, height, width))
    for row in range(height):
        for column in range(width):
            response[:, row, column] = (padded[:, row : row + 3, column : column + 3] * kernel).sum(axis=(1, 2))
    if correlation.kind == "depthwise":
        return response
    total = response.sum(axis=0, keepdims=True)
    return total if correlation.kind == "full" else np.concatenate([total, 2 * total])
