"""Bundles of every kind of tracker, in every form of the correlations: what they hold, and that it computes right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import pytest
import torch
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.models import SiameseModel, TorchSession, registry, save_checkpoint
from sdst_export import ExportOptions, export_bundle
from sdst_runtime.errors import ConfigError
from sdst_runtime.loading import SessionChoice, open_session
from sdst_runtime.manifest import CorrelationForm, Graph, Manifest, Provenance, Variant
from tests.parity.onnx_bundle import relative_error, run_baked, run_bundle
from tests.parity.toy_networks import BUILDERS, TOYS, toy
from tests.tolerances import REL_NETWORK_F32

FORMS = get_args(CorrelationForm)
Export = Callable[[str, CorrelationForm | None], Path]
EACH_TOY = pytest.mark.parametrize("name", TOYS)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Export]:
    """From a toy network and a form to its bundle, exported once; the toys are families meanwhile."""
    folder = tmp_path_factory.mktemp("toys")

    def bundle(name: str, form: CorrelationForm | None) -> Path:
        out = folder / f"{name}-{form}"
        if not out.exists():
            save_checkpoint(toy(name), folder / f"{name}.safetensors", Provenance(source="random weights"))
            export_bundle(folder / f"{name}.safetensors", out, ExportOptions(correlation_form=form))
        return out

    with pytest.MonkeyPatch.context() as patch:
        for name, builder in BUILDERS.items():
            patch.setitem(registry._FAMILIES, name, registry.Family(name=name, title=name, builder=builder))
        yield bundle


def read(bundle: Path) -> tuple[Manifest, Variant]:
    manifest = Manifest.read(bundle / "manifest.json")
    return manifest, manifest.variants[manifest.default_variant]


def graph_nodes(bundle: Path, graph: Graph) -> list[str]:
    return [node.op_type for node in onnx.load(bundle / graph.file).graph.node]


def tensors(graph: Graph) -> tuple[list[str], list[str], list[str]]:
    """Names of inputs, outputs and placeholders."""
    return tuple([item.name for item in group] for group in (graph.inputs, graph.outputs, graph.placeholders))


def pixels(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def expected(model: SiameseModel, z: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    with torch.inference_mode():
        maps = model(torch.from_numpy(z), torch.from_numpy(x))
    return {name: item.numpy() for name, item in zip(model.config.outputs, maps, strict=True)}


def assert_maps_meet(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    assert got.keys() == want.keys()
    for name, item in want.items():
        assert item.std() > 0
        assert relative_error(got[name], item) <= REL_NETWORK_F32, name


@EACH_TOY
@pytest.mark.parametrize("form", FORMS)
def test_every_form_equals_torch(export: Export, name: str, form: CorrelationForm) -> None:
    bundle, model = export(name, form), toy(name)
    z, x = pixels(model.config.template_shape, 0), pixels(model.config.search_shape, 1)
    assert_maps_meet(run_bundle(bundle, z, x).maps, expected(model, z, x))
    _, variant = read(bundle)
    assert variant.correlation_form == form
    assert ("Conv" in graph_nodes(bundle, variant.graphs["head"])) or form != "conv"
    assert all(error <= REL_NETWORK_F32 for error in variant.parity.max_rel_error.values())


@EACH_TOY
def test_form_is_the_networks_own_when_none_is_asked_for(export: Export, name: str) -> None:
    _, variant = read(export(name, None))
    assert variant.correlation_form == toy(name).correlation_form


@EACH_TOY
def test_shapes_are_those_of_the_configuration(export: Export, name: str) -> None:
    config = toy(name).config
    graphs = read(export(name, "conv"))[1].graphs
    first = graphs["trunk"] if "trunk" in graphs else graphs["template"]
    assert first.inputs[0].shape == config.template_shape
    assert graphs["search"].inputs[0].shape == config.search_shape
    for role in ("head", "tail"):
        assert {item.name: item.shape for item in graphs[role].outputs} == dict(config.outputs)
    small = config.for_small_target()
    assert ("search_small" in graphs) == (small is not None)
    if small is not None:
        assert graphs["search_small"].inputs[0].shape == small.search_shape
        for role in ("head_small", "tail_small"):
            assert {item.name: item.shape for item in graphs[role].outputs} == dict(small.outputs)


@EACH_TOY
def test_macs_do_not_depend_on_the_form(export: Export, name: str) -> None:
    conv, taps, matmul = (read(export(name, form))[0].macs for form in FORMS)
    assert conv == taps == matmul


def test_macs_are_those_of_the_network(export: Export) -> None:
    """Counted by hand: channels 3-8-8 on maps of 32 and 16 cells, three scales; 13 x 13 responses."""
    macs = read(export("toy-response", "conv"))[0].macs
    trunk = 27 * 8 * 32**2 + 9 * 8 * 8 * 16**2
    assert macs.search == 3 * trunk
    assert macs.template == trunk // 4
    assert macs.head == 3 * 13**2 * (4 * 4 * 8 + 1)


def test_forms_differ_in_their_nodes(export: Export) -> None:
    heads = {}
    for form in FORMS:
        bundle = export("toy-anchors", form)
        heads[form] = graph_nodes(bundle, read(bundle)[1].graphs["head"])
    assert heads["conv"] == ["Conv"] * 4
    assert heads["matmul"].count("MatMul") == 2
    assert heads["taps"].count("MatMul") == 2 * 4 * 4


def test_graphs_of_a_pyramid_carry_a_batch(export: Export) -> None:
    graphs = read(export("toy-response", "conv"))[1].graphs
    assert graphs["template"].outputs[0].shape == (1, 8, 4, 4)
    assert graphs["search"].outputs[0].shape == (3, 8, 16, 16)
    assert graphs["tail"].inputs[0].shape == (3, 1, 13, 13)


def test_shared_features_are_given_once(export: Export) -> None:
    manifest, variant = read(export("toy-points", "conv"))
    assert [item.search for item in manifest.correlations] == ["search_score", "search_score"]
    assert tensors(variant.graphs["search"])[1] == ["search_score"]
    assert tensors(variant.graphs["head"])[::2] == (["search_score"], ["kernel_score", "kernel_ltrb"])
    assert sorted(tensors(variant.graphs["tail"])[0]) == ["response_ltrb", "response_score", "search_score"]


def test_small_target_has_graphs_of_its_own_and_the_same_template(export: Export) -> None:
    bundle, model = export("toy-small", "taps"), toy("toy-small")
    small = model.config.for_small_target()
    assert small is not None
    graphs = read(bundle)[1].graphs
    assert list(graphs) == ["template", "search", "head", "tail", "search_small", "head_small", "tail_small"]
    assert tensors(graphs["head_small"]) == tensors(graphs["head"])
    z, x = pixels(small.template_shape, 0), pixels(small.search_shape, 1)
    assert_maps_meet(run_bundle(bundle, z, x, suffix="_small").maps, expected(model, z, x))
    parity = read(bundle)[1].parity.max_rel_error
    ways = ("baked", "split", "baked_small", "split_small")
    assert parity.keys() == {f"{way}.{output}" for way in ways for output in small.outputs}


@pytest.mark.parametrize("form", FORMS)
def test_mask_graph_equals_torch_at_every_corner(export: Export, form: CorrelationForm) -> None:
    bundle, model = export("toy-mask", form), toy("toy-mask")
    manifest, variant = read(bundle)
    mask = variant.graphs["mask"]
    assert manifest.mask is not None
    assert manifest.mask.threshold == 0.3
    assert manifest.mask.correlation.search == "search_score"  # the very features of the first correlation
    assert tensors(mask) == (["search_score", "search_stem", "cell"], ["mask"], ["kernel_mask"])
    assert (mask.inputs[2].shape, mask.inputs[2].dtype) == ((2,), "int64")
    assert tensors(variant.graphs["template"])[1] == ["kernel_score", "kernel_ltrb", "kernel_mask"]
    assert variant.parity.max_rel_error["mask"] <= REL_NETWORK_F32
    z, x = pixels(model.config.template_shape, 0), pixels(model.config.search_shape, 1)
    run = run_bundle(bundle, z, x)
    with torch.inference_mode():
        template, search = model.template(torch.from_numpy(z)), model.search(torch.from_numpy(x))
    for corner in ((0, 0), (0, 12), (12, 0), (12, 12), (3, 5)):
        cell = np.array(corner, np.int64)
        got = run_baked(bundle, mask, run.kernels, {**run.features, "cell": cell})["mask"]
        with torch.inference_mode():
            want = model.segment(template, search, torch.from_numpy(cell)).numpy()
        assert got.shape == (1, 1, 16, 16)
        assert relative_error(got, want) <= REL_NETWORK_F32


@EACH_TOY
@pytest.mark.parametrize("kind", ["baked", "split"])
def test_session_of_the_device_equals_that_of_torch(export: Export, name: str, kind: SessionChoice) -> None:
    model = toy(name)
    reference = TorchSession(model)
    z = pixels(model.config.template_shape, 0)
    with open_session(export(name, "conv"), kind) as session:
        template, wanted = session.embed(z), reference.embed(z)
        for config in filter(None, (model.config, model.config.for_small_target())):
            x = pixels(config.search_shape, 1)
            got, want = session.match(template, x), reference.match(wanted, x)
            assert_maps_meet(dict(zip(config.outputs, got, strict=True)), dict(zip(config.outputs, want, strict=True)))
        if model.mask is not None:
            for cell in ((0, 12), (7, 4)):
                mask = session.segment(template, cell)
                assert relative_error(mask, reference.segment(wanted, cell)) <= REL_NETWORK_F32


@pytest.mark.parametrize(("choice", "form"), [("auto", "conv"), ("taps", "taps")])
def test_command_takes_the_form(export: Export, tmp_path: Path, choice: str, form: CorrelationForm) -> None:
    checkpoint = export("toy-anchors", None).parent / "toy-anchors.safetensors"
    arguments = ["export", str(checkpoint), "-o", str(tmp_path / "out"), "--xcorr", choice, "--json"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert read(tmp_path / "out")[1].correlation_form == form


def test_export_options_raise_when_there_is_no_such_form() -> None:
    with pytest.raises(ConfigError, match="correlation_form: 'fft' is none of conv, taps, matmul"):
        ExportOptions(correlation_form="fft")  # type: ignore[arg-type]
