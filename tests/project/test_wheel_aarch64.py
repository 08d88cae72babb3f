"""The wheel for 64-bit Arm, which ``make build`` cross-compiles, and libsdst's own tests on an emulated processor."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import PROJECT

TAG = "py3-none-manylinux_2_17_aarch64"
TOOLCHAIN = "cmake/aarch64-linux.cmake"
QEMU = shutil.which("qemu-aarch64-static")

#: ELF-64 object file format: e_ident of 64 bits and little end first; e_machine of AArch64.
ELF_64_LITTLE, AARCH64 = b"\x7fELF\x02\x01", 183

#: e_machine, of 16 bits, behind e_ident (16 bytes) and e_type (2 bytes).
MACHINE_AT = 18

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ziglang") is None, reason="needs Zig's C compiler: pip install ziglang, or make build"
    ),
]


def _with_tools() -> dict[str, str]:
    """The environment in which this Python's ``cmake``, ``ninja`` and ``python3`` come first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    options = [f"-Ccmake.define.CMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", f"-Cwheel.tags={TAG}", "--outdir", str(out)]
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", *options, str(PROJECT)]
    subprocess.run(command, check=True, capture_output=True, text=True, env=_with_tools())
    return next(out.glob("*.whl"))


def test_library_is_for_aarch64_and_an_old_glibc(wheel: Path) -> None:
    assert wheel.stem.split("-", 2)[2] == TAG
    archive = zipfile.ZipFile(wheel)
    library = archive.read("sdst_runtime/lib/libsdst.so")
    assert library.startswith(ELF_64_LITTLE)
    assert struct.unpack_from("<H", library, MACHINE_AT) == (AARCH64,)
    versions = {tuple(map(int, found)) for found in re.findall(rb"GLIBC_(\d+)\.(\d+)\x00", library)}
    assert versions
    assert max(versions) <= (2, 17)
    assert len([name for name in archive.namelist() if name.endswith(".so")]) == 1


@pytest.mark.skipif(QEMU is None, reason="needs an emulator (Debian and Ubuntu: apt install qemu-user-static)")
def test_libsdsts_tests_pass_on_an_emulated_processor(tmp_path: Path) -> None:
    options = (
        *("-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DSDST_STATIC=ON", "-DSDST_BUILD_TESTS=ON"),
        *("-DSDST_BUILD_BENCH=OFF", "-DSDST_WERROR=ON", f"-DCMAKE_CROSSCOMPILING_EMULATOR={QEMU}"),
    )
    source = PROJECT / "runtimes" / "core"
    for command in (
        ["cmake", "-S", source, "-B", tmp_path, *options, f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}"],
        ["cmake", "--build", tmp_path],
        ["ctest", "--test-dir", tmp_path, "--output-on-failure"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_with_tools())
        assert done.returncode == 0, done.stdout + done.stderr
    assert "100% tests passed" in done.stdout
