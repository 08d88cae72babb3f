"""How engines are built: precision, forms of the correlation, options, timing cache, and what is said on failure."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_runtime.errors import ConfigError, DeviceError
from sdst_runtime.manifest import MANIFEST_NAME, Manifest
from sdst_runtime.tensorrt import BuildOptions, EngineRefused, TensorRTOptions, open_tensorrt_session, prepare_engines
from tests.tensorrt_workplace import Workplace, crops, set_precision, toy_for_tensorrt
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import FOLDER
from tests.toys import POINTS, SMALL, expected_maps


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Workplace:
    return Workplace.install(monkeypatch)


def _is_correlation(model: Any) -> bool:
    return str(model.graph.name).startswith("correlate")


class _Refusing:
    """Refuses the first graphs of the correlations that it sees."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self, model: Any) -> str | None:
        if not _is_correlation(model) or not self.left:
            return None
        self.left -= 1
        return "no kernel for a grouped convolution with dynamic weights"

    def wrong(self, model: Any) -> bool:
        return self(model) is not None


@pytest.mark.parametrize(("refused", "form"), [(0, "conv"), (1, "matmul"), (2, "taps")])
@pytest.mark.parametrize("how", ["unreadable", "unbuildable", "wrong"])
def test_first_form_of_the_correlation_that_computes_is_taken(
    how: str, refused: int, form: str, tmp_path: Path, work: Workplace
) -> None:
    refusing = _Refusing(refused)
    setattr(work.fake, how, refusing.wrong if how == "wrong" else refusing)
    with work.open(toy_for_tensorrt(tmp_path)) as session:
        assert session.engines.correlation == {"search": form}
        assert list(session.engines.refused) == ["correlate_conv", "correlate_matmul"][:refused]
        assert f"correlate_{form}" in session.engines.engines
        for reason in session.engines.refused.values():
            assert ("off those of libsdst" if how == "wrong" else "no kernel for a grouped") in reason
        z, x = crops(POINTS.config)
        for got, wanted in zip(session.match(session.embed(z), x), expected_maps(z, x), strict=True):
            assert np.abs(got - wanted).max() <= REL_NETWORK_F32 * np.abs(wanted).max()


def test_each_search_size_has_its_own_form(tmp_path: Path, work: Workplace) -> None:
    work.fake.unbuildable = lambda model: "too large" if "correlate_small" in model.graph.name else None
    with pytest.raises(
        EngineRefused, match=r"no form of the correlation can be had \(conv, matmul, taps\): .*too large"
    ):
        work.open(toy_for_tensorrt(tmp_path, SMALL))
    assert not list((tmp_path / "bundle").glob("engines/*"))
    refusing = _Refusing(1)
    work.fake.unbuildable = refusing
    with work.open(tmp_path / "bundle") as session:
        assert session.engines.correlation == {"search": "matmul", "search_small": "conv"}


def test_graph_that_is_not_read_is_told_with_node_and_reason(tmp_path: Path, work: Workplace) -> None:
    work.fake.unreadable = lambda model: "a negative pad" if model.graph.name == "search" else None
    bundle = toy_for_tensorrt(tmp_path)
    with pytest.raises(EngineRefused, match=r"does not read onnx/fp32/search.onnx: Conv '.*': a negative pad; .*lint"):
        work.open(bundle)


def test_graph_that_is_not_built_is_told_with_the_reason(tmp_path: Path, work: Workplace) -> None:
    work.fake.unbuildable = lambda model: "no workspace left" if model.graph.name == "tail" else None
    with pytest.raises(
        EngineRefused, match=r"no engine from onnx/fp32/tail.onnx: no workspace left; a larger --workspace"
    ):
        work.open(toy_for_tensorrt(tmp_path))


def test_builder_that_does_not_start_is_told(tmp_path: Path, work: Workplace) -> None:
    work.fake.starts = False
    with pytest.raises(DeviceError, match=r"TensorRT 10.3.0 starts no builder: .*; is there an NVIDIA GPU"):
        work.open(toy_for_tensorrt(tmp_path))
    assert not work.gpu.live


