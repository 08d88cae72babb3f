"""Connections that fail, in words that say what to do."""

from __future__ import annotations

import re

from sdst_edge.workflows.bench.remote.connection import Completed
from sdst_edge.workflows.bench.remote.destination import Destination

__all__ = ["connection_failure", "loss", "not_written"]

#: What OpenSSH and its libraries write (in English, as ``LC_ALL=C`` has it) to what to do.
_HINTS = (
    ("connection refused", "nothing listens there: is the SSH server running, and is the port right?"),
    ("could not resolve hostname", "no such name; give its address, or an alias of ~/.ssh/config"),
    ("no route to host", "is it switched on, and in this network?"),
    ("network is unreachable", "is this machine in its network?"),
    ("timed out", "is it switched on, and in this network?"),
    ("too many authentication failures", "too many keys were offered; add --ssh-option IdentitiesOnly=yes"),
    ("bad configuration option", "expected what ssh_config(5) knows"),
    ("unsupported option", "expected what ssh_config(5) knows"),
    ("no such identity", "the key's file is not here"),
)


def connection_failure(destination: Destination, done: Completed, *, asks: bool) -> str:
    """Why OpenSSH does not connect.

    Args:
        destination: that was wanted.
        done: of ``ssh``.
        asks: whether OpenSSH could ask the user.
    """
    said, login = done.stderr.lower(), " ".join(["ssh", *_shown(destination)])
    if "identification has changed" in said:
        name = destination.host if destination.port is None else f"'[{destination.host}]:{destination.port}'"
        return (
            f"{destination}: its host key is not the one that this machine knows: it was installed anew, or it is "
            f"another machine. If you know that it is right: ssh-keygen -R {name}, then {login}"
        )
    if "host key verification failed" in said:
        return f"{destination}: this machine does not know its host key; log in once and confirm it: {login}"
    if "permission denied" in said:
        how = "" if asks else ", and nobody can be asked for a password here"
        copy = " ".join(["ssh-copy-id", *_shown(destination)])
        return f"{destination} refuses the user or the key{how}; make this work first: {copy}, then {login}"
    reason = _last_line(done)
    hint = next((hint for text, hint in _HINTS if text in said), f"make this work first: {login}")
    return f"{destination} is not reached: {reason}; {hint}"


def loss(name: str, reason: str) -> str:
    """That a connection which was there ended."""
    return f"the connection to {name} was lost: {reason or 'it ended without a word'}; see that it runs, and try again"


def not_written(name: str, folder: str, done: Completed) -> str:
    """That ``tar`` or ``adb push`` could not write there; the reason is in the first lines of theirs."""
    full = next((line for line in done.stderr.splitlines() if "No space left" in line), "")
    reason = full or next((line for line in done.stderr.splitlines() if line.strip()), done.reason)
    fix = "free some room there" if full else "see who may write there"
    return f"{name}: files cannot be written in {folder}: {reason}; {fix}"


def _shown(destination: Destination) -> list[str]:
    return [*(["-p", str(destination.port)] if destination.port else []), destination.user_host]


def _last_line(done: Completed) -> str:
    """The reason, without what stands in front of it."""
    return re.sub(r"^ssh: (connect to )?", "", done.reason)
