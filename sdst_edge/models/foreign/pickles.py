"""What a pickle says, read by a machine that runs nothing.

A pickle is a program: Python's own reader imports the modules and calls the functions that it names. This one knows
the instructions and no functions. It makes plain containers, numbers and texts; a name stays a :class:`Global`, a
call is written down as a :class:`Call` and never made, so that there is nothing a hostile file could reach. Time and
memory are bounded by the length of the pickle.

Instructions: the documentation of :mod:`pickletools`. Those of protocol 0 are left out: no checkpoint has them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sdst_edge.models.foreign.pickle_names import MAX_LENGTH, call, global_named
from sdst_runtime.errors import CheckpointError

__all__ = ["Pickle", "Reference", "read_pickle"]

MAX_STEPS = 2_000_000  # a ResNet-50's checkpoint with its optimizer has some 50,000
MAX_INTEGER = 64  # bytes; torch's magic number has 10
MAX_KEY = 2**60  # of a dict with integers, such as an optimizer's state


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """To something that lies outside of the pickle (its "persistent id"), such as the bytes of a tensor."""

    to: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickle:
    """What a pickle says.

    Attributes:
        value: numbers, texts, bytes, lists (for sets too), tuples, dicts with texts and integers as keys (other items
            are dropped), :class:`Global`, :class:`Call` and :class:`Reference`; containers may hold themselves.
        references: all of them, in the order of the file.
        end: offset of the first byte behind it.
    """

    value: object
    references: tuple[Reference, ...]
    end: int


def read_pickle(data: bytes, start: int = 0) -> Pickle:
    """What the pickle at ``start`` says; ``data`` may go on behind it.

    Raises:
        CheckpointError: it names what could run code, or is damaged; the text goes on from the name of the file.
    """
    machine = _Machine(data, start)
    try:
        value = machine.run()
    except (IndexError, KeyError, TypeError, ValueError, struct.error):
        raise CheckpointError(f"is damaged, or no PyTorch checkpoint: no pickle at byte {machine.position}") from None
    return Pickle(value=value, references=tuple(machine.references), end=machine.position)


class _Machine:
    """The stack machine that a pickle is written for."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position
        self.stack: list[object] = []
        self.below: list[list[object]] = []  # stacks under the marks
        self.memo: dict[int, object] = {}
        self.references: list[Reference] = []

    def run(self) -> object:
        """Up to the end of the pickle; its value."""
        for _ in range(MAX_STEPS):
            code = self.take(1)[0]
            if code == ord("."):
                return self.stack.pop()
            STEPS[code](self, code)
        raise CheckpointError(f"holds a pickle of over {MAX_STEPS:,} instructions, more than any checkpoint has")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if not 0 <= count <= len(self.data) - self.position:
            raise ValueError
        self.position += count
        return self.data[self.position - count : self.position]

    def number(self, layout: str) -> int:
        """The next integer, of a layout of :mod:`struct`."""
        return int(struct.unpack(layout, self.take(struct.calcsize(layout)))[0])

    def line(self) -> str:
        """Up to the next newline, which is skipped."""
        end = self.data.index(b"\n", self.position, self.position + MAX_LENGTH + 1)
        return self.take(end + 1 - self.position)[:-1].decode()

    def since_mark(self) -> list[object]:
        """What was pushed since the last mark, taken off."""
        items, self.stack = self.stack, self.below.pop()
        return items


Step: TypeAlias = Callable[[_Machine, int], None]
STEPS: dict[int, Step] = {}


def _on(*codes: bytes) -> Callable[[Step], Step]:
    def register(step: Step) -> Step:
        STEPS.update(dict.fromkeys((code[0] for code in codes), step))
        return step

    return register


def _pushes(code: bytes, value: Callable[[_Machine], object]) -> None:
    def step(machine: _Machine, _: int) -> None:
        pushed = value(machine)  # may go back to the stack under a mark
        machine.stack.append(pushed)

    STEPS[code[0]] = step


def _pushes_counted(code: bytes, length: str, decode: Callable[[bytes], object]) -> None:
    _pushes(code, lambda machine: decode(machine.take(machine.number(length))))


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _latin1(data: bytes) -> str:
    return data.decode("latin-1")  # texts of Python 2


def _integer(data: bytes) -> int:
    if len(data) > MAX_INTEGER:
        raise ValueError
    return int.from_bytes(data, "little", signed=True)