def test_options_reach_the_builder(tmp_path: Path, work: Workplace) -> None:
    options = BuildOptions(
        workspace_mib=64, optimization_level=5, hardware="ampere-plus", auxiliary_streams=0, tf32=False
    )
    with work.open(toy_for_tensorrt(tmp_path), build=options) as session:
        assert session.engines.options == options
    built = work.fake.options[0]
    assert built["_pools"] == {"WORKSPACE": 64 << 20}
    assert (built["builder_optimization_level"], built["max_aux_streams"]) == (5, 0)
    assert built["hardware_compatibility_level"].name == "AMPERE_PLUS"
    assert built["flags"] == set()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workspace_mib": 0}, "workspace_mib is 0"),
        ({"optimization_level": 6}, "optimization_level is 6"),
        ({"auxiliary_streams": -1}, "auxiliary_streams is -1"),
        ({"hardware": "all"}, "hardware is 'all', expected one of ampere-plus, same-compute-capability"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BuildOptions(**options)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_strongly_typed_networks_get_no_precision_flags(precision: str, tmp_path: Path, work: Workplace) -> None:
    bundle = toy_for_tensorrt(tmp_path)
    set_precision(bundle, precision)
    with work.open(bundle) as session:
        assert session.engines.strongly_typed
    assert all(built["flags"] == {"TF32"} for built in work.fake.options)


def test_timing_cache_grows_is_kept_and_used_again(tmp_path: Path, work: Workplace) -> None:
    bundle = toy_for_tensorrt(tmp_path)
    work.open(bundle).close()
    (cache,) = (bundle / "engines").glob("timings-*")
    first = cache.read_bytes()
    assert cache.name == "timings-orin-sm87-trt10.3.0"
    assert first.startswith(b"timings 10.3.0 Orin: ")
    work.open(bundle, rebuild=True).close()
    assert cache.read_bytes().startswith(first)
    assert len(cache.read_bytes()) > len(first)


@pytest.mark.parametrize("stale", [b"timings 10.3.0 Xavier: 3", b"no timing cache at all"])
def test_stale_timing_cache_is_made_anew_with_a_note(stale: bytes, tmp_path: Path, work: Workplace) -> None:
    bundle = toy_for_tensorrt(tmp_path)
    (bundle / "engines").mkdir()
    cache = bundle / "engines" / "timings-orin-sm87-trt10.3.0"
    cache.write_bytes(stale)
    with work.open(bundle) as session:
        assert session.notes == ("the timing cache is damaged or of another TensorRT or GPU: it was made anew",)
    assert cache.read_bytes().startswith(b"timings 10.3.0 Orin: ")


def test_progress_goes_from_0_to_1_and_names_what_is_built(tmp_path: Path, work: Workplace) -> None:
    told: list[tuple[float, str]] = []
    open_tensorrt_session(toy_for_tensorrt(tmp_path), on_progress=lambda *item: told.append(item)).close()
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert list(dict.fromkeys(name for _, name in told)) == [
        "template",
        "search",
        "tail",
        "correlate_conv",
        "engines built",
    ]


def test_failing_progress_ends_the_build_and_is_raised(tmp_path: Path, work: Workplace) -> None:
    def interrupt(share: float, what: str) -> None:
        if share > 0:
            raise KeyboardInterrupt

    bundle = toy_for_tensorrt(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        open_tensorrt_session(bundle, on_progress=interrupt)
    assert not list((bundle / "engines").iterdir())
    assert not work.gpu.live


def test_builds_are_logged_where_nobody_shows_them(
    tmp_path: Path, work: Workplace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        open_tensorrt_session(toy_for_tensorrt(tmp_path)).close()
    assert caplog.messages[1].endswith("Orin (compute capability 8.7) with TensorRT 10.3.0, once: search (25 %)")


def test_trunk_with_symbolic_sides_is_fixed_to_the_template_and_gives_what_is_asked_for(
    tmp_path: Path, work: Workplace
) -> None:
    bundle = toy_for_tensorrt(tmp_path)
    _share_trunk(bundle)
    with work.open(bundle) as session:
        assert list(session.engines.engines)[:2] == ["trunk", "template"]
        z, x = crops(POINTS.config)
        for got, wanted in zip(session.match(session.embed(z), x), expected_maps(z, x), strict=True):
            assert np.abs(got - wanted).max() <= REL_NETWORK_F32 * np.abs(wanted).max()


def _share_trunk(bundle: Path) -> None:
    """Moves the first layer out of the template graph: a trunk of any size that also gives what nobody asks for."""
    import hashlib

    from onnx import TensorProto, helper, load_model_from_string

    manifest = Manifest.read(bundle / MANIFEST_NAME)
    variant = manifest.variants[FOLDER]
    template = load_model_from_string((bundle / variant.graphs["template"].file).read_bytes())
    first = template.graph.node[0]
    symbolic = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 3, "side", "side"])
    cells = helper.make_tensor_value_info("cells", TensorProto.FLOAT, [1, 3, "cells", "cells"])
    more = helper.make_tensor_value_info("more", TensorProto.FLOAT, [1, 3, "cells", "cells"])
    weights = [item for item in template.graph.initializer if item.name in first.input]
    double = helper.make_node("Add", ["cells", "cells"], ["more"])
    trunk = helper.make_graph([first, double], "trunk", [symbolic], [cells, more], weights)
    rest = helper.make_graph(
        list(template.graph.node)[1:],
        "template",
        [helper.make_tensor_value_info("cells", TensorProto.FLOAT, [1, 3, 5, 5])],
        list(template.graph.output),
        [item for item in template.graph.initializer if item.name not in first.input],
    )
    graphs = dict(variant.graphs)
    (z,), kernels = graphs["template"].inputs, graphs["template"].outputs
    tensor = replace(z, name="cells", shape=(1, 3, 5, 5))
    for role, graph, inputs, outputs in (("trunk", trunk, (z,), (tensor,)), ("template", rest, (tensor,), kernels)):
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
        data = model.SerializeToString()
        file = f"{FOLDER}/{role}.onnx"
        (bundle / file).write_bytes(data)
        graphs[role] = replace(  # type: ignore[index]
            graphs["template"],
            file=file,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            inputs=inputs,
            outputs=outputs,
            dims={"side": 40, "cells": 5} if role == "trunk" else {},
        )
    text = replace(manifest, variants={FOLDER: replace(variant, graphs=graphs)}).dumps()
    (bundle / MANIFEST_NAME).write_text(text, encoding="utf-8")


def test_prepare_engines_builds_once(tmp_path: Path, work: Workplace) -> None:
    bundle = toy_for_tensorrt(tmp_path)
    first, folder = prepare_engines(bundle, on_progress=lambda *_: None)
    builds = len(work.fake.options)
    assert prepare_engines(bundle, options=TensorRTOptions()) == (first, folder)
    assert len(work.fake.options) == builds == 4
    assert not work.gpu.live
    with work.open(bundle) as session:
        assert session.engines == first
    assert len(work.fake.options) == builds
