"""Families of tracker networks by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from sdst_edge.models.base import SiameseModel
from sdst_runtime.errors import ConfigError

__all__ = ["build", "family", "family_names"]

Builder = TypeVar("Builder", bound=Callable[..., SiameseModel])

_BUILDERS: dict[str, Callable[..., SiameseModel]] = {}


def family(name: str) -> Callable[[Builder], Builder]:
    """Decorator that registers the builder of a family; its keyword arguments are the family's options."""

    def register(builder: Builder) -> Builder:
        _BUILDERS[name] = builder
        return builder

    return register


def family_names() -> tuple[str, ...]:
    """Names of all families, sorted."""
    return tuple(sorted(_BUILDERS))


def build(name: str, /, **options: Any) -> SiameseModel:
    """A network of a family with random weights, in training mode.

    Args:
        name: one of :func:`family_names`.
        **options: of the family, such as ``width`` of ``sdst-nano``.

    Raises:
        ConfigError: the family is unknown, or it has no such option, or no such value of it.
    """
    if name not in _BUILDERS:
        raise ConfigError(f"unknown family {name!r}; known are {', '.join(family_names())}")
    builder = _BUILDERS[name]
    try:
        inspect.signature(builder).bind(**options)
    except TypeError as error:
        raise ConfigError(f"family {name} does not take these options: {error}") from None
    model = builder(**options)
    model.family, model.options = name, dict(options)
    return model
