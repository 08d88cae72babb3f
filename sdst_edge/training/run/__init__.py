"""The parts of a training run: what moves weights, what is kept of it, and what is told about it."""

from __future__ import annotations

from sdst_runtime.errors import BackendUnavailable

try:
    import lightning_fabric as _lightning_fabric  # noqa: F401
    import tensorboardX as _tensorboardX  # type: ignore[import-untyped]  # noqa: F401
except ImportError as error:
    raise BackendUnavailable(
        f"training needs {error.name}, which is not installed: pip install 'sdst-edge[train]'"
    ) from None
