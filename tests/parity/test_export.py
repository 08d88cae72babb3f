"""A student with random weights, exported: the bundle holds what its manifest says and computes what torch does."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import sdst_export.parity
from sdst_edge.models import build, load_checkpoint, save_checkpoint
from sdst_edge.models.correlation import correlate
from sdst_export import export_bundle
from sdst_export.graphs import OPSET
from sdst_runtime.config import Normalization
from sdst_runtime.errors import CheckpointError, ConfigError, ParityError
from sdst_runtime.manifest import Manifest, Provenance, Variant
from tests.parity.onnx_bundle import relative_error, run_bundle, run_described, run_graph
from tests.tolerances import REL_NETWORK_F32

WIDTH = 0.5
PROVENANCE = Provenance(source="random weights", notes="of a test")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, and statistics as after training, so that every layer does something."""
    torch.manual_seed(0)
    model = build("sdst-nano-s", width=WIDTH)
    with torch.no_grad():
        for key, value in model.state_dict().items():
            if key.endswith(("norm.weight", "identity.weight", "running_var")):
                value.uniform_(0.5, 1.5)
            elif key.endswith(("norm.bias", "identity.bias", "running_mean", "predict.weight")):
                value.normal_(0, 0.2)
    path = tmp_path_factory.mktemp("student") / "nano.safetensors"
    save_checkpoint(model, path, PROVENANCE)
    return path


@pytest.fixture(scope="module")
def bundle(checkpoint: Path) -> Path:
    out = checkpoint.parent / "bundle"
    export_bundle(checkpoint, out)
    return out


@pytest.fixture
def manifest(bundle: Path) -> Manifest:
    return Manifest.read(bundle / "manifest.json")


@pytest.fixture
def variant(manifest: Manifest) -> Variant:
    return manifest.variants[manifest.default_variant]


def inputs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return tuple(generator.normal(size=(1, 3, side, side)).astype(np.float32) for side in (128, 224))


def content(folder: Path) -> dict[str, bytes]:
    return {str(item.relative_to(folder)): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def test_baked_head_equals_torch(checkpoint: Path, bundle: Path) -> None:
    model = load_checkpoint(checkpoint).model
    for seed in range(3):
        z, x = inputs(seed)
        run = run_bundle(bundle, z, x)
        with torch.inference_mode():
            score, ltrb = (item.numpy() for item in model(torch.from_numpy(z), torch.from_numpy(x)))
        assert score.std() > 0
        assert ltrb.std() > 0
        assert relative_error(run.score, score) <= REL_NETWORK_F32
        assert relative_error(run.ltrb, ltrb) <= REL_NETWORK_F32


def test_tail_equals_torch_on_its_responses(checkpoint: Path, bundle: Path, variant: Variant) -> None:
    model = load_checkpoint(checkpoint).model
    z, x = (torch.from_numpy(item) for item in inputs(0))
    with torch.inference_mode():
        features = dict(zip(model.search_outputs, model.search(x), strict=True))
        operands = zip(model.correlations, model.template(z), strict=True)
        features |= {c.response: correlate(c, kernel, features[c.search]) for c, kernel in operands}
        score, ltrb = model.tail(*(features[name] for name in model.tail_inputs))
    feeds = {name: features[name].numpy() for name in model.tail_inputs}
    maps = run_graph((bundle / variant.graphs["tail"].file).read_bytes(), feeds)
    assert relative_error(maps["score"], score.numpy()) <= REL_NETWORK_F32
    assert relative_error(maps["ltrb"], ltrb.numpy()) <= REL_NETWORK_F32


def test_unbaked_head_gives_no_numbers(bundle: Path, variant: Variant) -> None:
    _, x = inputs(0)
    features = run_described(bundle, variant.graphs["search"], {"x": x})
    maps = run_graph((bundle / variant.graphs["head"].file).read_bytes(), features)
    assert all(np.isnan(item).all() for item in maps.values())


def test_manifest_describes_every_file(bundle: Path, variant: Variant) -> None:
    assert {graph.file for graph in variant.graphs.values()} | {"manifest.json"} == content(bundle).keys()
    for graph in variant.graphs.values():
        data = (bundle / graph.file).read_bytes()
        assert graph.size_bytes == len(data)
        assert graph.sha256 == hashlib.sha256(data).hexdigest()
        model = onnx.load_from_string(data)
        assert [item.name for item in graph.inputs] == [item.name for item in model.graph.input]
        given = [item.name for item in model.graph.output]
        assert {item.name for item in graph.outputs} <= set(given)
        assert graph.dims or [item.name for item in graph.outputs] == given


def test_layers_that_template_and_search_share_are_kept_once(bundle: Path, variant: Variant) -> None:
    graphs = variant.graphs
    assert graphs["trunk"].file == graphs["search"].file
    assert (graphs["trunk"].dims, graphs["search"].dims) == ({"batch": 1, "side": 128}, {"batch": 1, "side": 224})
    search, template = (onnx.load(bundle / graphs[role].file) for role in ("search", "template"))
    assert [node.op_type for node in template.graph.node if node.op_type == "Conv"] == ["Conv"]
    weights = [onnx.numpy_helper.to_array(item).tobytes() for item in search.graph.initializer]
    assert not any(onnx.numpy_helper.to_array(item).tobytes() in weights for item in template.graph.initializer)


def test_manifest_names_the_tensors_of_the_cut(manifest: Manifest, variant: Variant) -> None:
    graphs = variant.graphs
    (correlation,) = manifest.correlations
    assert correlation.kind == "pixelwise"
    tensors = {
        role: {item.name: item.shape for item in (*graph.inputs, *graph.outputs)} for role, graph in graphs.items()
    }
    maps = {"score": (1, 1, 14, 14), "ltrb": (1, 4, 14, 14)}
    channels = tensors["search"]["search_shared"][1]
    features, kernel = (1, channels, 14, 14), (64, channels, 1, 1)
    trunk = tensors["trunk"]["trunk_0"]
    assert trunk[2:] == (8, 8)
    assert tensors == {
        "trunk": {"x": (1, 3, 128, 128), "trunk_0": trunk},
        "template": {"trunk_0": trunk, "kernel_shared": kernel},
        "search": {"x": (1, 3, 224, 224), "search_shared": features},
        "head": {"search_shared": features, **maps},
        "tail": {"response_shared": (1, 64, 14, 14), "search_shared": features, **maps},
    }
    assert [(item.name, item.shape) for item in graphs["head"].placeholders] == [("kernel_shared", kernel)]


def test_manifest_keeps_where_the_weights_come_from(checkpoint: Path, manifest: Manifest, variant: Variant) -> None:
    model = load_checkpoint(checkpoint).model
    assert manifest.provenance == PROVENANCE
    assert manifest.family == "sdst-nano-s"
    assert manifest.tracker == model.config
    assert manifest.parameters == sum(item.numel() for item in model.parameters())
    assert manifest.tools["torch"] == torch.__version__
    assert variant.parity.inputs >= 4
    assert variant.parity.max_rel_error.keys() == {"baked.score", "baked.ltrb", "split.score", "split.ltrb"}
    assert all(0 <= error <= REL_NETWORK_F32 for error in variant.parity.max_rel_error.values())


def test_graphs_are_plain(bundle: Path, variant: Variant) -> None:
    """Nothing is left of batch norms, branches, exporter or machine."""
    for graph in variant.graphs.values():
        data = (bundle / graph.file).read_bytes()
        model = onnx.load_from_string(data)
        plain = {"Conv", "Relu", "Concat", "Exp", "MatMul", "Flatten", "Reshape", "Transpose", "Unsqueeze"}
        assert {item.op_type for item in model.graph.node} <= plain
        assert [(item.domain, item.version) for item in model.opset_import] == [("", OPSET)]
        assert not any(item.external_data for item in model.graph.initializer)
        assert (model.producer_name, model.producer_version, model.doc_string) == ("sdst-edge", "", "")
        assert not any(node.doc_string or node.metadata_props for node in model.graph.node)
        assert not any(
            part in data for part in (os.fsencode(Path.cwd()), os.fsencode(bundle.parent), b"/site-packages")
        )
    search = onnx.load(bundle / variant.graphs["search"].file)
    assert {item.op_type for item in search.graph.node} == {"Conv", "Relu"}


def test_export_gives_equal_bytes_in_another_process(checkpoint: Path, bundle: Path) -> None:
    out = checkpoint.parent / "again"
    code = "import sys, pathlib, sdst_export; sdst_export.export_bundle(*map(pathlib.Path, sys.argv[1:]))"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(checkpoint), str(out)],
        check=True,
        capture_output=True,
        env=environment,
        cwd=checkpoint.parent,
    )
    assert (done.stdout, done.stderr) == (b"", b"")  # nothing of the exporter reaches the user
    assert content(out) == content(bundle)


