"""Short names of ONNX Runtime's providers, what becomes of them, and what is said where they are absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sdst_runtime import Bundle, providers
from sdst_runtime.errors import BackendUnavailable, ConfigError
from sdst_runtime.manifest import Precision
from sdst_runtime.ort_graph import (
    CPU_PROVIDERS,
    OrtGraph,
    OrtOptions,
    empty_arrays,
    import_onnxruntime,
    provider_name,
)
from sdst_runtime.ort_variant import OrtVariant
from sdst_runtime.providers import PROVIDERS, ProviderSettings, choose_providers, choose_session_kind

CPU = "CPUExecutionProvider"
IDLE = "AzureExecutionProvider"  # takes nothing from graphs of ours


@pytest.fixture
def full_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ONNX Runtime that has every provider: for what is chosen, not for what runs."""
    names = [rule.name for rule in PROVIDERS.values()]
    runtime = SimpleNamespace(get_available_providers=lambda: names, __version__="1.0")
    monkeypatch.setattr(providers, "import_onnxruntime", lambda: runtime)


def _idle() -> str:
    if IDLE not in import_onnxruntime().get_available_providers():
        pytest.skip(f"this ONNX Runtime has no {IDLE}, the provider that takes no node")
    return IDLE


def _options(chosen: Sequence[Any]) -> dict[str, str]:
    return dict(chosen[0][1])


def test_cpu_is_the_cpu() -> None:
    assert choose_providers("cpu") == CPU_PROVIDERS
    assert choose_providers("cpu", strict=True) == CPU_PROVIDERS


def test_every_other_provider_comes_first_with_its_options_and_the_cpu_last(full_runtime: None) -> None:
    for name, rule in PROVIDERS.items():
        if name != "cpu":
            chosen = choose_providers(name, ProviderSettings(threads=2))
            assert provider_name(chosen[0]) == rule.name
            assert chosen[-1] == CPU
            assert CPU not in choose_providers(name, strict=True)


def test_tensorrt_leaves_the_rest_to_cuda_on_the_same_gpu(full_runtime: None) -> None:
    chosen = choose_providers("tensorrt:1")
    assert [provider_name(item) for item in chosen] == ["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU]
    assert [item[1]["device_id"] for item in chosen if not isinstance(item, str)] == ["1", "1"]


@pytest.mark.parametrize(("precision", "fp16", "int8"), [("fp32", "0", "0"), ("fp16", "1", "0"), ("int8", "1", "1")])
def test_tensorrt_is_permitted_what_the_variant_has(
    full_runtime: None, precision: Precision, fp16: str, int8: str
) -> None:
    options = _options(choose_providers("tensorrt", ProviderSettings(precision=precision)))
    assert options == {"trt_fp16_enable": fp16, "trt_int8_enable": int8}


def test_compiled_graphs_are_kept_in_a_folder_of_the_variant(full_runtime: None, toy_bundle: Path) -> None:
    variant = Bundle.open(toy_bundle).variant()
    settings = ProviderSettings.of(variant, cache=Path("cache"))
    options = _options(choose_providers("tensorrt", settings))
    assert options["trt_engine_cache_enable"] == options["trt_timing_cache_enable"] == "1"
    assert Path(options["trt_engine_cache_path"]).parent == Path("cache")
    assert _options(choose_providers("openvino", settings))["cache_dir"] == options["trt_engine_cache_path"]
    assert "trt_engine_cache_path" not in _options(choose_providers("tensorrt", ProviderSettings.of(variant)))


def test_variants_of_other_graphs_get_other_folders(toy_bundle: Path) -> None:
    variant = Bundle.open(toy_bundle).variant()
    fewer = replace(variant, graphs={role: graph for role, graph in variant.graphs.items() if role != "tail"})
    folders = [ProviderSettings.of(item, cache=Path()).cache for item in (variant, variant, fewer)]
    assert folders[0] == folders[1] != folders[2]


def test_threads_and_devices_reach_the_options(full_runtime: None) -> None:
    settings = ProviderSettings(threads=3)
    assert _options(choose_providers("xnnpack", settings)) == {"intra_op_num_threads": "3"}
    assert _options(choose_providers("openvino:GPU", settings)) == {"device_type": "GPU", "num_of_threads": "3"}
    assert _options(choose_providers("qnn"))["enable_htp_fp16_precision"] == "1"
    assert _options(choose_providers("qnn", ProviderSettings(precision="int8")))["enable_htp_fp16_precision"] == "0"


def test_names_that_are_not_known() -> None:
    with pytest.raises(ConfigError, match="'cdua', did you mean 'cuda'"):
        choose_providers("cdua")
    with pytest.raises(ConfigError, match="'abacus', ONNX Runtime's are cpu, cuda, tensorrt"):
        choose_providers("abacus")


def test_devices_where_there_is_no_choice(full_runtime: None) -> None:
    with pytest.raises(ConfigError, match="'cpu:1', expected 'cpu'"):
        choose_providers("cpu:1")
    with pytest.raises(ConfigError, match="XnnpackExecutionProvider has no choice of devices"):
        choose_providers("xnnpack:1")


def test_an_absent_provider_is_told_with_its_package_and_what_is_there() -> None:
    absent = set(PROVIDERS) - {
        name for name, rule in PROVIDERS.items() if rule.name in import_onnxruntime().get_available_providers()
    }
    assert absent
    for name in absent:
        with pytest.raises(BackendUnavailable, match=rf"no {PROVIDERS[name].name} \({name}\), it has cpu.*install "):
            choose_providers(name)


def test_providers_that_compile_get_no_graph_per_target() -> None:
    assert choose_session_kind("cpu", None) is None
    assert choose_session_kind("cuda:1", "baked") == "baked"
    assert choose_session_kind("tensorrt:1", None) == "split"
    assert choose_session_kind("openvino", "split") == "split"
    with pytest.raises(ConfigError, match="session is baked, but coreml compiles each graph"):
        choose_session_kind("coreml", "baked")


def test_options_reach_onnx_runtime_and_the_cpu_takes_the_rest(toy_bundle: Path) -> None:
    _template(toy_bundle, OrtOptions(providers=((_idle(), {}), CPU))).run()


def test_without_the_cpu_a_graph_that_no_provider_takes_is_refused(toy_bundle: Path) -> None:
    with pytest.raises(BackendUnavailable, match=f"on {IDLE} alone: .*; let {CPU} take what is left"):
        _template(toy_bundle, OrtOptions(providers=(_idle(),)))


def _template(toy_bundle: Path, options: OrtOptions) -> OrtGraph:
    variant = OrtVariant(bundle=Bundle.open(toy_bundle), name=None, options=options)
    graph = variant.graph("template")
    return variant.load("template", empty_arrays((*graph.inputs, *graph.outputs)))
