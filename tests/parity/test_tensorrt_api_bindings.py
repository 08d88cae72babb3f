"""Our code on the real Python bindings of TensorRT, with libraries under them that do nothing.

NVIDIA's wheels of the bindings import once the few C functions that they link to are there; the libraries themselves
are not needed for names, classes that are derived from, and what a builder that does not start raises. It is no check
that an engine is built or runs. ``SDST_TENSORRT_BINDINGS`` names a folder with one folder for each version, such as
``pip install --no-deps --target FOLDER/10.3.0 tensorrt-cu12-bindings==10.3.0`` makes. Without it, tests skip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tensorrt_names import missing_names

VARIABLE = "SDST_TENSORRT_BINDINGS"
#: Functions that the bindings of one version or another link to.
FUNCTIONS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
    "_ZN11nvuffparser15createUffParserEv",  # of the parsers of other formats that 8 still has
    "_ZN11nvuffparser8FieldMapC1EPKcPKvNS_9FieldTypeEi",
    "_ZN14nvcaffeparser117createCaffeParserEv",
    "_ZN14nvcaffeparser123shutdownProtobufLibraryEv",
)
LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser", "nvparsers")
#: What versions with these first numbers lack; the full table is that of test_tensorrt_api.
LACKING = {
    "8": {
        "NetworkDefinitionCreationFlag.STRONGLY_TYPED",
        "IProgressMonitor",
        "IBuilderConfig.progress_monitor",
        "ParserError.node_name",
        "ParserError.node_operator",
    },
    "10": set[str](),
    "11": {"NetworkDefinitionCreationFlag.EXPLICIT_BATCH", "BuilderFlag.FP16", "BuilderFlag.INT8"},
}

#: Runs in a process of its own: the names, and what our code makes of a module whose builder does not start.
PROGRAM = """
import json, sys
import tensorrt_bindings as trt

sys.modules["tensorrt"] = trt
from sdst_runtime.errors import DeviceError
from sdst_runtime.tensorrt import BuildOptions
from sdst_runtime.tensorrt.binding import import_tensorrt, make_messages, make_monitor
from sdst_runtime.tensorrt.builder import EngineBuilder, is_strongly_typed
from sdst_runtime.tensorrt.engine import EngineLoader

assert import_tensorrt() is trt
messages = make_messages(trt)
messages.log(trt.ILogger.ERROR, "first ")
messages.log(trt.ILogger.INFO, "no error")
messages.log(trt.ILogger.INTERNAL_ERROR, "second")
assert messages.take() == "first; second" and messages.take() == ""
shares = []
if hasattr(trt, "IProgressMonitor"):
    monitor = make_monitor(trt, shares.append)
    monitor.phase_start("all", None, 4)
    monitor.phase_start("part", "all", 9)
    assert monitor.step_complete("part", 0) and monitor.step_complete("all", 0)
    monitor.phase_finish("all")
    assert shares == [0.25]
failures = []
for start in (lambda: EngineBuilder(trt, BuildOptions()), lambda: EngineLoader(trt)):
    try:
        start()
    except DeviceError as error:
        failures.append(str(error))
members = {}
for name in dir(trt):
    item = getattr(trt, name)
    if isinstance(item, type):
        members[name] = [member for member in dir(item) if not member.startswith("__")]
print(json.dumps({
    "version": trt.__version__, "members": members, "failures": failures, "strong": is_strongly_typed(trt),
}))
"""


def _folders() -> list[Path]:
    root = os.environ.get(VARIABLE)
    return sorted(path.parent for path in Path(root).glob("*/tensorrt_bindings")) if root else []


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with libraries whose functions return null."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler, to put libraries that do nothing under TensorRT's bindings")
    folder = tmp_path_factory.mktemp("stubs")
    source = folder / "stubs.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in FUNCTIONS))
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "libstubs.so", source], check=True)
    for library in LIBRARIES:
        for major in LACKING:
            shutil.copy(folder / "libstubs.so", folder / f"lib{library}.so.{major}")
    return folder


@pytest.mark.skipif(not _folders(), reason=f"needs TensorRT's Python bindings; {VARIABLE} names no folder of them")
@pytest.mark.parametrize("folder", _folders() or [Path()], ids=lambda path: path.name)
def test_our_names_and_classes_on_the_real_bindings(folder: Path, stubs: Path) -> None:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(stubs), "PYTHONPATH": str(folder)}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    major = found["version"].partition(".")[0]
    assert missing_names({name: set(members) for name, members in found["members"].items()}) == LACKING[major]
    assert found["strong"] == (major != "8")
    builder, runtime = found["failures"]
    assert f"TensorRT {found['version']} starts no builder: " in builder
    assert f"TensorRT {found['version']} does not start: " in runtime
