"""web: feeds over HTTP: validators, codings, caches, bursts, what is new since last time."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import feedparser
import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from lxml import etree

from pipeline import jobs
from pipeline.app import open_site
from pipeline.web import create_app
from pipeline.web.burst import Bursts
from pipeline.web.documents import chosen_coding
from tests.sites import SETTINGS, make_site, run_once, write_guide

FILES = ("rss.xml", "atom.xml", "feed.json")
WEEKS = [
    (datetime(2026, 3, 9, 8, 5, tzinfo=UTC) + timedelta(weeks=week)).isoformat()
    for week in range(60)
]
DAILY = 'cadence: "daily 09:00"\nzone: Europe/Berlin\nstart: 2026-03-09\ntags: [water, "a b"]\n'


@contextmanager
def client(site: Path, at: str = WEEKS[0], **more: str) -> Iterator[TestClient]:
    """Somebody who asks the server of a site."""
    os.environ.update(more)
    try:
        with open_site(site, at) as app:
            yield TestClient(create_app(app), base_url="http://127.0.0.1:8000")
    finally:
        for name in more:
            del os.environ[name]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one part out."""
    made = make_site(tmp_path / "site")
    write_guide(made)
    run_once(made, WEEKS[0])
    return made


def get(web: TestClient, path: str, **headers: str) -> httpx.Response:
    """An answer to a reader with these headers, without codings unless asked for."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.get(path, headers={"accept-encoding": "identity", **named})


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("folder", ["", "water/"])
def test_every_answer_says_what_a_reader_needs(site: Path, folder: str, file: str) -> None:
    """Type and charset, nosniff, both validators, its own address, any origin, no cookie."""
    with client(site) as web:
        got = get(web, f"/{folder}{file}")
    kind = {"rss.xml": "rss+xml", "atom.xml": "atom+xml", "feed.json": "feed+json"}[file]
    assert got.status_code == 200
    assert got.headers["content-type"] == f"application/{kind}; charset=utf-8"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(r'"[0-9a-f]{32}\.\d+"', got.headers["etag"])
    age = time.time() - parsedate_to_datetime(got.headers["last-modified"]).timestamp()
    assert age >= 0
    assert f'<https://news.example.org/{folder}{file}>; rel="self"' in got.headers["link"]
    assert got.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in got.headers
    assert set(got.headers["vary"].split(", ")) == {"Accept-Encoding", "A-IM", "Sec-Fetch-Dest"}
    assert got.content == (site / "feeds" / folder / file).read_bytes()


def test_the_list_of_feeds_is_served(site: Path) -> None:
    """As OPML, with validators."""
    with client(site) as web:
        got = get(web, "/feeds.opml")
        assert got.headers["content-type"] == "text/x-opml; charset=utf-8"
        again = get(web, "/feeds.opml", if_none_match=got.headers["etag"])
        assert again.status_code == 304
    urls = [one.get("xmlUrl") for one in etree.fromstring(got.content).iter("outline")]
    assert "https://news.example.org/water/atom.xml" in urls


def test_a_validator_is_the_same_in_every_process(site: Path) -> None:
    """And after a restart, and whatever query is behind the address; another for each coding."""
    with client(site) as one, client(site) as two:
        tags = {
            get(web, path).headers["etag"]
            for web in (one, two)
            for path in ("/water/atom.xml", "/water/atom.xml?utm=x&y")
        }
        coded = get(one, "/water/atom.xml", accept_encoding="gzip").headers["etag"]
    assert len(tags) == 1
    assert coded not in tags


def _preconditions(tag: str, modified: str) -> list[tuple[dict[str, str], int]]:
    later = format_datetime(parsedate_to_datetime(modified) + timedelta(days=1), usegmt=True)
    older = format_datetime(parsedate_to_datetime(modified) - timedelta(days=1), usegmt=True)
    return [
        ({"if_none_match": tag}, 304),
        ({"if_none_match": f"W/{tag}"}, 304),
        ({"if_none_match": f'"x", {tag}, "y"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"x"'}, 200),
        ({"if_none_match": tag.strip('"')}, 200),
        ({"if_none_match": ""}, 200),
        ({"if_none_match": '"x"', "if_modified_since": modified}, 200),
        ({"if_none_match": tag, "if_modified_since": older}, 304),
        ({"if_modified_since": modified}, 304),
        ({"if_modified_since": later}, 304),
        ({"if_modified_since": older}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_modified_since": ""}, 200),
        ({"range": "bytes=0-9"}, 200),
    ]


def test_preconditions_are_taken_in_their_order(site: Path) -> None:
    """Tags before dates; lists, weak tags and `*`; dates exact, later, older and garbage."""
    with client(site, PARTWORK_WEB__BURST="0") as web:
        first = get(web, "/water/rss.xml")
        tag, modified = first.headers["etag"], first.headers["last-modified"]
        for headers, status in _preconditions(tag, modified):
            got = get(web, "/water/rss.xml", **headers)
            assert got.status_code == status, headers
            assert bool(got.content) == (status == 200)
            for name in ("etag", "cache-control", "vary", "last-modified"):
                assert got.headers[name] == first.headers[name]


def test_head_is_get_without_the_body(site: Path) -> None:
    """Every header is the same, the length included."""
    with client(site) as web:
        one = get(web, "/water/feed.json")
        two = web.head("/water/feed.json", headers={"accept-encoding": "identity"})
        assert dict(one.headers) == dict(two.headers)
        assert web.post("/water/feed.json").status_code == 405


def test_codings(site: Path) -> None:
    """Gzip if it is taken, the bytes as they are if not; whole again when undone."""
    plain = (site / "feeds/water/rss.xml").read_bytes()
    with client(site) as web:
        with web.stream("GET", "/water/rss.xml", headers={"accept-encoding": "gzip"}) as got:
            raw = b"".join(got.iter_raw())
            assert got.headers["content-encoding"] == "gzip"
            assert int(got.headers["content-length"]) == len(raw) < len(plain)
        assert gzip.decompress(raw) == plain
        assert "content-encoding" not in get(web, "/water/rss.xml").headers
    for one in ("gzip;q=0", "*;q=0", "identity, gzip;q=.1", "", "x"):
        assert chosen_coding(one) == ""
    assert chosen_coding("gzip;q=0.5, identity;q=0.2") == "gzip"


def test_caches_ask_again_when_the_next_part_is_out(site: Path) -> None:
    """max-age is the time to the next release, between a minute and the feed's own ttl, an hour."""
    for at, seconds in (
        ("2026-03-16T08:50+01:00", 600),
        ("2026-03-16T08:59:30+01:00", 60),
        ("2026-03-12T08:50+01:00", 3600),
        ("2026-03-16T09:01+01:00", 60),
    ):
        with client(site, at) as web:
            for path in ("/water/rss.xml", "/rss.xml"):
                assert get(web, path).headers["cache-control"] == f"public, max-age={seconds}"
    ttl = etree.parse(site / "feeds/water/rss.xml").findtext("channel/ttl")
    assert ttl == "60"


