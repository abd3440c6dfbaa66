"""How a relay is reached, and how much of it we ask for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

IMPLICIT_TLS = 465
"""The port on which TLS begins with the connection (RFC 8314 section 3.3)."""


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """How to reach a mail server that takes our messages."""

    host: str = ""
    """Empty: no relay; mail goes to the Maildir."""
    port: Annotated[int, Ge(1), Le(65535)] = 587
    tls: Literal["auto", "starttls", "implicit", "none"] = "auto"
    """auto: implicit on port 465, none to this very machine, STARTTLS everywhere else."""
    username: str = ""
    password_file: str = ""
    """A file that holds the password alone; a relative path lies below the site's folder."""
    timeout: Annotated[float, Gt(0)] = 60.0
    """Seconds for each step but the last, however slowly the server speaks."""
    dot_timeout: Annotated[float, Gt(0)] = 600.0
    """Seconds for the answer to a message handed over (RFC 5321 section 4.5.3.2.6: 10 minutes)."""
    connections: Annotated[int, Ge(1), Le(100)] = 4
    """How many at once."""
    messages: Annotated[int, Ge(1)] = 200
    """After so many messages a connection is ended, and another begun."""
    lifetime: Annotated[float, Gt(0)] = 300.0
    """After so many seconds, likewise."""
    rate: Annotated[float, Ge(0)] = 0.0
    """Messages a second at most, all connections together; 0: no limit."""
    pipelining: bool = True
    """Whether commands are sent in groups where the relay says that it takes them (RFC 2920)."""
    weight: Annotated[float, Gt(0)] = 1.0
    """Its share of the messages, beside other relays."""
    warm_up_from: date | None = None
    """The first day of a new sending address: it begins with 50 messages a day, then more."""

    @property
    def name(self) -> str:
        """How people know it: `host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the relay is this very machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def encryption(self) -> Literal["starttls", "implicit", "none"]:
        """What `tls` comes to for this host and port."""
        if self.tls != "auto":
            return self.tls
        if self.port == IMPLICIT_TLS:
            return "implicit"
        return "none" if self.is_loopback else "starttls"
