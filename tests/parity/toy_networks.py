"""Tiny trackers, one for each kind of correlation and each thing that a bundle can hold, with lively random weights.

Template 32 px and search 64 px, stride 4: 8 x 8 and 16 x 16 cells.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sdst_edge.models import SiameseModel
from sdst_edge.models.base import Maps
from sdst_edge.models.composed import Branch, ComposedTracker, Exp, MatchedMask, Matcher
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.repconv import RepConv
from sdst_runtime.config import Normalization, ScalePyramid, SmallTarget, TrackerConfig

__all__ = ["TOYS", "toy"]

CHANNELS = 8
ANCHORS = ((16.0, 8.0), (8.0, 16.0), (12.0, 12.0))
TOYS = ("toy-response", "toy-anchors", "toy-points", "toy-small", "toy-mask")


def toy(name: str, *, patches: bool = False) -> SiameseModel:
    """One of :data:`TOYS` in eval mode, with statistics as after training, so that every layer does something.

    Args:
        name: of it.
        patches: whether its first layer takes patches, of 2 x 2 px, that do not overlap.
    """
    generator = torch.Generator().manual_seed(0)
    model = BUILDERS[name]()
    model.family = name
    if patches:
        model.trunk.stem = ConvNorm(3, CHANNELS, 2, stride=2, padding=0, act="relu")
    with torch.no_grad():
        for key, value in model.state_dict().items():
            if key.endswith("running_var") or (value.ndim == 1 and key.endswith("weight")):
                value.uniform_(0.5, 1.5, generator=generator)
            elif value.ndim == 1:
                value.normal_(0, 0.2, generator=generator)
            elif value.ndim > 1:
                scale = 1e-4 if key.startswith("branches.ltrb.predict") else 2.0  # e to the power of it follows
                value.normal_(0, (scale / value[0].numel()) ** 0.5, generator=generator)
    return model.eval()


class Levels(nn.Module):
    """A trunk with two maps: stride 4, and the finer one of stride 2."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, CHANNELS, 3, stride=2, act="relu")
        self.body = RepConv(CHANNELS, CHANNELS, stride=2)

    def forward(self, x: Tensor) -> Maps:
        """(B, 3, H, W) to (B, 8, H / 4, W / 4) and (B, 8, H / 2, W / 2)."""
        fine = self.stem(x)
        return self.body(fine), fine


class CellMask(MatchedMask):
    """A mask branch that adds the response at the cell to a window of finer features about it."""

    def __init__(self) -> None:
        super().__init__(Matcher("depthwise", center=4), {"search_stem": 1}, threshold=0.3)
        self.predict = nn.Conv2d(CHANNELS, 1, 1)

    def forward(self, response: Tensor, *features: Tensor, cell: Tensor) -> Tensor:
        """See :class:`sdst_edge.models.base.MaskBranch`."""
        at_cell = response.index_select(2, cell[:1]).index_select(3, cell[1:])  # (1, C, 1, 1)
        rows, columns = (cell[:, None] + torch.arange(16)).unbind(0)
        logits: Tensor = self.predict(at_cell + features[0].index_select(2, rows).index_select(3, columns))
        return logits


def _config(**changes: object) -> TrackerConfig:
    numbers = {
        "template_size": 32,
        "search_size": 64,
        "response_size": 13,
        "stride_px": 4.0,
        "score_kind": "logit",
        "point_origin_px": -24.0,
        "window_influence": 0.4,
        "penalty_k": 0.1,
        "size_lr": 0.3,
        "normalization": Normalization(mean=(127.5, 127.5, 127.5), std=(128.0, 128.0, 128.0)),
    }
    return TrackerConfig(**{**numbers, **changes})  # type: ignore[arg-type]


def _branch(matcher: str, channels_in: int, outputs: int, transform: nn.Module | None = None) -> Branch:
    tower = ConvNorm(channels_in, CHANNELS, 3, act="relu")
    return Branch([matcher], tower, nn.Conv2d(CHANNELS, outputs, 1), transform)


def _response() -> ComposedTracker:
    """Full correlation, a batch of scales."""
    return ComposedTracker(
        _config(pyramid=ScalePyramid()),
        trunk=Levels(),
        matchers={"only": Matcher("full", center=4)},
        branches={"score": Branch(["only"], nn.Identity(), nn.Conv2d(1, 1, 1))},
    )


def _anchors(**changes: object) -> ComposedTracker:
    """Up-channel correlations whose search features have layers of their own."""
    outputs = {"score": 2 * len(ANCHORS), "deltas": 4 * len(ANCHORS)}
    return ComposedTracker(
        _config(response_size=9, point_origin_px=-16.0, score_kind="softmax2", anchors=ANCHORS, **changes),
        trunk=Levels(),
        matchers={
            name: Matcher(
                "up-channel",
                center=4,
                kernel=nn.Conv2d(CHANNELS, count * CHANNELS, 1),
                search=nn.Conv2d(CHANNELS, CHANNELS, 5),
            )
            for name, count in outputs.items()
        },
        branches={name: Branch([name], nn.Identity(), nn.Conv2d(count, count, 1)) for name, count in outputs.items()},
    )


def _points() -> ComposedTracker:
    """Pixelwise and depthwise correlations that share their search features, which one of them reads once more."""
    return ComposedTracker(
        _config(response_size=16, point_origin_px=-30.0),
        trunk=Levels(),
        matchers={
            "score": Matcher("pixelwise", joins_search=True),
            "ltrb": Matcher("depthwise", padding=2, center=5),
        },
        branches={"score": _branch("score", 64 + CHANNELS, 1), "ltrb": _branch("ltrb", CHANNELS, 4, Exp())},
    )


def _small() -> ComposedTracker:
    return _anchors(small_target=SmallTarget(max_area_share=0.004, search_size=80, response_size=13))


def _mask() -> ComposedTracker:
    """Depthwise correlations, the mask's on the search features of the others."""
    return ComposedTracker(
        _config(),
        trunk=Levels(),
        matchers={
            "score": Matcher("depthwise", center=4),
            "ltrb": Matcher("depthwise", center=4, kernel=nn.Conv2d(CHANNELS, CHANNELS, 1)),
        },
        branches={"score": _branch("score", CHANNELS, 1), "ltrb": _branch("ltrb", CHANNELS, 4, Exp())},
        mask=CellMask(),
    )


BUILDERS: dict[str, Callable[[], ComposedTracker]] = dict(
    zip(TOYS, (_response, _anchors, _points, _small, _mask), strict=True)
)
