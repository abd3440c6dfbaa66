"""The whole way through a real SMTP server: what arrives is what the feed says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from pipeline.model import DeliveryState
from tests.ports import free_port
from tests.sites import feed_items, make_site, numbers, run_once, subscribe, write_guide

MONDAY, LATER = "2026-03-09T09:05+01:00", "2026-03-09T09:45+01:00"


class Server:
    """Keeps what it accepts; greylists and refuses whom it is told to."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.greylist: set[str] = set()
        self.unknown: set[str] = set()

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take the recipient, or not now, or never."""
        if address in self.greylist:
            self.greylist.remove(address)
            return "451 4.7.1 come back later"
        if address in self.unknown:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the message."""
        self.accepted.append((envelope.rcpt_tos[0], envelope.original_content))
        return "250 2.0.0 accepted"

    def messages(self) -> dict[str, EmailMessage]:
        """What was accepted, by recipient."""
        parser = BytesParser(policy=policy.default)
        return {to: parser.parsebytes(raw) for to, raw in self.accepted}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server that the environment names as the relay."""
    handler = Server()
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    controller.start()
    monkeypatch.setenv("PARTWORK_SMTP__HOST", "127.0.0.1")
    monkeypatch.setenv("PARTWORK_SMTP__PORT", str(port))
    yield handler
    controller.stop()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a guide and three readers."""
    made = make_site(tmp_path / "site")
    write_guide(made)
    for name in ("a", "b", "c"):
        subscribe(made, f"{name}@example.org", MONDAY)
    return made


def words(html: str) -> str:
    """The words of HTML on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_what_arrives_is_what_the_feed_says(server: Server, site: Path) -> None:
    """Each reader gets one message without defects; every paragraph of the entry is in it."""
    report = run_once(site, MONDAY)
    assert report.delivering.states == {DeliveryState.SENT: 3}
    messages = server.messages()
    assert sorted(messages) == ["a@example.org", "b@example.org", "c@example.org"]
    (item,) = feed_items(site)
    paragraphs = re.findall(r"<p>(Paragraph .*?)</p>", str(item["content_html"]), re.DOTALL)
    for to, message in messages.items():
        plain, html = message.iter_parts()
        assert message["To"] == to
        assert [message.defects, plain.defects, html.defects] == [[], [], []]
        for paragraph in paragraphs:
            assert words(paragraph) in words(html.get_content())
            assert words(paragraph) in words(plain.get_content())
        assert str(item["title"]) in str(message["Subject"])
    assert len({str(one["Message-ID"]) for one in messages.values()}) == 3
    assert all(raw.isascii() for _, raw in server.accepted)
    assert run_once(site, MONDAY).delivering.states == {}
    assert len(server.accepted) == 3


def test_not_now_is_tried_again_and_never_is_not(server: Server, site: Path) -> None:
    """Greylisting defers one message and delivers it once; an unknown user is mailed no more."""
    server.greylist, server.unknown = {"a@example.org"}, {"b@example.org"}
    first = run_once(site, MONDAY).delivering.states
    assert first == {DeliveryState.SENT: 1, DeliveryState.DEFERRED: 1, DeliveryState.FAILED: 1}
    assert run_once(site, MONDAY).delivering.states == {}
    assert run_once(site, LATER).delivering.states == {DeliveryState.SENT: 1}
    next_week = run_once(site, "2026-03-16T09:05+01:00")
    assert numbers(next_week) == [2]
    assert next_week.delivering.states == {DeliveryState.SENT: 2}
    assert sorted(to for to, _ in server.accepted) == [
        "a@example.org", "a@example.org", "c@example.org", "c@example.org",
    ]  # fmt: skip
