"""Bytes into the folder of feeds and pages: whole files or none, and untouched when equal.

A reader that polls at any moment, also during a crash, finds the old file or the new one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FileError


@dataclass(frozen=True, slots=True)
class Published:
    """What a publishing did: the paths that were written, and how many stayed as they were."""

    written: tuple[str, ...]
    unchanged: int


def write(folder: Path, files: Iterable[tuple[str, bytes]]) -> Published:
    """What changed after making the folder hold these files; others are left alone.

    Args:
        folder: Where feeds and pages go; made if missing.
        files: Paths below the folder, with `/` between names, and contents.

    Raises:
        FileError: A path leads out of the folder, or the disk refused; files before it in order
            are written, none is half-written.
    """
    written, unchanged = [], 0
    for path, content in files:
        if _replace(folder, path, content):
            written.append(path)
        else:
            unchanged += 1
    return Published(tuple(written), unchanged)


def remove(folder: Path, name: str) -> None:
    """Take away what was published in a folder of that name, if it is there.

    Raises:
        FileError: The name leads out of the folder, or the disk refused.
    """
    target = folder / name
    if target.parent != folder or name in {"", ".", ".."}:
        raise FileError(name, "leads out of the folder of feeds", "change the slug of its guide")
    try:
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
    except OSError as error:
        raise FileError(
            str(target), error.strerror or str(error), "make the folder writable"
        ) from error


def names(folder: Path, path: str) -> frozenset[str]:
    """What lies in a folder below the folder of feeds; nothing if it is not there."""
    try:
        return frozenset(one.name for one in (folder / path).iterdir())
    except OSError:
        return frozenset()


def holds(folder: Path, path: str, words: Iterable[str]) -> bool:
    """Whether a file is there and says all of these words.

    Args:
        folder: See `write`.
        path: Of the file, below the folder.
        words: Strings that it must hold.
    """
    try:
        content = (folder / path).read_bytes()
    except OSError:
        return False
    return all(word.encode() in content for word in words)


def _replace(folder: Path, path: str, content: bytes) -> bool:
    """Whether the file had to be written."""
    target = folder / path
    if ".." in Path(path).parts or Path(path).is_absolute():
        raise FileError(path, "leads out of the folder of feeds", "change the slug of its guide")
    try:
        if target.is_file() and target.read_bytes() == content:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(target, content, after=target.stat().st_mtime if target.exists() else 0)
    except OSError as error:
        raise FileError(
            str(target), error.strerror or str(error), "make the folder writable"
        ) from error
    return True


def _write_whole(target: Path, content: bytes, after: float) -> None:
    """Write beside the target, sync, rename over it, sync the folder.

    The file gets a later second than the one that it replaces: HTTP tells dates to the second, and
    readers built on libcurl drop a feed that is not later than what they have.
    """
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # a web server of another user serves it
        if int(Path(name).stat().st_mtime) <= int(after):
            os.utime(name, (int(after) + 1, int(after) + 1))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
