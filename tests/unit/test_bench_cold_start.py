"""A fresh process: what it reports, what it imports, and what is told when it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import sdst_runtime
from sdst_bench.measuring import cold_process, cold_start
from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.cold_start import measure_cold_start
from sdst_bench.measuring.subject import SubjectRequest
from sdst_bench.not_measured import NotMeasured
from sdst_runtime.errors import ConfigError, ManifestError, NativeError, SdstError
from sdst_runtime.tracker import Tracker
from tests.toy_bundle import bright_frame

CLIP = Clip([bright_frame((60, 50))], [(50.0, 40.0, 20.0, 20.0)])
NOBODY = SubjectRequest(bundle="nowhere")


def test_cold_start_reports_every_step_and_the_memory(toy_bundle: Path) -> None:
    start, memory = measure_cold_start(SubjectRequest(bundle=str(toy_bundle)), CLIP)
    steps = (start.import_ms, start.load_ms, start.first_init_ms, start.first_update_ms)
    assert all(step > 0 for step in steps)
    assert sum(steps) < start.process_to_first_box_ms
    assert (start.build_ms, memory.gpu_bytes, memory.gpu_source) == (0.0, None, "")
    assert memory.template_bytes > 0
    assert start.init.p50 <= start.init.max


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="Linux alone has /proc")
def test_cold_start_reads_memory_from_proc(toy_bundle: Path) -> None:
    memory = measure_cold_start(SubjectRequest(bundle=str(toy_bundle)), CLIP)[1]
    assert memory.peak_rss_bytes is not None
    assert memory.pss_bytes is not None
    assert memory.growth_bytes is not None
    assert 0 < memory.growth_bytes < memory.peak_rss_bytes
    assert 0 < memory.pss_bytes <= memory.peak_rss_bytes


def _task(toy_bundle: Path) -> dict[str, Any]:
    return {
        "request": {
            "bundle": str(toy_bundle),
            "variant": None,
            "session": "auto",
            "engine": None,
            "accelerator": None,
            "threads": 1,
        },
        "size_wh": [160, 120],
        "box_xywh": [50, 40, 20, 20],
        "started_ns": time.monotonic_ns(),
    }


def test_fresh_process_imports_the_runtime_alone(toy_bundle: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-c", cold_start.CODE, json.dumps(_task(toy_bundle))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "result" in json.loads(done.stdout)
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"sdst_runtime", "numpy", "onnxruntime"} <= imported
    assert not {"cv2", "rich", "sdst_edge", "sdst_bench.stats", "torch", "onnx"} & imported
    names = [line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    before = names[: names.index("sdst_bench.measuring.cold_process")]
    assert not {"numpy", "json", "subprocess", "threading"} & set(before)  # what is timed is not there before
    assert "numpy.random" not in names


def test_memory_is_that_of_one_target(toy_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inits: list[int] = []
    read = cold_process._memory

    class Counted(Tracker):
        def init(self, frame: Any, box_xywh: Any) -> None:
            inits.append(1)
            super().init(frame, box_xywh)

    def memory(resident: int | None) -> dict[str, int | None]:
        assert len(inits) == 1
        return read(resident)

    monkeypatch.setattr(sdst_runtime, "Tracker", Counted)
    monkeypatch.setattr(cold_process, "_memory", memory)
    found = cold_process._measure(_task(toy_bundle), 1, lambda line: None)
    assert len(found["init_ns"]) == len(inits) - 1 == cold_process.INITS


def test_errors_of_the_fresh_process_keep_kind_and_text(tmp_path: Path, toy_bundle: Path) -> None:
    with pytest.raises(ManifestError, match="does not exist, expected the folder of a bundle"):
        measure_cold_start(SubjectRequest(bundle=str(tmp_path / "none")), CLIP)
    with pytest.raises(ConfigError, match="threads"):
        measure_cold_start(SubjectRequest(bundle=str(toy_bundle), threads=0), CLIP)


@pytest.mark.parametrize("kind", ["NativeError", "NotOfThisVersion"])
def test_errors_that_cannot_be_made_again_keep_their_text(kind: str) -> None:
    error = cold_start._error(kind, "it broke")
    assert type(error) is SdstError
    assert not isinstance(error, NativeError)
    assert str(error) == "it broke"


def test_a_crash_is_told_with_the_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os, sys; print('engine: out of memory', file=sys.stderr, flush=True); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(cold_start, "CODE", code)
    with pytest.raises(NotMeasured, match=r"was ended by SIGKILL before .* last words: engine: out of memory"):
        measure_cold_start(NOBODY, CLIP)


def test_an_exception_is_told_with_the_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_start, "CODE", "raise OSError('disk')")
    with pytest.raises(NotMeasured, match=r"ended with status 1 before .*OSError: disk"):
        measure_cold_start(NOBODY, CLIP)


def test_builds_are_told_and_an_interrupt_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import json, os, time; print(json.dumps({'share': 0.5, 'text': f'search {os.getpid()}'}), flush=True); "
        "time.sleep(600)"
    )
    monkeypatch.setattr(cold_start, "CODE", code)
    told: list[tuple[float, str]] = []

    def stop(share: float, text: str) -> None:
        told.append((share, text))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_cold_start(NOBODY, CLIP, on_progress=stop)
    ((share, text),) = told
    assert share == 0.5
    with pytest.raises(ProcessLookupError):
        os.kill(int(text.removeprefix("search ")), 0)


def test_gpu_memory_is_asked_of_sessions_on_a_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_process, "_smi_bytes", lambda: 5 * 2**20)
    nothing = {"gpu_bytes": None, "gpu_source": ""}
    assert cold_process._gpu_memory("onnxruntime None", 10) == nothing
    assert cold_process._gpu_memory("openvino CPU", 10) == nothing
    of_process = {"gpu_bytes": 5 * 2**20, "gpu_source": "nvidia-smi, of the process"}
    for runs_on in ("tensorrt None", "onnxruntime cuda:1", "ncnn vulkan", "openvino GPU"):
        assert cold_process._gpu_memory(runs_on, 10) == of_process


def test_gpu_memory_of_a_board_is_what_the_host_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_process, "_smi_bytes", lambda: None)
    monkeypatch.setattr(cold_process, "_bytes", lambda path, name: 700)
    monkeypatch.setattr(os.path, "exists", lambda path: path == "/proc/device-tree/model")
    found = cold_process._gpu_memory("tensorrt None", 1000)
    assert found["gpu_bytes"] == 300
    assert "MemAvailable" in found["gpu_source"]
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    assert cold_process._gpu_memory("tensorrt None", 1000)["gpu_bytes"] is None


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("{pid}, 310\n1, 99\n", 310 * 2**20),
        ("{pid}, 310\n{pid}, 90\n", 400 * 2**20),
        ("{pid}, [N/A]\n", None),
        ("1, 99\n", None),
        ("", None),
    ],
)
def test_smi_bytes_are_those_of_this_process(
    rows: str, expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text(f"#!/bin/sh\nprintf '%s' '{rows.format(pid=os.getpid())}'\n", encoding="utf-8")
    smi.chmod(0o755)
    monkeypatch.setattr(cold_process, "SMI", (str(smi),))
    assert cold_process._smi_bytes() == expected


def test_smi_bytes_without_the_command_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_process, "SMI", ("no-such-command-here",))
    assert cold_process._smi_bytes() is None
