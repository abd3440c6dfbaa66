"""Programs that people really use against the running server: newsboat, nginx, Chromium.

`make walks` installs and drives them; `make test` leaves them out.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import feedparser
import httpx2 as httpx
import pytest

from pipeline.web import published
from tests.ports import free_port
from tests.serving import LATE, Served, serve
from tests.sites import write_guide

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]
FRONT = 'cadence: "daily 09:00"\nzone: Europe/Berlin\nstart: 2026-03-09\ntags: [water]\n'
NGINX = Path(__file__).parents[2] / "deploy/nginx.conf"


def tool(name: str) -> str:
    """Where a program is; the walk fails without it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    assert found, f"{name} is missing: run tests/walks/install-tools"
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served site whose guide lets out a part a day."""
    with serve(tmp_path / "site", "2026-03-09T10:00+01:00", LATE) as made:
        write_guide(made.site, parts=8, front=FRONT)
        made.tick("2026-03-09T10:00+01:00")
        yield made


@dataclass
class Newsboat:
    """A newsboat with a folder of its own."""

    home: Path

    def follow(self, *urls: str) -> None:
        """Subscribe to these feeds alone."""
        self.home.mkdir(exist_ok=True)
        (self.home / "urls").write_text("\n".join(urls) + "\n")
        (self.home / "config").write_text("")

    def reload(self) -> list[tuple[str, str, int]]:
        """Ask for every feed; the guid, title and unread mark of every item that it has then."""
        subprocess.run(  # noqa: S603 -- a program of the walk
            [
                tool("newsboat"), "-u", str(self.home / "urls"), "-c", str(self.home / "cache.db"),
                "-C", str(self.home / "config"), "-x", "reload",
            ],
            check=True, capture_output=True, timeout=60,
            env={**os.environ, "HOME": str(self.home), "TERM": "dumb"},
        )  # fmt: skip
        with sqlite3.connect(self.home / "cache.db") as base:
            rows = base.execute("SELECT guid, title, unread FROM rss_item ORDER BY id").fetchall()
        base.close()
        return rows

    def read_everything(self) -> None:
        """Mark what there is as read."""
        with sqlite3.connect(self.home / "cache.db") as base:
            base.execute("UPDATE rss_item SET unread = 0")
        base.close()


@pytest.fixture
def newsboat(tmp_path: Path) -> Newsboat:
    """A newsboat that follows nothing yet."""
    return Newsboat(tmp_path / "newsboat")


@pytest.mark.parametrize("file", ["rss.xml", "atom.xml"])
def test_newsboat_gets_each_part_once(served: Served, newsboat: Newsboat, file: str) -> None:
    """Three reloads ask three times and bring one entry; each release brings one more."""
    newsboat.follow(f"{served.url}water/{file}")
    assert [len(newsboat.reload()) for _ in range(3)] == [1, 1, 1]
    assert served.asked()[-1][1] == 304
    for day in (10, 11, 12):
        served.tick(f"2026-03-{day}T10:00+01:00")
        time.sleep(1.1)  # dates of HTTP are told to the second
        assert len(newsboat.reload()) == day - 8
        assert len(newsboat.reload()) == day - 8
    items = newsboat.reload()
    assert [title for _, title, _ in items] == [
        "All about rivers 0", "All about bridges 1", "All about harbours 2",
        "All about lighthouses 3",
    ]  # fmt: skip
    assert {status for _, status in served.asked()} <= {200, 226, 304}


def test_an_edit_is_not_new_in_newsboat(served: Served, newsboat: Newsboat) -> None:
    """An entry that was read stays one entry, and read."""
    newsboat.follow(f"{served.url}water/rss.xml")
    before = newsboat.reload()
    newsboat.read_everything()
    path = served.site / "content/water.md"
    said = path.read_text("utf-8")
    path.write_text(said.replace("Paragraph 0 about rivers", "Now it is all about streams and"))
    served.tick("2026-03-09T12:00+01:00")
    time.sleep(1.1)
    after = newsboat.reload()
    assert [(guid, title, 0) for guid, title, _ in before] == after


def test_newsboat_follows_the_guide_and_a_drip(served: Served, newsboat: Newsboat) -> None:
    """Over eight days each of both feeds comes whole: neither hides an entry of the other."""
    served.tick("2026-03-20T10:00+01:00")
    newsboat.follow(f"{served.url}water/rss.xml", f"{served.url}drip/water/2026-03-20/1d/atom.xml")
    for day in range(20, 28):
        served.tick(f"2026-03-{day}T10:00+01:00")
        assert len(newsboat.reload()) == 8 + day - 19
    served.tick("2026-03-29T10:00+02:00")
    items = newsboat.reload()
    assert len({guid for guid, _, _ in items}) == len(items) == 16


@contextmanager
def nginx(served: Served, folder: Path) -> Iterator[str]:
    """The base URL of an nginx with our sample configuration in front of a site."""
    port = free_port()
    said = NGINX.read_text("utf-8")
    for before, after in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("root /srv/partwork/feeds;", f"root {served.site / 'feeds'};"),
        ("alias /srv/partwork/feeds/;", f"alias {served.site / 'feeds'}/;"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{served.port}"),
        ("server_name news.example.org;", "server_name 127.0.0.1;"),
    ):
        assert said.count(before) == 1, before
        said = said.replace(before, after)
    folder.mkdir()
    places = "".join(
        f"{name}_temp_path {folder / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    types = "include /etc/nginx/mime.types;\naccess_log off;\n"
    config.write_text(
        f"user root;\ndaemon off;\npid {folder / 'pid'};\nerror_log {folder / 'error.log'};\n"
        f"events {{ }}\nhttp {{\n{types}{places}{said}}}\n"
    )
    process = subprocess.Popen(  # noqa: S603 -- a program of the walk
        [tool("nginx"), "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nothing listens")


def test_nginx_serves_the_files(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the sample configuration: types, validators, codings, pages; drips come from Partwork."""
    monkeypatch.setattr(published, "LOOK_AGAIN", 0.0)
    served.tick("2026-03-20T10:00+01:00")
    with nginx(served, tmp_path / "nginx") as url, httpx.Client(base_url=url) as web:
        for file, kind in (
            ("rss.xml", "application/rss+xml"), ("atom.xml", "application/atom+xml"),
            ("feed.json", "application/feed+json"),
        ):  # fmt: skip
            for folder in ("", "water/", "tag/water/"):
                got = web.get(f"{folder}{file}", headers={"accept-encoding": "identity"})
                assert got.status_code == 200
                assert got.headers.get_list("content-type") == [f"{kind}; charset=utf-8"]
                assert got.headers["access-control-allow-origin"] == "*"
                assert got.headers["x-content-type-options"] == "nosniff"
                assert got.content == (served.site / "feeds" / folder / file).read_bytes()
                again = web.get(f"{folder}{file}", headers={
                    "accept-encoding": "identity", "if-none-match": got.headers["etag"],
                })  # fmt: skip
                assert again.status_code == 304
        coded = web.get("water/rss.xml", headers={"accept-encoding": "gzip"})
        assert coded.headers["content-encoding"] == "gzip"
        assert feedparser.parse(coded.content).entries
        shown = web.get("water/rss.xml", headers={"sec-fetch-dest": "document"})
        assert shown.headers["content-type"] == "application/xml; charset=utf-8"
        assert web.get("water/").headers["content-type"] == "text/html; charset=utf-8"
        assert web.get("water/1-all-about-rivers-0/").status_code == 200
        drip = web.get("drip/water/2026-03-20/1d/rss.xml")
        assert drip.headers["content-type"] == "application/rss+xml; charset=utf-8"
        assert len(feedparser.parse(drip.content).entries) == 1
        assert web.get("drip/water/").status_code == 200
        assert web.get("nothing/rss.xml").status_code == 404
        assert web.get("nothing/").status_code == 404
        gone = served.site / "content/water.md"
        gone.write_text(gone.read_text("utf-8").replace("---\n", "---\nstatus: withdrawn\n", 1))
        served.tick("2026-03-21T10:00+01:00")
        assert web.get("water/rss.xml").status_code == 410