def test_export_reports_progress_and_leaves_torch_as_it_was(checkpoint: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    threads = torch.get_num_threads()
    export_bundle(checkpoint, tmp_path / "out", on_progress=lambda step, done: steps.append((step, done)))
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(step for step, _ in steps)
    assert torch.get_num_threads() == threads


def test_export_replaces_a_bundle_only_with_overwrite(checkpoint: Path, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds a bundle already"):
        export_bundle(checkpoint, out)
    assert (out / "manifest.json").read_text() == "{}"
    export_bundle(checkpoint, out, overwrite=True)
    assert content(out) == content(bundle)


def test_export_writes_nothing_when_checkpoint_is_damaged(checkpoint: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        export_bundle(broken, tmp_path / "out")
    assert [item.name for item in tmp_path.iterdir()] == ["broken.safetensors"]


def test_export_writes_nothing_when_parity_fails(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdst_export.parity, "TOLERANCE", 1e-12)
    with pytest.raises(ParityError, match=r"differs from torch by .*, allowed is 1e-12; nothing was written"):
        export_bundle(checkpoint, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_measure_parity_raises_when_graphs_are_of_other_weights(
    checkpoint: Path, bundle: Path, manifest: Manifest, variant: Variant
) -> None:
    other = load_checkpoint(checkpoint).model
    with torch.no_grad():
        other.get_parameter("branches.score.predict.bias").add_(1)
    files = {role: (bundle / graph.file).read_bytes() for role, graph in variant.graphs.items()}
    with pytest.raises(ParityError, match=r"baked\.score"):
        sdst_export.parity.measure_parity(other, manifest.correlations, variant.graphs, files)


def test_sample_inputs_are_normalised_pixels() -> None:
    rule = Normalization(mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 8.0))
    config = replace(build("sdst-nano-s").config, template_size=127, search_size=255, normalization=rule)
    pairs = list(sdst_export.parity.sample_inputs(config))
    assert len(pairs) == sdst_export.parity.INPUTS
    for z, x in pairs:
        assert (z.shape, x.shape) == ((1, 3, 127, 127), (1, 3, 255, 255))
        pixels = x[0] * np.reshape((2, 4, 8), (3, 1, 1)) + np.reshape((10, 20, 30), (3, 1, 1))
        assert np.array_equal(pixels, np.rint(pixels))
        assert 0 <= pixels.min() < 64 < 192 < pixels.max() <= 255
    assert not np.array_equal(pairs[0][1], pairs[1][1])
