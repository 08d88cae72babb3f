"""The parts of a training run: what moves weights, what is kept of it, and what is told about it.

- ``processes``, ``assembly``, ``setting``: from a recipe to what the loop works on.
- ``fit``: steps until the budget is spent; ``step``: one of them.
- ``averaging``, ``optimizer``, ``freezing``, ``ema``, ``memory_format``: what a step is made of.
- ``validation``, ``timing``, ``logs``, ``result``: how good and how fast it is, and where that is told.
- ``files``, ``state``, ``provenance``: what is kept, so that a run goes on where it was left.
"""

from __future__ import annotations

from importlib.util import find_spec

from sdst_runtime.errors import BackendUnavailable

for _package in ("torch", "lightning_fabric", "tensorboardX"):  # looked for, not loaded: planning runs needs none
    if find_spec(_package) is None:
        raise BackendUnavailable(f"training needs {_package}, which is not installed: pip install 'sdst-edge[train]'")
