"""web: pages and feeds over HTTP; GET changes nothing, one POST leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline import jobs
from pipeline.app import App, open_site
from pipeline.jobs import Wish
from pipeline.web import create_app
from tests.sites import make_site, outbox, snapshot, write_guide

MONDAY = "2026-03-09T09:05+01:00"


@dataclass(frozen=True)
class Served:
    """A site that is served, after its first tick."""

    site: Path
    app: App
    client: TestClient


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A site with a guide and one reader, one part out."""
    site = make_site(tmp_path / "site")
    write_guide(site)
    with open_site(site, MONDAY) as app:
        jobs.subscribe(app.desk, Wish("reader@example.org"), app.desk.clock())
        jobs.tick(app.desk, app.desk.clock())
        yield Served(site, app, TestClient(create_app(app), base_url="http://127.0.0.1:8000"))


def unsubscribe_path(served: Served) -> str:
    """Where the reader's message says to leave."""
    (message,) = outbox(served.site)
    found = re.match(r"<https://news\.example\.org(/u/[^>]+)>", message["List-Unsubscribe"])
    assert found
    return found[1]


def test_a_newcomer_finds_everything(served: Served) -> None:
    """From the front page every guide, issue and feed and the outbox is one link away."""
    home = served.client.get("/")
    assert home.status_code == 200
    links = set(re.findall(r'href="([^"]+)"', home.text))
    for wanted in ("water/", "outbox/"):
        assert any(wanted in link for link in links), wanted
    assert "All about bridges 1" in home.text  # what comes next
    for path, kind in {
        "/water/": "text/html; charset=utf-8",
        "/water/rss.xml": "application/rss+xml; charset=utf-8",
        "/water/atom.xml": "application/atom+xml; charset=utf-8",
        "/water/feed.json": "application/feed+json; charset=utf-8",
    }.items():
        got = served.client.get(path)
        assert (got.status_code, got.headers["content-type"]) == (200, kind)


