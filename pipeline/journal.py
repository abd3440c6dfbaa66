"""The intent journal: what a sender is about to hand over, written down where kill -9 cannot reach.

One file a lease, named after it. Just before the dot that hands a message over its Message-ID is
appended as intended; as soon as the relay has said yes, as accepted. Two small appends, without
fsync: what a process has written outlives the process, and a machine that went down is known by
its boot id. The file is locked while its writer lives; the kernel lets go whatever ends it.

Whoever finds a lease whose writer is gone, or silent for too long, first takes the right to write
away from the file and only then reads it. The writer looks at that right after it has noted an
intent and before the dot, so that one of the two always knows of the other.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from pipeline.errors import FencedError, FileError

SUFFIX = ".journal"
HEADER = re.compile(rb"partwork journal 1 boot=(\S*) [^\n]*\n")
_INTENDED, _ACCEPTED = b"I ", b"A "
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """Names the time since this machine was started; empty where the system does not tell."""
    with suppress(OSError):
        return _BOOT_ID.read_text(encoding="ascii").strip()
    with suppress(OSError, subprocess.SubprocessError):  # macOS
        command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
        said = subprocess.run(command, capture_output=True, timeout=5, check=True)  # noqa: S603 -- ours
        return said.stdout.decode("ascii", "replace").strip()
    return ""


class Journal:
    """The journal of one lease, locked until it is closed or its writer ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    def intend(self, message_id: str) -> None:
        """Note that this message is about to be handed over.

        Raises:
            FencedError: Somebody took the lease over: the message must not be handed over.
            OSError: The disk refused: the message must not be handed over.
        """
        self._append(_INTENDED, message_id)
        if not os.fstat(self._descriptor).st_mode & stat.S_IWUSR:
            raise FencedError(self._path.stem)

    def accept(self, message_id: str) -> None:
        """Note that the relay has taken it.

        Raises:
            OSError: The disk refused.
        """
        self._append(_ACCEPTED, message_id)

    def _append(self, kind: bytes, message_id: str) -> None:
        record = kind + message_id.encode("ascii") + b"\n"
        if os.write(self._descriptor, record) != len(record):
            raise OSError(28, "no space left for the journal")

    def close(self) -> None:
        """Let go of the file and leave it: somebody may have to read it."""
        descriptor, self._descriptor = self._descriptor, -1  # who writes later writes nowhere
        os.close(descriptor)

    def discard(self) -> None:
        """Delete it: all that it tells is in the ledger."""
        self._path.unlink(missing_ok=True)
        self.close()


def create(folder: Path, lease: str, now: datetime) -> Journal:
    """A new journal for a lease that nobody has heard of yet.

    Args:
        folder: Where journals lie; made where it is missing.
        lease: Its name, which may stand in a file name.
        now: Noted for people.

    Raises:
        FileError: It cannot be made.
    """
    path = folder / f"{lease}{SUFFIX}"
    boot, host = boot_id(), socket.gethostname()
    header = f"partwork journal 1 boot={boot} host={host} pid={os.getpid()} since={now:%FT%TZ}\n"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, header.encode())
    except OSError as error:
        todo = "make the folder writable, with some space left"
        raise FileError(str(path), error.strerror or str(error), todo) from error
    return Journal(path, descriptor)


@dataclass(frozen=True, slots=True)
class Found:
    """What a journal tells about messages, by their Message-IDs."""

    intended: frozenset[str]
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Estate:
    """What a lease left behind."""

    is_here: bool
    """Whether there is a journal; else it may be another machine's, or lost."""
    is_alive: bool
    """Whether its writer lives; stopped or stuck, it may still come back."""
    found: Found | None
    """None when nothing can be known: no journal, or one from before the machine was restarted."""


@contextmanager
def estate(folder: Path, lease: str, *, is_overdue: bool) -> Iterator[Estate]:
    """What a lease left behind; while this lasts, nobody else gets the same answer.

    Args:
        folder: Where journals lie.
        lease: Its name.
        is_overdue: Whether the writer has been silent for so long that it is not waited for: then
            its right to write is taken away, and what is found is all that it can have begun.
    """
    path = folder / f"{lease}{SUFFIX}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield Estate(is_here=False, is_alive=False, found=None)
        return
    try:
        is_alive = _is_locked(descriptor)
        found = None
        if is_overdue or not is_alive:
            os.fchmod(descriptor, stat.S_IRUSR)
            found = _read(descriptor)
        yield Estate(is_here=True, is_alive=is_alive, found=found)
    finally:
        os.close(descriptor)


def forget(folder: Path, lease: str) -> None:
    """Delete the journal of a lease of which all is in the ledger."""
    (folder / f"{lease}{SUFFIX}").unlink(missing_ok=True)


def names(folder: Path) -> frozenset[str]:
    """The leases that have a journal here."""
    return frozenset(path.stem for path in folder.glob(f"*{SUFFIX}"))


def _is_locked(descriptor: int) -> bool:
    """Whether somebody holds the file; if not, we do from now on."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _read(descriptor: int) -> Found | None:
    """The whole of a journal but a torn last line; None if this boot has not written it."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        header, *records = file.read().splitlines(keepends=True) or [b""]
    about = HEADER.fullmatch(header)
    boot = boot_id()
    if about is None or not boot or about[1].decode("ascii", "replace") != boot:
        return None
    whole = [one[:-1] for one in records if one.endswith(b"\n")]
    return Found(*(_having(whole, kind) for kind in (_INTENDED, _ACCEPTED)))


def _having(records: list[bytes], kind: bytes) -> frozenset[str]:
    return frozenset(one[2:].decode("ascii", "replace") for one in records if one[:2] == kind)