def test_archives_never_change_and_say_so(tmp_path: Path) -> None:
    """All but the newest may be kept for ever; not even an edit rewrites them."""
    settings = '\n[schedule]\ncatch_up = "all"\nmax_late_days = 365\n'
    made = make_site(tmp_path / "site", SETTINGS + settings)
    path = write_guide(made, parts=45, front=DAILY)
    run_once(made, "2026-04-10T09:00")
    run_once(made, "2026-04-30T09:00")
    folder = made / "feeds/water/archive"
    assert sorted(one.name for one in folder.iterdir()) == ["1", "2", "3", "4"]
    before = {file: file.read_bytes() for file in folder.rglob("*.*")}
    text = path.read_text("utf-8")
    path.write_text(text.replace("Paragraph 0 about rivers", "Something else about rivers", 1))
    run_once(made, "2026-05-01T09:00")
    assert {file: file.read_bytes() for file in folder.rglob("*.*")} == before
    items = json.loads((made / "feeds/water/feed.json").read_bytes())["items"]
    assert items[-1]["title"] == "All about rivers 0"
    assert "Something else" in items[-1]["content_html"]
    with client(made, "2026-05-01T09:00") as web:
        kept = [
            get(web, f"/water/archive/{n}/atom.xml").headers["cache-control"] for n in (1, 2, 3, 4)
        ]
        assert kept[:3] == ["public, max-age=31536000, immutable"] * 3
        assert kept[3] == "public, max-age=3600"
        assert get(web, "/water/archive/5/atom.xml").status_code == 404
        for start in ("/rss.xml", "/tag/a-b/rss.xml", "/water/rss.xml"):
            found = _chain(web, start)
            assert len(set(found)) == 45, start
            assert [one for one in set(found) if found.count(one) > 1] == [items[-1]["id"]]


