"""Golden tensors of the original networks, and the weights and inputs that anyone can make again.

Rules: ``../shared/reference/README.md``, section 1.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sdst_edge.models import SiameseModel, import_checkpoint

Golden = dict[str, NDArray[np.float32]]


def golden(shared: Path, name: str) -> Golden:
    """Stored tensors of a case, such as ``siamfc_alexnet``; some hold every k-th channel only."""
    with np.load(shared / "reference" / "models" / f"{name}.npz") as file:
        return dict(file)


def reference(shared: Path, name: str) -> dict[str, Any]:
    """What the case's json says."""
    return json.loads((shared / "reference" / "models" / f"{name}.json").read_text())


def stored_channels(facts: dict[str, Any], tensor: str, got: NDArray[np.float32]) -> NDArray[np.float32]:
    """The channels of ``got`` that the golden file holds of a tensor."""
    stored = facts["tensors"][tensor]["stored"]
    return got if stored == "full" else got[:, :: int(stored.rpartition(":")[2])]


def imagenet(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1, 3, H, W) of 0..255 with ImageNet's mean and standard deviation, channels as they are."""
    mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (pixels / np.float32(255) - mean) / std


@cache
def image(seed: int, side: int) -> NDArray[np.float32]:
    """(1, 3, side, side), by the rule of the reference's README, section 1."""
    generator = np.random.default_rng(seed)
    cells = -(-side // 16)
    coarse = generator.uniform(0, 255, size=(1, 3, cells, cells))
    fine = generator.uniform(0, 255, size=(1, 3, side, side))
    return (0.5 * coarse.repeat(16, 2).repeat(16, 3)[:, :, :side, :side] + 0.5 * fine).astype(np.float32)


def deterministic_state(entries: list[tuple[str, list[int], str]], scales: dict[str, float]) -> dict[str, torch.Tensor]:
    """A state dict by the rule of the reference's README, section 1."""
    keys = {key for key, _, _ in entries}
    state = {}
    for key, shape, dtype in entries:
        if "int" in dtype:
            state[key] = torch.zeros(shape, dtype=torch.int64)
            continue
        value = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
        is_norm_weight = key.endswith(".weight") and key.removesuffix("weight") + "running_var" in keys
        if len(shape) >= 2:
            value = value * np.sqrt(2 / prod(shape[1:]))
        elif key.endswith("running_var"):
            value = 1 + 0.1 * np.abs(value)
        elif not shape or is_norm_weight:
            value = 1 + 0.1 * value
        else:
            value = 0.1 * value
        state[key] = torch.from_numpy(np.asarray(value * scales.get(key, 1.0), dtype=np.float32))
    return state


def deterministic_model(shared: Path, family: str, name: str, folder: Path) -> SiameseModel:
    """A family's network with the weights of the golden case ``name``, read from a file as a published one is."""
    facts = reference(shared, name)
    path = folder / f"{name}.pth"
    torch.save(deterministic_state(facts["state_dict"], facts["weight_scale"]), path)
    return import_checkpoint(family, path).model
