"""Variants for ncnn: every kind of network computes what torch does, on the CPU and on Vulkan, and follows a clip."""

from __future__ import annotations

import copy
import importlib
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

from sdst_edge.models import import_checkpoint
from sdst_edge.models.composed import ComposedTracker, WeightedMean
from sdst_export import ncnn_export
from sdst_export.ncnn_export import make_ncnn
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import BackendUnavailable, ConfigError
from sdst_runtime.manifest import Precision
from sdst_runtime.whole_session import open_whole
from tests.ncnn_graphs import gpu_count
from tests.parity.toy_networks import TOYS, toy
from tests.parity.whole_variants import draft_bundle, largest_error, mean_engines_iou, with_variant
from tests.tolerances import MIN_ENGINES_MEAN_IOU, REL_NETWORK_F16, REL_NETWORK_F32

pytest.importorskip("ncnn", reason="needs pip install 'sdst-edge[ncnn]'")
pytest.importorskip("pnnx", reason="needs pip install 'sdst-edge[ncnn]'")

BOUNDS: dict[Precision, float] = {"fp32": REL_NETWORK_F32, "fp16": REL_NETWORK_F16}
NEEDS_VULKAN = pytest.mark.skipif(
    gpu_count() == 0, reason="ncnn finds no Vulkan device; mesa-vulkan-drivers has one in software"
)
DEVICES = ["cpu", pytest.param("vulkan", marks=NEEDS_VULKAN)]
EACH_TOY = pytest.mark.parametrize("name", TOYS)


@cache
def toy_bundle(name: str, precision: Precision) -> Bundle:
    return with_variant(toy(name), make_ncnn, precision)


@pytest.mark.parametrize("accelerator", DEVICES)
@pytest.mark.parametrize(("name", "precision"), [*((name, "fp32") for name in TOYS), ("toy-points", "fp16")])
def test_maps_are_those_of_torch(name: str, accelerator: str, precision: Precision) -> None:
    variant = f"ncnn/{precision}"
    with open_whole(toy_bundle(name, precision), variant=variant, accelerator=accelerator) as session:
        assert largest_error(session, toy(name)) <= BOUNDS[precision]


@EACH_TOY
@NEEDS_VULKAN
def test_no_layer_of_a_frame_leaves_the_gpu(name: str, tmp_path: Path) -> None:
    ncnn = importlib.import_module("ncnn")
    bundle = toy_bundle(name, "fp32")
    for role in ("match", "match_small"):
        if role not in bundle.manifest.variants["ncnn/fp32"].graphs:
            continue
        net = ncnn.Net()
        net.opt.use_vulkan_compute = True
        assert net.load_param_mem(bundle.graph_bytes("ncnn/fp32", role).decode()) == 0
        weights = bundle.weights_bytes("ncnn/fp32", role)
        assert weights is not None
        (tmp_path / "weights.bin").write_bytes(weights)
        assert net.load_model(str(tmp_path / "weights.bin")) == 0
        on_cpu = {layer.type for layer in net.layers() if not layer.support_vulkan} - {"Input"}
        assert on_cpu == set(), role


@EACH_TOY
def test_variant_says_what_it_is(name: str) -> None:
    variant = toy_bundle(name, "fp32").manifest.variants["ncnn/fp32"]
    assert (variant.engine, variant.session, variant.correlation_form) == ("ncnn", "whole", "matmul")
    small = toy(name).config.small_target is not None
    assert list(variant.graphs) == ["template", "match", *(["match_small"] if small else [])]
    sizes = ("whole", "whole_small") if small else ("whole",)
    assert variant.parity.max_rel_error.keys() == {
        f"{size}.{item}" for size in sizes for item in toy(name).config.outputs
    }
    assert max(variant.parity.max_rel_error.values()) <= REL_NETWORK_F32


