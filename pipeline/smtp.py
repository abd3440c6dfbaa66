"""One relay, one kept-alive connection, one transaction at a time.

It does not decide what a reply means (`pipeline.delivery` does) nor write the ledger (jobs do).
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.errors import RelayError
from pipeline.model import Message, Reply

_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\s")
_BROKEN = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """How to reach the mail server that takes our messages."""

    host: str = ""
    """Empty: no relay; mail goes to the Maildir."""
    port: int = 587
    tls: Literal["auto", "starttls", "implicit", "none"] = "auto"
    """auto: implicit on port 465, none to this very machine, STARTTLS everywhere else."""
    username: str = ""
    password_file: str = ""
    """A file that holds the password alone; a relative path lies below the site's folder."""
    timeout: float = 60.0
    """Seconds to wait for the server at each step but the last."""

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
        if self.port == smtplib.SMTP_SSL_PORT:
            return "implicit"
        return "none" if self.is_loopback else "starttls"


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server that takes our messages, and who we say we are."""

    options: RelayOptions
    hello: str
    """The name in EHLO: the site's host."""
    folder: Path
    """Below which a relative `password_file` lies."""

    @contextmanager
    def connect(self) -> Iterator[Session]:
        """A session that is greeted, encrypted and logged in; closed at the end.

        Raises:
            RelayError: The server cannot be reached, offers no TLS, or refuses the login.
        """
        session = Session(self, self._open())
        try:
            yield session
        finally:
            session.close()

    def _open(self) -> smtplib.SMTP:
        where = f"{self.options.host}:{self.options.port}"
        try:
            server = self._greet()
        except smtplib.SMTPAuthenticationError as error:
            said = f"login refused ({error.smtp_code} {_text(error.smtp_error)})"
            raise RelayError(where, said, "look at [smtp] username and password_file") from error
        except ssl.SSLError as error:
            raise RelayError(
                where, f"TLS failed ({error})", "look at [smtp] tls and host"
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise RelayError(where, str(error), "look at [smtp] tls and username") from error
        except _BROKEN as error:
            raise RelayError(where, _cause(error), "look at [smtp] host and port") from error
        return server

    def _greet(self) -> smtplib.SMTP:
        options, context = self.options, ssl.create_default_context()
        if options.encryption == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                options.host, options.port, self.hello, timeout=options.timeout, context=context
            )
        else:
            server = smtplib.SMTP(options.host, options.port, self.hello, timeout=options.timeout)
        try:
            assert server.sock is not None  # noqa: S101 -- connected above
            server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if options.encryption == "starttls":
                server.starttls(context=context)
            server.ehlo()
            self._log_in(server)
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        options = self.options
        if not options.username:
            return
        if options.encryption == "none" and not options.is_loopback:
            msg = "a password is never sent in clear"
            raise smtplib.SMTPNotSupportedError(msg)
        path = self.folder / options.password_file
        server.login(options.username, path.read_text(encoding="utf-8").strip())


class Session:
    """A connection to a relay; reconnects by itself when the server ended it between messages."""

    def __init__(self, relay: Relay, server: smtplib.SMTP) -> None:
        self._relay, self._server = relay, server

    def send(self, message: Message) -> Reply:
        """What the server said to this message, or code 0 when the connection broke.

        Raises:
            RelayError: A new connection was needed and could not be had; nothing was sent.
        """
        if self._server.sock is None:
            self._server = self._relay._open()  # noqa: SLF001 -- relay and session are one thing
        try:
            refusal = self._envelope(message)
        except _BROKEN as error:
            self.close()
            return Reply(0, _cause(error))
        if refusal is not None:
            return self._give_up(refusal)
        try:
            self._server.send(_stuffed(message.body) + b".\r\n")
            return _reply(self._server.getreply(), after_dot=True)
        except _BROKEN as error:
            self.close()
            return Reply(0, _cause(error), after_dot=True)

    def _envelope(self, message: Message) -> Reply | None:
        """MAIL, RCPT and DATA; the first refusal, or None when the server wants the text."""
        steps = (
            (f"MAIL FROM:<{message.mail_from}>", {250}),
            (f"RCPT TO:<{message.rcpt_to}>", {250, 251}),
            ("DATA", {354}),
        )
        for command, wanted in steps:
            said = self._server.docmd(command)
            if said[0] not in wanted:
                return _reply(said)
        return None

    def _give_up(self, refusal: Reply) -> Reply:
        """End the transaction so that the next one begins clean (RFC 5321 section 4.1.1.5)."""
        if refusal.code == 421:  # noqa: PLR2004 -- the server closes the channel: RFC 5321 3.8
            self.close()
        else:
            with suppress(*_BROKEN):
                self._server.rset()
        return refusal

    def close(self) -> None:
        """Say goodbye where somebody still listens."""
        if self._server.sock is not None:
            with suppress(*_BROKEN):
                self._server.quit()
        self._server.close()


def _stuffed(body: bytes) -> bytes:
    """The text with leading dots doubled (RFC 5321 section 4.5.2); ours has none to double."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return body.replace(b"\r\n.", b"\r\n..") if b"\r\n." in body else body


def _reply(said: tuple[int, bytes], *, after_dot: bool = False) -> Reply:
    text = _text(said[1])
    enhanced = _ENHANCED.match(text)
    return Reply(said[0], text, enhanced[1] if enhanced else "", after_dot=after_dot)


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())


def _cause(error: BaseException) -> str:
    match error:
        case smtplib.SMTPResponseException():
            return f"it answered {error.smtp_code} {_text(error.smtp_error)}"
        case TimeoutError():
            return "no answer in time"
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error) or type(error).__name__
