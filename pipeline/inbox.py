"""Mailboxes that we read: where bounces and complaints come back to."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from pipeline.errors import FileError, RelayError

MAX_MESSAGES = 500
"""Read at a time; the rest is there the next time."""


@dataclass(frozen=True, slots=True)
class BounceOptions:
    """Where what comes back is sent to, and read from."""

    address: str = ""
    """The return path, to which a name of each delivery is added after a plus sign; empty: mail
    comes back to the sender, and is known by its Message-ID alone."""
    maildir: str = ""
    """A Maildir that is read and emptied; a relative path lies below the site's folder."""
    imap_host: str = ""
    imap_port: Annotated[int, Ge(1), Le(65535)] = 993
    imap_username: str = ""
    imap_password_file: str = ""
    imap_folder: str = "INBOX"
    ses_topics: tuple[str, ...] = ()
    """The ARNs of the Amazon SNS topics that SES reports to."""
    postmark_password_file: str = ""
    """A file that holds `user:password`, as in the URL that Postmark was given."""
    mailgun_key_file: str = ""
    """A file that holds Mailgun's webhook signing key."""
    sendgrid_key: str = ""
    """The public key of SendGrid's signed event webhook."""


@dataclass(frozen=True, slots=True)
class Maildir:
    """A Maildir whose messages are ours to take."""

    folder: Path

    def take(self) -> Iterator[bytes]:
        """Each message; it is moved to `cur/`, marked as seen, when the next one is asked for.

        Raises:
            FileError: It cannot be read.
        """
        try:
            for path in sorted((self.folder / "new").iterdir())[:MAX_MESSAGES]:
                yield path.read_bytes()
                path.rename(self.folder / "cur" / f"{path.name}:2,S")
        except OSError as error:
            todo = "look at [bounces] maildir: it holds new/ and cur/, which we may write"
            raise FileError(str(self.folder), error.strerror or str(error), todo) from error


@dataclass(frozen=True, slots=True)
class Imap:
    """A folder on an IMAP server (RFC 9051), over TLS, whose unseen messages are ours to take."""

    options: BounceOptions
    folder: Path
    """Below which a relative password file lies."""

    def take(self) -> Iterator[bytes]:
        """Each unseen message; it is marked as seen when the next one is asked for.

        Raises:
            RelayError: The server cannot be reached, refuses the login, or has no such folder.
        """
        options = self.options
        try:
            password = (self.folder / options.imap_password_file).read_text(encoding="utf-8")
            context = ssl.create_default_context()
            server = imaplib.IMAP4_SSL(options.imap_host, options.imap_port, ssl_context=context)
            with server:
                server.login(options.imap_username, password.strip())
                yield from _unseen(server, options.imap_folder)
        except (OSError, imaplib.IMAP4.error) as error:
            where = f"{options.imap_host}:{options.imap_port}"
            raise RelayError(where, str(error), "look at [bounces] imap_...") from error


def _unseen(server: imaplib.IMAP4, folder: str) -> Iterator[bytes]:
    status, said = server.select(f'"{folder}"')
    if status != "OK":
        raise imaplib.IMAP4.error(f"no folder {folder!r}: {said}")
    _, found = server.uid("SEARCH", "UNSEEN")
    for uid in found[0].split()[:MAX_MESSAGES]:
        _, parts = server.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
        for part in parts:
            if isinstance(part, tuple):
                yield part[1]
        server.uid("STORE", uid.decode(), "+FLAGS", r"(\Seen)")
