"""The command that installs an engine on a host.

On a Jetson, OpenCV, TensorRT and ONNX Runtime are NVIDIA's own builds: what pip would take along must not replace them
(``docs/boards.md``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sdst_bench.host.host import Host

__all__ = ["install_command"]

_INSTEAD: Final = "pip uninstall -y onnxruntime && pip install"  # two builds of it would write over each other
_GPU_BUILD: Final = f"{_INSTEAD} 'onnxruntime-gpu[cuda,cudnn]'"

#: By the name of a finding, on a PC and on boards that pip serves.
_COMMANDS: Final[Mapping[str, str]] = {
    "libsdst": "pip install --force-reinstall --no-deps sdst-edge",
    "onnxruntime": "pip install onnxruntime",
    "onnxruntime cuda": _GPU_BUILD,
    "onnxruntime tensorrt": f"{_GPU_BUILD} tensorrt",
    "onnxruntime openvino": f"{_INSTEAD} onnxruntime-openvino",
    "onnxruntime qnn": f"{_INSTEAD} onnxruntime-qnn",
    "onnxruntime dml": f"{_INSTEAD} onnxruntime-directml",
    "tensorrt": "pip install 'sdst-edge[tensorrt]'",
    "openvino": "pip install 'sdst-edge[openvino]'",
    "ncnn": "pip install 'sdst-edge[ncnn]'",
    "ncnn vulkan": "sudo apt install mesa-vulkan-drivers",
    "opencv": "pip install opencv-python-headless",
}

#: NVIDIA's index of wheels, by the first two numbers of JetPack; there are others, which were not checked.
_INDEXES: Final[Mapping[str, str]] = dict.fromkeys(("6.1", "6.2"), "https://pypi.jetson-ai-lab.io/jp6/cu126")


def install_command(name: str, host: Host) -> str:
    """What to run for a finding of :mod:`sdst_bench.sessions`; empty where no command would help."""
    if host.jetson is not None:
        return _on_jetson(name, host.jetson.jetpack, host.cuda)
    return _COMMANDS.get(name, "")


def _on_jetson(name: str, jetpack: str, cuda: str) -> str:
    if name.startswith("onnxruntime"):
        index = _INDEXES.get(".".join(jetpack.split(".")[:2]))
        return f"pip install --no-deps --index-url {index} onnxruntime-gpu" if index else ""
    major = cuda.partition(".")[0]
    binding = f"'cuda-python=={major}.*'" if major else "cuda-python"  # its major version is CUDA's
    return {
        "tensorrt": f"sudo apt install python3-libnvinfer && pip install {binding}",
        "openvino": "pip install --no-deps openvino",
        "ncnn": "pip install --no-deps ncnn",
        "opencv": "sudo apt install python3-opencv",
        "libsdst": _COMMANDS["libsdst"],
    }.get(name, "")
