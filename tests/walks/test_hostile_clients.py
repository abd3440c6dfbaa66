"""Clients that hold connections, and requests that two servers could read in two ways."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serving import Served, serve
from tests.sites import write_guide

MONDAY = "2026-03-09T09:05+01:00"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """A site that is served."""
    with serve(tmp_path / "site", MONDAY) as served:
        write_guide(served.site)
        served.tick(MONDAY)
        yield served


def ask(site: Served, raw: bytes) -> bytes:
    """What a server says to these octets before it closes or falls silent."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=3) as line:
        line.sendall(raw)
        found = b""
        try:
            while piece := line.recv(65536):
                found += piece
        except TimeoutError:
            found += b"\n(open)"
        return found


def test_readers_are_served_while_others_hold_connections(site: Served) -> None:
    """200 requests that never end, of every form, and a page comes at once (W20)."""
    begun = [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"POST /join/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail=",
        b"POST /api/incoming/ses HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n",
        b"",
    ]
    with ExitStack() as held:
        for number in range(200):
            line = socket.create_connection(("127.0.0.1", site.port), timeout=5)
            held.enter_context(line)
            line.sendall(begun[number % len(begun)])
        began = time.monotonic()
        with urllib.request.urlopen(f"{site.url}water/", timeout=10) as got:  # noqa: S310 -- ours
            assert b"A guide to water" in got.read()
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"X-Folded: one\r\n two\r\nContent-Length : 5\r\n",
        b"Content-Length: 5\x0b\r\n",
    ],
)
def test_a_request_of_two_lengths_is_refused(site: Served, fields: bytes) -> None:
    """400, and the connection ends: what follows is no request of its own (W23)."""
    head = b"POST /join/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + b"\r\n"
    said = ask(site, head + b"0\r\n\r\nGET /feeds.opml HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"(open)" not in said
