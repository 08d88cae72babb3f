"""Inference engines that take the kernels of a target as inputs; :mod:`sdst_runtime.whole_session` drives them."""

from __future__ import annotations

from sdst_runtime.engines.engine import BoundGraph, Engine

__all__ = ["BoundGraph", "Engine"]
