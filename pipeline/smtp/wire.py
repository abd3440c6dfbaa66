"""One connection: smtplib's client with deadlines that hold for a whole reply, waiting or not.

smtplib waits anew for each byte, so that a server which sends two a second is waited for without
end; and it never turns Nagle's algorithm off, which makes TLS on a kept connection thirty times
slower.
"""

from __future__ import annotations

import errno
import selectors
import smtplib
import socket
import ssl
import time

from typing_extensions import override

MAX_REPLY = 65_536
"""Octets of a reply, all its lines together; RFC 5321 section 4.5.3.1.5 allows 512 a line."""

PIECE = 8192
"""Octets read at once."""

Said = tuple[int, bytes]
"""A reply: its code, -1 if it has none, and its lines."""


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
        self.wants = selectors.EVENT_READ
        """What must be possible before more can be sent or read, where it is not at once."""
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
    def getreply(self) -> Said:
        """The next reply, within `timeout` seconds."""
        return self.reply(self.timeout)

    # Waiting for what comes

    def reply(self, seconds: float) -> Said:
        """The next reply: its code, -1 if it has none, and its lines.

        Raises:
            OSError: It did not come in time, or never ended.
            smtplib.SMTPServerDisconnected: The server has hung up.
        """
        until = time.monotonic() + seconds
        sock = self._connected()
        while (said := self.take()) is None:
            self._read(self._some(sock, until))
        return said

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
                return sock.recv(PIECE)
            except TimeoutError:
                continue

    def give(self, data: bytes) -> None:
        """Send all of this within `timeout` seconds.

        Raises:
            OSError: It could not be sent.
        """
        sock = self._connected()
        if self._is_hurried:
            sock.settimeout(self.timeout)
            self._is_hurried = False
        sock.sendall(data)

    # Going on meanwhile: for a socket that does not block

    def push(self, data: bytes | memoryview) -> int:
        """Send what goes at once; returns how many octets that were.

        Where it is not all, `wants` tells what must come before more goes.
        """
        self.wants = selectors.EVENT_WRITE
        try:
            return self._connected().send(data)
        except ssl.SSLWantReadError:
            self.wants = selectors.EVENT_READ
        except (BlockingIOError, ssl.SSLWantWriteError):
            pass
        return 0

    def pull(self) -> bool:
        """Read what is there; False, and `wants` tells for what to wait, if nothing is.

        Raises:
            smtplib.SMTPServerDisconnected: The server has hung up.
        """
        self.wants = selectors.EVENT_READ
        try:
            some = self._connected().recv(PIECE)
        except ssl.SSLWantWriteError:
            self.wants = selectors.EVENT_WRITE
            return False
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        self._read(some)
        return True

    @property
    def has_more(self) -> bool:
        """Whether TLS holds back what no event will tell of."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    # What has come

    def take(self) -> Said | None:
        """The next reply, if all of it is here.

        Raises:
            OSError: It has no end.
        """
        if self.sock is not self._read_from:  # what came before TLS is nobody's answer (RFC 3207)
            self._read_from, self._buffer = self.sock, b""
        buffer, lines, at = self._buffer, [], 0
        while (end := buffer.find(b"\n", at)) >= 0:
            line, at = buffer[at:end], end + 1
            lines.append(line[4:].strip())
            code = int(line[:3]) if line[:3].isdigit() else -1
            if line[3:4] != b"-" or code < 0:
                self._buffer = buffer[at:]
                return code, b"\n".join(lines) if lines[1:] else lines[0]
        if len(buffer) > MAX_REPLY:
            raise OSError(errno.EMSGSIZE, "a reply without end")
        return None

    def _read(self, some: bytes) -> None:
        if not some:
            raise smtplib.SMTPServerDisconnected("it hung up")
        self._buffer += some

    def _connected(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        return self.sock