def test_chromium_shows_a_feed(served: Served, tmp_path: Path) -> None:
    """Opened in a browser a feed is a page: our paper, the band in our accent, no raw markup."""
    for file in ("rss.xml", "atom.xml"):
        picture = tmp_path / f"{file}.png"
        subprocess.run(  # noqa: S603 -- a program of the walk
            [
                tool("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--hide-scrollbars", "--disable-background-networking", "--disable-dev-shm-usage",
                f"--user-data-dir={tmp_path / 'chromium'}", "--window-size=800,600",
                f"--screenshot={picture}", f"{served.url}water/{file}",
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        colours = _colours(picture.read_bytes())
        assert colours[0xFB, 0xF9, 0xF5] > 200_000  # paper
        assert colours[0x1F, 0x4E, 0x79] > 100  # the band beside what a feed is


def _colours(png: bytes) -> dict[tuple[int, int, int], int]:
    """How many pixels of each colour a picture has (PNG, 8 bits, RGB or RGBA)."""
    at, packed, width, channels = 8, b"", 0, 0
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, channels = struct.unpack(">I", data[:4])[0], {2: 3, 6: 4}[data[9]]
        elif kind == b"IDAT":
            packed += data
        at += size + 12
    raw, found = zlib.decompress(packed), dict[tuple[int, int, int], int]()
    stride, before = width * channels, bytearray(width * channels)
    for start in range(0, len(raw), stride + 1):
        row = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], row, before, channels)
        for x in range(0, stride, channels):
            colour = (row[x], row[x + 1], row[x + 2])
            found[colour] = found.get(colour, 0) + 1
        before = row
    return found


def _unfilter(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    """Undo the filter of a row in place (PNG specification, section 9)."""
    for x in range(len(row)):
        left = row[x - step] if x >= step else 0
        corner = above[x - step] if x >= step else 0
        up = above[x]
        if kind == 1:
            row[x] = (row[x] + left) & 255
        elif kind == 2:
            row[x] = (row[x] + up) & 255
        elif kind == 3:
            row[x] = (row[x] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            near = min((abs(guess - one), n) for n, one in enumerate((left, up, corner)))[1]
            row[x] = (row[x] + (left, up, corner)[near]) & 255


def test_the_sample_is_what_the_documents_say() -> None:
    """The configuration has the names that an operator is told to replace."""
    said = NGINX.read_text("utf-8")
    for words in ("server_name news.example.org", "root /srv/partwork/feeds", "127.0.0.1:8000"):
        assert len(re.findall(re.escape(words), said)) == 1
