"""Families of tracker networks by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from torch.overrides import TorchFunctionMode

from sdst_edge.models.base import SiameseModel
from sdst_edge.models.key_mapping import Modules
from sdst_runtime.errors import ConfigError

__all__ = ["Family", "blueprint", "build", "families", "family"]

Builder = TypeVar("Builder", bound=Callable[..., SiameseModel])


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family as the registry knows it.

    Attributes:
        name: such as ``siamrpnpp-resnet50``.
        title: for people, such as ``SiamRPN++ (ResNet-50)``.
        builder: makes the network; its keyword arguments are the family's options.
        published: where each module of the authors' checkpoint goes, None where there is none to import.
    """

    name: str
    title: str
    builder: Callable[..., SiameseModel]
    published: Modules | None = None


_FAMILIES: dict[str, Family] = {}


def family(name: str, *, title: str, published: Modules | None = None) -> Callable[[Builder], Builder]:
    """Decorator that registers the builder of a family; arguments as in :class:`Family`."""

    def register(builder: Builder) -> Builder:
        _FAMILIES[name] = Family(name=name, title=title, builder=builder, published=published)
        return builder

    return register


def families() -> Mapping[str, Family]:
    """All families by name, in the order of their names."""
    return MappingProxyType(dict(sorted(_FAMILIES.items())))


def build(name: str, /, **options: Any) -> SiameseModel:
    """A network of a family with random weights, in training mode.

    Args:
        name: one of :func:`families`.
        **options: of the family: ``width`` and ``depth``, see :class:`sdst_edge.models.scaling.Scaling`.

    Raises:
        ConfigError: the family is unknown, or it has no such option, or no such value of it.
    """
    if name not in _FAMILIES:
        raise ConfigError(f"unknown family {name!r}; known are {', '.join(families())}")
    builder = _FAMILIES[name].builder
    known = list(inspect.signature(builder).parameters)
    unknown = ", ".join(repr(option) for option in options if option not in known)
    if unknown:
        raise ConfigError(f"family {name} has no option {unknown}, it takes {' and '.join(known) or 'none'}")
    try:
        model = builder(**options)
    except ConfigError as error:
        raise ConfigError(f"family {name}: {error}") from None
    model.family, model.options = name, dict(options)
    return model


def blueprint(name: str, /, **options: Any) -> SiameseModel:
    """A network as of :func:`build` whose weights have no values yet, for their names and shapes, or to be loaded.

    Memory that is never written to is not taken, and random numbers are most of the time of a large network.
    """
    with _NoInitialisation():
        return build(name, **options)


class _NoInitialisation(TorchFunctionMode):
    """Leaves weights as they were allocated."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return named["tensor"] if "tensor" in named else args[0]
        return func(*args, **named)
