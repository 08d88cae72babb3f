"""Tracker configurations: what they refuse, and what follows from them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sdst_runtime.config import CropRule, Normalization, ScalePyramid, SmallTarget, TrackerConfig
from sdst_runtime.errors import ConfigError

ANCHORS = ((104.0, 32.0), (64.0, 64.0), (32.0, 96.0))
SMALL = SmallTarget(max_area_share=0.004, search_size=287, response_size=19)


def config(**changes: Any) -> TrackerConfig:
    numbers: dict[str, Any] = {
        "template_size": 127,
        "search_size": 255,
        "response_size": 15,
        "stride_px": 16.0,
        "score_kind": "softmax2",
        "point_origin_px": -112.0,
        "window_influence": 0.455,
        "penalty_k": 0.138,
        "size_lr": 0.348,
    }
    return TrackerConfig(**{**numbers, **changes})


@pytest.mark.parametrize(
    ("changes", "kind", "outputs"),
    [
        ({}, "points", {"score": (1, 2, 15, 15), "ltrb": (1, 4, 15, 15)}),
        ({"score_kind": "logit"}, "points", {"score": (1, 1, 15, 15), "ltrb": (1, 4, 15, 15)}),
        ({"score_kind": "logit-centerness"}, "points", {"score": (1, 2, 15, 15), "ltrb": (1, 4, 15, 15)}),
        ({"anchors": ANCHORS}, "anchors", {"score": (1, 6, 15, 15), "deltas": (1, 12, 15, 15)}),
        ({"score_kind": "logit", "pyramid": ScalePyramid(count=5)}, "response", {"score": (5, 1, 15, 15)}),
    ],
)
def test_outputs_follow_their_kind(changes: dict[str, Any], kind: str, outputs: dict[str, Any]) -> None:
    made = config(**changes)
    assert made.output_kind == kind
    assert list(made.outputs.items()) == list(outputs.items())
    assert made.search_shape == (outputs["score"][0], 3, 255, 255)
    assert made.template_shape == (1, 3, 127, 127)


def test_small_targets_have_the_same_scale_and_middle() -> None:
    made = config(
        anchors=ANCHORS,
        crop=CropRule(search_scale=255 / 127),
        small_target=SMALL,
    )
    small = made.for_small_target()
    assert small is not None
    assert (small.search_shape, small.outputs["score"]) == ((1, 3, 287, 287), (1, 6, 19, 19))
    assert small.crop.search_scale == pytest.approx(287 / 127)
    assert small.point_origin_px == -112 - 2 * 16
    assert small.small_target is None
    assert small.for_small_target() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("template_size", 0),
        ("search_size", 4097),
        ("response_size", -1),
        ("stride_px", 0.0),
        ("stride_px", math.nan),
        ("point_origin_px", math.inf),
        ("window_influence", 1.01),
        ("window_influence", -0.01),
        ("penalty_k", -1.0),
        ("penalty_k", math.inf),
        ("size_lr", 1.5),
        ("min_side_px", 0.0),
        ("init_center_offset_px", 2.0),
        ("size_offset_px", -1.5),
        ("box_offset_px", math.nan),
        ("found_threshold", math.nan),
    ],
)
def test_tracker_config_refuses_when_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} is"):
        config(**{name: value})


@pytest.mark.parametrize(
    ("rule", "arguments", "name"),
    [
        (CropRule, {"context_amount": -0.1}, "context_amount"),
        (CropRule, {"context_amount": math.inf}, "context_amount"),
        (CropRule, {"search_scale": 0.0}, "search_scale"),
        (CropRule, {"border_value": (0, 256, 0)}, "border_value"),
        (ScalePyramid, {"count": 11}, "pyramid.count"),
        (ScalePyramid, {"count": 4}, "pyramid.count"),
        (ScalePyramid, {"step": 0.9}, "pyramid.step"),
        (ScalePyramid, {"penalty": 1.1}, "pyramid.penalty"),
        (ScalePyramid, {"upsampling": 0}, "pyramid.upsampling"),
        (SmallTarget, {"max_area_share": 1.1, "search_size": 9, "response_size": 9}, "small_target.max_area_share"),
        (SmallTarget, {"max_area_share": 0.1, "search_size": 0, "response_size": 9}, "small_target.search_size"),
        (SmallTarget, {"max_area_share": 0.1, "search_size": 9, "response_size": 0}, "small_target.response_size"),
        (config, {"anchors": ((1.0, 1.0),) * 17}, "the number of anchors"),
        (config, {"anchors": ((1.0, 0.0),)}, "anchors"),
        (
            config,
            {"score_kind": "logit", "response_size": 65, "pyramid": ScalePyramid(upsampling=64)},
            "response_size times pyramid.upsampling",
        ),
        (Normalization, {"mean": (0.0, 0.0, 256.0)}, "mean"),
        (Normalization, {"std": (1.0, 0.0, 1.0)}, "std"),
        (Normalization, {"std": (1.0, math.nan, 1.0)}, "std"),
    ],
)
def test_rules_refuse_when_out_of_range(rule: Any, arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is"):
        rule(**arguments)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (CropRule, "context"),
        (CropRule, "rounding"),
        (CropRule, "interpolation"),
        (CropRule, "border"),
        (Normalization, "channel_order"),
        (config, "score_kind"),
        (config, "size_smoothing"),
    ],
)
def test_choices_are_refused_when_unknown(rule: Any, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is 'unheard-of', expected one of "):
        rule(**{name: "unheard-of"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"anchors": ANCHORS, "pyramid": ScalePyramid()}, "anchors and pyramid are both set"),
        ({"anchors": ANCHORS, "score_kind": "logit"}, "score_kind is 'logit', anchors go with softmax2"),
        ({"anchors": ANCHORS, "score_kind": "logit-centerness"}, "anchors go with softmax2"),
        ({"pyramid": ScalePyramid()}, "score_kind is 'softmax2', response go with logit"),
        (
            {"pyramid": ScalePyramid(), "score_kind": "logit", "small_target": SMALL},
            "pyramid and small_target are both set",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config(**changes)


@pytest.mark.parametrize("changes", [{"rounding": "none"}, {"interpolation": "opencv-warp"}])
def test_the_warp_and_corners_with_a_fraction_go_together(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="'none' goes with 'opencv-warp', and neither with another"):
        CropRule(**changes)


def test_configurations_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        config().size_lr = 0.5  # type: ignore[misc]
