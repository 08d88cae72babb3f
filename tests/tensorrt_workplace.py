"""A device with stand-ins for TensorRT and CUDA, and bundles to run there."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.manifest import MANIFEST_NAME, Manifest
from sdst_runtime.tensorrt import TensorRTOptions, TensorRTSession, open_tensorrt_session
from tests.correlate_graphs import build_correlate_bundle
from tests.fake_gpu import FakeGpu, make_cudart, make_pycuda_driver
from tests.fake_tensorrt import Api, FakeTensorRT
from tests.toy_bundle import FOLDER
from tests.toys import POINTS, Toy

__all__ = ["Workplace", "crops", "set_precision", "toy_for_tensorrt"]


_built: dict[int, dict[Path, bytes]] = {}  # files of toys, which are the same every time


@dataclass(kw_only=True)
class Workplace:
    """What is installed, by monkeypatching.

    Attributes:
        gpu: the stand-in.
        fake: TensorRT's.
    """

    gpu: FakeGpu
    fake: FakeTensorRT
    monkeypatch: pytest.MonkeyPatch

    @classmethod
    def install(
        cls,
        monkeypatch: pytest.MonkeyPatch,
        *,
        cuda: str = "cuda-python",
        gpu: FakeGpu | None = None,
        version: str = "10.3.0",
        api: Api | None = None,
        captures: bool = True,
    ) -> Workplace:
        """Puts stand-ins where ``import`` finds them; what was there before is out of sight."""
        chosen = FakeGpu() if gpu is None else gpu
        fake = FakeTensorRT(chosen, version=version, api=api)
        modules: dict[str, ModuleType | None] = {
            "tensorrt": fake.module(),
            **dict.fromkeys(
                ("pycuda", "pycuda.driver", "cuda", "cuda.bindings", "cuda.bindings.runtime", "cuda.cudart")
            ),
        }
        if cuda == "pycuda":
            modules |= {"pycuda": ModuleType("pycuda"), "pycuda.driver": make_pycuda_driver(chosen)}
        elif cuda == "cuda-python":
            cudart = make_cudart(chosen, captures=captures)
            modules |= {"cuda": ModuleType("cuda"), "cuda.bindings": ModuleType("cuda.bindings")}
            modules["cuda.bindings.runtime"] = cudart
        elif cuda == "old cuda-python":
            modules |= {"cuda": ModuleType("cuda"), "cuda.cudart": make_cudart(chosen)}
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        return cls(gpu=chosen, fake=fake, monkeypatch=monkeypatch)

    def move(self, *, gpu: str | None = None, version: str | None = None) -> None:
        """Another GPU, or another TensorRT."""
        if gpu is not None:
            self.gpu.name = gpu
            self.monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", make_cudart(self.gpu))
        if version is not None:
            self.fake.version = version
            self.monkeypatch.setitem(sys.modules, "tensorrt", self.fake.module())

    def open(self, bundle: Path, variant: str | None = None, **options: Any) -> TensorRTSession:
        """A session, without a word about its builds."""
        chosen = TensorRTOptions(**options)
        return open_tensorrt_session(bundle, variant=variant, options=chosen, on_progress=lambda *_: None)


def toy_for_tensorrt(folder: Path, toy: Toy = POINTS) -> Path:
    """A toy bundle with graphs of its correlations; skips without the onnx package."""
    pytest.importorskip("onnx", reason="the toy bundle's graphs are made with the onnx package")
    bundle = folder / "bundle"
    if id(toy) not in _built:
        build_correlate_bundle(bundle, toy)
        _built[id(toy)] = {path.relative_to(bundle): path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
        return bundle
    for name, data in _built[id(toy)].items():
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(data)
    return bundle


def set_precision(bundle: Path, precision: Any) -> None:
    """Lets the manifest say another precision of the same graphs."""
    manifest = Manifest.read(bundle / MANIFEST_NAME)
    variant = replace(manifest.variants[FOLDER], precision=precision)
    text = replace(manifest, variants={FOLDER: variant}).dumps()
    (bundle / MANIFEST_NAME).write_text(text, encoding="utf-8")


def crops(config: TrackerConfig, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Random inputs of template and search branch."""
    numbers = np.random.default_rng(seed)
    shapes = (config.template_shape, config.search_shape)
    z, x = (numbers.uniform(0, 255, shape).astype(np.float32) for shape in shapes)
    return z, x