def test_every_link_leads_somewhere(served: Served) -> None:
    """No link on any page of ours is dead."""
    seen, todo = set(), ["/"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        got = served.client.get(path)
        assert got.status_code == 200, path
        of_what_is_to_come = re.fullmatch(r"/preview/.+/html", path)
        if "html" in got.headers["content-type"] and not of_what_is_to_come:
            for link in re.findall(r'(?:href|src)="([^"#]+)', got.text):
                url = got.url.join(
                    link.replace("https://news.example.org", "http://127.0.0.1:8000")
                )
                if url.host == "127.0.0.1" and "/u/" not in url.path:
                    todo.append(url.path)
    assert "/water/1-all-about-rivers-0/" in seen
    assert any(path.startswith("/outbox/") and path.endswith("/html") for path in seen)
    assert "/preview/water/3/html" in seen


def test_answers_carry_their_guards(served: Served) -> None:
    """No sniffing, no foreign frames, no inline anything, no cookie; on errors too."""
    for path in ("/", "/water/", "/nosuch", "/water/rss.xml"):
        headers = served.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "set-cookie" not in headers


def test_a_missing_page_is_told_kindly(served: Served) -> None:
    """404 is a page of ours that echoes nothing of what was asked."""
    got = served.client.get("/<script>alert(1)</script>")
    assert got.status_code == 404
    assert "alert(1)" not in got.text
    assert "<h1" in got.text


def test_a_fault_of_ours_is_told_as_one(served: Served) -> None:
    """A broken template gives a page that says so, not a traceback, and harms no other page."""
    folder = served.site / "templates/page"
    folder.mkdir(parents=True)
    (folder / "site.html").write_text("{{ nosuch }}")
    with open_site(served.site, MONDAY) as app:
        client = TestClient(create_app(app), base_url="http://127.0.0.1:8000")
        got = client.get("/")
        assert (got.status_code, "just now" in got.text) == (503, True)
        assert client.get("/water/").status_code == 200


@pytest.mark.parametrize("path", ["/../partwork.toml", "/%2e%2e/partwork.toml", "/var/partwork.db"])
def test_only_what_is_published_is_served(served: Served, path: str) -> None:
    """Nothing outside feeds/ can be had."""
    assert served.client.get(path).status_code in {400, 404}


def test_looking_does_not_leave(served: Served) -> None:
    """GET and HEAD of the unsubscribe link, by whatever reads mail for people, change nothing."""
    path = unsubscribe_path(served)
    before = snapshot(served.site / "var")
    assert "<form" in served.client.get(path).text
    assert served.client.head(path).status_code == 200
    after = snapshot(served.site / "var")
    assert {k: v for k, (v, _) in before.items()} == {k: v for k, (v, _) in after.items()}


def test_one_post_leaves(served: Served) -> None:
    """The one-click POST of RFC 8058, without a cookie, ends the subscription; again is fine."""
    path = unsubscribe_path(served)
    for _ in range(2):
        got = served.client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert (got.status_code, got.history) == (200, [])
    report = jobs.subscriber(served.app.desk, "reader@example.org")
    assert report
    ended = [one.guide for one in report.subscriptions if one.ended_at]
    assert ended == ["water"]


@pytest.mark.parametrize("said", ["x", "WzEsIndhdGVyIl0.forged", "preview", "%00"])
def test_a_forged_link_does_nothing(served: Served, said: str) -> None:
    """A token that is not ours is a 404 for GET and POST."""
    assert served.client.get(f"/u/{said}").status_code == 404
    assert served.client.post(f"/u/{said}").status_code == 404


def test_the_outbox_shows_a_message_as_a_mail_program(served: Served) -> None:
    """List, message with headers and text, and its HTML shut in a sandbox."""
    listing = served.client.get("/outbox/")
    assert "reader@example.org" in listing.text
    (name,) = set(re.findall(r"([0-9a-f]{32}\.partwork)/", listing.text))
    shown = served.client.get(f"/outbox/{name}/")
    assert "List-Unsubscribe" in shown.text
    assert "explains where" in shown.text
    assert re.search(r"<iframe[^>]+sandbox", shown.text)
    body = served.client.get(f"/outbox/{name}/html")
    assert "explains where" in body.text
    assert body.headers["content-security-policy"].startswith("sandbox;")
    assert served.client.get("/outbox/nosuch/").status_code == 404


def test_a_part_to_come_is_shown_as_mail(served: Served) -> None:
    """On this machine: at two widths, with its text, its fields, and what programs leave out."""
    listing = served.client.get("/preview/")
    assert 'href="water/2/"' in listing.text
    shown = served.client.get("/preview/water/2/")
    assert "List-Unsubscribe" in shown.text
    assert shown.text.count("<iframe") == 2
    assert "leaves anything out" in shown.text
    body = served.client.get("/preview/water/2/html")
    assert "explains where" in body.text
    assert body.headers["content-security-policy"].startswith("sandbox;")
    for path in ("water/99/", "nosuch/1/", "water/99/html"):
        assert served.client.get(f"/preview/{path}").status_code == 404


def test_a_foreign_name_is_refused(served: Served) -> None:
    """A page elsewhere that resolves its name to this machine cannot read the outbox."""
    assert served.client.get("/outbox/", headers={"Host": "evil.example.net"}).status_code == 400


def test_the_outbox_stays_on_this_machine(tmp_path: Path) -> None:
    """A server that others can reach has no outbox."""
    site = make_site(tmp_path / "site")
    with (site / "partwork.toml").open("a") as file:
        file.write('\n[web]\nhost = "0.0.0.0"\n')
    with open_site(site, MONDAY) as app:
        client = TestClient(create_app(app))
        assert client.get("/outbox/").status_code == 404
        assert client.get("/preview/").status_code == 404
