"""Sessions: messages leave through a connection, one transaction after the other.

A transaction is a chain of steps (`pipeline.smtp.steps`), so that the same lines serve whoever
waits for each of them and whoever has a hundred of them under way.
"""

from __future__ import annotations

import errno
import re
import smtplib
import time
from collections.abc import Callable
from contextlib import suppress

from pipeline.model import Message, Reply
from pipeline.smtp.options import RelayOptions
from pipeline.smtp.steps import Give, Hear, Open, Steps, finish
from pipeline.smtp.wire import Said, Wire

BROKEN = (OSError, smtplib.SMTPException)
"""How it shows that a connection is of no use any more."""

PARTING = 5.0
"""Seconds for the answer to QUIT, of which nothing depends."""

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\s")
_CLOSING = 421


class Session:
    """A connection to a relay; another is begun when it was ended, or has served for enough.

    Where the relay takes commands in groups, the envelope of a message goes out together with the
    dot of the one before it (RFC 2920 section 3.1 lets a group begin with a message's text): half
    the waiting, and half the work for both.
    """

    def __init__(self, connect: Callable[[], Wire], options: RelayOptions) -> None:
        """A session that opens its connections by this function."""
        self._connect, self._options = connect, options
        self._wire: Wire | None = None
        self._sent, self._until = 0, 0.0
        self._ahead: Message | None = None
        """The message whose envelope has gone out and was not answered yet."""

    @property
    def _is_worn(self) -> bool:
        """Whether the connection has served for enough."""
        return self._sent >= self._options.messages or time.monotonic() >= self._until

    def open(self) -> None:
        """Have a connection.

        Raises:
            RelayError: It cannot be had.
        """
        finish(self._opened())

    def send(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Reply:
        """What the server said to this message; it is waited for. See `transaction`."""
        return finish(self.transaction(message, before_dot, following))

    def close(self) -> None:
        """Say goodbye where somebody still listens, and wait for the answer."""
        finish(self.farewell())

    def transaction(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Steps[Reply]:
        """The steps to what the server says to this message, or code 0 when the connection broke.

        Args:
            message: Envelope and bytes.
            before_dot: Called when all but the dot has been sent; if it raises, the connection is
                broken off and the message has not been handed over.
            following: The message that is sent next, if it is known: its envelope may go ahead.

        Raises:
            RelayError: A new connection was needed and could not be had; nothing was sent.
        """
        if self._ahead is not None and self._ahead is not message:
            self._break()  # its envelope is out, and cannot be taken back
        wire = self._wire if self._ahead is not None else None
        wire = wire or (yield from self._opened())
        is_used = self._sent > 0
        if reply := _too_large(wire, message):
            return reply
        try:
            refusal = yield from self._envelope(wire, message)
            self._sent += 1
            if refusal is not None:
                return (yield from _give_up(wire, refusal))
            yield Give(wire, message.body if message.is_plain else _stuffed(message.body))
        except BROKEN as error:
            self._break()
            if is_used:  # it was ended while it was idle, as servers do: a new one, once
                return (yield from self.transaction(message, before_dot, following))
            return Reply(0, cause(error))
        try:
            if before_dot is not None:
                before_dot(message)
        except BaseException:
            self._break()
            raise
        return (yield from self._dot(wire, following))

    def farewell(self) -> Steps[None]:
        """The steps to the end: QUIT where somebody still listens."""
        wire = self._wire
        if wire is not None and wire.sock is not None and self._ahead is None:
            with suppress(*BROKEN):
                yield Give(wire, b"QUIT\r\n")
                yield Hear(wire, PARTING)
        self._break()

    def _opened(self) -> Steps[Wire]:
        """The connection, a new one where there is none that will do."""
        wire = self._wire
        if wire is not None and wire.sock is not None:
            if not self._is_worn:
                return wire
            yield from self.farewell()
        self._wire, self._ahead = None, None
        found: Wire = yield Open(self._connect)
        self._wire = found
        self._sent, self._until = 0, time.monotonic() + self._options.lifetime
        return found

    def _envelope(self, wire: Wire, message: Message) -> Steps[Reply | None]:
        """MAIL, RCPT and DATA; the first refusal, or None when the server wants the text."""
        if not wire.takes_groups:
            return (yield from _one_by_one(wire, message))
        if self._ahead is None:
            yield Give(wire, b"".join(_commands(wire, message)))
        self._ahead = None
        return (yield from _answers(wire))

    def _dot(self, wire: Wire, following: Message | None) -> Steps[Reply]:
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
            yield Give(wire, dot)
            reply = _reply((yield Hear(wire, self._options.dot_timeout)), after_dot=True)
        except BROKEN as error:
            self._break()
            return Reply(0, cause(error), after_dot=True)
        if reply.code == _CLOSING:
            self._break()
        elif goes_ahead:
            self._ahead = following
        return reply

    def _break(self) -> None:
        wire, self._wire, self._ahead = self._wire, None, None
        if wire is not None:
            wire.close()


def _give_up(wire: Wire, refusal: Reply) -> Steps[Reply]:
    """End the transaction so that the next one begins clean (RFC 5321 section 4.1.1.5)."""
    try:
        if refusal.code != _CLOSING:  # else the server closes the channel: RFC 5321 section 3.8
            yield Give(wire, b"RSET\r\n")
            yield Hear(wire, wire.timeout)
            return refusal
    except BROKEN:
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


def _one_by_one(wire: Wire, message: Message) -> Steps[Reply | None]:
    for command, wanted in zip(_commands(wire, message), _WANTED, strict=True):
        yield Give(wire, command)
        said = yield Hear(wire, wire.timeout)
        if said[0] not in wanted:
            return _reply(said)
    return None


def _answers(wire: Wire) -> Steps[Reply | None]:
    """The first refusal among the answers to a group: all three come, whatever the first is."""
    refusal = None
    for wanted in _WANTED:
        said = wire.take() or (yield Hear(wire, wire.timeout))  # most come at once
        if said[0] == _CLOSING:
            return refusal or _reply(said)
        if said[0] not in wanted:
            refusal = refusal or _reply(said)
        elif said[0] == 354 and refusal is not None:  # noqa: PLR2004 -- RFC 5321 4.1.1.4
            yield Give(wire, b".\r\n")  # let in without a recipient: it wants a text, gets none
            yield Hear(wire, wire.timeout)
    return refusal


def _stuffed(body: bytes) -> bytes:
    """The text with leading dots doubled (RFC 5321 section 4.5.2)."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return body.replace(b"\r\n.", b"\r\n..") if b"\r\n." in body else body


def _reply(said: Said, *, after_dot: bool = False) -> Reply:
    text = readable(said[1])
    enhanced = _ENHANCED.match(text)
    return Reply(said[0], text, enhanced[1] if enhanced else "", after_dot=after_dot)


def readable(said: bytes | str) -> str:
    """What a server said, on one line."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return text if text.isprintable() else " ".join(text.split())


def cause(error: BaseException) -> str:
    """Why a connection is of no use, in a few words."""
    match error:
        case smtplib.SMTPResponseException():
            return f"it answered {error.smtp_code} {readable(error.smtp_error)}"
        case TimeoutError():
            return "no answer in time"
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error) or type(error).__name__


def todo(error: BaseException) -> str:
    """What to do about it."""
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        return "let this user have more files open (ulimit -n), or set fewer connections"
    return "look at [smtp] host and port"
