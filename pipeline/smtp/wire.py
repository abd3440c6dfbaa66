"""One connection: smtplib's client with deadlines that hold for a whole reply.

smtplib waits anew for each byte, so that a server which sends two a second is waited for without
end; and it never turns Nagle's algorithm off, which makes TLS on a kept connection thirty times
slower.
"""

from __future__ import annotations

import errno
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
        self._is_hurried = False
        self.may_group = True
        self.takes_groups = False
        """Whether commands may be sent in groups (RFC 2920)."""
        self.most_octets = 0
        """How large a message may be (RFC 1870); 0: it does not say."""
        try:
            super().__init__(host, port, hello, timeout=timeout)
        except BaseException:
            self.close()
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = socket.create_connection((host, port), timeout)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return found
        return self._tls.wrap_socket(found, server_hostname=host)

    def learn(self) -> None:
        """Ask what the server can, as it must be asked again when TLS has begun (RFC 3207)."""
        self.ehlo_or_helo_if_needed()
        self.takes_groups = self.may_group and self.has_extn("pipelining")
        size = self.esmtp_features.get("size", "")
        self.most_octets = int(size) if size.isdigit() else 0

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
        until = time.monotonic() + seconds
        line = self._line(until)
        code = int(line[:3]) if line[:3].isdigit() else -1
        if line[3:4] != b"-" or code < 0:  # nearly all have one line
            return code, line[4:].strip()
        lines, size = [line[4:].strip()], len(line)
        while line[3:4] == b"-":
            line = self._line(until)
            lines.append(line[4:].strip())
            size += len(line)
            if size > MAX_REPLY:
                raise OSError(errno.EMSGSIZE, "a reply without end")
        return code, b"\n".join(lines)

    def _line(self, until: float) -> bytes:
        sock = self.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        if sock is not self._read_from:  # what came before TLS began is nobody's answer (RFC 3207)
            self._read_from, self._buffer = sock, b""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_REPLY:
                raise OSError(errno.EMSGSIZE, "a line without end")
            some = self._some(sock, until)
            if not some:
                raise smtplib.SMTPServerDisconnected("it hung up")
            self._buffer += some
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return line

    def _some(self, sock: socket.socket, until: float) -> bytes:
        """What comes next, before this moment.

        To set a timeout costs as much as to receive: it stays what it is, and who is woken by it
        too early waits on.
        """
        while True:
            if (left := until - time.monotonic()) <= 0:
                raise TimeoutError
            if left < self.timeout - 1:
                sock.settimeout(left)
                self._is_hurried = True
            try:
                return sock.recv(8192)
            except TimeoutError:
                continue

    def give(self, data: bytes) -> None:
        """Send all of this within `timeout` seconds.

        Raises:
            OSError: It could not be sent.
        """
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        if self._is_hurried:
            self.sock.settimeout(self.timeout)
            self._is_hurried = False
        self.sock.sendall(data)

    def abort(self) -> None:
        """Break the connection off, so that whoever waits for it in another thread is let go."""
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
