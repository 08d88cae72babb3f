"""From a checkpoint to a bundle that runs on a device. Needs ``pip install 'sdst-edge[export]'``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from sdst_runtime.errors import BackendUnavailable

if TYPE_CHECKING:
    from sdst_export.progress import Progress
    from sdst_runtime.manifest import CorrelationForm, Manifest

__all__ = ["export_bundle", "require_packages"]


def export_bundle(
    checkpoint: Path,
    out: Path,
    *,
    correlation_form: CorrelationForm | None = None,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> Manifest:
    """Writes the bundle of a checkpoint: ONNX graphs cut at the correlation, and their manifest.

    The folder appears whole or not at all, and only if ONNX Runtime agrees with torch.

    Args:
        checkpoint: a ``.safetensors`` file that ``save_checkpoint`` wrote.
        out: the folder to make; one that exists must be empty, or a bundle with ``overwrite``.
        correlation_form: how correlations are spelled. ``conv``: Conv nodes, fastest in ONNX Runtime; TensorRT takes a
            kernel that is no constant from 8.5 on. ``taps``: slices, products and sums, which every engine parses.
            ``matmul``: a MatMul each, of unfolded windows. None for the network's own choice.
        overwrite: whether a bundle at ``out`` may be replaced.
        on_progress: called with the name of each step before it starts, and the share done, 0..1.

    Returns:
        The manifest as written.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
        ConfigError: ``out`` is in the way, or there is no such form.
        ParityError: the graphs do not compute what the network does.
        BackendUnavailable: torch, onnx, onnxsim or onnxruntime is not installed.
        SdstError: the folder cannot be written.
    """
    require_packages()
    from sdst_export.pipeline import run

    return run(checkpoint, out, correlation_form=correlation_form, overwrite=overwrite, on_progress=on_progress)


def require_packages() -> None:
    """Looks for the packages that export needs, before work that ends in one.

    Raises:
        BackendUnavailable: one is not installed.
    """
    for module in ("torch", "safetensors", "onnx", "onnxsim", "onnxruntime"):
        if importlib.util.find_spec(module) is None:
            raise BackendUnavailable(f"export needs {module}, which is not installed: pip install 'sdst-edge[export]'")
