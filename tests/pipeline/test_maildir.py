"""maildir: messages land whole, once, readable by any mail program."""

import mailbox
from pathlib import Path

from pipeline.maildir import Outbox
from pipeline.model import Message


def message(message_id: str = "<one@example.org>", text: bytes = b"Hello.\r\n") -> Message:
    """A small message."""
    body = b"Message-ID: " + message_id.encode() + b"\r\nSubject: Part 1\r\n\r\n" + text
    return Message("tag:i", 1, message_id, "news@example.org", "reader@example.org", body)


def test_a_mail_program_reads_it(tmp_path: Path) -> None:
    """The standard library's Maildir reader finds the message with all its headers."""
    with Outbox(tmp_path / "outbox").connect() as session:
        assert session.send(message()).code == 250
    (found,) = mailbox.Maildir(tmp_path / "outbox", create=False)
    assert (found["Subject"], found["Delivered-To"]) == ("Part 1", "reader@example.org")


def test_the_same_message_arrives_once(tmp_path: Path) -> None:
    """A message delivered again replaces itself; another one stands beside it."""
    with Outbox(tmp_path / "outbox").connect() as session:
        session.send(message())
        session.send(message(text=b"Hello again.\r\n"))
        session.send(message("<two@example.org>"))
        names = session.names()
    assert len(names) == 2
    assert any(b"Hello again." in (session.read(name) or b"") for name in names)


def test_only_messages_are_read(tmp_path: Path) -> None:
    """A name that is no message's, or leads elsewhere, gives nothing."""
    (tmp_path / "secret").write_text("s")
    with Outbox(tmp_path / "outbox").connect() as session:
        session.send(message())
        assert session.read("../../secret") is None
        assert session.read("") is None


def test_addresses_stay_private(tmp_path: Path) -> None:
    """Folders are 0700 and messages 0600."""
    with Outbox(tmp_path / "outbox").connect() as session:
        session.send(message())
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "outbox" / "new").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "outbox" / "new").stat().st_mode & 0o777 == 0o700
