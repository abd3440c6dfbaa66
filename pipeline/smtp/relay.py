"""A relay: how it is reached, greeted, encrypted and logged in to."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pipeline.errors import RelayError
from pipeline.smtp.options import RelayOptions
from pipeline.smtp.session import BROKEN, Session, cause, readable, todo
from pipeline.smtp.wire import Wire


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

    def session(self) -> Session:
        """A session, whose connection is opened when there is something to send."""
        return Session(self.open, self.options)

    @contextmanager
    def connect(self) -> Iterator[Session]:
        """A session that is greeted, encrypted and logged in; closed at the end.

        Raises:
            RelayError: The server cannot be reached, offers no TLS, or refuses the login.
        """
        session = self.session()
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
            said = f"login refused ({error.smtp_code} {readable(error.smtp_error)})"
            raise RelayError(where, said, "look at [smtp] username and password_file") from error
        except ssl.SSLError as error:
            raise RelayError(
                where, f"TLS failed ({error})", "look at [smtp] tls and host"
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise RelayError(where, str(error), "look at [smtp] tls and username") from error
        except BROKEN as error:
            raise RelayError(where, cause(error), todo(error)) from error

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
