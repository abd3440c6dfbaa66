"""A Maildir as transport: what would be mailed lands in a folder that any mail program opens.

The name of a file is derived from the Message-ID, so that a message delivered again replaces
itself instead of arriving twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from pipeline.errors import FileError
from pipeline.model import Message, Reply

FIRST = 2000
"""Octets within which the lines stand that were put before a message."""

ACCEPTED = Reply(250, "written to the Maildir", "2.0.0", after_dot=True)


@dataclass(frozen=True, slots=True)
class Outbox:
    """A Maildir: new messages appear in `new/`, whole."""

    folder: Path
    name: str = "the Maildir"
    connections: int = 1
    rate: float = 0.0
    weight: float = 1.0
    since: datetime | None = None

    @contextmanager
    def connect(self) -> Iterator[Outbox]:
        """The outbox itself, once its folders are there.

        Raises:
            FileError: The folders cannot be made.
        """
        yield self.session()

    def session(self) -> Outbox:
        """The same, for a loop.

        Raises:
            FileError: The folders cannot be made.
        """
        try:
            for name in ("tmp", "new", "cur"):
                (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(
                str(self.folder), error.strerror or str(error), "make the folder writable"
            ) from error
        return self

    def send(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Reply:
        """250 once the message is on disk, 452 when the disk refused (RFC 5321 section 4.2.3).

        Args:
            message: What is written.
            before_dot: Called when all but its name is on disk.
            following: Of no use here.
        """
        name = file_name(message.message_id)
        draft = self.folder / "tmp" / name
        content = (
            f"Return-Path: <{message.mail_from}>\r\nDelivered-To: {message.rcpt_to}\r\n"
        ).encode() + message.body
        try:
            with draft.open("wb") as file:
                draft.chmod(0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return _refused(error)
        if before_dot is not None:
            before_dot(message)
        try:
            draft.replace(self.folder / "new" / name)
        except OSError as error:
            return _refused(error)
        return ACCEPTED

    def transaction(
        self,
        message: Message,
        before_dot: Callable[[Message], None] | None = None,
        following: Message | None = None,
    ) -> Generator[NoReturn, None, Reply]:
        """The same in no steps: a file is written in no time."""
        yield from ()
        return self.send(message, before_dot, following)

    def farewell(self) -> Generator[NoReturn, None, None]:
        """There is nobody to say goodbye to."""
        yield from ()

    def forget(self, address: str) -> int:
        """Delete the messages that were delivered to this address; returns how many."""
        mark, count = f"\r\nDelivered-To: {address}\r\n".encode(), 0
        for sub in ("tmp", "new", "cur"):
            for path in (self.folder / sub).glob("[!.]*"):
                with path.open("rb") as file:
                    is_theirs = mark in file.read(FIRST)
                if is_theirs:
                    path.unlink(missing_ok=True)
                    count += 1
        return count

    def names(self) -> tuple[str, ...]:
        """The messages in the outbox, newest first; read ones included."""
        found = [path for sub in ("new", "cur") for path in (self.folder / sub).glob("[!.]*")]
        found.sort(key=lambda path: (-path.stat().st_mtime_ns, path.name))
        return tuple(path.name for path in found)

    def read(self, name: str) -> bytes | None:
        """The bytes of a message by its file name; None when there is none of that name."""
        if name not in self.names():
            return None
        return next(
            path.read_bytes()
            for sub in ("new", "cur")
            if (path := self.folder / sub / name).is_file()
        )


def _refused(error: OSError) -> Reply:
    return Reply(452, error.strerror or str(error), "4.3.1")


def file_name(message_id: str) -> str:
    """The name of a message's file: unique as the Message-ID is, safe in any file system."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:32] + ".partwork"
