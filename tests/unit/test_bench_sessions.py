"""What can run here, what cannot, why not, and what would install it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sdst_bench.host.host import Gpu, Host, Jetson
from sdst_bench.host.probe import probe_host
from sdst_bench.host.sysroot import Sysroot
from sdst_bench.installing import install_command
from sdst_bench.sessions import SessionFinding, can_run, find_sessions
from sdst_runtime.ort_graph import import_onnxruntime
from tests.tensorrt_workplace import Workplace

ENGINES = ("onnxruntime", "tensorrt", "openvino", "ncnn")


@pytest.fixture
def pc(tmp_path: Path) -> Host:
    return probe_host(Sysroot(tmp_path))


@pytest.fixture
def orin(pc: Host) -> Host:
    return replace(pc, jetson=Jetson(family="Orin", sm="8.7", jetpack="6.2"), cuda="12.6.11")


def found(host: Host) -> dict[str, SessionFinding]:
    return {finding.name: finding for finding in find_sessions(host)}


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


def test_find_sessions_runs_a_graph_in_onnx_runtime(pc: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "tensorrt", "openvino", "ncnn", "cv2")
    findings = found(pc)
    assert findings["onnxruntime"].ok
    assert findings["onnxruntime"].detail == import_onnxruntime().__version__
    assert findings["libsdst"].ok
    assert can_run(tuple(findings.values()))


def test_find_sessions_says_what_installs_a_missing_engine(pc: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, *ENGINES, "cv2")
    findings = found(pc)
    assert [findings[name].detail for name in ("onnxruntime", "openvino", "ncnn", "opencv")] == ["not installed"] * 4
    assert findings["tensorrt"].detail == "not installed; CUDA sees no GPU here"
    assert findings["ncnn"].install == "pip install 'sdst-edge[ncnn]'"
    assert not can_run(tuple(findings.values()))


def test_can_run_needs_the_core() -> None:
    engine = SessionFinding(name="ncnn", role="engine", ok=True, detail="1.0")
    core = SessionFinding(name="libsdst", role="core", ok=False, detail="not found")
    assert can_run((engine,))
    assert not can_run((core, engine))


def test_find_sessions_tells_a_broken_package_from_a_missing_one(
    pc: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, *ENGINES)
    (tmp_path / "ncnn.py").write_text("raise RuntimeError('built for another numpy\\nand more')\n", encoding="utf-8")
    (tmp_path / "cv2.py").write_text("import libopencv_that_is_missing\n", encoding="utf-8")
    for package in ("ncnn", "cv2"):
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    findings = found(pc)
    assert findings["ncnn"].detail == "RuntimeError: built for another numpy"
    assert findings["opencv"].detail == "ModuleNotFoundError: No module named 'libopencv_that_is_missing'"
    assert not findings["ncnn"].ok


def test_find_sessions_tells_a_libsdst_that_is_missing(pc: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdst_runtime import native

    hide(monkeypatch, *ENGINES, "cv2")
    native.library.cache_clear()
    monkeypatch.setenv("SDST_LIBRARY", "missing.so")
    try:
        core = found(pc)["libsdst"]
        environment = probe_host(Sysroot(Path("missing"))).environment
    finally:
        native.library.cache_clear()
    assert "SDST_LIBRARY is 'missing.so'" in core.detail
    assert (core.ok, environment.libsdst) == (False, "not installed")


def test_find_sessions_notices_a_provider_that_does_not_start(pc: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    real = import_onnxruntime()

    def fall_back(model: bytes, settings: object, **_: object) -> object:
        return real.InferenceSession(model, settings, providers=["CPUExecutionProvider"])

    listed = SimpleNamespace(
        **{name: getattr(real, name) for name in ("SessionOptions", "ExecutionMode", "__version__")}
    )
    listed.get_available_providers = lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    listed.InferenceSession = fall_back
    hide(monkeypatch, "tensorrt", "openvino", "ncnn", "cv2")
    monkeypatch.setitem(sys.modules, "onnxruntime", listed)
    findings = found(replace(pc, gpus=(Gpu(name="some GPU"),)))
    assert findings["onnxruntime"].ok
    assert not findings["onnxruntime cuda"].ok
    assert "did not start" in findings["onnxruntime cuda"].detail
    assert "onnxruntime-gpu[cuda,cudnn]" in findings["onnxruntime cuda"].install
    assert findings["onnxruntime tensorrt"].detail == f"ONNX Runtime {real.__version__} here is built without it"


def test_find_sessions_opens_the_gpu_for_tensorrt(orin: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "onnxruntime", "openvino", "ncnn", "cv2")
    Workplace.install(monkeypatch)
    finding = found(orin)["tensorrt"]
    assert finding.ok
    assert finding.detail.startswith("10.3.0 on Orin (compute capability 8.7), CUDA ")
    assert finding.detail.endswith("by cuda-python")


def test_find_sessions_says_what_reaches_the_gpu(orin: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "onnxruntime", "openvino", "ncnn", "cv2")
    Workplace.install(monkeypatch, cuda="none")
    finding = found(orin)["tensorrt"]
    assert not finding.ok
    assert "nothing reaches the GPU" in finding.detail
    assert finding.install == "sudo apt install python3-libnvinfer && pip install 'cuda-python==12.*'"


def test_find_sessions_says_that_a_virtual_environment_hides_tensorrt(
    orin: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, *ENGINES, "cv2")
    detail = found(replace(orin, tensorrt="10.3.0.30"))["tensorrt"].detail
    assert "TensorRT 10.3.0.30 is on this host" in detail
    assert "--system-site-packages" in detail


@pytest.mark.parametrize(
    ("name", "jetpack", "command"),
    [
        (
            "onnxruntime cuda",
            "6.2.1",
            "pip install --no-deps --index-url https://pypi.jetson-ai-lab.io/jp6/cu126 onnxruntime-gpu",
        ),
        ("onnxruntime", "7.2", ""),
        ("opencv", "6.2", "sudo apt install python3-opencv"),
        ("ncnn", "6.2", "pip install --no-deps ncnn"),
    ],
)
def test_install_command_keeps_nvidias_builds_on_a_jetson(name: str, jetpack: str, command: str, orin: Host) -> None:
    assert install_command(name, replace(orin, jetson=Jetson(family="Orin", sm="8.7", jetpack=jetpack))) == command
