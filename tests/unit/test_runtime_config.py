"""Tracker configurations: what they refuse, and what follows from them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sdst_runtime.config import CropRule, Normalization, TrackerConfig
from sdst_runtime.errors import ConfigError


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


@pytest.mark.parametrize(("kind", "channels"), [("softmax2", 2), ("logit", 1)])
def test_score_channels_follow_the_score_kind(kind: str, channels: int) -> None:
    assert config(score_kind=kind).outputs["score"][1] == channels


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
    ],
)
def test_choices_are_refused_when_unknown(rule: Any, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is 'unheard-of', expected one of "):
        rule(**{name: "unheard-of"})


def test_configurations_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        config().size_lr = 0.5  # type: ignore[misc]
