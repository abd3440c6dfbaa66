"""A relay, and the sessions that messages leave through."""

from __future__ import annotations

import errno
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pipeline.errors import RelayError
from pipeline.model import Message, Reply
from pipeline.smtp.options import RelayOptions
from pipeline.smtp.wire import Wire

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\s")
_BROKEN = (OSError, smtplib.SMTPException)
_CLOSING = 421


@cache
def _tls() -> ssl.SSLContext:
    """What we ask of TLS: a name that is verified; 20 ms to make, and good for all."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server that takes our messages, and who we say we are."""

    options: RelayOptions
    hello: str
    """The name in EHLO: the site's host."""
    folder: Path
    """Below which a relative `password_file` lies."""

    @property
    def name(self) -> str:
        """How people know it."""
        return self.options.name

    @property
    def connections(self) -> int:
        """How many sessions there may be at once."""
        return self.options.connections

    @property
    def rate(self) -> float:
        """Messages a second at most; 0: no limit."""
        return self.options.rate

    @property
    def weight(self) -> float:
        """Its share of the messages."""
        return self.options.weight

    @property
    def since(self) -> datetime | None:
        """The first moment of its first day, if it is to be warmed up."""
        first = self.options.warm_up_from
        return None if first is None else datetime.combine(first, datetime.min.time(), UTC)

    @contextmanager
    def connect(self) -> Iterator[Session]:
        """A session that is greeted, encrypted and logged in; closed at the end.

        Raises:
            RelayError: The server cannot be reached, offers no TLS, or refuses the login.
        """
        session = Session(self)
        session.open()
        try:
            yield session
        finally:
            session.close()

    def forget(self, _address: str) -> int:
        """Nothing is kept here."""
        return 0

    def open(self) -> Wire:
        """A connection that is greeted, encrypted and logged in.

        Raises:
            RelayError: It cannot be had.
        """
        where = self.options.name
        try:
            return self._greet()
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
            raise RelayError(where, _cause(error), _todo(error)) from error

    def _greet(self) -> Wire:
        options = self.options
        implicit = _tls() if options.encryption == "implicit" else None
        wire = Wire(options.host, options.port, self.hello, timeout=options.timeout, tls=implicit)
        wire.may_group = options.pipelining
        try:
            if options.encryption == "starttls":
                wire.starttls(context=_tls())
            wire.learn()
            self._log_in(wire)
        except BaseException:
            wire.close()
            raise
        return wire

    def _log_in(self, wire: Wire) -> None:
        options = self.options
        if not options.username:
            return
        if options.encryption == "none" and not options.is_loopback:
            msg = "a password is never sent in clear"
            raise smtplib.SMTPNotSupportedError(msg)
        path = self.folder / options.password_file
        wire.login(options.username, path.read_text(encoding="utf-8").strip())


