"""Trackers on TensorRT: engines built on the device from a bundle's ONNX graphs, and a session that runs them.

What of this was run, and what was not: names and signatures were checked with the real Python bindings of TensorRT 8.6,
10.3, 10.13, 10.16 and 11.4 and of cuda-python; the whole flow, from building to tracking, runs in tests against a
stand-in that computes with ONNX Runtime. Nothing was run on a GPU or a Jetson: not verified on hardware.
"""

from __future__ import annotations

import os
from pathlib import Path

from sdst_runtime.bundle import Bundle
from sdst_runtime.tensorrt.binding import EngineRefused, import_tensorrt
from sdst_runtime.tensorrt.building import Workshop
from sdst_runtime.tensorrt.cuda import CudaBackend, CudaDevice, open_cuda
from sdst_runtime.tensorrt.engine_files import EngineFile, EngineSet, Place
from sdst_runtime.tensorrt.options import BuildOptions, BuildProgress, CudaChoice, HardwareLevel, TensorRTOptions
from sdst_runtime.tensorrt.pieces import Pieces
from sdst_runtime.tensorrt.session import TensorRTSession
from sdst_runtime.tensorrt.template import TensorRTTemplate

__all__ = [
    "BuildOptions",
    "BuildProgress",
    "CudaBackend",
    "CudaChoice",
    "CudaDevice",
    "EngineFile",
    "EngineRefused",
    "EngineSet",
    "HardwareLevel",
    "Place",
    "TensorRTOptions",
    "TensorRTSession",
    "TensorRTTemplate",
    "open_tensorrt_session",
    "prepare_engines",
]


def open_tensorrt_session(
    bundle: Bundle | str | os.PathLike[str],
    *,
    variant: str | None = None,
    options: TensorRTOptions | None = None,
    on_progress: BuildProgress | None = None,
) -> TensorRTSession:
    """A session on this device's GPU; its engines are built first where there are none yet, which takes minutes.

    Args:
        bundle: opened, or the path of its folder or manifest.
        variant: of ONNX graphs, with a graph of the correlations; None for the bundle's default.
        options: None for the defaults.
        on_progress: shows how far builds are; None: they are logged.

    Raises:
        SdstError: as :class:`TensorRTSession` says.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    return TensorRTSession(opened, variant=variant, options=options, on_progress=on_progress)


def prepare_engines(
    bundle: Bundle | str | os.PathLike[str],
    *,
    variant: str | None = None,
    options: TensorRTOptions | None = None,
    on_progress: BuildProgress | None = None,
) -> tuple[EngineSet, Path]:
    """The engines of a variant for this device, with their folder: found, or built now; arguments as above.

    Engines of another GPU or TensorRT that are there are left alone.

    Raises:
        SdstError: as :class:`TensorRTSession` says, except that engines of another place are no error.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    pieces = Pieces.of(opened, variant)
    trt = import_tensorrt()
    chosen = TensorRTOptions() if options is None else options
    cuda = open_cuda(chosen.cuda, chosen.device)
    try:
        with cuda.current():
            shop = Workshop(trt=trt, cuda=cuda, pieces=pieces, options=chosen, on_progress=on_progress)
            return shop.engines(elsewhere_is_error=False)
    finally:
        cuda.close()
