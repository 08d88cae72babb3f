"""The C++ example, built on a TensorRT and a CUDA that are made up, whose graphs run in the test's own process.

What is computed is ONNX Runtime's; what is loaded, bound, copied and run, and in which order, is the example's doing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.manifest import MANIFEST_NAME, Graph, Manifest
from sdst_runtime.ort_graph import import_onnxruntime
from tests.conftest import PROJECT

__all__ = ["FAKES", "SOURCES", "Ran", "build_example", "compiler", "run_example"]

FAKES = PROJECT / "tests" / "e2e" / "cpp_tensorrt"
SOURCES = PROJECT / "runtimes" / "examples" / "cpp-tensorrt"

#: One translation unit, unoptimised: what takes time is the JSON library's header.
_FAST = ("-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=0", "-DCMAKE_BUILD_TYPE=Debug")
_FLAGS = "-O0 -g0 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DNV_TENSORRT_MAJOR=8"


@dataclass(kw_only=True)
class Ran:
    """What a run of the example did.

    Attributes:
        status: it ended with.
        lines: of its stdout.
        stderr: all of it.
        calls: of the engine, in order: ``build <role> <permitted precisions>``, ``open <role>``, ``run <role>``.
    """

    status: int
    lines: list[str]
    stderr: str
    calls: list[str] = field(default_factory=list)

    def builds(self) -> list[str]:
        """The calls that built an engine."""
        return [call for call in self.calls if call.startswith("build")]


def compiler() -> str:
    """The C++ compiler; skips the test where there is none."""
    found = shutil.which(os.environ.get("CXX", "c++"))
    if found is None:
        pytest.skip("needs a C++ compiler (c++, or CXX), which is not here")
    return found


def build_example(folder: Path) -> Path:
    """Installs libsdst into the folder and builds the example against it; returns the program."""
    if not any((Path(root) / "include/nlohmann/json.hpp").is_file() for root in ("/usr", "/usr/local", sys.prefix)):
        pytest.skip("needs nlohmann/json.hpp (Debian and Ubuntu: apt install nlohmann-json3-dev), which is not here")
    cmake, prefix = _cmake(), folder / "prefix"
    library = ("-DSDST_BUILD_TESTS=OFF", "-DSDST_BUILD_BENCH=OFF", f"-DCMAKE_INSTALL_PREFIX={prefix}")
    _build(cmake, PROJECT / "runtimes" / "core", folder / "core", *library)
    _run(cmake, "--install", str(folder / "core"))
    include, fake = FAKES / "include", folder / "libfake.so"
    sources = [str(FAKES / name) for name in ("fake_cuda.cpp", "fake_tensorrt.cpp")]
    _run(compiler(), "-std=c++17", "-shared", "-fPIC", *_FLAGS.split(), f"-I{include}", *sources, "-o", str(fake))
    libraries = (f"-D{name}={fake}" for name in ("TENSORRT_NVINFER", "TENSORRT_NVONNXPARSER", "CUDA_CUDART"))
    headers = (f"-D{name}={include}" for name in ("TENSORRT_INCLUDE_DIR", "CUDA_INCLUDE_DIR"))
    options = (f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_FLAGS={_FLAGS}", *_FAST, *libraries, *headers)
    _build(cmake, SOURCES, folder / "example", *options)
    return folder / "example" / "sdst-follow"


def run_example(
    program: Path,
    bundle: Path,
    frames: NDArray[np.uint8],
    *arguments: str,
    gpu: str = "Toy",
    refused: Collection[str] = (),
) -> Ran:
    """Runs the example on raw frames.

    Args:
        program: that :func:`build_example` returned.
        bundle: folder.
        frames: (N, H, W, 3) uint8, BGR.
        arguments: the box, and options.
        gpu: its name.
        refused: roles of graphs that cannot be built.
    """
    with _engine(bundle, refused) as (calls, pipes):
        done = subprocess.run(
            [str(program), str(bundle), f"raw:{frames.shape[2]}x{frames.shape[1]}", *arguments],
            input=frames.tobytes(),
            capture_output=True,
            pass_fds=pipes,
            env={**os.environ, "SDST_FAKE_GPU": gpu, "SDST_FAKE_PIPES": ",".join(map(str, pipes))},
            timeout=60,
            check=False,
        )
    return Ran(
        status=done.returncode, lines=done.stdout.decode().splitlines(), stderr=done.stderr.decode(), calls=calls
    )


@contextmanager
def _engine(bundle: Path, refused: Collection[str]) -> Iterator[tuple[list[str], tuple[int, int]]]:
    """Answers what comes through a pipe until that is closed; gives what was asked for, and the other side's ends."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    with os.fdopen(ours_in, "rb") as requests, os.fdopen(ours_out, "wb", buffering=0) as replies:
        engine = _Engine(bundle, refused)
        thread = threading.Thread(target=engine.serve, args=(requests, replies))
        thread.start()
        try:
            yield engine.calls, (theirs_in, theirs_out)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
            thread.join()


class _Engine:
    """Builds, opens and runs the graphs of a bundle's default variant."""

    def __init__(self, bundle: Path, refused: Collection[str]) -> None:
        self.calls: list[str] = []
        self._bundle, self._refused = bundle, refused
        self._sessions: dict[str, Any] = {}

    def serve(self, requests: BinaryIO, replies: BinaryIO) -> None:
        """Until the other side is gone."""
        while line := requests.readline():
            what, subject, *flags = line.decode().split()
            if what == "run":
                self.calls.append(f"run {subject}")
                self._answer(subject, requests, replies)
                continue
            role = self._role(requests.read(int(subject)))
            self.calls.append(" ".join((what, role, *flags)))
            if what == "build":
                replies.write(b"refused\n" if role in self._refused else b"built\n")
            else:
                replies.write(_signature(role, self._graphs()[role]).encode())

    def _graphs(self) -> Mapping[str, Graph]:
        manifest = Manifest.read(self._bundle / MANIFEST_NAME)
        return dict(manifest.variants[manifest.default_variant].graphs)  # type: ignore[arg-type]

    def _role(self, onnx: bytes) -> str:
        """Of the graph with these bytes."""
        digest = hashlib.sha256(onnx).hexdigest()
        return next(role for role, graph in self._graphs().items() if graph.sha256 == digest)

    def _answer(self, role: str, requests: BinaryIO, replies: BinaryIO) -> None:
        graph = self._graphs()[role]
        if role not in self._sessions:
            runtime = import_onnxruntime()
            options = runtime.SessionOptions()
            options.intra_op_num_threads = 1
            path = str(self._bundle / graph.file)
            self._sessions[role] = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feed = {
            tensor.name: np.frombuffer(requests.read(4 * int(np.prod(tensor.shape))), np.float32).reshape(tensor.shape)
            for tensor in graph.inputs
        }
        for output in self._sessions[role].run([tensor.name for tensor in graph.outputs], feed):
            replies.write(output.tobytes())


def _signature(role: str, graph: Graph) -> str:
    """The role, a line per tensor, and an empty line."""
    lines = [role]
    for way, tensors in (("in", graph.inputs), ("out", graph.outputs)):
        lines += [" ".join((tensor.name, way, *map(str, tensor.shape))) for tensor in tensors]
    return "\n".join(lines) + "\n\n"


def _build(cmake: str, source: Path, folder: Path, *options: str) -> None:
    _run(cmake, "-S", str(source), "-B", str(folder), *options)
    _run(cmake, "--build", str(folder), "--parallel", "2")


def _cmake() -> str:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    found = shutil.which("cmake", path=path)
    if found is None:
        pytest.skip("needs cmake, which is not here")
    return found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