_pushes(b"N", lambda _: None)
_pushes(b"\x88", lambda _: True)
_pushes(b"\x89", lambda _: False)
_pushes(b"]", lambda _: [])
_pushes(b")", lambda _: ())
_pushes(b"}", lambda _: {})
_pushes(b"\x8f", lambda _: [])  # a set
_pushes(b"J", lambda machine: machine.number("<i"))
_pushes(b"K", lambda machine: machine.number("<B"))
_pushes(b"M", lambda machine: machine.number("<H"))
_pushes(b"G", lambda machine: struct.unpack(">d", machine.take(8))[0])
_pushes_counted(b"\x8a", "<B", _integer)
_pushes_counted(b"\x8b", "<i", _integer)
_pushes_counted(b"X", "<I", _utf8)
_pushes_counted(b"\x8c", "<B", _utf8)
_pushes_counted(b"\x8d", "<Q", _utf8)
_pushes_counted(b"T", "<i", _latin1)
_pushes_counted(b"U", "<B", _latin1)
_pushes_counted(b"B", "<I", bytes)
_pushes_counted(b"C", "<B", bytes)
_pushes_counted(b"\x8e", "<Q", bytes)
_pushes_counted(b"\x96", "<Q", bytes)
_pushes(b"l", _Machine.since_mark)
_pushes(b"t", lambda machine: tuple(machine.since_mark()))
_pushes(b"\x91", _Machine.since_mark)  # a frozenset
_pushes(b"d", lambda machine: _with_items({}, machine.since_mark()))
_pushes(b"2", lambda machine: machine.stack[-1])
_pushes(b"h", lambda machine: machine.memo[machine.number("<B")])
_pushes(b"j", lambda machine: machine.memo[machine.number("<I")])
_pushes(b"c", lambda machine: global_named(machine.line(), machine.line()))


@_on(b"\x80", b"\x95")
def _announcement(machine: _Machine, code: int) -> None:
    """The protocol's number, or a frame's length: nothing depends on them."""
    machine.take(8 if code == 0x95 else 1)


@_on(b"(")
def _mark(machine: _Machine, _: int) -> None:
    machine.below.append(machine.stack)
    machine.stack = []


@_on(b"0", b"b")
def _drop(machine: _Machine, _: int) -> None:
    """What is not needed, or the state of an object, such as the ``_metadata`` of a state dict."""
    machine.stack.pop()


@_on(b"1")
def _drop_since_mark(machine: _Machine, _: int) -> None:
    machine.since_mark()


@_on(b"\x85", b"\x86", b"\x87")
def _short_tuple(machine: _Machine, code: int) -> None:
    items = [machine.stack.pop() for _ in range(code - 0x84)]
    machine.stack.append(tuple(reversed(items)))


@_on(b"q", b"r", b"\x94")
def _remember(machine: _Machine, code: int) -> None:
    slot = len(machine.memo) if code == 0x94 else machine.number("<B" if code == ord("q") else "<I")
    machine.memo[slot] = machine.stack[-1]


@_on(b"a", b"e", b"\x90")
def _extend(machine: _Machine, code: int) -> None:
    items = [machine.stack.pop()] if code == ord("a") else machine.since_mark()
    target = machine.stack[-1]
    if isinstance(target, list):
        target.extend(items)


@_on(b"s", b"u")
def _set_items(machine: _Machine, code: int) -> None:
    items = [machine.stack.pop(), machine.stack.pop()][::-1] if code == ord("s") else machine.since_mark()
    target = machine.stack[-1]
    if isinstance(target, dict):
        _with_items(target, items)


@_on(b"\x93")
def _stack_global(machine: _Machine, _: int) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(global_named(module, name))


@_on(b"Q")
def _refer(machine: _Machine, _: int) -> None:
    machine.references.append(Reference(machine.stack.pop()))
    machine.stack.append(machine.references[-1])


@_on(b"R", b"\x81", b"\x92")
def _call(machine: _Machine, code: int) -> None:
    if code == 0x92:
        machine.stack.pop()  # arguments by name
    arguments, function = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(call(function, arguments))


@_on(b"i", b"o")
def _call_marked(machine: _Machine, code: int) -> None:
    named = global_named(machine.line(), machine.line()) if code == ord("i") else None
    items = machine.since_mark()
    function = named or items.pop(0)
    machine.stack.append(call(function, tuple(items)))


def _with_items(target: dict[object, object], items: list[object]) -> dict[object, object]:
    """``items``: key, value, key, value. Other keys are dropped.

    To hash a tuple may take any depth of recursion, and large integers can be chosen to collide.
    """
    for key, value in zip(items[::2], items[1::2], strict=True):
        if isinstance(key, str) or (isinstance(key, int) and abs(key) <= MAX_KEY):
            target[key] = value
    return target
