"""State dicts of other projects brought to the names and shapes of ours; whatever does not fit is an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from sdst_runtime.errors import CheckpointError

__all__ = ["Modules", "as_convolution", "load_weights", "map_keys", "weights_of"]

#: From a module of a foreign checkpoint to ours, or from a whole key to ours; None for what is never run.
Modules = dict[str, "str | None"]

LISTED = 4  # keys that a message lists before it counts the rest
PLAIN_DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
STEP_COUNTER = "num_batches_tracked"  # of batch norms: counts training steps, plays no part in any output


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """All that decides the outputs: parameters and running statistics by key, without the step counters."""
    return {key: value for key, value in model.state_dict().items() if not key.endswith(STEP_COUNTER)}


def map_keys(state: Mapping[str, Tensor], modules: Modules) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """A foreign state dict under our keys, and the foreign keys that have no place in it.

    Args:
        state: of the foreign checkpoint.
        modules: leaves (``weight``, ``running_mean``) keep their names, unless the whole key is mapped.

    Returns:
        The tensors under our keys (step counters left out), and what is left over.
    """
    mapped: dict[str, Tensor] = {}
    left_over: list[str] = []
    for key, value in state.items():
        module, _, leaf = key.rpartition(".")
        if key in modules:
            target = modules[key]
        elif module in modules:
            target = None if modules[module] is None else f"{modules[module]}.{leaf}"
        else:
            left_over.append(key)
            continue
        if target is not None and leaf != STEP_COUNTER:
            mapped[target] = value
    return mapped, tuple(left_over)


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], *, left_over: Iterable[str], name: str) -> None:
    """Copies weights into a model, all or none.

    A linear layer's (out, in) fits our 1x1 convolution's (out, in, 1, 1); any other difference is an error.

    Args:
        model: with keys as in :func:`weights_of`.
        weights: under the model's keys.
        left_over: foreign keys that found no place; any is an error.
        name: of the checkpoint, in messages.

    Raises:
        CheckpointError: keys are missing or left over, shapes differ, or values are not finite; the message lists them.
    """
    own = weights_of(model)
    missing = sorted(set(own) - set(weights))
    unknown = [*left_over, *sorted(set(weights) - set(own))]
    fitting = {key: as_convolution(weights[key], own[key]) for key in own if key in weights}
    wrong = [key for key, value in fitting.items() if not _is_plain(value) or value.shape != own[key].shape]
    told = [f"{key} {weights[key].dtype} {_shape(weights[key])} for {_shape(own[key])}" for key in wrong]
    right = [key for key in fitting if key not in wrong]  # what is not may claim any size
    broken = [key for key in right if not torch.isfinite(fitting[key]).all()]
    kinds = {
        "missing": missing,
        "left over": unknown,
        "of another shape or type": told,
        "with NaN or infinite values": broken,
    }
    problems = [f"{len(keys)} {kind}: {_listed(keys)}" for kind, keys in kinds.items() if keys]
    if problems:
        raise CheckpointError(f"{name} does not fit; weights " + "; ".join(problems))
    model.load_state_dict(fitting, strict=False)


def as_convolution(value: Tensor, like: Tensor) -> Tensor:
    """``value``, or a linear layer's (out, in) as (out, in, 1, 1) where ``like`` is a 1x1 convolution's."""
    if value.ndim == 2 and like.ndim == 4 and _is_plain(value):
        return value[:, :, None, None]
    return value


def _is_plain(value: Tensor) -> bool:
    return value.dtype in PLAIN_DTYPES and value.layout == torch.strided and not value.is_nested and not value.is_meta


def _shape(value: Tensor) -> tuple[int, ...] | str:
    return "nested" if value.is_nested else tuple(value.shape)


def _listed(keys: list[str]) -> str:
    rest = len(keys) - LISTED
    return ", ".join(keys[:LISTED]) + (f" and {rest} more" if rest > 0 else "")
