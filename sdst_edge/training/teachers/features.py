"""One forward pass of a tracker network that also gives the feature maps that hints ask for."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.correlation import correlate
from sdst_edge.training.teachers.teacher import Outputs
from sdst_runtime.errors import ConfigError

__all__ = ["OPERANDS", "observe", "require_features"]

#: Of the first correlation: its two operands, and its result. Any other name is a module's.
OPERANDS = ("template", "search", "response")


def require_features(model: SiameseModel, names: Collection[str], whose: str) -> None:
    """Checks names of feature maps before a forward pass.

    Args:
        model: that is to give them.
        names: of :data:`OPERANDS`, or of modules of the model, such as ``trunk.5``.
        whose: for the message, such as ``student``.

    Raises:
        ConfigError: there is no such module; the message names those that look alike.
    """
    modules = [name for name, _ in model.named_modules() if name]
    for name in names:
        if name in OPERANDS or name in modules:
            continue
        close = difflib.get_close_matches(name, (*OPERANDS, *modules), n=3, cutoff=0.5)
        raise ConfigError(
            f"recipe: distillation.hints: the {whose} ({model.family or type(model).__name__}) has no module {name!r}; "
            f"did you mean {' or '.join(close or OPERANDS)}?"
        )


def observe(model: SiameseModel, z: Tensor, x: Tensor, names: Collection[str] = ()) -> Outputs:
    """What a network says about pairs.

    Args:
        model: in the mode that its caller wants, as the gradients are.
        z: (B, 3, template_size, template_size), normalised.
        x: (B, 3, search_size, search_size), normalised.
        names: of features, checked by :func:`require_features`; a module's is what it gives for the search region.

    Raises:
        ConfigError: one of the modules does not run once for the search region, or gives no feature map.
    """
    template = model.template(z)[: len(model.correlations)]  # the mask's comes last
    features: dict[str, Tensor] = {}
    with _kept(model, [name for name in names if name not in OPERANDS], features):
        search = model.search(x)
    named = dict(zip(model.search_outputs, search, strict=True))
    operands = tuple(named[item.search] for item in model.correlations)
    wanted = [name for name in OPERANDS if name in names]
    for name in wanted:
        if name == "response":
            features[name] = correlate(model.correlations[0], template[0], operands[0])
        else:
            features[name] = (template if name == "template" else operands)[0]
    if missing := [name for name in names if name not in features]:
        raise ConfigError(
            f"recipe: distillation.hints: module {missing[0]!r} does not run on the search region; "
            "name one of the trunk, or response"
        )
    return Outputs(maps=model.head(template, search), template=template, search=operands, features=features)


@contextmanager
def _kept(model: SiameseModel, names: Collection[str], into: dict[str, Tensor]) -> Iterator[None]:
    """Keeps what modules return, while the context lasts."""
    handles = [model.get_submodule(name).register_forward_hook(_keeper(name, into)) for name in names]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _keeper(name: str, into: dict[str, Tensor]) -> Any:
    def keep(_: nn.Module, __: Any, output: Any) -> None:
        if not isinstance(output, Tensor) or output.ndim != 4:
            raise ConfigError(
                f"recipe: distillation.hints: module {name!r} gives no feature map but a {type(output).__name__}; "
                "name a module inside it"
            )
        into[name] = output

    return keep
