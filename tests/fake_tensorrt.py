"""A stand-in for TensorRT's Python module that computes with ONNX Runtime, and records what is asked of it.

It can be cut down to the names of one version: then a class has the members that are listed for it and no others, and
touching or setting another is an AttributeError. It knows what the real one demands: an explicit batch in 8, flags for
float16 and Q/DQ where networks are not strongly typed, a first run before a capture, engines of its own place.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tests.fake_gpu import FakeGpu
from tests.fake_tensorrt_building import building_classes
from tests.fake_tensorrt_running import running_classes

__all__ = ["Api", "FakeTensorRT", "touched_names"]

#: Classes and enums of a version: ``{"Builder": {"members": {...}}, "BuilderFlag": {"enum": {...}}, ...}``.
Api = Mapping[str, Mapping[str, Any]]

_ENUMS: dict[str, dict[str, int]] = {
    "NetworkDefinitionCreationFlag": {"EXPLICIT_BATCH": 0, "STRONGLY_TYPED": 1},
    "BuilderFlag": {"FP16": 0, "INT8": 1, "TF32": 6},
    "MemoryPoolType": {"WORKSPACE": 0},
    "TensorIOMode": {"NONE": 0, "INPUT": 1, "OUTPUT": 2},
    "DataType": {"FLOAT": 0, "HALF": 1},
    "HardwareCompatibilityLevel": {"NONE": 0, "AMPERE_PLUS": 1, "SAME_COMPUTE_CAPABILITY": 2},
}


@dataclass
class FakeTensorRT:
    """Makes the module, and says how it behaves.

    Attributes:
        gpu: on which it runs.
        version: that it claims to be.
        api: names of that version; None: all that the stand-in has.
        unreadable: why a graph is not parsed; None for those that are.
        unbuildable: why no engine is built from a graph.
        wrong: whether an engine of a graph computes something else.
        starts: whether there is a builder and a runtime.
        touched: names that were used, such as ``Builder.create_network``.
        options: of each build.
    """

    gpu: FakeGpu
    version: str = "10.3.0"
    api: Api | None = None
    unreadable: Callable[[Any], str | None] = lambda model: None
    unbuildable: Callable[[Any], str | None] = lambda model: None
    wrong: Callable[[Any], bool] = lambda model: False
    starts: bool = True
    touched: set[str] = field(default_factory=set)
    options: list[dict[str, Any]] = field(default_factory=list)
    classes: dict[str, type] = field(default_factory=dict, init=False)
    enums: dict[str, Any] = field(default_factory=dict, init=False)

    def module(self) -> ModuleType:
        """The module ``tensorrt``."""
        module = _Module("tensorrt", self)
        vars(module)["__version__"] = self.version
        classes = {**building_classes(self), **running_classes(self)}
        api = self.api or {
            **{
                name: {"members": dict.fromkeys(n for n in vars(item) if n[0] != "_")} for name, item in classes.items()
            },
            **{name: {"enum": values} for name, values in _ENUMS.items()},
        }
        for name, listed in api.items():
            if "enum" in listed:
                self.enums[name] = enum.IntEnum(name, dict(listed["enum"]))  # type: ignore[misc]
            elif "members" in listed and name in classes:
                self.classes[name] = _cut(name, classes[name], set(listed["members"]), self.touched)
        vars(module).update({**self.enums, **self.classes})
        return module

    def make(self, name: str, *arguments: Any) -> Any:
        """An object of a class as this version has it."""
        made = self.classes[name]
        thing = made.__new__(made)
        made.__init__(thing, *arguments)
        return thing


def touched_names(touched: set[str], owner: str) -> set[str]:
    """Members of a class that were used."""
    return {name.partition(".")[2] for name in touched if name.partition(".")[0] == owner}


class _Module(ModuleType):
    def __init__(self, name: str, fake: FakeTensorRT) -> None:
        super().__init__(name)
        vars(self)["_fake"] = fake

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            super().__getattribute__("_fake").touched.add(name)
        return super().__getattribute__(name)


def _cut(name: str, behaviour: type, listed: set[str], touched: set[str]) -> type:
    """A class with the listed members alone; those without a behaviour are values that can be set and read."""
    members = {key: item for key, item in vars(behaviour).items() if key.startswith("_") or key in listed}
    members = {key: item for key, item in members.items() if key not in ("__dict__", "__weakref__")}

    def get(self: Any, key: str) -> Any:
        if not key.startswith("_") and type(self) is made:
            touched.add(f"{name}.{key}")
        return object.__getattribute__(self, key)

    def put(self: Any, key: str, value: Any) -> None:
        if type(self) is made and not key.startswith("_"):
            if key not in listed:
                raise AttributeError(f"{name} of this version has no {key}")
            touched.add(f"{name}.{key}")
        object.__setattr__(self, key, value)

    values = {key: None for key in listed if key not in vars(behaviour)}
    made = type(name, (), {**values, **members, "__getattribute__": get, "__setattr__": put})
    return made
