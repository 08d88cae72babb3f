"""FEAR-XS against the golden tensors of the original, and its published Core ML weights."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sdst_edge.models import SiameseModel, build, fold
from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.foreign.fear_coreml import read_coreml
from sdst_edge.models.key_mapping import load_weights
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker
from tests.parity.coreml_network import run_layers
from tests.parity.family_checks import assert_tensors_agree, assert_tracks
from tests.parity.golden_network import deterministic_model, image, imagenet, reference
from tests.parity.onnx_bundle import relative_error
from tests.tolerances import ABS_DECODE_PX, REL_COREML_F16, REL_DECODE, REL_F32

Array = NDArray[np.float64]
CASE = "fear_xs"
TRACKERS = ["FEAR-XS-NoEmbs", "FEAR-XS_Tracker"]  # differ in their weights


@pytest.fixture(scope="module")
def deterministic(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> SiameseModel:
    """The network with the re-creatable weights, read from a file of all 520 keys as the published one is."""
    return deterministic_model(shared, "fear-xs", CASE, tmp_path_factory.mktemp("fear"))


def from_coreml(path: Path) -> SiameseModel:
    model = build("fear-xs").eval()
    load_weights(model, read_coreml(path), left_over=(), name=path.name)
    return model


def normalised(seed: int, side: int) -> torch.Tensor:
    return torch.from_numpy(imagenet(image(seed, side)))


def test_fear_meets_golden_tensors(shared: Path, deterministic: SiameseModel) -> None:
    model = deterministic
    assert isinstance(model, ComposedTracker)
    matcher, branch = model.matchers["score"], model.branches["ltrb"]
    assert isinstance(matcher, Matcher)
    assert isinstance(branch, Branch)
    inside: dict[str, torch.Tensor] = {}
    matcher.after.register_forward_hook(lambda _module, _inputs, output: inside.update(cls_dw=output))
    branch.tower[-1].register_forward_hook(lambda _module, inputs, _output: inside.update(x_reg=inputs[0]))
    z, x = normalised(0, 128), normalised(1, 256)
    with torch.inference_mode():
        cls, bbox = model(z, x)
        got = {
            "z_trunk": model.trunk.stages(z),
            "z_feat": model.trunk(z),
            "x_feat": model.trunk(x),
            "cls": cls,
            "bbox": bbox,
            **inside,
        }
    assert_tensors_agree(shared, CASE, got)


def test_parameters_are_those_of_the_original_up_to_stride_16(shared: Path, deterministic: SiameseModel) -> None:
    facts = reference(shared, CASE)
    assert len(facts["state_dict"]) == 520
    never_run = sum(
        torch.Size(shape).numel()
        for key, shape, _ in facts["state_dict"]
        if any(part in key for part in (".xif5_", ".xif6_", "model.head.")) and "running" not in key and shape
    )
    assert sum(item.numel() for item in deterministic.parameters()) == facts["params"] - never_run


def test_config_is_that_of_the_original(shared: Path, deterministic: SiameseModel) -> None:
    original = reference(shared, CASE)["tracker"]
    config = deterministic.config
    assert config.penalty_k == original["penalty_k"]
    assert config.window_influence == original["window_influence"]
    assert config.size_lr == original["lr"]
    assert config.template_size == original["template_size"]
    assert config.search_size == original["instance_size"]
    assert config.response_size == original["score_size"]
    assert config.stride_px == original["total_stride"]
    assert [config.point_origin_px + config.search_size / 2] * 2 == original["grid_first"]
    assert config.crop.context_amount == original["template_bbox_offset"]
    search_over_box = config.crop.search_scale * (1 + 2 * config.crop.context_amount)
    assert search_over_box == pytest.approx(1 + 2 * original["search_context"])
    assert config.normalization.channel_order == original["channel_order"].lower()
    assert config.normalization.mean == pytest.approx((123.675, 116.28, 103.53))
    assert config.normalization.std == pytest.approx((58.395, 57.12, 57.375))


def test_exported_network_tracks(shared: Path, deterministic: SiameseModel, tmp_path: Path) -> None:
    assert_tracks(shared, deterministic, tmp_path)


@pytest.mark.parametrize("name", TRACKERS)
def test_network_gives_the_maps_of_the_layers_in_the_core_ml_file(shared: Path, name: str) -> None:
    path = shared / "weights" / f"{name}.mlmodel"
    model = from_coreml(path)
    with torch.inference_mode():
        template = model.template(normalised(0, 128))
        score, ltrb = model.head(template, model.search(normalised(1, 256)))
    picture = torch.from_numpy(image(1, 256))
    layers = run_layers(path, {"image": picture, "template_features": template[0]})
    assert relative_error(score.numpy(), layers["cls"].numpy()) <= REL_COREML_F16
    assert relative_error(ltrb.numpy(), layers["bbox"].numpy()) <= REL_COREML_F16


def test_template_features_are_those_of_the_core_ml_file_for_them(shared: Path) -> None:
    model = from_coreml(shared / "weights" / "FEAR-XS_Tracker.mlmodel")
    layers = run_layers(shared / "weights" / "FEAR-XS_TrackerInit.mlmodel", {"image": torch.from_numpy(image(0, 128))})
    with torch.inference_mode():
        template = model.template(normalised(0, 128))[0]
    assert relative_error(template.numpy(), layers["features"].numpy()) <= REL_COREML_F16


def test_folded_network_has_the_parameters_of_the_core_ml_file(shared: Path) -> None:
    model = from_coreml(shared / "weights" / "FEAR-XS-NoEmbs.mlmodel")
    fold(model)
    exponent = 5  # scale and biases of the distances, which the file has in its last convolution
    assert sum(item.numel() for item in model.parameters()) == 1_348_605 + exponent


def decoded_as_published(box_xywh: Array, logit: Array, ltrb: Array, config: TrackerConfig) -> tuple[int, Array]:
    """The chosen cell and its box in image px, by the rule of the original in float64.

    Its search crop is the box grown by twice its sides on each side, so every box is 256 / 5 px a side in it.

    Args:
        box_xywh: the last one, in whole px as the original has them.
        logit: (256,), row-major.
        ltrb: (4, 256).
        config: gives the strength of penalty and window; the original's is 0 where it is told not to smooth.
    """
    size_px, stride_px, cells = 256, 16, 16
    row, column = np.divmod(np.arange(cells * cells), cells)
    x, y = ((place - cells // 2) * stride_px + size_px / 2 for place in (column, row))
    x1, y1, x2, y2 = x - ltrb[0], y - ltrb[1], x + ltrb[2], y + ltrb[3]
    w, h = x2 - x1, y2 - y1
    last_side = np.sqrt(2 * size_px / 5 * 2 * size_px / 5)  # sqrt((w + p) (h + p)), p = (w + h) / 2, of a square
    side_ratio = np.sqrt((w + (w + h) / 2) * (h + (w + h) / 2)) / last_side
    change = np.maximum(side_ratio, 1 / side_ratio) * np.maximum(w / h, h / w)
    hann = np.hanning(cells)
    score = np.exp(-(change - 1) * config.penalty_k) / (1 + np.exp(-logit))
    chosen = (1 - config.window_influence) * score + config.window_influence * np.outer(hann, hann).ravel()
    best = int(np.argmax(chosen))
    corner, sides = box_xywh[:2] - 2 * box_xywh[2:], 5 * box_xywh[2:]
    in_search = np.array([[x1[best], y1[best]], [w[best], h[best]]])
    return best, (in_search * sides / size_px + [corner, [0, 0]]).ravel()


@pytest.mark.parametrize("selects", ["best cell", "penalised and windowed"])
def test_decoding_is_that_of_the_original(selects: str) -> None:
    config = build("fear-xs").config
    assert config.size_smoothing == "none"
    if selects == "best cell":
        config = replace(config, penalty_k=0.0, window_influence=0.0)
    tracker, generator = NativeTracker(config), np.random.default_rng(3)
    frame = np.zeros((720, 960, 3), np.uint8)
    for _ in range(20):
        box = generator.integers((250, 200, 10, 10), (450, 350, 121, 121)).astype(np.float64)
        logit = generator.normal(0, 2, (1, 1, 16, 16)).astype(np.float32)
        ltrb = np.exp(generator.normal(3.4, 0.4, (1, 4, 16, 16))).astype(np.float32)
        tracker.template_input(frame, tuple(box))
        tracker.search_input(frame)
        result = tracker.decode(logit, ltrb)
        best, want = decoded_as_published(box, logit[0, 0].ravel().astype(float), ltrb[0].reshape(4, -1), config)
        assert result.best_index == best
        assert result.score == pytest.approx(1 / (1 + np.exp(-float(logit.ravel()[best]))), rel=REL_DECODE)
        assert result.box_xywh == pytest.approx(want, rel=0, abs=ABS_DECODE_PX)


def published_crop(frame: NDArray[np.uint8], box: list[int], margin: Fraction, size: int) -> NDArray[np.float32]:
    """(1, 3, size, size): the original's crop of a box in whole px, RGB, normalised.

    Where 1.4 w is whole, the original's doubles can fall a pixel short of it; here numbers are exact.
    """
    import cv2

    x, y, w, h = box
    grown = [x - w * margin, y - h * margin, w * (1 + 2 * margin), h * (1 + 2 * margin)]
    left, top, width, height = (int(value) for value in grown)  # towards zero
    right, bottom = left + width, top + height
    pads = (max(-top, 0), max(bottom - frame.shape[0], 0), max(-left, 0), max(right - frame.shape[1], 0))
    inside = frame[max(top, 0) : bottom, max(left, 0) : right]
    mean = frame.mean(axis=(0, 1))
    padded = cv2.copyMakeBorder(inside, *map(int, pads), cv2.BORDER_CONSTANT, value=mean)
    pixels = cv2.resize(padded, (size, size), interpolation=cv2.INTER_LINEAR)[:, :, ::-1].transpose(2, 0, 1)[None]
    return imagenet(pixels.astype(np.float32))


def test_crops_are_those_of_the_original() -> None:
    tracker, generator = NativeTracker(build("fear-xs").config), np.random.default_rng(4)
    frame = generator.integers(0, 256, (240, 320, 3)).astype(np.uint8)
    for _ in range(60):
        box = generator.integers((0, 0, 5, 5), (280, 200, 90, 90)).tolist()
        z = tracker.template_input(frame, tuple(box))
        assert relative_error(z.reshape(1, 3, 128, 128), published_crop(frame, box, Fraction(1, 5), 128)) <= REL_F32
        x = tracker.search_input(frame)
        assert relative_error(x.reshape(1, 3, 256, 256), published_crop(frame, box, Fraction(2), 256)) <= REL_F32