def _chain(web: TestClient, path: str) -> list[str]:
    """The ids of a feed and of all that is behind it."""
    found: list[str] = []
    while path:
        root = etree.fromstring(get(web, path).content)
        found += [one.text or "" for one in root.iter("guid")]
        older = root.xpath("//*[local-name()='link'][@rel='prev-archive']/@href")
        path = str(older[0]).removeprefix("https://news.example.org") if older else ""
    return found


def test_only_what_is_new_for_those_who_ask(site: Path) -> None:
    """226 with the newer entries, the validator of the whole; without A-IM the whole."""
    tags = {}
    with client(site) as web:
        for file in FILES:
            tags[file] = get(web, f"/water/{file}").headers["etag"]
    run_once(site, WEEKS[1])
    run_once(site, WEEKS[2])
    with client(site, WEEKS[2]) as web:
        for file in FILES:
            whole = get(web, f"/water/{file}", if_none_match=tags[file])
            new = get(web, f"/water/{file}", if_none_match=tags[file], a_im="feed, gzip")
            assert (whole.status_code, new.status_code) == (200, 226)
            assert new.headers["im"] == "feed"
            assert new.headers["etag"] == whole.headers["etag"]
            titles = [_titles(file, each.content) for each in (whole, new)]
            assert titles[1] == titles[0][:2]
            assert len(titles[0]) == 3
            known = get(web, f"/water/{file}", if_none_match=new.headers["etag"], a_im="feed")
            assert known.status_code == 304
            for odd in (
                '"x"',
                '"0.9999999999999"',
                "*x",
                f'"{"0" * 32}.99999999999"',
                f'"{"0" * 32}.999999999999"',
            ):
                got = get(web, f"/water/{file}", if_none_match=odd, a_im="feed")
                assert got.status_code == 200


def _titles(file: str, raw: bytes) -> list[str]:
    if file == "feed.json":
        return [one["title"] for one in json.loads(raw)["items"]]
    return [str(one.title) for one in feedparser.parse(raw).entries]


def test_a_browser_is_shown_the_style(site: Path) -> None:
    """The same bytes as plain XML, which browsers apply the stylesheet to; no XSLT anywhere."""
    with client(site) as web:
        reader = get(web, "/water/rss.xml")
        browser = get(web, "/water/rss.xml", sec_fetch_dest="document")
        assert browser.headers["content-type"] == "application/xml; charset=utf-8"
        assert browser.content == reader.content
        assert browser.headers["etag"] == reader.headers["etag"]
        assert b"text/xsl" not in reader.content
        style = re.search(rb'<\?xml-stylesheet type="text/css" href="([^"]+)"', reader.content)
        assert style
        assert style[1] == b"https://news.example.org/feed.css"
        assert get(web, "/feed.css").headers["content-type"].startswith("text/css")
        json_feed = get(web, "/water/feed.json", sec_fetch_dest="document")
        assert json_feed.headers["content-type"] == "application/feed+json; charset=utf-8"


def test_a_burst_is_told_to_wait(site: Path) -> None:
    """After as many requests as are allowed a minute, with the seconds to wait; others go on."""
    with client(site, PARTWORK_WEB__BURST="4") as web:
        got = [get(web, "/water/rss.xml").status_code for _ in range(5)]
        assert got == [200] * 4 + [429]
        assert 1 <= int(get(web, "/water/rss.xml").headers["retry-after"]) <= 15
        assert get(web, "/water/atom.xml").status_code == 200
        assert get(web, "/water/").status_code == 200


