"""A hub of our own on this machine: told of each release, as often as it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from pipeline.app import open_site
from pipeline.calls import Hub
from pipeline.errors import HubError
from pipeline.jobs.ping_hub import MOST_ATTEMPTS
from tests.listening import Listener, listening
from tests.pipeline.test_web_feeds import client, get
from tests.sites import SETTINGS, make_site, run_once, write_guide

MONDAY = datetime.fromisoformat("2026-03-09T09:05+01:00")
FEEDS = [
    f"https://news.example.org/{folder}{file}"
    for folder in ("", "tag/water/", "water/")
    for file in ("atom.xml", "feed.json", "rss.xml")
]


def topics(hub: Listener) -> list[str]:
    """The feeds that it was told of since it was asked last, in order."""
    told = [parse_qs(body.decode("ascii")) for _, body in hub.calls]
    assert all(one["hub.mode"] == ["publish"] for one in told)
    hub.calls.clear()
    return [one["hub.url"][0] for one in told]


@pytest.fixture
def hub() -> Iterator[Listener]:
    """A hub that listens."""
    with listening("/hub") as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, hub: Listener) -> Path:
    """A site that tells the hub."""
    made = make_site(tmp_path / "site", f'{SETTINGS}\n[web]\nhub = "{hub.url}"\n')
    front = 'cadence: "weekly mon 09:00"\nzone: Europe/Berlin\nstart: 2026-03-09\ntags: [water]\n'
    write_guide(made, front=front)
    return made


def test_the_hub_is_told_of_each_release_once(site: Path, hub: Listener) -> None:
    """Of every feed that changed, and of none that did not; feeds and headers name the hub."""
    assert run_once(site, MONDAY.isoformat()).unheard == ()
    assert topics(hub) == FEEDS
    run_once(site, MONDAY.isoformat())
    assert topics(hub) == []
    run_once(site, (MONDAY + timedelta(weeks=1)).isoformat())
    assert topics(hub) == FEEDS
    with client(site, MONDAY.isoformat()) as web:
        for file in ("rss.xml", "atom.xml", "feed.json"):
            got = get(web, f"/water/{file}")
            assert f'<{hub.url}>; rel="hub"' in got.headers["link"]
            assert hub.url in got.text


def test_a_hub_that_fails_is_asked_again(site: Path, hub: Listener) -> None:
    """With waits that double; what failed is told by line, and does not keep anything back."""
    hub.status = 503
    report = run_once(site, MONDAY.isoformat())
    assert topics(hub) == FEEDS
    assert len(report.unheard) == len(FEEDS)
    assert "it answered 503" in report.unheard[0]
    assert report.is_partial
    assert report.next_at == MONDAY + timedelta(minutes=1)
    assert run_once(site, (MONDAY + timedelta(seconds=30)).isoformat()).unheard == ()
    assert topics(hub) == []
    hub.status = 204
    assert run_once(site, (MONDAY + timedelta(minutes=1)).isoformat()).unheard == ()
    assert topics(hub) == FEEDS
    run_once(site, (MONDAY + timedelta(minutes=9)).isoformat())
    assert topics(hub) == []


def test_a_hub_that_stays_away_is_given_up(site: Path, hub: Listener) -> None:
    """After so many attempts; the next release begins anew."""
    hub.status = 400
    now = MONDAY
    report = run_once(site, now.isoformat())
    for attempt in range(1, MOST_ATTEMPTS):
        assert topics(hub) == FEEDS
        assert report.next_at == now + timedelta(minutes=2 ** (attempt - 1))
        now = report.next_at
        report = run_once(site, now.isoformat())
    assert topics(hub) == FEEDS
    assert all("given up" in one for one in report.unheard)
    assert run_once(site, (now + timedelta(hours=5)).isoformat()).unheard == ()
    assert topics(hub) == []


def test_a_ping_goes_nowhere_else(hub: Listener) -> None:
    """A redirect is told, not followed; a hub that is not there is told."""
    hub.status = 302
    with pytest.raises(HubError, match="302"):
        Hub(hub.url).ping("https://news.example.org/rss.xml")
    assert len(hub.calls) == 1
    with pytest.raises(HubError, match="cannot be reached"):
        Hub("http://127.0.0.1:1/").ping("https://news.example.org/rss.xml")


def test_a_simulated_clock_tells_nobody_else(tmp_path: Path) -> None:
    """With --now nothing leaves this machine."""
    made = make_site(tmp_path / "site", f'{SETTINGS}\n[web]\nhub = "https://hub.example.org/"\n')
    with open_site(made, MONDAY.isoformat()) as app:
        assert app.desk.hub is None
    with open_site(made) as app:
        assert app.desk.hub is not None
