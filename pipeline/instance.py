"""Which copy of a site this is: a copy must not mail the readers of the one it was made from.

A copy is known by a file of its own, `var/instance`, that names it and says how far its ledger had
come. Whoever copies or restores a folder gets the file with it, but as another file: its inode is
another. Whoever copies or restores the database alone has no such file, or one that has come
further.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FileError
from pipeline.model import Instance

_WRITTEN = re.compile(rb"([0-9a-f]{32}) (\d{20})\n")
_MARK = 33
"""Where in the file it stands how far the ledger had come."""

MOMENTS, MOMENT = 40, 0.025
"""How often, and how many seconds apart, a file is looked at that somebody is just making."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this copy lives."""

    path: Path
    """Its file."""
    base_url: str
    name: str = ""
    """As the settings name it; then neither host nor file must stay the same."""

    def instance(self) -> Instance:
        """Who we are, and how far our ledger had come; the file is made where there is none.

        Raises:
            FileError: The file cannot be made or read, or is none of ours.
        """
        with _telling(self.path):
            self._make()
            raw, inode = self._read(), self.path.stat().st_ino
        written = _WRITTEN.fullmatch(raw)
        if written is None:
            todo = "delete it, then run `partwork instance confirm`"
            raise FileError(str(self.path), "is damaged", todo)
        mark = int(written[2])
        if self.name:
            return Instance(self.name, self.base_url, mark=mark)
        host = socket.gethostname()
        return Instance(written[1].decode(), self.base_url, host, str(inode), mark)

    def remember(self, mark: int) -> None:
        """Note how far the ledger has come, once it has.

        In place, for a file that is written anew has another inode; so few octets are written
        whole.

        Raises:
            FileError: The file cannot be written.
        """
        with _telling(self.path):
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                os.pwrite(descriptor, b"%020d" % mark, _MARK)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _make(self) -> None:
        """Make the file, unless there is one."""
        if self.path.exists():
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(descriptor, b"%s %020d\n" % (secrets.token_hex(16).encode(), 0))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _read(self) -> bytes:
        """What is written there, once whoever makes it has written it."""
        for _ in range(MOMENTS):
            if raw := self.path.read_bytes():
                return raw
            time.sleep(MOMENT)
        return b""


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Say in one line what the file system refused."""
    try:
        yield
    except OSError as error:
        todo = "make it readable and writable for this user"
        raise FileError(str(path), error.strerror or str(error), todo) from error