def test_a_bucket_fills_again() -> None:
    """One request comes back every so many seconds; what is told to wait for is enough."""
    now = [0.0]
    bursts = Bursts(6, lambda: now[0])
    assert [bursts.wait("a", "x") for _ in range(8)] == [0] * 6 + [10, 10]
    assert bursts.wait("b", "x") == 0
    now[0] = 10.0
    assert [bursts.wait("a", "x") for _ in range(2)] == [0, 10]
    now[0] = 1000.0
    assert [bursts.wait("a", "x") for _ in range(7)] == [0] * 6 + [10]
    assert not any(Bursts(0).wait("a", "x") for _ in range(99))


def test_a_withdrawn_guide_is_gone(site: Path) -> None:
    """410 for its feeds and pages; nothing of it is left in the folder or in other feeds."""
    path = site / "content/water.md"
    path.write_text(path.read_text("utf-8").replace("---\n", "---\nstatus: withdrawn\n", 1))
    run_once(site, WEEKS[1])
    with client(site, WEEKS[1]) as web:
        for place in ("water/rss.xml", "water/", "water/1-all-about-rivers-0/"):
            got = get(web, f"/{place}")
            assert got.status_code == 410, place
        assert "water" not in get(web, "/").text
    assert not (site / "feeds/water").exists()
    path.write_text(path.read_text("utf-8").replace("status: withdrawn", "status: ready"))
    run_once(site, WEEKS[2])
    with client(site, WEEKS[2]) as web:
        assert get(web, "/water/rss.xml").status_code == 200


@pytest.mark.parametrize("aliases", ["", "aliases: [water]\n"])
def test_an_earlier_slug_is_served_for_ever(site: Path, aliases: str) -> None:
    """Under the old address is the same feed, with the same ids; old pages stay, new ones join."""
    before = feedparser.parse(site / "feeds/water/atom.xml")
    path = site / "content/water.md"
    said = path.read_text("utf-8").replace("slug: water\n", f"slug: rivers\n{aliases}")
    path.write_text(said, "utf-8")
    for week in (1, 2):
        report = run_once(site, WEEKS[week])
        assert report.diagnostics == ()
        assert len(report.publishing.released) == 1
    with client(site, WEEKS[2]) as web:
        for file in FILES:
            old, new = get(web, f"/water/{file}"), get(web, f"/rivers/{file}")
            assert (old.status_code, old.content) == (200, new.content)
        after = feedparser.parse(new_atom := get(web, "/water/atom.xml").content)
        assert b"https://news.example.org/rivers/atom.xml" in new_atom
        assert after.feed.id == before.feed.id
        assert after.entries[-1].id == before.entries[0].id
        assert after.entries[-1].link == before.entries[0].link
        for entry in after.entries:
            assert get(web, entry.link.removeprefix("https://news.example.org")).status_code == 200
        assert get(web, "/water/").status_code == 200


@pytest.mark.parametrize("prefix", ["", "/serials"])
def test_a_proxy_may_keep_the_path_prefix_or_not(tmp_path: Path, prefix: str) -> None:
    """Behind a prefix the site is found either way, and names the address of the base URL."""
    settings = SETTINGS.replace('news.example.org"', 'news.example.org/serials"', 1)
    made = make_site(tmp_path / "site", settings)
    write_guide(made)
    run_once(made, WEEKS[0])
    with client(made) as web:
        got = get(web, f"{prefix}/water/rss.xml")
        assert got.status_code == 200
        assert b'href="https://news.example.org/serials/water/rss.xml" rel="self"' in got.content
        assert "https://news.example.org/serials/water/rss.xml" in got.headers["link"]
        assert get(web, f"{prefix}/water/").status_code == 200


def test_next_releases_are_known_without_issues(site: Path) -> None:
    """What caches go by comes from the ledger: the next part, or nothing when all are out."""
    with open_site(site, WEEKS[0]) as app:
        soon = jobs.coming(app.desk, app.desk.clock())
        assert soon.soonest() == soon.soonest("water") == datetime(2026, 3, 16, 8, tzinfo=UTC)
        assert soon.soonest("nothing") is None
    for week in (1, 2):
        run_once(site, WEEKS[week])
    with open_site(site, WEEKS[2]) as app:
        assert jobs.coming(app.desk, app.desk.clock()).soonest() is None