class Session:
    """A connection to a relay; another is begun when it was ended, or has served for enough.

    Where the relay takes commands in groups, the envelope of a message goes out together with the
    dot of the one before it (RFC 2920 section 3.1 lets a group begin with a message's text): half
    the waiting, and half the work for both.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._wire: Wire | None = None
        self._sent, self._until = 0, 0.0
        self._ahead: Message | None = None
        """The message whose envelope has gone out and was not answered yet."""

    @property
    def _is_worn(self) -> bool:
        """Whether the connection has served for enough."""
        return self._sent >= self._relay.options.messages or time.monotonic() >= self._until

    def open(self) -> Wire:
        """The connection, a new one where there is none that will do.

        Raises:
            RelayError: It cannot be had.
        """
        wire = self._wire
        if wire is not None and wire.sock is not None:
            if not self._is_worn:
                return wire
            self.close()
        self._wire, self._ahead = None, None
        self._wire = wire = self._relay.open()
        self._sent, self._until = 0, time.monotonic() + self._relay.options.lifetime
        return wire

    def send(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Reply:
        """What the server said to this message, or code 0 when the connection broke.

        Args:
            message: Envelope and bytes.
            before_dot: Called when all but the dot has been sent; if it raises, the connection is
                broken off and the message has not been handed over.
            following: The message that is sent next, if it is known: its envelope may go ahead.

        Raises:
            RelayError: A new connection was needed and could not be had; nothing was sent.
        """
        if self._ahead is not None and self._ahead is not message:
            self.close()  # its envelope is out, and cannot be taken back
        wire = self._wire if self._ahead is not None and self._wire is not None else self.open()
        is_used = self._sent > 0
        if reply := _too_large(wire, message):
            return reply
        try:
            refusal = self._envelope(wire, message)
            self._sent += 1
            if refusal is not None:
                return _give_up(wire, refusal)
            wire.give(message.body if message.is_plain else _stuffed(message.body))
        except _BROKEN as error:
            self._break(wire)
            if is_used:  # it was ended while it was idle, as servers do: a new one, once
                return self.send(message, before_dot, following)
            return Reply(0, _cause(error))
        try:
            if before_dot is not None:
                before_dot(message)
        except BaseException:
            self._break(wire)
            raise
        return self._dot(wire, following)

    def _envelope(self, wire: Wire, message: Message) -> Reply | None:
        """MAIL, RCPT and DATA; the first refusal, or None when the server wants the text."""
        if not wire.takes_groups:
            return _one_by_one(wire, message)
        if self._ahead is None:
            wire.give(b"".join(_commands(wire, message)))
        self._ahead = None
        return _answers(wire)

    def _dot(self, wire: Wire, following: Message | None) -> Reply:
        """Hand over what was sent, and begin the next one where that may be."""
        goes_ahead = (
            following is not None
            and wire.takes_groups
            and not self._is_worn
            and _too_large(wire, following) is None
        )
        dot = b".\r\n"
        if following is not None and goes_ahead:
            dot += b"".join(_commands(wire, following))
        try:
            wire.give(dot)
            reply = _reply(wire.reply(self._relay.options.dot_timeout), after_dot=True)
        except _BROKEN as error:
            self._break(wire)
            return Reply(0, _cause(error), after_dot=True)
        if reply.code == _CLOSING:
            self._break(wire)
        elif goes_ahead:
            self._ahead = following
        return reply

    def _break(self, wire: Wire) -> None:
        self._ahead = None
        wire.close()

    def close(self) -> None:
        """Say goodbye where somebody still listens."""
        wire, self._wire = self._wire, None
        if wire is None:
            return
        if wire.sock is not None and self._ahead is None:
            with suppress(*_BROKEN):
                wire.quit()
        self._break(wire)

    def abort(self) -> None:
        """Break off at once, from another thread: who waits for an answer gets none."""
        if self._wire is not None:
            self._wire.abort()


def _give_up(wire: Wire, refusal: Reply) -> Reply:
    """End the transaction so that the next one begins clean (RFC 5321 section 4.1.1.5)."""
    try:
        if refusal.code != _CLOSING:  # else the server closes the channel: RFC 5321 section 3.8
            wire.rset()
            return refusal
    except _BROKEN:
        pass
    wire.close()
    return refusal


def _too_large(wire: Wire, message: Message) -> Reply | None:
    """Refuse here what the server has said that it would (RFC 1870 section 6.1)."""
    if not wire.most_octets or len(message.body) <= wire.most_octets:
        return None
    said = f"the message has {len(message.body):,} octets, the relay takes {wire.most_octets:,}"
    return Reply(552, said, "5.3.4")


def _commands(wire: Wire, message: Message) -> tuple[bytes, bytes, bytes]:
    size = f" SIZE={len(message.body)}" if wire.most_octets else ""
    return (
        f"MAIL FROM:<{message.mail_from}>{size}\r\n".encode("ascii"),
        f"RCPT TO:<{message.rcpt_to}>\r\n".encode("ascii"),
        b"DATA\r\n",
    )


_WANTED = (frozenset({250}), frozenset({250, 251}), frozenset({354}))


def _one_by_one(wire: Wire, message: Message) -> Reply | None:
    for command, wanted in zip(_commands(wire, message), _WANTED, strict=True):
        wire.give(command)
        said = wire.getreply()
        if said[0] not in wanted:
            return _reply(said)
    return None


def _answers(wire: Wire) -> Reply | None:
    """The first refusal among the answers to a group: all three come, whatever the first is."""
    refusal = None
    for wanted in _WANTED:
        said = wire.getreply()
        if said[0] == _CLOSING:
            return refusal or _reply(said)
        if said[0] not in wanted:
            refusal = refusal or _reply(said)
        elif said[0] == 354 and refusal is not None:  # noqa: PLR2004 -- RFC 5321 4.1.1.4
            wire.give(b".\r\n")  # let in without a recipient: it wants a text, and gets none
            wire.getreply()
    return refusal


def _stuffed(body: bytes) -> bytes:
    """The text with leading dots doubled (RFC 5321 section 4.5.2)."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return body.replace(b"\r\n.", b"\r\n..") if b"\r\n." in body else body


def _reply(said: tuple[int, bytes], *, after_dot: bool = False) -> Reply:
    text = _text(said[1])
    enhanced = _ENHANCED.match(text)
    return Reply(said[0], text, enhanced[1] if enhanced else "", after_dot=after_dot)


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return text if text.isprintable() else " ".join(text.split())


def _todo(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        return "let this user have more files open (ulimit -n), or set fewer connections"
    return "look at [smtp] host and port"


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
