"""Our code on the real cuda-python, as far as that goes without a GPU: its names, and what is said where there is none.

The package that is installed is looked at, and those in ``SDST_CUDA_PYTHON``: a folder with one folder for each
version, such as ``pip install --target FOLDER/12.9 cuda-bindings==12.9.*`` makes. Where there is none, tests skip.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sdst_runtime.tensorrt.cuda_python_backend as backend

VARIABLE = "SDST_CUDA_PYTHON"
PROGRAM = """
import sys
from sdst_runtime.errors import DeviceError
from sdst_runtime.tensorrt.cuda_python_backend import CudaPythonBackend, _import_runtime

runtime = _import_runtime()
holders = (runtime, runtime.cudaError_t, runtime.cudaMemcpyKind, runtime.cudaStreamCaptureMode)
missing = [name for name in sys.argv[1:] if not any(hasattr(holder, name) for holder in holders)]
assert not missing, missing
try:
    CudaPythonBackend().close()
    print("opened")
except DeviceError as error:
    print(error)
"""


def _folders() -> list[Path | None]:
    root = os.environ.get(VARIABLE)
    found: list[Path | None] = sorted(path.parent for path in Path(root).glob("*/cuda")) if root else []
    installed = importlib.util.find_spec("cuda") is not None
    return [*found, *([None] if installed else [])]


def _names() -> set[str]:
    """All that the backend's source calls by a name of CUDA's."""
    source = Path(backend.__file__).read_text(encoding="utf-8")
    return set(re.findall(r"\bcuda[A-Z]\w+", source)) - {"CudaBackend"}


@pytest.mark.skipif(not _folders(), reason=f"needs cuda-python, or {VARIABLE} that names a folder of its versions")
@pytest.mark.parametrize("folder", _folders() or [None], ids=lambda path: "installed" if path is None else path.name)
def test_names_are_there_and_a_missing_gpu_is_told(folder: Path | None) -> None:
    names = _names()
    assert len(names) > 25
    environment = {**os.environ, **({} if folder is None else {"PYTHONPATH": str(folder)})}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *sorted(names)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    told = ("opened", "CUDA: cudaGetDeviceCount failed with", "CUDA does not answer: cudaGetDeviceCount: ")
    assert result.stdout.startswith(told), result.stdout
