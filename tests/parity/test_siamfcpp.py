"""SiamFC++ against the golden tensors and the constants of video_analyst."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdst_edge.models import build
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.correlation import correlate
from sdst_runtime.config import TrackerConfig
from tests.parity.family_checks import (
    assert_keys_and_shapes_agree,
    assert_tensors_agree,
    assert_tracks,
)
from tests.parity.golden_network import deterministic_model, image, reference

CASES = {name: name.replace("-", "_") for name in ("siamfcpp-alexnet", "siamfcpp-googlenet")}


def normalized(pixels: NDArray[np.float32], config: TrackerConfig) -> Tensor:
    """BGR pixels as the tracker feeds them; the original's GoogLeNet turns and scales them itself."""
    rule = config.normalization
    ordered = pixels[:, ::-1] if rule.channel_order == "rgb" else pixels
    mean, std = (np.array(value, np.float32).reshape(1, 3, 1, 1) for value in (rule.mean, rule.std))
    return torch.from_numpy((ordered - mean) / std)


def boxes_xyxy(ltrb: Tensor, config: TrackerConfig) -> Tensor:
    """(1, S S, 4), from the middle of the search input's first pixel."""
    middle = (config.search_size - 1) / 2
    points = middle + config.point_origin_px + config.stride_px * torch.arange(config.response_size)
    y, x = torch.meshgrid(points, points, indexing="ij")
    left, top, right, bottom = ltrb[0]
    return torch.stack([x - left, y - top, x + right, y + bottom], dim=-1).reshape(1, -1, 4)


@pytest.mark.parametrize("family", list(CASES))
def test_keys_and_shapes_agree(shared: Path, family: str) -> None:
    assert_keys_and_shapes_agree(shared, family, CASES[family])


@pytest.mark.parametrize("family", list(CASES))
def test_tensors_agree(shared: Path, tmp_path: Path, family: str) -> None:
    model = deterministic_model(shared, family, CASES[family], tmp_path)
    assert isinstance(model, ComposedTracker)
    z, x = normalized(image(0, 127), model.config), normalized(image(1, 303), model.config)
    with torch.inference_mode():
        kernels, searches = model.template(z), model.search(x)
        responses = [correlate(*operands) for operands in zip(model.correlations, kernels, searches, strict=True)]
        score, ltrb = model.tail(*responses)
        features = {"z_backbone": model.trunk(z), "x_backbone": model.trunk(x)}
    for i, name in enumerate("cr"):
        features |= {f"{name}_z_k": kernels[i], f"{name}_x": searches[i], f"{name}_corr": responses[i]}
    target, centerness = (score[:, i].reshape(1, -1, 1) for i in range(2))
    outputs = {"cls_logit": target, "ctr_logit": centerness, "score": target.sigmoid() * centerness.sigmoid()}
    boxes = {"offsets": ltrb, "box_xyxy_in_crop": boxes_xyxy(ltrb, model.config)}
    assert_tensors_agree(shared, CASES[family], {**features, **outputs, **boxes})


@pytest.mark.parametrize("family", list(CASES))
def test_config_is_that_of_the_original(shared: Path, family: str) -> None:
    original, config = reference(shared, CASES[family])["tracker"], build(family, width=0.05).config
    assert config.penalty_k == original["penalty_k"]
    assert config.window_influence == original["window_influence"]
    assert config.size_lr == original["test_lr"]
    assert config.template_size == original["z_size"]
    assert config.search_size == original["x_size"]
    assert config.response_size == original["score_size"]
    assert config.stride_px == original["total_stride"]
    assert (original["x_size"] - 1) / 2 + config.point_origin_px == original["score_offset"]
    assert config.min_side_px == original["min_w"] == original["min_h"]
    assert config.crop.context_amount == original["context_amount"]
    assert config.crop.search_scale == original["x_size"] / original["z_size"]


def test_tracks(shared: Path, tmp_path: Path) -> None:
    assert_tracks(
        shared, deterministic_model(shared, "siamfcpp-alexnet", CASES["siamfcpp-alexnet"], tmp_path), tmp_path
    )


def test_student_tracks(shared: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    assert_tracks(shared, build("siamfcpp-googlenet", width=0.1).eval(), tmp_path)
