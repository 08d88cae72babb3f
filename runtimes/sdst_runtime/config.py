"""What makes a family's tracker behave as it was trained to: the numbers around the network.

A family in ``sdst_edge.models`` declares a :class:`TrackerConfig`, the exporter writes it into the manifest, and
libsdst runs by it. There is one type for the three, so that training conforms to what happens on the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

from sdst_runtime.crop_rule import CropRule, Normalization
from sdst_runtime.errors import ConfigError
from sdst_runtime.ranges import require, require_choice

__all__ = [
    "CropRule",
    "Normalization",
    "OutputKind",
    "ScalePyramid",
    "ScoreKind",
    "SizeSmoothing",
    "SmallTarget",
    "TrackerConfig",
]

OutputKind: TypeAlias = Literal["points", "anchors", "response"]
ScoreKind: TypeAlias = Literal["softmax2", "logit", "logit-centerness"]
SizeSmoothing: TypeAlias = Literal["none", "once", "twice"]

MAX_ANCHORS = 16  # per cell
MAX_SCALES = 9
MAX_ENLARGED_CELLS = 4096  # along a side of an enlarged response map


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePyramid:
    """Search at several scales at once, for heads whose response map has no boxes (SiamFC).

    Attributes:
        count: of scales, odd, 1..9; search inputs and responses are a batch of that size, the smallest region first.
        step: factor from one scale to the next, 1..2.
        penalty: factor on the peaks of all scales but the middle one, 0..1.
        upsampling: factor by which responses are enlarged (bicubic) before the best cell is chosen.
    """

    count: int = 3
    step: float = 1.0375
    penalty: float = 0.9745
    upsampling: int = 16

    def __post_init__(self) -> None:
        require("pyramid.count", self.count, 1, MAX_SCALES)
        require("pyramid.step", self.step, 1.0, 2.0)
        require("pyramid.penalty", self.penalty, 0.0, 1.0)
        require("pyramid.upsampling", self.upsampling, 1, MAX_ENLARGED_CELLS)
        if self.count % 2 == 0:
            raise ConfigError(f"tracker configuration: pyramid.count is {self.count}, expected an odd number")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallTarget:
    """A larger search region for targets that are small in their first frame (DaSiamRPN, LightTrack).

    Attributes:
        max_area_share: a target whose area is below this share of the frame's is small, 0..1.
        search_size: as in :class:`TrackerConfig`, for a small target. Network px per image px stay.
        response_size: likewise, cells.
    """

    max_area_share: float
    search_size: int
    response_size: int

    def __post_init__(self) -> None:
        require("small_target.max_area_share", self.max_area_share, 0.0, 1.0)
        require("small_target.search_size", self.search_size, 1, 4096)
        require("small_target.response_size", self.response_size, 1, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """All numbers of a tracker.

    What the network gives decides how it is decoded, see :attr:`output_kind`: a score and four distances per cell
    (``points``), a score and four deltas per anchor (``anchors`` is not empty), or a response map per scale
    (``pyramid`` is set).

    Attributes:
        template_size: side of the template input, network px.
        search_size: side of the search input, network px.
        response_size: side of the output maps, cells.
        stride_px: network px from one cell to the next.
        score_kind: ``softmax2``: (2, S, S) logits of background and target; ``logit``: (1, S, S) logit of the target;
            ``logit-centerness``: (2, S, S) logits of target and centre-ness, the score is the product of their
            sigmoids (SiamFC++). With A anchors, ``softmax2`` is (2 A, S, S): A times background, then A times target.
        point_origin_px: network px from the centre of the search input to the first cell's point or anchor centre.
        window_influence: share of the Hann window in the penalised score, 0..1.
        penalty_k: strength of the penalty on changes of size and aspect, >= 0.
        size_lr: rate at which the size follows the network, 0..1.
        size_smoothing: ``once``: ``rate = penalty score size_lr``, ``size = (1 - rate) size + rate new``; ``twice``:
            the same with ``rate ** 2`` (LightTrack smooths its smoothed size); ``none``: ``size = new`` (FEAR).
        min_side_px: smallest side of a reported box, image px.
        init_center_offset_px: added to the centre ``x + w / 2`` at the start: -0.5 for pysot's kin, which start at
            ``x + (w - 1) / 2``; 0 elsewhere.
        size_offset_px: points: added to the width and the height that the network predicts, network px; 1 for
            SiamFC++, whose boxes count their last pixel; 0 elsewhere.
        box_offset_px: added to x and y of a reported box: 0.5 where the original returns ``cx - (w - 1) / 2``
            (SiamFC, SiamFC++); 0 for pysot's kin, which return ``cx - w / 2``.
        clamp_center: whether the centre is kept inside the frame; SiamFC lets it go.
        found_threshold: a score below it reads ``found = False``.
        anchors: width and height of each anchor of a cell, network px; outputs are anchor-major.
        pyramid: scales that are searched, for a head of response maps.
        small_target: another search size for small targets.
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
    size_smoothing: SizeSmoothing = "once"
    min_side_px: float = 10.0
    init_center_offset_px: float = 0.0
    size_offset_px: float = 0.0
    box_offset_px: float = 0.0
    clamp_center: bool = True
    found_threshold: float = 0.3
    anchors: tuple[tuple[float, float], ...] = ()
    pyramid: ScalePyramid | None = None
    small_target: SmallTarget | None = None
    crop: CropRule = field(default_factory=CropRule)
    normalization: Normalization = field(default_factory=Normalization)

    def __post_init__(self) -> None:
        require("template_size", self.template_size, 1, 4096)
        require("search_size", self.search_size, 1, 4096)
        require("response_size", self.response_size, 1, 1024)
        require("stride_px", self.stride_px, 1e-3, 4096.0)
        require("point_origin_px", self.point_origin_px, -4096.0, 4096.0)
        require("window_influence", self.window_influence, 0.0, 1.0)
        require("penalty_k", self.penalty_k, 0.0, 1e3)
        require("size_lr", self.size_lr, 0.0, 1.0)
        require("min_side_px", self.min_side_px, 1e-3, 4096.0)
        require("init_center_offset_px", self.init_center_offset_px, -1.0, 1.0)
        require("size_offset_px", self.size_offset_px, -1.0, 1.0)
        require("box_offset_px", self.box_offset_px, -1.0, 1.0)
        require("found_threshold", self.found_threshold, 0.0, 1.0)
        require_choice("score_kind", self.score_kind, ScoreKind)
        require_choice("size_smoothing", self.size_smoothing, SizeSmoothing)
        require("the number of anchors", len(self.anchors), 0, MAX_ANCHORS)
        for side in (side for anchor in self.anchors for side in anchor):
            require("anchors", side, 1e-3, 1e5)
        self._require_one_kind()

    def _require_one_kind(self) -> None:
        """Which score maps go with which outputs."""
        if self.anchors and self.pyramid is not None:
            raise ConfigError("tracker configuration: anchors and pyramid are both set, expected at most one of them")
        wanted = {"points": get_args(ScoreKind), "anchors": ("softmax2",), "response": ("logit",)}[self.output_kind]
        if self.score_kind not in wanted:
            raise ConfigError(
                f"tracker configuration: score_kind is {self.score_kind!r}, {self.output_kind} go with "
                f"{' or '.join(wanted)}"
            )
        if self.pyramid is not None:
            side = self.response_size * self.pyramid.upsampling
            require("response_size times pyramid.upsampling", side, 1, MAX_ENLARGED_CELLS)
        if self.pyramid is not None and self.small_target is not None:
            raise ConfigError("tracker configuration: a scale pyramid and small_target are both set, expected one")

    @property
    def output_kind(self) -> OutputKind:
        """What the network predicts, and so how it is decoded."""
        if self.pyramid is not None:
            return "response"
        return "anchors" if self.anchors else "points"

    @property
    def scales(self) -> int:
        """Search inputs per frame, a batch: 1, or the number of the pyramid's scales."""
        return 1 if self.pyramid is None else self.pyramid.count

    @property
    def template_shape(self) -> tuple[int, int, int, int]:
        """Of the template input."""
        return (1, 3, self.template_size, self.template_size)

    @property
    def search_shape(self) -> tuple[int, int, int, int]:
        """Of the search input."""
        return (self.scales, 3, self.search_size, self.search_size)

    @property
    def outputs(self) -> Mapping[str, tuple[int, int, int, int]]:
        """Names and shapes of the network's outputs in their order: ``score``, and ``ltrb`` or ``deltas``.

        ``ltrb`` (1, 4, S, S): distances from each cell's point to the left, top, right and bottom side, network px,
        >= 0. ``deltas`` (1, 4 A, S, S): A times dx, then dy, dw and dh (Faster R-CNN's box coding).
        """
        side, per_cell = self.response_size, max(1, len(self.anchors))
        channels = per_cell * (1 if self.score_kind == "logit" else 2)
        score = {"score": (self.scales, channels, side, side)}
        if self.output_kind == "response":
            return score
        return {**score, "deltas" if self.anchors else "ltrb": (1, 4 * per_cell, side, side)}

    def resized(self, search_size: int, response_size: int) -> TrackerConfig:
        """The same tracker with a search region of another size at the same scale, and the maps that go with it."""
        return replace(
            self,
            search_size=search_size,
            response_size=response_size,
            point_origin_px=self.point_origin_px + (self.response_size - response_size) * self.stride_px / 2,
            small_target=None,
            crop=replace(self.crop, search_scale=self.crop.search_scale * search_size / self.search_size),
        )

    def for_small_target(self) -> TrackerConfig | None:
        """The configuration that holds for a small target; None where there is no other."""
        small = self.small_target
        return None if small is None else self.resized(small.search_size, small.response_size)
