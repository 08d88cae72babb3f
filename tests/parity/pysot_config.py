"""The numbers of a tracker of PySOT's against those that the reference lists."""

from __future__ import annotations

from typing import Any

from sdst_runtime.config import TrackerConfig

__all__ = ["assert_is_that_of_pysot"]


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
