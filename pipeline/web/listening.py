"""The socket that the web server takes over."""

from __future__ import annotations

import socket

from pipeline.errors import UsageError


def listen(host: str, port: int) -> socket.socket:
    """A socket that the web server takes over.

    Raises:
        UsageError: The port is taken, or the address is not this machine's.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        todo = "stop what listens there, or set PARTWORK_WEB__PORT"
        raise UsageError(f"[web] {host}:{port}: {error.strerror or error}", todo) from error
