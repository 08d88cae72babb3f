"""Names in a pickle: which of them a checkpoint may hold, and what becomes of a call."""

from __future__ import annotations

import re
import sys
from _compat_pickle import IMPORT_MAPPING
from dataclasses import dataclass

from sdst_runtime.errors import CheckpointError

__all__ = ["Call", "Global", "call", "global_named"]

MAX_LENGTH = 200  # characters of a name with its module's
NAME = re.compile(r"[\w.<>\[\]-]+")

#: Modules of the standard library whose objects are settings; a name from any other one of them is refused.
SETTINGS = frozenset(
    (
        *("argparse", "collections", "copyreg", "datetime", "decimal", "enum", "fractions", "functools", "numbers"),
        *("pathlib", "typing", "uuid"),
    )
)
BUILTINS = frozenset(
    (
        *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range"),
        *("set", "slice", "str", "tuple"),
    )
)
#: Functions that torch and NumPy save tensors, arrays and numbers with; calls of other functions are refused.
FUNCTIONS = re.compile(
    r"torch\.(_utils|_tensor)\._rebuild\w+|torch\.(device|dtype)"
    r"|torch\.storage\._load_from_bytes|torch\.serialization\._get_layout|_codecs\.encode"
    r"|numpy\.(dtype|ndarray)|numpy\.(core|_core)\.(multiarray|numeric)\.(scalar|_reconstruct|_frombuffer)"
)


@dataclass(frozen=True, slots=True)
class Global:
    """A function or class by name; it is not imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def package(self) -> str:
        """The outermost module, under its name in Python 3: up to protocol 2, pickles have those of Python 2."""
        return IMPORT_MAPPING.get(self.module, self.module).partition(".")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """Stands for what a call would have returned; it was not made. What the file puts into it is dropped."""

    function: Global
    arguments: tuple[object, ...]


def global_named(module: object, name: object) -> Global:
    """The name that a pickle gives.

    Raises:
        CheckpointError: it is of the standard library, and neither a plain type nor of ``SETTINGS``.
        ValueError: it is no name.
    """
    if not isinstance(module, str) or not isinstance(name, str) or len(module) + len(name) > MAX_LENGTH:
        raise ValueError
    if not NAME.fullmatch(module) or not NAME.fullmatch(name):
        raise ValueError
    named = Global(module, name)
    if named.package in sys.stdlib_module_names and not _is_plain(named):
        raise _refusal(named)
    return named


def call(function: object, arguments: object) -> object:
    """What takes the place of a call: a dict for an ordered one, else a :class:`Call`.

    Raises:
        CheckpointError: it is a function, not a class, and none of ``FUNCTIONS``.
        ValueError: it is no call.
    """
    if not isinstance(function, Global) or not isinstance(arguments, tuple):
        raise ValueError
    if function == Global("collections", "OrderedDict"):
        return _ordered_dict(arguments)
    is_class = function.name.rpartition(".")[2].lstrip("_")[:1].isupper()
    if not is_class and not _is_plain(function):
        raise _refusal(function)
    return Call(function, arguments)


def _is_plain(named: Global) -> bool:
    if named.package == "builtins":
        return named.name in BUILTINS
    return named.package in SETTINGS or FUNCTIONS.fullmatch(str(named)) is not None


def _ordered_dict(arguments: tuple[object, ...]) -> dict[str | int, object]:
    """Python 2 passes the items as a list of lists, which is used up: calls with one list again and again cost time."""
    pairs = arguments[0] if arguments else []
    if not isinstance(pairs, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise ValueError
    items = {key: value for key, value in pairs if isinstance(key, str | int)}
    pairs.clear()
    return items


def _refusal(named: Global) -> CheckpointError:
    return CheckpointError(
        f"holds {named}, which is no weight and could run code; nothing in it was run. Take a checkpoint that you "
        "trust, or save its state dict alone"
    )
