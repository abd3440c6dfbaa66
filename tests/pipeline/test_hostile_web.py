"""Requests that want a page to lie, a file that is nobody's, or a way out to somewhere else."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import quote, urlencode, urlsplit

import pytest

from pipeline import jobs
from pipeline.jobs import Wish
from tests.serving import Served, serve
from tests.sites import outbox, write_guide

MONDAY = "2026-03-09T09:05+01:00"
ELSEWHERE = "evil.example.net"

PLACES = ("/", "/water/", "/search/?q=rivers", "/join/", "/drip/water/", "/privacy/", "/nowhere/")
"""A page of every kind."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site with two readers, a part and a signup, beside files that are its own business."""
    with serve(tmp_path_factory.mktemp("hostile") / "site", MONDAY) as served:
        write_guide(served.site)
        desk = served.app.desk
        for name in ("anna", "bert"):
            jobs.subscribe(desk, Wish(f"{name}@example.org", name=name.title()), served.now)
        served.tick(MONDAY)
        (served.site / ".env").write_text("PARTWORK_SITE__SECRET=hush")
        (served.site / "feeds" / ".git").mkdir()
        (served.site / "feeds" / ".git" / "config").write_text("hush")
        (served.site / "feeds" / ".env").write_text("hush")
        yield served


def ask(site: Served, target: str, *fields: str, method: str = "GET", body: str = "") -> str:
    """A whole answer to a request whose target goes out as it is written."""
    length = (f"Content-Length: {len(body)}",) if body else ()
    host = (
        () if any(one.startswith("Host:") for one in fields) else (f"Host: 127.0.0.1:{site.port}",)
    )
    lines = [f"{method} {target} HTTP/1.1", *host, *fields, *length, "Connection: close", "", body]
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as line:
        line.sendall("\r\n".join(lines).encode())
        found = b""
        while piece := line.recv(65536):
            found += piece
    return found.decode("utf-8", "replace")


def status(answer: str) -> int:
    """Of an answer."""
    return int(answer.split(" ", 2)[1])


def leads_to(answer: str) -> str:
    """Where a redirect leads; empty if it is none."""
    found = re.search(r"(?im)^location: *(\S*)", answer.partition("\r\n\r\n")[0])
    return found[1] if found else ""


@pytest.mark.parametrize("place", PLACES)
def test_another_host_changes_nothing(site: Served, place: str) -> None:
    """W08: neither Host nor what proxies add is believed: pages name the site of the settings."""
    proxied = [
        f"X-Forwarded-Host: {ELSEWHERE}",
        f"Forwarded: host={ELSEWHERE}",
        "X-Real-IP: 1.2.3.4",
    ]
    for fields in ([f"Host: {ELSEWHERE}"], proxied):
        assert ELSEWHERE not in ask(site, place, *fields)


def test_another_host_is_in_no_letter(site: Served) -> None:
    """W08: who joins under a false Host gets links to the site."""
    form = urlencode({"email": "cleo@example.org", "guide": "water"})
    kind = "Content-Type: application/x-www-form-urlencoded"
    ask(site, "/join/", f"Host: {ELSEWHERE}", kind, method="POST", body=form)
    jobs.send_letters(site.app.desk, site.now)
    site.tick(MONDAY)
    for one in outbox(site.site):
        assert ELSEWHERE not in one.as_string()


@pytest.mark.parametrize(
    "target",
    [
        f"//{ELSEWHERE}", f"//{ELSEWHERE}/", f"/%2f{ELSEWHERE}", f"/\\{ELSEWHERE}",
        f"/%5c{ELSEWHERE}/", f"/water//{ELSEWHERE}/..", f"/@{ELSEWHERE}",
        f"/water?next=https://{ELSEWHERE}", f"/join/?next=//{ELSEWHERE}",
        f"/drip/?to=https://{ELSEWHERE}", f"/search/?q=https://{ELSEWHERE}&next=x",
        f"/water/%0d%0aLocation:%20https://{ELSEWHERE}", f"http://{ELSEWHERE}/water",
    ],
)  # fmt: skip
def test_no_redirect_leads_out(site: Served, target: str) -> None:
    """W13: whatever is asked for, an answer leads nowhere but to this site."""
    to = leads_to(ask(site, target))
    assert urlsplit(to).netloc in {"", f"127.0.0.1:{site.port}"}
    assert not to.startswith(("//", "/\\", "\\"))


