"""OpenVINO as an engine: right numbers on the caller's arrays, nothing sent anywhere, clear errors."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sdst_runtime.bundle import Bundle
from sdst_runtime.engines.openvino_engine import OpenVinoEngine
from sdst_runtime.errors import BackendUnavailable, ConfigError, DeviceError, ManifestError
from sdst_runtime.manifest import Graph
from sdst_runtime.ort_graph import empty_arrays
from sdst_runtime.whole_session import WholeSession, open_whole
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import FOLDER
from tests.toy_whole import toy_whole
from tests.toys import SMALL, TOYS, expected_maps

pytest.importorskip("openvino", reason="needs pip install 'sdst-edge[openvino]'")
pytest.importorskip("onnx", reason="the toy bundles' graphs are made with the onnx package")

_TELEMETRY_PROBE = """
import sys
from sdst_runtime.engines.openvino_engine import import_openvino
openvino = import_openvino()
from openvino.tools.ovc import telemetry_utils
print("openvino_telemetry" in sys.modules, telemetry_utils.tm.__name__)
"""

_FREED_BY_ANOTHER_THREAD = """
import gc, os, signal, threading
from sdst_runtime.whole_session import open_whole
from tests.toy_whole import toy_whole
came = []
signal.signal(signal.SIGINT, lambda number, _: came.append(number))
held = [open_whole(toy_whole())]
def free():
    held.pop().close()
    gc.collect()
thread = threading.Thread(target=free)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGINT)
print(came)
"""


def random(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return toy_whole()


@pytest.mark.parametrize("name", TOYS)
def test_maps_are_those_of_the_network(name: str) -> None:
    toy = TOYS[name]
    with open_whole(toy_whole(toy)) as session:
        z = random(0, (1, 3, 40, 40))
        template = session.embed(z)
        small = toy.config.for_small_target()
        for config in (toy.config,) if small is None else (toy.config, small):
            for seed in (1, 2):
                x = random(seed, config.search_shape)
                for got, want in zip(session.match(template, x), expected_maps(z, x, toy), strict=True):
                    assert np.abs(got - want).max() <= REL_NETWORK_F32 * np.abs(want).max()


def test_a_search_region_that_the_caller_let_go_is_kept(bundle: Bundle) -> None:
    session, z = open_whole(bundle), random(0, (1, 3, 40, 40))
    template = session.embed(z)
    for seed in range(20):
        x = random(seed, (1, 3, 72, 72))
        want = expected_maps(z, x)
        session.match(template, x)
        del x
        gc.collect()
        session._matches[0].run()
        got = session._matches[0].outputs
        assert np.abs(got[0] - want[0]).max() <= REL_NETWORK_F32 * np.abs(want[0]).max()


def test_two_threads_give_the_same_maps(bundle: Bundle) -> None:
    z, x = random(0, (1, 3, 40, 40)), random(1, (1, 3, 72, 72))
    with open_whole(bundle, threads=2) as session:
        assert session.threads == 2
        for got, want in zip(session.match(session.embed(z), x), expected_maps(z, x), strict=True):
            assert np.abs(got - want).max() <= REL_NETWORK_F32 * np.abs(want).max()


def test_nothing_is_sent_anywhere() -> None:
    done = subprocess.run([sys.executable, "-c", _TELEMETRY_PROBE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "openvino.tools.ovc.telemetry_stub"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to handlers")
def test_a_signal_is_handled_after_another_thread_has_freed_the_session() -> None:
    code = _FREED_BY_ANOTHER_THREAD
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[2]"]


def test_import_names_the_extra_when_openvino_is_missing(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(BackendUnavailable, match=r"OpenVINO cannot be imported .*pip install 'sdst-edge\[openvino\]'"):
        open_whole(bundle)


def test_engine_lists_the_devices_that_are_there() -> None:
    assert OpenVinoEngine(device="cpu").device == "CPU"
    with pytest.raises(DeviceError, match=r"finds no device 'GPU.7' here; it finds .*CPU"):
        OpenVinoEngine(device="GPU.7")


@pytest.mark.parametrize("threads", [0, True, "2"])
def test_engine_refuses_threads(threads: Any) -> None:
    with pytest.raises(ConfigError, match=r"threads is .*, expected a whole number"):
        OpenVinoEngine(threads=threads)


@pytest.mark.parametrize("data", [b"\x08\x08 no graph at all", b"<net name='a'><broken", b""])
def test_load_refuses_a_damaged_graph(bundle: Bundle, data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    graph = bundle.manifest.variants[FOLDER].graphs["match"]
    with pytest.raises(ManifestError, match=r"cannot load onnx/fp32/match.onnx on CPU: .*; export the bundle again"):
        OpenVinoEngine().load(data, None, graph, empty_arrays((*graph.inputs, *graph.outputs)))
    assert capfd.readouterr() == ("", "")


def test_load_refuses_a_graph_that_is_not_what_the_manifest_says(bundle: Bundle) -> None:
    graph: Graph = bundle.manifest.variants[FOLDER].graphs["match"]
    renamed = (replace(graph.outputs[0], name="heat"), *graph.outputs[1:])
    with pytest.raises(ManifestError, match=r"match.onnx: outputs are .*'score'.*, the manifest says .*'heat'"):
        OpenVinoEngine().load(
            bundle.graph_bytes(None, "match"),
            None,
            replace(graph, outputs=renamed),
            empty_arrays((*graph.inputs, *renamed)),
        )


def test_session_of_two_sizes_and_targets_is_free_of_the_others_kernels() -> None:
    small = SMALL.config.for_small_target()
    assert small is not None
    session = WholeSession(toy_whole(SMALL), OpenVinoEngine())
    inputs = [random(seed, (1, 3, 40, 40)) for seed in range(3)]
    templates = [session.embed(z) for z in inputs]
    for index in (0, 1, 0, 2, 1):
        for shape in (small.search_shape, SMALL.config.search_shape):
            x = random(9, shape)
            for got, want in zip(
                session.match(templates[index], x), expected_maps(inputs[index], x, SMALL), strict=True
            ):
                assert np.abs(got - want).max() <= REL_NETWORK_F32 * np.abs(want).max()
