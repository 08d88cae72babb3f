"""Variants for OpenVINO: every kind of network computes what torch does, and follows a clip."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from sdst_edge.models import import_checkpoint
from sdst_export.calibration.noise import random_calibration
from sdst_export.openvino_export import make_openvino
from sdst_export.openvino_int8 import make_openvino_int8
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import Precision
from sdst_runtime.whole_session import open_whole
from tests.parity.toy_networks import TOYS, toy
from tests.parity.whole_variants import draft_bundle, largest_error, mean_engines_iou, with_variant
from tests.tolerances import MIN_ENGINES_MEAN_IOU, REL_NETWORK_F16, REL_NETWORK_F32, REL_TOY_INT8

pytest.importorskip("openvino", reason="needs pip install 'sdst-edge[openvino]'")

BOUNDS: dict[Precision, float] = {"fp32": REL_NETWORK_F32, "fp16": REL_NETWORK_F16}
EACH_TOY = pytest.mark.parametrize("name", TOYS)
EACH_PRECISION = pytest.mark.parametrize("precision", BOUNDS)


@cache
def toy_bundle(name: str, precision: Precision) -> Bundle:
    return with_variant(toy(name), make_openvino, precision)


@EACH_TOY
@EACH_PRECISION
def test_maps_are_those_of_torch(name: str, precision: Precision) -> None:
    with open_whole(toy_bundle(name, precision), variant=f"openvino/{precision}") as session:
        assert largest_error(session, toy(name)) <= BOUNDS[precision]


@EACH_TOY
def test_variant_says_what_it_is(name: str) -> None:
    variant = toy_bundle(name, "fp32").manifest.variants["openvino/fp32"]
    assert (variant.engine, variant.session) == ("openvino", "whole")
    small = toy(name).config.small_target is not None
    assert list(variant.graphs) == ["template", "match", *(["match_small"] if small else [])]
    assert max(variant.parity.max_rel_error.values()) <= REL_NETWORK_F32


def test_the_same_network_gives_the_same_bytes_whatever_was_made_before() -> None:
    bundle = toy_bundle("toy-points", "fp16")
    toy_bundle("toy-anchors", "fp16")
    _, graphs = draft_bundle(toy("toy-points"))
    again = make_openvino(graphs, "fp16")
    for role, graph in again.variant.graphs.items():
        text = bundle.graph_bytes("openvino/fp16", role)
        assert again.files[graph.file] == text
        assert b"rt_info>" not in text.rpartition(b"</edges>")[2]
        assert b"/tmp" not in text
        assert graph.weights is not None
        assert again.files[graph.weights.file] == bundle.weights_bytes("openvino/fp16", role)
        full = toy_bundle("toy-points", "fp32").weights_bytes("openvino/fp32", role)
        assert full is not None
        assert graph.weights.size_bytes < 0.6 * len(full)


def test_export_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    _, graphs = draft_bundle(toy("toy-anchors"))
    make_openvino(graphs, "fp32")
    assert capfd.readouterr() == ("", "")


def test_export_refuses_int8_of_float_graphs() -> None:
    _, graphs = draft_bundle(toy("toy-anchors"))
    with pytest.raises(ConfigError, match="openvino/int8 is not made from float graphs"):
        make_openvino(graphs, "int8")


@pytest.mark.parametrize("name", ["toy-points", "toy-small"])
def test_int8_computes_about_the_same_in_integers(name: str) -> None:
    model = toy(name)
    draft, graphs = draft_bundle(model)
    calibration = random_calibration(model.config)
    made = make_openvino_int8(graphs, calibration)
    draft.add(made)
    assert made.name == "openvino/int8"
    assert made.variant.quantization is not None
    assert made.variant.quantization.activations == "uint8"
    text = b"".join(data for file, data in made.files.items() if file.endswith(".xml"))
    assert text.count(b"FakeQuantize") >= 8  # of what convolutions read, before and after the correlations
    assert text.count(b'element_type="i8"') >= 8  # their weights
    assert 1e-3 < max(made.variant.parity.max_rel_error.values()) <= REL_TOY_INT8  # float32 would be at 1e-6
    with open_whole(draft.bundle(), variant="openvino/int8") as session:
        for pair in calibration.spread(4):
            maps = session.match(session.embed(pair.z), pair.x)
            assert all(item.std() > 0 for item in maps)


@EACH_PRECISION
def test_clip_is_followed_as_by_onnx_runtime(precision: Precision) -> None:
    bundle = toy_bundle("toy-points", precision)
    assert mean_engines_iou(bundle, f"openvino/{precision}", "CPU", frames=12) >= MIN_ENGINES_MEAN_IOU


@EACH_PRECISION
def test_clip_is_followed_with_published_weights(shared: Path, precision: Precision) -> None:
    model = import_checkpoint("nanotrack-v3", shared / "weights" / "nanotrack_v3.pth").model.eval()
    bundle = with_variant(model, make_openvino, precision)
    assert mean_engines_iou(bundle, f"openvino/{precision}", "CPU", frames=30) >= MIN_ENGINES_MEAN_IOU
