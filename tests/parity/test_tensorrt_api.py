"""TensorRT's Python module, version by version: names that we use are there, and where one is not, its fallback runs.

The lists of names were taken from the real bindings. This is a check of names and of the flow: it says nothing about
whether an engine is built or runs on a GPU.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import MANIFEST_NAME, Manifest
from sdst_runtime.tensorrt import BuildOptions, EngineRefused
from tests.fake_tensorrt import Api
from tests.tensorrt_names import guarded_names, missing_names, used_names
from tests.tensorrt_workplace import Workplace, crops, set_precision, toy_for_tensorrt
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import FOLDER
from tests.toys import POINTS, SMALL, expected_maps

LISTS = ("8.6.1", "10.3.0", "10.13.3.9", "10.16.1.11", "11.4.0.106")
VERSIONS = ("8.5.3", *LISTS)

#: TensorRT 8.5.3, as headers and binding source have it, for what is used or asked for here: there, or not there. What
#: is not in this table is as in 8.6.1.
NAMES_OF_8_5: dict[str, bool] = {
    "NetworkDefinitionCreationFlag.EXPLICIT_BATCH": True,
    "NetworkDefinitionCreationFlag.STRONGLY_TYPED": False,
    "BuilderFlag.FP16": True,
    "BuilderFlag.INT8": True,
    "BuilderFlag.VERSION_COMPATIBLE": False,
    "IBuilderConfig.builder_optimization_level": False,
    "IBuilderConfig.hardware_compatibility_level": False,
    "HardwareCompatibilityLevel": False,
    "IBuilderConfig.max_aux_streams": False,
    "IBuilderConfig.set_memory_pool_limit": True,
    "Builder.build_serialized_network": True,
    "ICudaEngine.num_io_tensors": True,
    "ICudaEngine.device_memory_size": True,
    "ICudaEngine.device_memory_size_v2": False,
    "IExecutionContext.set_tensor_address": True,
    "IExecutionContext.execute_async_v3": True,
}

#: What each version lacks of the names that we use. Everything else has to be there.
_TYPED = "NetworkDefinitionCreationFlag.STRONGLY_TYPED"
_MONITOR = ("IProgressMonitor", "IBuilderConfig.progress_monitor", "ParserError.node_name", "ParserError.node_operator")
_LEVELS = ("IBuilderConfig.builder_optimization_level", "IBuilderConfig.max_aux_streams")
_HARDWARE = ("IBuilderConfig.hardware_compatibility_level", "HardwareCompatibilityLevel")
LACKING: dict[str, set[str]] = {
    "8.5.3": {_TYPED, *_MONITOR, *_LEVELS, *_HARDWARE},
    "8.6.1": {_TYPED, *_MONITOR},
    "10.3.0": set(),
    "10.13.3.9": set(),
    "10.16.1.11": set(),
    "11.4.0.106": {"NetworkDefinitionCreationFlag.EXPLICIT_BATCH", "BuilderFlag.FP16", "BuilderFlag.INT8"},
}


@pytest.fixture(scope="module")
def apis(shared: Path) -> dict[str, Api]:
    """Names of each version; skips where the lists are not here."""
    folder = shared / "reference" / "tensorrt-api"
    if not folder.is_dir():
        pytest.skip("needs ../shared/reference/tensorrt-api, lists of the bindings' names, which are not here")
    found = {name: json.loads((folder / f"tensorrt-{name}.json").read_text())["api"] for name in LISTS}
    return {"8.5.3": _as_8_5(found["8.6.1"]), **found}


def _as_8_5(api: Api) -> Api:
    """8.6.1 without what came with it."""
    absent = {name for name, there in NAMES_OF_8_5.items() if not there}
    return {
        owner: {
            kind: {name: value for name, value in items.items() if f"{owner}.{name}" not in absent}
            if isinstance(items, dict)
            else items
            for kind, items in listed.items()
        }
        for owner, listed in api.items()
        if owner not in absent
    }


def _members(api: Api) -> dict[str, set[str]]:
    return {owner: {*listed.get("members", ()), *listed.get("enum", ())} for owner, listed in api.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_names_are_there_or_asked_for(version: str, apis: dict[str, Api]) -> None:
    assert len(used_names()) > 60
    missing = missing_names(_members(apis[version]))
    assert missing == LACKING[version]
    # Precision flags are used where networks are not strongly typed; a node's operator where it has a name.
    asked = guarded_names() | {"FP16", "INT8", "node_operator", "progress_monitor", "HardwareCompatibilityLevel"}
    assert {name.rpartition(".")[2] for name in missing} <= asked
    if missing & {"BuilderFlag.FP16", "BuilderFlag.INT8"}:
        assert _TYPED not in missing


def test_table_of_8_5_agrees_with_8_6_where_nothing_changed(apis: dict[str, Api]) -> None:
    members = _members(apis["8.6.1"])
    for name, there in NAMES_OF_8_5.items():
        owner, _, member = name.partition(".")
        if there:
            assert member in members[owner]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_flow_runs_with_nothing_but_the_names_of_the_version(
    precision: str, version: str, apis: dict[str, Api], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = toy_for_tensorrt(tmp_path, SMALL if precision == "fp32" else POINTS)
    toy = SMALL if precision == "fp32" else POINTS
    set_precision(bundle, precision)
    work = Workplace.install(monkeypatch, version=version, api=apis[version])
    strong = _TYPED not in LACKING[version]
    with work.open(bundle) as session:
        assert session.engines.strongly_typed == strong
        assert session.captured
        z, x = crops(toy.config)
        for got, wanted in zip(session.match(session.embed(z), x), expected_maps(z, x, toy), strict=True):
            assert np.abs(got - wanted).max() <= REL_NETWORK_F32 * np.abs(wanted).max()
        assert session.memory_bytes > 0
    work.open(bundle, rebuild=True).close()  # with the timing cache of before
    flags = {"fp32": set(), "fp16": {"FP16"}, "int8": {"FP16", "INT8"}}[precision]
    assert all(built["flags"] == {"TF32"} | (set() if strong else flags) for built in work.fake.options)
    assert not work.gpu.live
    seen = {name for name in work.fake.touched if name.partition(".")[2]}
    assert len(seen) > 20
    overlooked = {name for name in seen - used_names() if name.partition(".")[2] not in guarded_names()}
    assert not overlooked  # what the source was read for is all that the flow touches


@pytest.mark.parametrize("version", ["8.5.3", "10.3.0", "11.4.0.106"])
@pytest.mark.parametrize(
    ("option", "attribute"),
    [
        ({"optimization_level": 3}, "builder_optimization_level"),
        ({"auxiliary_streams": 0}, "max_aux_streams"),
        ({"hardware": "ampere-plus"}, "hardware_compatibility_level"),
        ({"hardware": "same-compute-capability"}, "SAME_COMPUTE_CAPABILITY"),
    ],
)
def test_option_that_a_version_lacks_is_told_before_anything_is_built(
    option: dict[str, Any],
    attribute: str,
    version: str,
    apis: dict[str, Api],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = Workplace.install(monkeypatch, version=version, api=apis[version])
    bundle, build = toy_for_tensorrt(tmp_path), BuildOptions(**option)
    members = _members(apis[version])
    if attribute in members["IBuilderConfig"] | members.get("HardwareCompatibilityLevel", set()):
        work.open(bundle, build=build).close()
        return
    first = "hardware_compatibility_level" if version == "8.5.3" and "hardware" in option else attribute
    with pytest.raises(
        ConfigError, match=f"TensorRT {version} has no {first}; leave out {next(iter(option))}, or update"
    ):
        work.open(bundle, build=build)
    assert not work.fake.options
    assert not work.gpu.live


@pytest.mark.parametrize("version", ["8.6.1", "10.3.0"])
def test_reason_of_the_parser_names_the_node_as_far_as_the_version_tells(
    version: str, apis: dict[str, Api], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Workplace.install(monkeypatch, version=version, api=apis[version])
    work.fake.unreadable = lambda model: "no such pad" if model.graph.name == "search" else None
    node = "node 0" if "ParserError.node_name" in LACKING[version] else "Conv ''"
    with pytest.raises(EngineRefused, match=f"search.onnx: {node}: no such pad; "):
        work.open(toy_for_tensorrt(tmp_path))


@pytest.mark.parametrize("version", ["8.5.3", "10.3.0", "11.4.0.106"])
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_precision_that_is_in_the_graph_is_taken_from_there(
    precision: str, version: str, apis: dict[str, Api], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in refuses float16 and Q/DQ that neither flags nor types permit, as TensorRT does."""
    bundle = toy_for_tensorrt(tmp_path)
    _put_into_graph(bundle, precision)
    work = Workplace.install(monkeypatch, version=version, api=apis[version])
    if _TYPED in LACKING[version]:
        with pytest.raises(EngineRefused, match="is not permitted"):
            work.open(bundle)
    set_precision(bundle, precision)
    work.open(bundle).close()


