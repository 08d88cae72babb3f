"""A library that replaces the stack of signal handlers leaves no trace."""

import ctypes
import sys

import pytest

from sdst_runtime.engines.signal_stack import _Stack, kept_signal_stack

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signal stacks are kept on Linux alone")

DISABLED = 2  # SS_DISABLE


def exchanged(new: _Stack | None = None) -> _Stack:
    """The stack that there was; ``new`` takes its place."""
    old = _Stack()
    assert ctypes.CDLL(None).sigaltstack(None if new is None else ctypes.byref(new), ctypes.byref(old)) == 0
    return old


def test_the_former_stack_or_none_comes_back() -> None:
    memory = ctypes.create_string_buffer(1 << 16)
    ours = _Stack(ctypes.addressof(memory), 0, len(memory))
    found = exchanged()
    try:
        for before in (ours, _Stack(None, DISABLED, 0)):
            exchanged(before)
            with kept_signal_stack():
                other = ctypes.create_string_buffer(1 << 16)
                exchanged(_Stack(ctypes.addressof(other), 0, len(other)))
            now = exchanged()
            assert (now.ss_sp, now.ss_flags) == (before.ss_sp, before.ss_flags)
    finally:
        exchanged(found)
