"""Teachers of which only predictions are known: ONNX files against the same sums in torch, bundles against networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional as F

from sdst_edge.models import registry, save_checkpoint
from sdst_edge.models.base import Maps
from sdst_edge.training.pairs.batch import Crops, normalized
from sdst_edge.training.recipe import TeacherSpec
from sdst_edge.training.teachers.loading import load_teacher
from sdst_edge.training.teachers.model_teacher import ModelTeacher
from sdst_edge.training.teachers.onnx_teacher import BundleTeacher, OnnxTeacher
from sdst_export import export_bundle
from sdst_runtime.errors import CheckpointError, ConfigError
from sdst_runtime.manifest import Provenance
from tests.parity.toy_networks import BUILDERS, toy
from tests.tolerances import REL_NETWORK_F32

CONFIG = toy("toy-points").config
RNG = np.random.default_rng(0)
SCORE, LTRB = (RNG.normal(0, 0.05, (channels, 3, 4, 4)).astype(np.float32) for channels in (1, 4))


def crops(pairs: int = 3) -> Crops:
    generator = torch.Generator().manual_seed(0)
    z, x = (
        torch.randint(0, 256, (pairs, side, side, 3), dtype=torch.uint8, generator=generator)
        for side in (CONFIG.template_size, CONFIG.search_size)
    )
    return Crops(z=z, x=x, scale=torch.ones(pairs, 2))


def write(
    path: Path, *, batch: int | str = 1, inputs: Sequence[str] = "zx", outputs: Sequence[str] = ("score", "ltrb")
) -> Path:
    """Score: a convolution of the search region plus the template's mean. Boxes: another convolution's size."""
    sides = {"z": CONFIG.template_size, "x": CONFIG.search_size}
    channels = {"score": 1, "ltrb": 4}
    nodes = [
        helper.make_node("Conv", ["x", "w_score"], ["response"], strides=[4, 4]),
        helper.make_node("ReduceMean", ["z", "axes"], ["mean"], keepdims=1),
        helper.make_node("Add", ["response", "mean"], ["score"]),
        helper.make_node("Conv", ["x", "w_ltrb"], ["signed"], strides=[4, 4]),
        helper.make_node("Abs", ["signed"], ["ltrb"]),
    ]
    weights = {"w_score": SCORE, "w_ltrb": LTRB, "axes": np.array([1, 2, 3])}

    def tensor(name: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, *shape])

    graph = helper.make_graph(
        nodes,
        "teacher",
        [tensor(name, [3, sides[name], sides[name]]) for name in inputs],
        [tensor(name, [channels[name], 16, 16]) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = [helper.make_opsetid("", 18)]
    path.write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString())
    return path


def expected(given: Crops) -> Maps:
    z, x = (normalized(item, CONFIG.normalization) for item in (given.z, given.x))
    score = F.conv2d(x, torch.from_numpy(SCORE), stride=4) + z.mean(dim=(1, 2, 3), keepdim=True)
    return score, F.conv2d(x, torch.from_numpy(LTRB), stride=4).abs()


@pytest.mark.parametrize("inputs", ["zx", "xz"])
@pytest.mark.parametrize("batch", [1, "pairs"])
def test_an_onnx_file_is_a_teacher(tmp_path: Path, batch: int | str, inputs: str) -> None:
    teacher = OnnxTeacher(write(tmp_path / "t.onnx", batch=batch, inputs=inputs), CONFIG, "general")
    outputs = teacher.teach(crops())
    assert (outputs.template, outputs.search, outputs.features) == ((), (), {})
    for ours, theirs in zip(outputs.maps, expected(crops()), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=REL_NETWORK_F32, atol=REL_NETWORK_F32)


def test_outputs_of_another_order_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.onnx", outputs=("ltrb", "score"))
    with pytest.raises(
        ConfigError, match=r"outputs ltrb .*; its family's tracker wants float32 score \(1, 1, 16, 16\)"
    ):
        OnnxTeacher(path, CONFIG, "general")


def test_inputs_of_another_family_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.onnx")
    with pytest.raises(
        ConfigError, match=r"inputs z tensor\(float\) \(1, 3, 32, 32\), .* wants two of float32: template"
    ):
        OnnxTeacher(path, replace(CONFIG, search_size=72), "general")


def test_a_file_that_is_no_onnx_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.onnx"
    with pytest.raises(CheckpointError, match=r"t.onnx does not exist"):
        OnnxTeacher(path, CONFIG, "general")
    path.write_text("no model")
    with pytest.raises(CheckpointError, match=r"cannot load .*t.onnx"):
        OnnxTeacher(path, CONFIG, "general")


def test_a_family_says_how_a_file_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = registry.Family(name="toy", title="toy", builder=BUILDERS["toy-points"])
    monkeypatch.setitem(registry._FAMILIES, "toy", family)
    spec = TeacherSpec(onnx=str(write(tmp_path / "t.onnx")), family="toy")
    assert load_teacher(spec, "FM", torch.device("cpu")).config == CONFIG


@pytest.mark.parametrize("name", ["toy-response", "toy-anchors"])
def test_a_bundle_says_what_its_network_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = registry.Family(name=name, title=name, builder=BUILDERS[name])
    monkeypatch.setitem(registry._FAMILIES, name, family)
    save_checkpoint(toy(name), tmp_path / "t.safetensors", Provenance(source="random weights"))
    export_bundle(tmp_path / "t.safetensors", tmp_path / "bundle")
    teacher = load_teacher(TeacherSpec(bundle=str(tmp_path / "bundle")), "general", torch.device("cpu"))
    assert isinstance(teacher, BundleTeacher)
    wanted = ModelTeacher(toy(name), "same").teach(crops()).maps
    for ours, theirs in zip(teacher.teach(crops()).maps, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=REL_NETWORK_F32, atol=REL_NETWORK_F32)