def _put_into_graph(bundle: Path, precision: str) -> None:
    """Rounds the search graph's features, in a graph that the manifest still calls fp32."""
    from onnx import TensorProto, helper, load_model_from_string, numpy_helper

    manifest = Manifest.read(bundle / MANIFEST_NAME)
    variant = manifest.variants[FOLDER]
    search = variant.graphs["search"]
    model = load_model_from_string((bundle / search.file).read_bytes())
    graph = model.graph
    (last,) = [node for node in graph.node if "features" in node.output]
    last.output[0] = "unrounded"
    if precision == "fp16":
        graph.node.append(helper.make_node("Cast", ["unrounded"], ["rounded"], to=TensorProto.FLOAT16))
        graph.node.append(helper.make_node("Cast", ["rounded"], ["features"], to=TensorProto.FLOAT))
    else:
        graph.initializer.append(numpy_helper.from_array(np.float32(0.01), "scale"))
        graph.initializer.append(numpy_helper.from_array(np.int8(0), "zero"))
        graph.node.append(helper.make_node("QuantizeLinear", ["unrounded", "scale", "zero"], ["rounded"]))
        graph.node.append(helper.make_node("DequantizeLinear", ["rounded", "scale", "zero"], ["features"]))
    data = model.SerializeToString()
    (bundle / search.file).write_bytes(data)
    changed = replace(search, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
    graphs = {**variant.graphs, "search": changed}
    text = replace(manifest, variants={FOLDER: replace(variant, graphs=graphs)}).dumps()
    (bundle / MANIFEST_NAME).write_text(text, encoding="utf-8")
