"""FEAR-XS against the golden tensors of the original, and its published Core ML weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sdst_edge.models import SiameseModel, build, fold
from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.fear_coreml import read_coreml
from sdst_edge.models.key_mapping import load_weights
from tests.parity.coreml_network import run_layers
from tests.parity.golden_network import deterministic_model, golden, image, imagenet, reference, stored_channels
from tests.parity.onnx_bundle import relative_error
from tests.tolerances import REL_COREML_F16, REL_NETWORK_F32

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
    facts, want = reference(shared, CASE), golden(shared, CASE)
    assert set(got) == set(want)
    for name, tensor in got.items():
        assert relative_error(stored_channels(facts, name, tensor.numpy()), want[name]) <= REL_NETWORK_F32, name


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
    assert config.size_lr == original["lr"]
    assert config.template_size == original["template_size"]
    assert config.search_size == original["instance_size"]
    assert config.response_size == original["score_size"]
    assert config.stride_px == original["total_stride"]
    assert [config.point_origin_px + config.search_size / 2] * 2 == original["grid_first"]
    assert config.crop.context_amount == original["template_bbox_offset"]
    search_over_box = config.crop.search_scale * (1 + 2 * config.crop.context_amount)
    assert search_over_box == pytest.approx(1 + 2 * original["search_context"])
    assert config.normalization.channel_order == "rgb"


@pytest.mark.parametrize(("options", "most"), [({"width": 0.25}, 0.12), ({"depth": 0.5}, 0.75)])
def test_student_is_smaller_and_has_the_same_outputs(
    options: dict[str, float], most: float, deterministic: SiameseModel
) -> None:
    student = build("fear-xs", **options).eval()
    config = deterministic.config
    with torch.inference_mode():
        maps = student(torch.zeros(config.template_shape), torch.zeros(config.search_shape))
    assert [tuple(item.shape) for item in maps] == list(config.outputs.values())
    published = sum(item.numel() for item in deterministic.parameters())
    assert sum(item.numel() for item in student.parameters()) < most * published


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
