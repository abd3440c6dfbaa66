"""Relays of several kinds: slow to say yes, old, strict about who gets a message."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from pipeline import jobs
from pipeline.app import open_site
from pipeline.jobs import Wish
from pipeline.smtp import RelayOptions
from tests.crash.harness import build
from tests.crash.sender import now
from tests.ports import free_port
from tests.sites import SETTINGS, make_site, write_guide

_ADDRESS = re.compile(rb"\w+@[\w.]+\w")

MONDAY = "2026-03-09T09:05+01:00"


class Server:
    """Takes messages, remembers each with its envelope, and does as a test says."""

    def __init__(self, slow: str = "", delay: float = 0.0, *, is_old: bool = False) -> None:
        self.slow, self.delay, self.is_old = slow, delay, is_old
        self.taken: list[tuple[float, list[str], bytes]] = []
        self.asked: list[str] = []
        """What was asked for beside an address, in MAIL."""

    async def handle_EHLO(  # noqa: N802 -- as aiosmtpd calls it
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Name what we can: an old server knows ASCII alone."""
        session.host_name = hostname
        new = ("8BITMIME", "SMTPUTF8") if self.is_old else ()
        return [one for one in responses if not one.endswith(new)] if new else responses

    async def handle_MAIL(  # noqa: N802 -- as aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Note what is asked for."""
        self.asked += options
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take it, at once or after a while."""
        if self.slow and self.slow in envelope.rcpt_tos[0]:
            await asyncio.sleep(self.delay)
        raw = envelope.original_content
        if self.is_old and not raw.isascii():
            return "554 5.6.1 eight bits"
        self.taken.append((time.monotonic(), list(envelope.rcpt_tos), raw))
        return "250 OK"


@contextmanager
def serving(server: Server) -> Iterator[int]:
    """The port that it listens on."""
    port = free_port()
    controller = Controller(
        server, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False, data_size_limit=10_000_000
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def test_a_slow_yes_is_waited_for_while_others_go_on(tmp_path: Path) -> None:
    """F07: ten minutes by default (RFC 5321 section 4.5.3.2.6), and one waits alone."""
    assert RelayOptions().dot_timeout == 600
    server = Server(slow="u0@", delay=2.0)
    with serving(server) as port:
        site = build(tmp_path / "site", port, 60)
        with open_site(site.folder) as app:
            report = jobs.deliver(app.desk, now())
    assert report.sent == 60
    moments = {to[0]: at for at, to, _ in server.taken}
    slow = moments.pop(next(one for one in moments if one.startswith("u0@")))
    assert sum(at < slow - 1 for at in moments.values()) >= 50


def test_each_transaction_has_one_recipient(tmp_path: Path) -> None:
    """F15: nobody's refusal is anybody else's, and nobody sees another address."""
    server = Server()
    with serving(server) as port:
        site = build(tmp_path / "site", port, 30)
        site.finish()
    assert sorted(to[0] for _, to, _ in server.taken) == sorted(site.audience)
    assert {len(to) for _, to, _ in server.taken} == {1}
    for _, (mine,), raw in server.taken:
        named = {one.decode() for one in _ADDRESS.findall(raw)}
        assert named & site.audience == {mine}


def test_an_old_server_gets_seven_bits(tmp_path: Path) -> None:
    """F16: without 8BITMIME and SMTPUTF8 words of any script arrive, in lines that it takes."""
    server = Server(is_old=True)
    with serving(server) as port:
        folder = make_site(
            tmp_path / "site",
            SETTINGS.replace("Test serials", "Über Flüsse — 川")
            + f'[smtp]\nhost = "127.0.0.1"\nport = {port}\n',
        )
        guide = write_guide(folder)
        guide.write_text(
            guide.read_text().replace("water shaped", "Wässer 川 формировали 🌊 " * 40)
        )
        with open_site(folder, MONDAY) as app:
            wish = Wish("a@example.org", name="Zoë Ångström", guides=("water",))
            jobs.subscribe(app.desk, wish, app.desk.clock())
            report = jobs.tick(app.desk, app.desk.clock())
    assert report.delivering.sent == 1
    ((_, _, raw),) = server.taken
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not any("8BITMIME" in one or "UTF8" in one for one in server.asked)
