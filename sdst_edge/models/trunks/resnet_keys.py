"""Where the modules of PySOT's ResNet-50 go in ours."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules

__all__ = ["resnet_50"]

BLOCKS = (3, 4, 6, 3)  # per stage
PARTS = {
    "conv1": "reduce.conv",
    "bn1": "reduce.norm",
    "conv2": "spatial.conv",
    "bn2": "spatial.norm",
    "conv3": "expand.conv",
    "bn3": "expand.norm",
}
SHORTCUT = {"downsample.0": "shortcut.conv", "downsample.1": "shortcut.norm"}


def resnet_50(stages: int, ours: str) -> Modules:
    """The table of stem and stages.

    Args:
        stages: how many of the four.
        ours: our module, such as ``trunk.backbone``.
    """
    modules: Modules = {"backbone.conv1": f"{ours}.stem.conv", "backbone.bn1": f"{ours}.stem.norm"}
    for stage, blocks in enumerate(BLOCKS[:stages]):
        for block in range(blocks):
            parts = PARTS | SHORTCUT if block == 0 else PARTS
            for original, part in parts.items():
                modules[f"backbone.layer{stage + 1}.{block}.{original}"] = f"{ours}.stages.{stage}.{block}.{part}"
    return modules