def test_the_same_network_gives_the_same_bytes_without_paths() -> None:
    _, graphs = draft_bundle(toy("toy-points"))
    again, bundle = make_ncnn(graphs, "fp16"), toy_bundle("toy-points", "fp16")
    for role, graph in again.variant.graphs.items():
        text = bundle.graph_bytes("ncnn/fp16", role)
        assert again.files[graph.file] == text
        assert b"/" not in text
        assert graph.weights is not None
        assert again.files[graph.weights.file] == bundle.weights_bytes("ncnn/fp16", role)
        full = toy_bundle("toy-points", "fp32").weights_bytes("ncnn/fp32", role)
        assert full is not None
        assert graph.weights.size_bytes < 0.6 * len(full)


def test_export_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    _, graphs = draft_bundle(toy("toy-anchors"))
    make_ncnn(graphs, "fp32")
    assert capfd.readouterr() == ("", "")


def test_export_refuses_int8() -> None:
    _, graphs = draft_bundle(toy("toy-anchors"))
    with pytest.raises(ConfigError, match="ncnn/int8 is not made, expected fp32 or fp16"):
        make_ncnn(graphs, "int8")


def test_export_names_the_extra_when_pnnx_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pnnx", None)
    _, graphs = draft_bundle(toy("toy-anchors"))
    with pytest.raises(BackendUnavailable, match=r"pnnx cannot be imported .*pip install 'sdst-edge\[ncnn\]'"):
        make_ncnn(graphs, "fp32")


def test_export_tells_the_graph_and_the_text_when_pnnx_gives_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, stdout="expect [1,3,64,64]f32 but got something\n", stderr="")

    _, graphs = draft_bundle(toy("toy-anchors"))
    monkeypatch.setattr(subprocess, "run", nothing)
    message = (
        r"toy-anchors cannot be exported to ncnn: its template graph is not taken by pnnx .*: expect \[1,3,64,64\]"
    )
    with pytest.raises(ConfigError, match=message):
        make_ncnn(graphs, "fp32")


def averaging(*, learned: bool) -> ComposedTracker:
    """A tracker with maps that are means of those of two branches, as SiamRPN++'s are of three."""
    model = toy("toy-anchors")
    assert isinstance(model, ComposedTracker)
    generator = torch.Generator().manual_seed(1)
    for name, branch in list(model.branches.items()):
        other = copy.deepcopy(branch)
        other.predict.weight.data.normal_(generator=generator)
        model.branches[name] = mean = WeightedMean([branch, other], learned=learned)
        if mean.weight is not None:
            mean.weight.data = torch.tensor([0.5, -0.5])
    return model.eval()


@pytest.mark.parametrize("learned", [False, True])
def test_means_of_branches_are_those_of_torch(learned: bool) -> None:
    model = averaging(learned=learned)
    with open_whole(with_variant(model, make_ncnn, "fp32"), variant="ncnn/fp32") as session:
        assert largest_error(session, model) <= REL_NETWORK_F32


def test_export_refuses_what_would_need_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ncnn_export, "without_stacks", lambda graphs: graphs)
    _, graphs = draft_bundle(averaging(learned=False))
    with pytest.raises(ConfigError, match="its match graph has a Concat along the batch, which ncnn does not have"):
        make_ncnn(graphs, "fp32")


@pytest.mark.parametrize("accelerator", DEVICES)
def test_clip_is_followed_as_by_onnx_runtime(accelerator: str) -> None:
    bundle = toy_bundle("toy-points", "fp32")
    assert mean_engines_iou(bundle, "ncnn/fp32", accelerator, frames=12) >= MIN_ENGINES_MEAN_IOU


@pytest.fixture(scope="module")
def nanotrack(shared: Path) -> Callable[[Precision], Bundle]:
    model = import_checkpoint("nanotrack-v3", shared / "weights" / "nanotrack_v3.pth").model.eval()
    return cache(lambda precision: with_variant(model, make_ncnn, precision))


@pytest.mark.parametrize("precision", BOUNDS)
@pytest.mark.parametrize(("accelerator", "frames"), [("cpu", 30), pytest.param("vulkan", 8, marks=NEEDS_VULKAN)])
def test_clip_is_followed_with_published_weights(
    nanotrack: Callable[[Precision], Bundle], precision: Precision, accelerator: str, frames: int
) -> None:
    found = mean_engines_iou(nanotrack(precision), f"ncnn/{precision}", accelerator, frames)
    assert found >= MIN_ENGINES_MEAN_IOU
