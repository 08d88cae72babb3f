"""Engines that this version writes graphs for."""

from __future__ import annotations

__all__ = ["TARGETS"]

#: Every family is exported to each of them; names as in a variant's ``engine``.
TARGETS: tuple[str, ...] = ("onnxruntime",)
