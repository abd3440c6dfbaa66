"""journal: what a sender noted is known whatever became of it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import journal
from pipeline.errors import FencedError, FileError

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
NAMES = [f"<{'abcdefghijklmnopqrstuvwxyz23456'}{letter}@example.org>" for letter in "abcd"]


def test_what_was_noted_is_found(tmp_path: Path) -> None:
    """Intents and acceptances are told apart; what was not noted is in neither."""
    book = journal.create(tmp_path, "one", 10, NOW)
    for name in NAMES[:2]:
        book.intend(name)
    book.accept(NAMES[0])
    book.close()
    with journal.estate(tmp_path, "one", is_overdue=False) as left:
        found = left.found
        assert (left.is_here, left.is_alive) == (True, False)
        assert found is not None
    assert [found.is_intended(name) for name in NAMES] == [True, True, False, False]
    assert [found.is_accepted(name) for name in NAMES] == [True, False, False, False]


def test_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    """As long as its writer has it, and is not overdue, nothing is read and it writes on."""
    book = journal.create(tmp_path, "one", 10, NOW)
    with journal.estate(tmp_path, "one", is_overdue=False) as left:
        assert (left.is_alive, left.found) == (True, None)
    book.intend(NAMES[0])
    book.discard()
    assert journal.names(tmp_path) == frozenset()


def test_who_was_overtaken_hands_nothing_over(tmp_path: Path) -> None:
    """An overdue writer learns at its next intent that another has read its journal."""
    book = journal.create(tmp_path, "one", 10, NOW)
    book.intend(NAMES[0])
    with journal.estate(tmp_path, "one", is_overdue=True) as left:
        assert left.is_alive
        assert left.found is not None
        assert left.found.is_intended(NAMES[0])
    with pytest.raises(FencedError, match="taken over"):
        book.intend(NAMES[1])


def test_another_boot_knows_nothing(tmp_path: Path) -> None:
    """A journal from before the machine was started anew is not believed, nor a torn record."""
    journal.create(tmp_path, "one", 10, NOW).close()
    path = tmp_path / "one.journal"
    path.write_bytes(path.read_bytes().replace(journal.boot_id().encode(), b"another"))
    with journal.estate(tmp_path, "one", is_overdue=False) as left:
        assert (left.is_here, left.found) == (True, None)
    with journal.estate(tmp_path, "lost", is_overdue=False) as left:
        assert (left.is_here, left.found) == (False, None)


def test_threads_share_a_journal(tmp_path: Path) -> None:
    """What many threads note at once is all there."""
    names = [[f"<{thread}x{n}@example.org>" for n in range(500)] for thread in range(4)]
    book = journal.create(tmp_path, "one", 2000, NOW)

    def note(some: list[str]) -> None:
        for one in some:
            book.intend(one)

    threads = [threading.Thread(target=note, args=(some,)) for some in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book.close()
    with journal.estate(tmp_path, "one", is_overdue=False) as left:
        assert left.found is not None
        assert all(left.found.is_intended(one) for some in names for one in some)


def test_a_journal_is_private_and_needs_a_folder(tmp_path: Path) -> None:
    """Its folder is 0700, its file 0600; where it cannot be made the line says what to do."""
    folder = tmp_path / "journal"
    journal.create(folder, "one", 10, NOW).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "one.journal").stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="make the folder writable"):
        journal.create(tmp_path / "file", "one", 10, NOW)
    assert journal.names(folder) == {"one"}
