"""A variant that is made, and not yet written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdst_runtime.manifest import Variant

__all__ = ["VariantFiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantFiles:
    """A variant and its files.

    Attributes:
        name: in the bundle, such as ``onnx/fp32``; the folder of its files.
        variant: as the manifest has it.
        files: contents by path in the bundle.
    """

    name: str
    variant: Variant
    files: Mapping[str, bytes]
