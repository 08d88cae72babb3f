"""The parts of a training run: what moves weights, what is kept of it, and what is told about it."""

from __future__ import annotations

from importlib.util import find_spec

from sdst_runtime.errors import BackendUnavailable

for _package in ("torch", "lightning_fabric", "tensorboardX"):  # looked for, not loaded: planning runs needs none
    if find_spec(_package) is None:
        raise BackendUnavailable(f"training needs {_package}, which is not installed: pip install 'sdst-edge[train]'")
