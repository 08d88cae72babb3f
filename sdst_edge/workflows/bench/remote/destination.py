"""Where OpenSSH is to connect."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdst_runtime.errors import ConfigError

__all__ = ["Destination"]

_FORM = re.compile(r"(?:(?P<user>[^@]+)@)?(?:\[(?P<literal>[^\]]+)\]|(?P<host>[^@\[\]]+?))(?::(?P<port>\d+))?")

#: What no name of a user or a host has, and shells in a user's SSH configuration would read.
_REFUSED = re.compile(r"[\s\x00-\x1f\x7f'\"`$\\;&|<>(){}*?!#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A user and a host.

    Attributes:
        user: empty for what OpenSSH's configuration says.
        host: name, address, or alias of that configuration.
        port: None for what the configuration says.
    """

    user: str
    host: str
    port: int | None

    @classmethod
    def of(cls, text: str) -> Destination:
        """``[user@]host[:port]``; an IPv6 address with a port stands in brackets.

        Raises:
            ConfigError: it has another form, or could be taken for an option.
        """
        text = text.removeprefix("ssh://").removesuffix("/")
        is_address = text.rpartition("@")[2].count(":") > 1 and "[" not in text
        found = _FORM.fullmatch(re.sub(r"([^@]+)$", r"[\1]", text) if is_address else text)
        user, host = (found["user"] or "", found["literal"] or found["host"]) if found else ("", "")
        port = int(found["port"]) if found and found["port"] else None
        if not host or _REFUSED.search(text) or user.startswith("-") or host.startswith("-"):
            raise ConfigError(f"--host is {text!r}, expected user@board or user@board:port")
        if port is not None and not 0 < port < 65536:
            raise ConfigError(f"--host is {text!r}: its port is {port}, expected 1..65535")
        return cls(user=user, host=host, port=port)

    @property
    def words(self) -> list[str]:
        """For the command line of ``ssh``."""
        return [*(["-p", str(self.port)] if self.port else []), "--", self.user_host]

    @property
    def user_host(self) -> str:
        """Without the port."""
        return f"{self.user}@{self.host}" if self.user else self.host

    def __str__(self) -> str:
        if self.port is None:
            return self.user_host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}:{self.port}" if self.user else f"{host}:{self.port}"
