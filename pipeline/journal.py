"""The intent journal: what a sender is about to hand over, written down where kill -9 cannot reach.

One file a lease, named after it. Just before the dot that hands a message over its Message-ID is
noted as intended; as soon as the relay has said yes, as accepted. The file is mapped into memory
and its space taken when it is made: a note costs no system call, and no disk can be too full for
it. What is in a mapped page outlives its process; a machine that went down is known by its boot id.
The file is locked while its writer lives; the kernel lets go whatever ends it.

Whoever finds a lease whose writer is gone, or silent for too long, first sets the mark that takes
the right to write away, and only then reads. The writer looks at the mark right after it has noted
an intent and before the dot, so that one of the two always knows of the other.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from pipeline.errors import FencedError, FileError

SUFFIX = ".journal"
HEADER = re.compile(rb"[.!] partwork journal 2 boot=(\S*) [^\n]*\n")
HEADER_SIZE = 256
OPEN, FENCED = b".", b"!"
"""The first byte: whether the writer may still hand over what it notes."""

INTENDED, ACCEPTED = b"I", b"A"
NAME_SIZE = 40
"""Of the left side of a Message-ID, filled up with spaces."""
RECORD_SIZE = 1 + NAME_SIZE + 1

SETTLING = 0.05
"""Seconds after the mark was set until all that a living writer noted before is there to read."""

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

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self._path, self._descriptor = path, descriptor
        self._map = mmap.mmap(descriptor, size)
        self._places = iter(range(HEADER_SIZE, size - RECORD_SIZE + 1, RECORD_SIZE))

    def intend(self, message_id: str) -> None:
        """Note that this message is about to be handed over.

        Raises:
            FencedError: Somebody took the lease over: the message must not be handed over.
        """
        self._note(INTENDED, message_id)
        if self._map[:1] != OPEN:
            raise FencedError(self._path.stem)

    def accept(self, message_id: str) -> None:
        """Note that the relay has taken it."""
        self._note(ACCEPTED, message_id)

    def _note(self, kind: bytes, message_id: str) -> None:
        at = next(self._places)  # one step of the interpreter: no two threads get the same
        self._map[at : at + RECORD_SIZE] = kind + _name(message_id) + b"\n"

    def close(self) -> None:
        """Let go of the file and leave it: somebody may have to read it.

        The map stays, and with it a descriptor of its own: a thread that was left to itself may
        still look at it.
        """
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)

    def discard(self) -> None:
        """Delete it: all that it tells is in the ledger."""
        self._path.unlink(missing_ok=True)
        self.close()


def _name(message_id: str) -> bytes:
    """What a message is known by in a journal."""
    return message_id[1:].partition("@")[0].encode("ascii").ljust(NAME_SIZE)


def create(folder: Path, lease: str, messages: int, now: datetime) -> Journal:
    """A new journal for a lease that nobody has heard of yet.

    Args:
        folder: Where journals lie; made where it is missing.
        lease: Its name, which may stand in a file name.
        messages: How many it is to hold.
        now: Noted for people.

    Raises:
        FileError: It cannot be made, or there is no space for it.
    """
    path = folder / f"{lease}{SUFFIX}"
    size = HEADER_SIZE + 2 * messages * RECORD_SIZE
    about = f"boot={boot_id()} host={socket.gethostname()} pid={os.getpid()} since={now:%FT%TZ}"
    header = f". partwork journal 2 {about}"[: HEADER_SIZE - 1].ljust(HEADER_SIZE - 1) + "\n"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.posix_fallocate(descriptor, 0, size)
        os.pwrite(descriptor, header.encode("ascii", "replace"), 0)
        return Journal(path, descriptor, size)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        todo = "make the folder writable, and free some disk space; nothing was lost"
        if error.errno == errno.EFBIG:
            todo = "let this user write larger files (ulimit -f); nothing was lost"
        raise FileError(str(path), error.strerror or str(error), todo) from error


@dataclass(frozen=True, slots=True)
class Found:
    """What a journal tells about messages."""

    intended: frozenset[bytes]
    accepted: frozenset[bytes]

    def is_intended(self, message_id: str) -> bool:
        """Whether it was about to be handed over."""
        return _name(message_id) in self.intended

    def is_accepted(self, message_id: str) -> bool:
        """Whether the relay took it."""
        return _name(message_id) in self.accepted


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
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield Estate(is_here=False, is_alive=False, found=None)
        return
    try:
        is_alive = _is_locked(descriptor)
        found = None
        if is_overdue or not is_alive:
            os.pwrite(descriptor, FENCED, 0)
            if is_alive:
                time.sleep(SETTLING)
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
    """The whole of a journal but torn records; None if this boot has not written it."""
    said = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    about, boot = HEADER.match(said), boot_id()
    if about is None or not boot or about[1].decode("ascii", "replace") != boot:
        return None
    notes: dict[bytes, set[bytes]] = {INTENDED: set(), ACCEPTED: set()}
    for at in range(HEADER_SIZE, len(said) - RECORD_SIZE + 1, RECORD_SIZE):
        record = said[at : at + RECORD_SIZE]
        if record[:1] in notes and record[-1:] == b"\n" and b"\0" not in record:
            notes[record[:1]].add(record[1:-1])
    return Found(frozenset(notes[INTENDED]), frozenset(notes[ACCEPTED]))
