"""Where each module of video_analyst's Inception v3 goes in our trunk; its names are torchvision's."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules

__all__ = ["googlenet_keys"]

STEM = {"Conv2d_1a_3x3": 0, "Conv2d_2a_3x3": 1, "Conv2d_2b_3x3": 2, "Conv2d_3b_1x1": 4, "Conv2d_4a_3x3": 5}
BLOCKS = {
    **{f"Mixed_5{letter}": f"first.{i}" for i, letter in enumerate("bcd")},
    "Mixed_6a": "reduction",
    **{f"Mixed_6{letter}": f"second.{i}" for i, letter in enumerate("bcde")},
}
FIRST_STAGE = {
    "branch1x1": "point",
    "branch_pool": "pool.1",
    **{f"branch5x5_{i + 1}": f"five.{i}" for i in range(2)},
    **{f"branch3x3dbl_{i + 1}": f"threes.{i}" for i in range(3)},
}
REDUCTION = {"branch3x3": "three", **{f"branch3x3dbl_{i + 1}": f"threes.{i}" for i in range(3)}}
SECOND_STAGE = {
    "branch1x1": "point",
    "branch_pool": "pool.1",
    **{f"branch7x7_{i + 1}": f"seven.{i}" for i in range(3)},
    **{f"branch7x7dbl_{i + 1}": f"sevens.{i}" for i in range(5)},
}


def googlenet_keys(prefix: str) -> Modules:
    """The table of the trunk; ``prefix`` is that of all its modules, such as ``basemodel.``."""
    layers = {original: f"stem.{i}" for original, i in STEM.items()}
    for original, ours in BLOCKS.items():
        branches = REDUCTION if ours == "reduction" else FIRST_STAGE if ours.startswith("first") else SECOND_STAGE
        layers |= {f"{original}.{branch}": f"{ours}.layers.{name}" for branch, name in branches.items()}
    modules: Modules = {
        f"{prefix}channel_reduce.0": "trunk.project.conv",
        f"{prefix}channel_reduce.1": "trunk.project.norm",
    }
    for original, ours in layers.items():
        modules[f"{prefix}{original}.conv"] = f"trunk.{ours}.conv"
        modules[f"{prefix}{original}.bn"] = f"trunk.{ours}.norm"
    return modules
