"""The JSON Schema of a report, made from its classes, so that the two cannot part.

It knows the types that :mod:`sdst_runtime.strict` reads; descriptions are the classes' docstrings.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sdst_bench.report.model import SCHEMA_VERSION, BenchReport

__all__ = ["report_schema"]

#: JSON's numbers have no bound; readers turn what a 64-bit float does not hold into infinity.
NUMBER = {"type": "number", "minimum": -sys.float_info.max, "maximum": sys.float_info.max}

SCALARS: Mapping[type, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: NUMBER,
    str: {"type": "string"},
}


def report_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what :func:`sdst_bench.report.files.report_json` writes."""
    classes: dict[str, dict[str, Any]] = {}
    root = _object(BenchReport, classes)
    root["properties"]["schema_version"]["const"] = SCHEMA_VERSION
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:sdst-edge:bench-report:{SCHEMA_VERSION}",
        "title": "Report of sdst-edge bench",
        **root,
        "$defs": dict(sorted(classes.items())),
    }


def _object(kind: type[Any], classes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Schema of a dataclass; those that it is made of are added to ``classes``."""
    summary, attributes = _descriptions(kind)
    hints = get_type_hints(kind)
    properties = {}
    required = []
    for item in dataclasses.fields(kind):
        properties[item.name] = {**_schema(hints[item.name], classes), **_described(attributes.get(item.name))}
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            required.append(item.name)
    return {
        **_described(summary),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _schema(kind: Any, classes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        name = kind.__name__
        if name not in classes:
            classes[name] = {}  # known from here on, should it be made of itself
            classes[name].update(_object(kind, classes))
        return {"$ref": f"#/$defs/{name}"}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        some = next(item for item in inner if item is not type(None))
        return {"anyOf": [_schema(some, classes), {"type": "null"}]}
    if origin is tuple and inner[1:] == (Ellipsis,):
        return {"type": "array", "items": _schema(inner[0], classes)}
    if origin is tuple:
        items = [_schema(item, classes) for item in inner]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}
    if origin is not None:  # Mapping[str, X]
        return {"type": "object", "additionalProperties": _schema(inner[1], classes)}
    return dict(SCALARS[kind])


def _described(text: str | None) -> dict[str, str]:
    return {"description": text} if text else {}


def _descriptions(kind: type[Any]) -> tuple[str, dict[str, str]]:
    """What a class's docstring says of it and of its attributes; nothing where Python was told to drop docstrings."""
    text, _, listed = inspect.cleandoc(kind.__doc__ or "").partition("\n\nAttributes:\n")
    entries = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", listed, re.MULTILINE)
    return _plain(text), {name: _plain(description) for name, description in entries}


def _plain(text: str) -> str:
    """A docstring's text in one line, without the marks of code and of references; JSON's null is Python's None."""
    plain = re.sub(r"(?::\w+:)?`+(?:~\w+\.|[.~])?([^`]+)`+", r"\1", text)
    return " ".join(re.sub(r"\bNone\b", "null", plain).split())