@pytest.mark.parametrize(
    "named", ["click", "c", "l", "track", "open", "o", "pixel", "r", "redirect"]
)
@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example.net",
        "//evil.example.net",
        "\\\\evil",
        "https://a@evil",
        "data:text/html,x",
    ],
)
def test_clicks_are_not_counted(site: Served, named: str, to: str) -> None:
    """W14: there are no links that count clicks, and none that can be made up."""
    for target in (f"/{named}/{quote(to, safe='')}", f"/{named}/?url={quote(to, safe='')}"):
        answer = ask(site, target)
        assert (status(answer), leads_to(answer)) == (404, "")


@pytest.mark.parametrize(
    "target",
    [
        "/admin",
        "/admin/",
        "//admin",
        "/%61dmin/",
        "/ADMIN/",
        "/admin;x",
        "/./admin",
        "/admin%2f",
        "/admin/..;/",
    ],
)
def test_there_is_no_back_door(site: Served, target: str) -> None:
    """W16, W17: no page is for operators alone: they have the API, behind tokens."""
    assert status(ask(site, target)) in {308, 400, 404}
    api = "/api/subscribers"
    for spelt in (
        api,
        f"/{api}",
        f"{api}/",
        "/api/%73ubscribers",
        "/API/subscribers",
        f"{api};x",
        f"/.{api}",
    ):
        answer = ask(site, spelt)
        assert status(answer) in {307, 308, 400, 401, 404}
        assert "anna@" not in answer


@pytest.mark.parametrize(
    "target",
    [
        "/.git/config", "/.env", "/partwork.toml", "/var/partwork.db", "/var/secret",
        "/content/water.md", "/../partwork.toml", "/water/../../partwork.toml",
        "/%2e%2e/partwork.toml", "/%2e%2e%2fpartwork.toml", "/..%5cpartwork.toml",
        "/....//partwork.toml", "/media/../../var/secret", "/media/%2e%2e/%2e%2e/var/secret",
        "/water/%00", "/%252e%252e/partwork.toml", "/feeds/../partwork.toml",
        "//../var/partwork.db", "/content/water.ids.json", "/.env%20", "/.%65nv", "/water/.env",
        "/static/../.env",
    ],
)  # fmt: skip
def test_files_that_are_not_published_are_not_there(site: Served, target: str) -> None:
    """W18: ways up, hidden files, the database and the settings."""
    answer = ask(site, target)
    assert status(answer) in {400, 404}
    assert not re.search(r"hush|postal_address|SQLite format|All about rivers", answer)


def _same(message: EmailMessage) -> str:
    """A message but for what is one reader's own: address, name, date, id and private links."""
    text = "\n".join(
        part.get_content() for part in message.walk() if part.get_content_maintype() == "text"
    )
    text = re.sub(r"/u/(me/)?[\w.~-]+", "/u/", text)
    return re.sub(r"(?i)anna|bert", "", text)


def test_nobody_is_followed(site: Served) -> None:
    """P06: all readers get the same links and pictures; nothing tells who opened or clicked."""
    found = {str(one["To"]): one for one in outbox(site.site) if "List-Id" in one}
    first, second = (found[key] for key in sorted(found)[:2])
    assert _same(first) == _same(second)
    html = first.get_body(("html",))
    assert html is not None
    pictures = re.findall(r"<img\b[^>]*>", html.get_content())
    assert [one for one in pictures if re.search(r'(width|height)="?[01]"?\b', one)] == []
