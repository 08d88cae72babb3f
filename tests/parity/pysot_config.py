"""The numbers of a tracker of PySOT's against those that the reference lists."""

from __future__ import annotations

from typing import Any

from sdst_runtime.config import TrackerConfig
from tests.parity.family_checks import assert_takes_pixels_as_they_are

__all__ = ["LONG_TERM_CONFIDENCE_LOW", "assert_is_that_of_pysot"]

LONG_TERM_CONFIDENCE_LOW = 0.8  # ``siamrpn_r50_l234_dwxcorr_lt``


def assert_is_that_of_pysot(config: TrackerConfig, original: dict[str, Any]) -> None:
    """Compares a configuration with anchors with ``tracker`` of the reference's json."""
    assert config.penalty_k == original["PENALTY_K"]
    assert config.window_influence == original["WINDOW_INFLUENCE"]
    assert config.size_lr == original["LR"]
    assert config.template_size == original["EXEMPLAR_SIZE"]
    assert config.search_size == original["INSTANCE_SIZE"]
    assert config.response_size == original["score_size"]
    assert config.stride_px == original["anchors"]["stride"]
    assert [list(anchor) for anchor in config.anchors] == original["anchors"]["wh"]
    assert config.point_origin_px == original["anchors"]["origin"]
    assert config.crop.context_amount == original["CONTEXT_AMOUNT"]
    assert config.crop.search_scale == original["INSTANCE_SIZE"] / original["EXEMPLAR_SIZE"]
    assert_takes_pixels_as_they_are(config, original)
    assert config.found_threshold == LONG_TERM_CONFIDENCE_LOW
