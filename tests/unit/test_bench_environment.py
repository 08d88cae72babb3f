"""What the host tells, read from files under a made-up root."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sdst_bench.environment import probe_environment
from sdst_bench.host.host import NOT_KNOWN
from sdst_bench.host.sysroot import Sysroot
from tests.fake_orin import write_file


def test_probe_environment_reads_processor_and_governor(tmp_path: Path) -> None:
    write_file(
        tmp_path, "proc/cpuinfo", "processor\t: 0\nmodel\t\t: 2\nmodel name\t: Some CPU @ 2.0 GHz\nprocessor\t: 1\n"
    )
    write_file(tmp_path, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n")
    write_file(tmp_path, "proc/device-tree/model", "Some Board\0")
    environment = probe_environment(Sysroot(tmp_path))
    assert environment.cpu == "Some CPU @ 2.0 GHz"
    assert environment.governor == "schedutil"
    assert environment.board == "Some Board"
    assert environment.cores == 2


def test_probe_environment_reads_the_kernel_of_another_root(tmp_path: Path) -> None:
    write_file(tmp_path, "proc/version", "Linux version 5.15.148-tegra (somebody@somewhere) (gcc)\n")
    assert probe_environment(Sysroot(tmp_path)).system == "Linux 5.15.148-tegra"
    write_file(tmp_path, "proc/sys/kernel/osrelease", "6.8.12-tegra\n")
    assert probe_environment(Sysroot(tmp_path)).system == "Linux 6.8.12-tegra"


def test_probe_environment_says_not_known_when_the_host_tells_nothing(tmp_path: Path) -> None:
    environment = probe_environment(Sysroot(tmp_path))
    assert environment.governor == NOT_KNOWN
    assert environment.board == ""


def test_probe_environment_names_the_instructions_for_int8(tmp_path: Path) -> None:
    write_file(tmp_path, "proc/cpuinfo", "flags\t\t: fpu avx2 avx512_vnni avx512_vnni2 avx_vnni\n")
    assert probe_environment(Sysroot(tmp_path)).int8 == "avx512_vnni, avx_vnni"
    write_file(tmp_path, "proc/cpuinfo", "Features\t: fp asimd asimddp\n")
    assert probe_environment(Sysroot(tmp_path)).int8 == "asimddp"
    write_file(tmp_path, "proc/cpuinfo", "flags\t\t: fpu avx2\n")
    assert probe_environment(Sysroot(tmp_path)).int8 == "none"
    write_file(tmp_path, "proc/cpuinfo", "model name\t: Some CPU\n")
    assert probe_environment(Sysroot(tmp_path)).int8 == NOT_KNOWN


def test_probe_environment_names_versions_and_instruction_set() -> None:
    import numpy as np

    from sdst_runtime import native

    environment = probe_environment()
    assert environment.numpy == np.__version__
    assert environment.isa == native.isa()
    assert environment.cores is not None
    assert 1 <= environment.cores_usable <= environment.cores


def test_probe_environment_names_other_engines_and_needs_no_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as on a board that has TensorRT alone
    monkeypatch.setitem(sys.modules, "tensorrt", SimpleNamespace(__version__="10.3.0"))
    monkeypatch.delitem(sys.modules, "ncnn", raising=False)
    environment = probe_environment()
    assert environment.onnxruntime == "not installed"
    assert environment.engines["TensorRT"] == "10.3.0"
    assert "ncnn" not in environment.engines
