"""Where each module of a siamfc-pytorch checkpoint goes in ours; the last convolution has no batch norm."""

from __future__ import annotations

from sdst_edge.models.trunks.alexnet_keys import alexnet_keys

__all__ = ["ALEXNET"]

ALEXNET = alexnet_keys("backbone.", [*((f"conv{i}.0", f"conv{i}.1") for i in (1, 2, 3, 4)), ("conv5.0", None)])
