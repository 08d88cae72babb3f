"""From a checkpoint to a bundle that runs on a device. Needs ``pip install 'sdst-edge[export]'``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from sdst_export.options import RANDOM, ExportOptions
from sdst_runtime.errors import BackendUnavailable

if TYPE_CHECKING:
    from sdst_export.progress import Progress
    from sdst_runtime.manifest import Manifest

__all__ = ["RANDOM", "ExportOptions", "export_bundle", "left_out", "require_packages"]


def export_bundle(
    checkpoint: Path,
    out: Path,
    options: ExportOptions | None = None,
    *,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> Manifest:
    """Writes the bundle of a checkpoint: graphs cut at the correlation, in one or more variants, and their manifest.

    The folder appears whole or not at all, and only if every variant computes what the network does, as far as its
    precision allows.

    Args:
        checkpoint: a ``.safetensors`` file that ``save_checkpoint`` wrote.
        out: the folder to make; one that exists must be empty, or a bundle with ``overwrite``.
        options: what it is to hold; None for fp32 in ONNX Runtime.
        overwrite: whether a bundle at ``out`` may be replaced.
        on_progress: called with the name of each step before it starts, and the share done, 0..1.

    Returns:
        The manifest as written.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
        ConfigError: ``out`` is in the way, or an option cannot be.
        DatasetError: the data to calibrate or validate on is missing, broken or of no use.
        ParityError: the graphs do not compute what the network does.
        BackendUnavailable: a package that is needed is not installed.
        SdstError: the folder cannot be written.
    """
    require_packages()
    from sdst_export.pipeline import run

    return run(checkpoint, out, options or ExportOptions(), overwrite=overwrite, on_progress=on_progress)


def left_out(options: ExportOptions) -> str:
    """What the target would have and the options do not allow, in words; empty for nothing.

    Raises:
        ConfigError: an option cannot be.
    """
    require_packages()
    from sdst_export.plan import make_plan

    return make_plan(options).left_out


def require_packages() -> None:
    """Looks for the packages that export needs, before work that ends in one.

    Raises:
        BackendUnavailable: one is not installed.
    """
    for module in ("torch", "safetensors", "onnx", "onnxsim", "onnxruntime"):
        if importlib.util.find_spec(module) is None:
            raise BackendUnavailable(f"export needs {module}, which is not installed: pip install 'sdst-edge[export]'")
