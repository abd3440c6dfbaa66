"""One connection: smtplib's client with deadlines that hold for a whole reply.

smtplib waits anew for each byte, so that a server which sends two a second is waited for without
end; and it never turns Nagle's algorithm off, which makes TLS on a kept connection thirty times
slower.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from contextlib import suppress

from typing_extensions import override

MAX_REPLY = 65_536
"""Octets of a reply, all its lines together; RFC 5321 section 4.5.3.1.5 allows 512 a line."""


class Wire(smtplib.SMTP):
    """A connection on which each step has so many seconds in all."""

    def __init__(
        self, host: str, port: int, hello: str, *, timeout: float, tls: ssl.SSLContext | None
    ) -> None:
        """Connect, and read the greeting.

        Args:
            host: The server.
            port: Its port.
            hello: Who we say we are.
            timeout: Seconds for a step.
            tls: Given where TLS begins with the connection.
        """
        self._tls, self._buffer = tls, b""
        self._read_from: socket.socket | None = None
        super().__init__(host, port, hello, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = socket.create_connection((host, port), timeout)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return found
        return self._tls.wrap_socket(found, server_hostname=host)

    @override
    def getreply(self) -> tuple[int, bytes]:
        """The next reply, within `timeout` seconds."""
        return self.reply(self.timeout)

    def reply(self, seconds: float) -> tuple[int, bytes]:
        """The next reply: its code, -1 if it has none, and its lines.

        Raises:
            OSError: It did not come in time, or never ended.
            smtplib.SMTPServerDisconnected: The server has hung up.
        """
        until, lines, size = time.monotonic() + seconds, [], 0
        while True:
            line = self._line(until)
            lines.append(line[4:].strip())
            size += len(line)
            if size > MAX_REPLY:
                raise OSError(90, "a reply without end")
            if line[3:4] != b"-" or not line[:3].isdigit():
                code = int(line[:3]) if line[:3].isdigit() else -1
                return code, b"\n".join(lines)

    def _line(self, until: float) -> bytes:
        sock = self.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        if sock is not self._read_from:  # what came before TLS began is nobody's answer (RFC 3207)
            self._read_from, self._buffer = sock, b""
        while (end := self._buffer.find(b"\n")) < 0:
            left = until - time.monotonic()
            if left <= 0 or len(self._buffer) > MAX_REPLY:
                raise TimeoutError
            sock.settimeout(left)
            some = sock.recv(8192)
            if not some:
                raise smtplib.SMTPServerDisconnected("it hung up")
            self._buffer += some
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return line

    def give(self, data: bytes) -> None:
        """Send all of this within `timeout` seconds.

        Raises:
            OSError: It could not be sent.
        """
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        self.sock.settimeout(self.timeout)
        self.sock.sendall(data)

    def abort(self) -> None:
        """Break the connection off, so that whoever waits for it in another thread is let go."""
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
