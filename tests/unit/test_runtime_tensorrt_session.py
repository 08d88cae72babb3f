"""A TensorRT session on stand-ins that compute: wiring, targets, threads, CUDA graphs, and what is freed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import BackendUnavailable, ConfigError, DeviceError, SdstError
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.tensorrt import TensorRTOptions, TensorRTSession, open_tensorrt_session
from sdst_runtime.tensorrt import session as session_module
from sdst_runtime.tracker import Tracker
from tests.fake_gpu import FakeGpu
from tests.tensorrt_workplace import Workplace, crops, toy_for_tensorrt
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import bright_frame, build_toy_bundle
from tests.toys import POINTS, SMALL, TOYS, expected_maps

CUDAS = ("cuda-python", "old cuda-python", "pycuda")


def _same(got: Any, wanted: Any) -> bool:
    return all(np.abs(a - b).max() <= REL_NETWORK_F32 * np.abs(b).max() for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("cuda", CUDAS)
@pytest.mark.parametrize("toy", ["points", "anchors", "response", "small"])
def test_maps_are_those_of_the_formulas_and_of_onnx_runtime(
    toy: str, cuda: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = toy_for_tensorrt(tmp_path, TOYS[toy])
    work = Workplace.install(monkeypatch, cuda=cuda)
    configs = [TOYS[toy].config, TOYS[toy].config.for_small_target()]
    with work.open(bundle) as session, OrtSession(Bundle.open(bundle), kind="split") as reference:
        for config in filter(None, configs):
            for seed in range(2):
                z, x = crops(config, seed)
                template = session.embed(z)
                maps = session.match(template, x)
                assert _same(maps, expected_maps(z, x, TOYS[toy]))
                assert _same(maps, reference.match(reference.embed(z), x))
                assert template.size_bytes > 0
                template.close()
    assert not work.gpu.live
    assert not work.gpu.pinned or cuda == "pycuda"  # whose arrays free themselves


def test_targets_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = toy_for_tensorrt(tmp_path, SMALL)
    with Workplace.install(monkeypatch).open(bundle) as session:
        small = SMALL.config.for_small_target()
        assert small is not None
        targets = [(*crops(config, seed),) for seed, config in enumerate((SMALL.config, small, SMALL.config))]
        templates = [session.embed(z) for z, _ in targets]
        for _ in range(2):
            for template, (z, x) in zip(templates, targets, strict=True):
                assert _same(session.match(template, x), expected_maps(z, x, SMALL))


def test_only_the_maps_leave_the_gpu_and_kernels_are_placed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Workplace.install(monkeypatch)
    with work.open(toy_for_tensorrt(tmp_path), cuda_graph=False) as session:
        z, x = crops(POINTS.config)
        first, second = session.embed(z), session.embed(z)
        session.match(first, x)

        def calls(match: Callable[[], object]) -> list[str]:
            work.gpu.calls.clear()
            match()
            return [name for name in work.gpu.calls if name.startswith(("copy", "execute"))]

        upload, download = "copy cudaMemcpyHostToDevice", "copy cudaMemcpyDeviceToHost"
        inside = "copy cudaMemcpyDeviceToDevice"
        frame = [upload, "execute", "execute", "execute", download, download]
        assert calls(lambda: session.match(first, x)) == frame
        assert calls(lambda: session.match(second, x)) == [inside, inside, *frame]


def test_frame_is_one_launch_of_a_cuda_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    with work.open(toy_for_tensorrt(tmp_path)) as session:
        assert session.captured
        z, x = crops(POINTS.config)
        template = session.embed(z)
        work.gpu.calls.clear()
        assert _same(session.match(template, x), expected_maps(z, x))
        assert work.gpu.calls == ["cudaGetDevice", "cudaGraphLaunch", "cudaStreamSynchronize"]


@pytest.mark.parametrize(
    ("cuda", "captures", "reason"),
    [("pycuda", True, "pycuda captures no CUDA graphs"), ("cuda-python", False, "cudaStreamBeginCapture failed")],
)
def test_without_capture_frames_are_queued_and_a_note_says_so(
    cuda: str, captures: bool, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Workplace.install(monkeypatch, cuda=cuda, captures=captures)
    with work.open(toy_for_tensorrt(tmp_path)) as session:
        assert not session.captured
        assert reason in session.notes[-1]
        z, x = crops(POINTS.config)
        assert _same(session.match(session.embed(z), x), expected_maps(z, x))


def test_engine_that_cannot_be_captured_runs_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    context = work.fake.classes["IExecutionContext"]
    execute = context.execute_async_v3  # type: ignore[attr-defined]
    refuses = lambda self, stream: work.gpu.captured is None and execute(self, stream)  # noqa: E731
    monkeypatch.setattr(context, "execute_async_v3", refuses)
    with work.open(toy_for_tensorrt(tmp_path)) as session:
        assert session.notes[0].startswith("frames are queued engine by engine, without a CUDA graph: TensorRT refuses")
        assert work.gpu.captured is None
        z, x = crops(POINTS.config)
        assert _same(session.match(session.embed(z), x), expected_maps(z, x))


def test_graph_that_gives_other_maps_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    monkeypatch.setattr(FakeGpu, "launch", lambda self, graph: [self.queue(item, self.stream) for item in graph[:-1]])
    with work.open(toy_for_tensorrt(tmp_path)) as session:
        assert session.notes == ("frames are queued engine by engine: the CUDA graph gave other maps",)
        z, x = crops(POINTS.config)
        assert _same(session.match(session.embed(z), x), expected_maps(z, x))


def test_maps_that_are_not_finite_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    monkeypatch.setattr(session_module._Noise, "crop", lambda self, shape: np.full(shape, np.inf, np.float32))
    with work.open(toy_for_tensorrt(tmp_path)) as session:
        assert session.captured
        assert session.notes == ("maps of a noisy picture are not finite: is the range of float16 exceeded?",)


def test_pycuda_leaves_no_context_on_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch, cuda="pycuda")
    session = work.open(toy_for_tensorrt(tmp_path))
    z, x = crops(POINTS.config)
    template = session.embed(z)
    assert set(work.gpu.context_stacks.values()) == {0}
    with pytest.raises(SdstError, match="search input"):
        session.match(template, x[:, :, 1:])
    session.match(template, x)
    session.close()
    assert set(work.gpu.context_stacks.values()) == {0}
    assert work.gpu.calls[-1] == "detach"


@pytest.mark.parametrize("cuda", ["cuda-python", "pycuda"])
def test_session_belongs_to_one_thread_until_another_adopts_it(
    cuda: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Workplace.install(monkeypatch, cuda=cuda).open(toy_for_tensorrt(tmp_path))
    z, x = crops(POINTS.config)
    template = session.embed(z)
    found: list[Any] = []

    def elsewhere() -> None:
        for call in (
            lambda: session.match(template, x),
            lambda: session.embed(z),
            template.close,
            session.close,
        ):
            with pytest.raises(SdstError, match=r"another thread, this is Worker; .* adopt\(\)"):
                call()
        session.adopt()
        found.append([output.copy() for output in session.match(template, x)])

    worker = threading.Thread(target=elsewhere, name="Worker")
    worker.start()
    worker.join()
    assert _same(found[0], expected_maps(z, x))
    with pytest.raises(SdstError, match="another thread"):
        session.match(template, x)
    session.adopt()
    session.close()


def test_templates_own_their_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    session = work.open(toy_for_tensorrt(tmp_path))
    z, x = crops(POINTS.config)
    before = len(work.gpu.live)
    first, second = session.embed(z), session.embed(z)
    assert len(work.gpu.live) == before + 2
    first.close()
    first.close()
    assert len(work.gpu.live) == before + 1
    assert first.size_bytes == 0
    with pytest.raises(SdstError, match="the template is closed"):
        session.match(first, x)
    assert _same(session.match(second, x), expected_maps(z, x))
    session.close()
    session.close()
    second.close()
    assert not work.gpu.live
    for call in (lambda: session.match(second, x), lambda: session.embed(z), session.adopt):
        with pytest.raises(SdstError, match="the session is closed"):
            call()


def test_maps_outlive_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Workplace.install(monkeypatch).open(toy_for_tensorrt(tmp_path))
    z, x = crops(POINTS.config)
    maps = session.match(session.embed(z), x)
    session.close()
    assert _same(maps, expected_maps(z, x))


def test_inputs_and_templates_of_others_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, bundle = Workplace.install(monkeypatch), toy_for_tensorrt(tmp_path)
    z, x = crops(POINTS.config)
    with work.open(bundle) as session, OrtSession(Bundle.open(bundle)) as other:
        with pytest.raises(SdstError, match=r"template input is float32 \(1, 3, 39, 40\)"):
            session.embed(z[:, :, 1:])
        with pytest.raises(SdstError, match="search input is float64"):
            session.match(session.embed(z), x.astype(np.float64))  # type: ignore[arg-type]
        with pytest.raises(SdstError, match="belongs to another session"):
            session.match(other.embed(z), x)


@pytest.mark.parametrize(
    ("cuda", "message"),
    [
        ("cuda-python", r"cudaMalloc failed with cudaErrorMemoryAllocation: .*track fewer targets"),
        ("pycuda", r"CUDA: cuMemAlloc failed: out of memory; close other programs, or track fewer targets"),
    ],
)
def test_full_memory_is_told_and_nothing_leaks(
    cuda: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Workplace.install(monkeypatch, cuda=cuda)
    session = work.open(toy_for_tensorrt(tmp_path))
    z, x = crops(POINTS.config)
    template = session.embed(z)
    work.gpu.free_bytes = 0
    with pytest.raises(DeviceError, match=message):
        session.embed(z)
    assert _same(session.match(template, x), expected_maps(z, x))
    session.close()
    with pytest.raises(DeviceError, match=message):
        work.open(tmp_path / "bundle")
    assert not work.gpu.live


def test_tracker_follows_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = toy_for_tensorrt(tmp_path, SMALL)
    manifest = Bundle.open(bundle).manifest
    centers = [(60.0 + 3 * i, 50.0 + 2 * i) for i in range(8)]

    def follow(session: Any) -> list[Any]:
        with Tracker(session, manifest.tracker, owns_session=True) as tracker:
            tracker.init(bright_frame(centers[0]), (50, 40, 20, 20))
            return [tracker.update(bright_frame(center)).box_xywh for center in centers[1:]]

    with_tensorrt = follow(Workplace.install(monkeypatch).open(bundle))
    assert np.allclose(with_tensorrt, follow(OrtSession(Bundle.open(bundle), kind="split")), atol=REL_NETWORK_F32 * 100)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = toy_for_tensorrt(tmp_path)
    work = Workplace.install(monkeypatch, cuda="none")
    with pytest.raises(
        BackendUnavailable, match=r"nothing reaches the GPU: pycuda cannot .*; cuda-python cannot .*pip"
    ):
        work.open(bundle)
    with pytest.raises(BackendUnavailable, match=r"pip install 'sdst-edge\[pycuda\]'"):
        work.open(bundle, cuda="pycuda")
    monkeypatch.setitem(__import__("sys").modules, "tensorrt", None)
    with pytest.raises(BackendUnavailable, match=r"python3-libnvinfer.*pip install 'sdst-edge\[tensorrt\]'"):
        work.open(bundle)


def test_old_tensorrt_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = {"ICudaEngine": {"members": {"num_bindings": ""}}}
    work = Workplace.install(monkeypatch, version="8.4.1", api=api)
    with pytest.raises(BackendUnavailable, match=r"TensorRT 8\.4\.1 has no num_io_tensors, which came with 8\.5"):
        work.open(toy_for_tensorrt(tmp_path))


def test_no_gpu_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    with pytest.raises(DeviceError, match="GPU 1 does not exist, CUDA finds 1"):
        work.open(toy_for_tensorrt(tmp_path), device=1)
    import cuda.bindings.runtime as cudart  # type: ignore[import-not-found, unused-ignore]

    cudart.cudaGetDeviceCount = lambda: (cudart.cudaError_t.cudaErrorNoDevice, None)
    with pytest.raises(DeviceError, match=r"cudaErrorNoDevice: there is no GPU"):
        work.open(tmp_path / "bundle")

    def fails() -> None:
        raise RuntimeError("Failed to dlopen libcuda.so.1")

    cudart.cudaGetDeviceCount = fails
    with pytest.raises(DeviceError, match=r"CUDA does not answer: .*libcuda.so.1; is there a GPU with its driver\?"):
        work.open(tmp_path / "bundle")


def test_bundle_without_graphs_of_the_correlations_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx", reason="the toy bundle's graphs are made with the onnx package")
    Workplace.install(monkeypatch)
    bundle = build_toy_bundle(tmp_path / "bundle")
    with pytest.raises(ConfigError, match=r"no correlate_conv graph, .*sdst-edge export CKPT -o BUNDLE --target"):
        open_tensorrt_session(bundle)


def test_device_that_another_library_chose_is_chosen_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    work.gpu.chosen = 3
    with work.open(toy_for_tensorrt(tmp_path)) as session:
        z, x = crops(POINTS.config)
        session.match(session.embed(z), x)
        assert work.gpu.chosen == 3
        assert work.gpu.calls[-3:] == ["cudaGraphLaunch", "cudaStreamSynchronize", "cudaSetDevice"]


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="cuda is 'cupy', expected one of auto, pycuda, cuda-python"):
        TensorRTOptions(cuda="cupy")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="device is -1"):
        TensorRTOptions(device=-1)


def test_session_tells_the_memory_of_its_contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workplace.install(monkeypatch).open(toy_for_tensorrt(tmp_path)) as session:
        assert isinstance(session, TensorRTSession)
        assert session.memory_bytes == 4 * 4096
