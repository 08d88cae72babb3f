"""Where the layers of a published AlexNet go in ours."""

from __future__ import annotations

from collections.abc import Sequence

from sdst_edge.models.key_mapping import Modules

__all__ = ["IN_SEQUENCE", "alexnet_keys"]

OURS = ("trunk.conv1", "trunk.conv2", "trunk.middle.0", "trunk.middle.1", "trunk.last")

#: Convolution and batch norm of each layer where all modules stand in one ``nn.Sequential`` (PySOT, DaSiamRPN).
IN_SEQUENCE = (("0", "1"), ("4", "5"), ("8", "9"), ("11", "12"), ("14", "15"))


def alexnet_keys(prefix: str, layers: Sequence[tuple[str, str | None]]) -> Modules:
    """The table of a trunk.

    Args:
        prefix: of all its modules, such as ``backbone.``.
        layers: names of the convolution and the batch norm of each layer, None where there is no norm.
    """
    modules: Modules = {}
    for ours, (conv, norm) in zip(OURS, layers, strict=True):
        modules[f"{prefix}{conv}"] = f"{ours}.conv"
        if norm is not None:
            modules[f"{prefix}{norm}"] = f"{ours}.norm"
    return modules
