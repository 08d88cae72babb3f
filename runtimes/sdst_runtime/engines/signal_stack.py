"""The stack that a thread's signal handlers run on, kept while a library replaces it.

On a processor with AMX, OpenVINO gives the thread that first asks for its devices or compiles a graph a signal stack,
and frees it with its last object. Where another thread frees that, the first one keeps the address of memory that is
gone. Python's handlers run on that stack: the next signal ends the process by SIGSEGV.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kept_signal_stack"]


class _Stack(ctypes.Structure):
    """``stack_t`` of Linux."""

    _fields_ = (("ss_sp", ctypes.c_void_p), ("ss_flags", ctypes.c_int), ("ss_size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Gives the thread back the signal stack, or none, that it had on entry. Does nothing but on Linux."""
    if not sys.platform.startswith("linux"):
        yield
        return
    libc, before = ctypes.CDLL(None), _Stack()
    libc.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        libc.sigaltstack(ctypes.byref(before), None)
