"""Which names of TensorRT the runtime uses, read from its source, and which of them it asks for before it uses them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import sdst_runtime.tensorrt

__all__ = ["guarded_names", "missing_names", "used_names"]

_PACKAGE = Path(sdst_runtime.tensorrt.__file__).parent

#: What variables of these modules are. Attributes of others are the project's own.
_VARIABLES: dict[str, dict[str, str]] = {
    "builder.py": {
        "self._builder": "Builder",
        "network": "INetworkDefinition",
        "parser": "OnnxParser",
        "config": "IBuilderConfig",
        "profile": "IOptimizationProfile",
        "cache": "ITimingCache",
        "error": "ParserError",
        "tensor": "ITensor",
        "item": "ITensor",
        "kinds": "NetworkDefinitionCreationFlag",
        "flags": "BuilderFlag",
    },
    "engine.py": {
        "self._runtime": "Runtime",
        "engine": "ICudaEngine",
        "self._engine": "ICudaEngine",
        "self._context": "IExecutionContext",
        "modes": "TensorIOMode",
    },
}
#: A class or function of the module, and a member of it, whatever holds the module; not what every object has.
_OF_MODULE = re.compile(r"(?:self\._|self\.|shop\.|self\.shop\.)?trt\.([A-Za-z]\w*)(\.[A-Za-z]\w*)?")
_ASKING = ("hasattr", "getattr", "self._require")


def used_names() -> set[str]:
    """``Class``, ``Class.member`` and ``function`` of the module, all that occur in the package's source."""
    found: set[str] = set()
    for path in sorted(_PACKAGE.glob("*.py")):
        variables = _VARIABLES.get(path.name, {})
        for text in _chains(ast.parse(path.read_text(encoding="utf-8"))):
            if (match := _OF_MODULE.match(text)) is not None:
                found |= {match[1], match[1] + (match[2] or "")}
            owner, _, member = text.rpartition(".")
            if owner in variables:
                found.add(f"{variables[owner]}.{member}")
    return found


def guarded_names() -> set[str]:
    """Names, without their classes, that are asked for by ``hasattr`` or a kin of it somewhere in the package."""
    found: set[str] = set()
    for path in sorted(_PACKAGE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in _ASKING:
                found |= {item.value for item in node.args[1:2] if isinstance(item, ast.Constant)}  # type: ignore[misc]
            elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):  # names that are asked for in turn
                found |= {item.value for item in node.iter.elts if isinstance(item, ast.Constant)}  # type: ignore[misc]
    return found


def missing_names(members: Mapping[str, set[str]]) -> set[str]:
    """Used names that a version lacks.

    Args:
        members: classes and enums of the version, each with its members.
    """
    known = {*members, *(f"{owner}.{member}" for owner, items in members.items() for member in items)}
    return used_names() - known


def _chains(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            if text.replace(".", "").replace("_", "").isalnum():
                yield text
