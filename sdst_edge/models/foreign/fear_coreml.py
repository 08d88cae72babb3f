"""FEAR-XS from the authors' Core ML file, the only form in which its weights are public."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from sdst_edge.models.foreign.coreml import Convolution, read_convolutions
from sdst_edge.models.key_mapping import weights_of
from sdst_edge.models.trackers.fear import SCORE_FACTOR, fear_xs
from sdst_edge.models.trackers.fear_keys import COREML_CONVOLUTIONS
from sdst_runtime.errors import CheckpointError

__all__ = ["read_coreml"]

NORM_EPSILON = nn.BatchNorm2d(1).eps


def read_coreml(path: Path) -> dict[str, Tensor]:
    """Weights of ``fear-xs`` under our keys.

    The file has batch norms and the head's factors folded into its convolutions; here norms change nothing but add
    the bias, so that outputs are equal and the network still trains.

    Args:
        path: of a tracker such as ``FEAR-XS-NoEmbs.mlmodel``; its trunk makes the template features too.

    Raises:
        CheckpointError: the file is missing, damaged or no Core ML neural network, or one of another number of
            convolutions. Other shapes are for ``load_weights`` to tell.
    """
    convolutions = read_convolutions(path)
    if len(convolutions) != len(COREML_CONVOLUTIONS):
        raise CheckpointError(
            f"{path} has {len(convolutions)} convolutions, FEAR-XS's tracker has {len(COREML_CONVOLUTIONS)}; take the "
            "file that outputs bbox and cls (that of the template features alone has 47)"
        )
    own = weights_of(fear_xs())
    state: dict[str, Tensor] = {
        "branches.ltrb.transform.scale": torch.ones(1),
        "branches.ltrb.transform.bias": torch.zeros(1, 4, 1, 1),
    }
    for name, convolution in zip(COREML_CONVOLUTIONS, convolutions, strict=True):
        state |= _unfolded(name, convolution, own)
    for leaf in ("weight", "bias"):
        state[f"branches.score.predict.{leaf}"] /= SCORE_FACTOR
    return state


def _unfolded(name: str, convolution: Convolution, own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Keys of one convolution and of the norm behind it, where ours has one."""
    state = {f"{name}.weight": torch.from_numpy(convolution.weight)}
    if convolution.bias is not None:
        state[f"{name}.bias"] = torch.from_numpy(convolution.bias)
    norm = f"{name.removesuffix('conv')}norm"
    if f"{norm}.weight" in own:
        channels = convolution.weight.shape[0]
        bias = state.pop(f"{name}.bias", torch.zeros(channels))
        if f"{name}.bias" in own:
            state[f"{name}.bias"] = torch.zeros(channels)
        state |= {
            f"{norm}.weight": torch.ones(channels),
            f"{norm}.bias": bias,
            f"{norm}.running_mean": torch.zeros(channels),
            f"{norm}.running_var": torch.full((channels,), 1 - NORM_EPSILON),
        }
    return state
