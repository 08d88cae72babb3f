"""ncnn as an engine, on the CPU and on Vulkan: right numbers, batches item by item, clear errors, no noise."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.engines.ncnn_engine import NcnnEngine, NcnnGraph
from sdst_runtime.errors import BackendUnavailable, ConfigError, DeviceError, ManifestError
from sdst_runtime.manifest import Graph
from sdst_runtime.ort_graph import empty_arrays
from tests.ncnn_graphs import entry, gpu_count, product_graph, structure, weights_of
from tests.tolerances import REL_NETWORK_F32

pytest.importorskip("ncnn", reason="needs pip install 'sdst-edge[ncnn]'")

NEEDS_VULKAN = pytest.mark.skipif(
    gpu_count() == 0, reason="ncnn finds no Vulkan device; mesa-vulkan-drivers has one in software"
)
DEVICES = pytest.mark.parametrize("gpu", [None, pytest.param(0, marks=NEEDS_VULKAN)], ids=["cpu", "vulkan"])
Arrays = dict[str, NDArray[Any]]


def load(
    model: bytes, graph: Graph, *, weights: bytes = b"", gpu: int | None = None
) -> tuple[NcnnGraph, dict[str, NDArray[Any]]]:
    arrays = empty_arrays((*graph.inputs, *graph.outputs))
    generator = np.random.default_rng(3)
    for tensor in graph.inputs:
        arrays[tensor.name][:] = generator.normal(size=tensor.shape)
    return NcnnEngine(gpu=gpu).load(model, weights, graph, arrays), arrays


def product(arrays: Arrays) -> NDArray[np.float32]:
    x, kernel = arrays["x"], arrays["kernel"][:, :, 0, 0]
    return np.einsum("kc,nchw->nkhw", kernel, x)


def assert_close(got: NDArray[np.float32], want: NDArray[np.float32]) -> None:
    assert np.abs(got - want).max() <= REL_NETWORK_F32 * np.abs(want).max()


@DEVICES
@pytest.mark.parametrize("side", [4, 5])  # channels of 64 and of 100 bytes: only the first is a multiple of 16
@pytest.mark.parametrize("items", [1, 3])
def test_run_reads_and_writes_the_arrays(gpu: int | None, side: int, items: int) -> None:
    loaded, arrays = load(*product_graph(items, side), gpu=gpu)
    for seed in (0, 1):
        arrays["x"][:] = np.random.default_rng(seed).normal(size=arrays["x"].shape)
        arrays["kernel"] *= -2
        loaded.run()
        assert_close(arrays["score"], product(arrays))


def test_bind_input_takes_another_array() -> None:
    loaded, arrays = load(*product_graph(2, 5))
    other = np.random.default_rng(8).normal(size=(2, 6, 5, 5)).astype(np.float32)
    loaded.bind_input("x", other)
    loaded.run()
    assert_close(arrays["score"], product({**arrays, "x": other}))
    other *= 2
    loaded.run()
    assert_close(arrays["score"], product({**arrays, "x": other}))


@DEVICES
def test_convolution_has_its_weights(gpu: int | None) -> None:
    weights, (kernel,) = weights_of((4, 3, 1, 1))
    model = structure("Input x 0 1 x 0=7 1=5 2=3", "Convolution c 1 1 x score 0=4 1=1 11=1 5=0 6=12")
    graph = entry(model, {"x": (1, 3, 5, 7)}, {"score": (1, 4, 5, 7)})
    loaded, arrays = load(model, graph, weights=weights, gpu=gpu)
    loaded.run()
    assert_close(arrays["score"], np.einsum("kc,nchw->nkhw", kernel[:, :, 0, 0], arrays["x"]))


@DEVICES
def test_a_first_layer_that_works_in_place_leaves_the_input_as_it_is(gpu: int | None) -> None:
    model = structure("Input x 0 1 x 0=5 1=5 2=3", "ReLU r 1 1 x score")
    loaded, arrays = load(model, entry(model, {"x": (1, 3, 5, 5)}, {"score": (1, 3, 5, 5)}), gpu=gpu)
    before = arrays["x"].copy()
    for _ in range(3):
        loaded.run()
        np.testing.assert_array_equal(arrays["score"], np.maximum(before, 0))
    np.testing.assert_array_equal(arrays["x"], before)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc to read the memory in use")
def test_memory_does_not_grow_with_frames() -> None:
    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    loaded, _ = load(*product_graph(1, 64))
    for _ in range(200):
        loaded.run()
    before = resident_bytes()
    for _ in range(2000):
        loaded.run()
    one_output_each = 2000 * 4 * 64 * 64 * 4
    assert resident_bytes() - before < one_output_each / 10


@DEVICES
def test_nothing_is_printed(gpu: int | None, capfd: pytest.CaptureFixture[str]) -> None:
    loaded, _ = load(*product_graph(1, 5), gpu=gpu)
    loaded.run()
    assert capfd.readouterr() == ("", "")


def test_import_names_the_extra_when_ncnn_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)
    with pytest.raises(BackendUnavailable, match=r"ncnn cannot be imported .*pip install 'sdst-edge\[ncnn\]'"):
        NcnnEngine()


@pytest.mark.parametrize("threads", [0, True, "2"])
def test_engine_refuses_threads(threads: Any) -> None:
    with pytest.raises(ConfigError, match=r"threads is .*, expected a whole number"):
        NcnnEngine(threads=threads)


@pytest.mark.parametrize("gpu", [-1, True, "0"])
def test_engine_refuses_what_is_no_number_of_a_gpu(gpu: Any) -> None:
    with pytest.raises(ConfigError, match=r"gpu is .*, expected the number of a Vulkan device"):
        NcnnEngine(gpu=gpu)


@NEEDS_VULKAN
def test_engine_lists_the_gpus_that_are_there() -> None:
    with pytest.raises(DeviceError, match=r"finds no Vulkan device 77; it finds 0: \w+"):
        NcnnEngine(gpu=77)


def test_engine_says_what_to_install_where_there_is_no_gpu() -> None:
    code = "from sdst_runtime.engines.ncnn_engine import NcnnEngine; NcnnEngine(gpu=0)"
    no_driver = dict.fromkeys(("VK_DRIVER_FILES", "VK_ICD_FILENAMES"), "/nonexistent")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **no_driver})
    assert done.returncode == 1
    assert "DeviceError: ncnn finds no Vulkan device; install the GPU's Vulkan driver" in done.stderr


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (b"\xff\xfe\x00", "is no text"),
        (b"no graph at all", "input x is not there, the manifest says"),
        (b"7767517\n1 1\nInput x 0 1 x 0=5 1=5 2=6\n", "input kernel is not there"),
        (product_graph(1, 5)[0].replace(b"0=5 1=5 2=6", b"0=7 1=5 2=6"), r"input x is \(6, 5, 7\), the manifest says"),
        (
            product_graph(1, 5)[0].replace(b"Gemm", b"Hocus"),
            "cannot load ncnn/fp32/match.param; export the bundle again",
        ),
        (product_graph(1, 5)[0].replace(b"score", b"heat"), "has no output 'score'"),
        (product_graph(1, 5)[0].replace(b"2=4", b"2=2"), r"score is \(2, \d+, \d+\), the manifest says \(1, 4, 5, 5\)"),
    ],
)
def test_load_refuses_a_graph_that_is_not_what_the_manifest_says(
    model: bytes, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ManifestError, match=message):
        load(model, product_graph(1, 5)[1])
    assert capfd.readouterr() == ("", "")


def test_load_refuses_inputs_that_the_manifest_does_not_name() -> None:
    model, graph = product_graph(1, 5)
    with pytest.raises(ManifestError, match="inputs are x, kernel, the manifest says x"):
        load(model, replace(graph, inputs=graph.inputs[:1]))


def test_load_refuses_weights_that_are_cut_off(capfd: pytest.CaptureFixture[str]) -> None:
    weights, _ = weights_of((4, 3, 1, 1))
    model = structure("Input x 0 1 x 0=7 1=5 2=3", "Convolution c 1 1 x score 0=4 1=1 11=1 5=0 6=12")
    graph = entry(model, {"x": (1, 3, 5, 7)}, {"score": (1, 4, 5, 7)})
    with pytest.raises(ManifestError, match="cannot load"):
        load(model, graph, weights=weights[:-8])
    assert capfd.readouterr() == ("", "")
