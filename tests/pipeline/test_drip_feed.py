"""Drips by feed: an address, the clock and what is out say everything; the same as by mail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import feedparser
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs, schedule
from pipeline.app import open_site
from pipeline.errors import UsageError
from pipeline.model import CatchUp, Release, Run
from pipeline.schedule import Due, Waiting, follow, next_release
from tests.pipeline.test_web_feeds import DAILY, client, get
from tests.sites import SETTINGS, make_site, run_once, write_guide

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Apia", "America/Sao_Paulo")
LATE = SETTINGS + '\n[schedule]\ncatch_up = "all"\nmax_late_days = 365\n'
FILES = ("rss.xml", "atom.xml", "feed.json")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a guide of eight parts, all out since 20 March 2026."""
    made = make_site(tmp_path_factory.mktemp("drips") / "site", LATE)
    write_guide(made, parts=8, front=DAILY)
    run_once(made, "2026-03-20T10:00")
    return made


def made_run(cadence: str, start: date, zone: str) -> Run:
    """A reader's calendar."""
    began = datetime(2020, 1, 1, tzinfo=UTC)
    return Run(cadence, zone, start, began, CatchUp.SPREAD, timedelta(days=36_500))


days = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@given(days, st.sampled_from([1, 2, 3, 7, 14]), st.sampled_from(ZONES), st.integers(1, 12))
def test_every_part_comes_as_its_day_begins(start: date, step: int, zone: str, parts: int) -> None:
    """Part k on start + k days, over changes of clocks, ends of months and leap days."""
    run = made_run(f"every {step} days 00:00", start, zone)
    out = [datetime(2019, 1, 1, tzinfo=UTC)] * parts
    found = follow(run, out, datetime(2040, 1, 1, tzinfo=UTC))
    local = [one.release.released_at.astimezone(ZoneInfo(zone)) for one in found]
    assert [at.date() for at in local] == [start + timedelta(days=step * k) for k in range(parts)]
    for one in found:
        before = one.release.released_at - timedelta(seconds=1)
        assert len(follow(run, out, before)) == one.release.number - 1
        assert len(follow(run, out, one.release.released_at)) == one.release.number


@settings(max_examples=150)
@given(
    days,
    st.sampled_from([*jobs.RHYTHMS.values(), "weekly mon,thu 09:00", "cron 30 6 * * *"]),
    st.sampled_from(ZONES),
    st.lists(st.integers(0, 400), min_size=1, max_size=6),
    st.integers(0, 40),
)
def test_by_mail_and_by_feed_are_one_function(
    start: date, cadence: str, zone: str, gaps: list[int], days_on: int
) -> None:
    """Ticks that look at the ledger, as mail does, let out the same parts in the same slots."""
    run = made_run(cadence, start, zone)
    began = datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(hours=30)
    out = [began + timedelta(hours=sum(gaps[: at + 1])) for at in range(len(gaps))]
    end = began + timedelta(days=days_on)
    by_feed = follow(run, out, end)
    by_mail: list[Release] = []
    now = began
    while now <= end:
        decision = next_release(run, by_mail, len(out), now)
        if isinstance(decision, Due) and out[decision.number - 1] <= now:
            by_mail.append(Release(decision.number, decision.slot, now))
            continue
        wait = [at for at in out if at > now]
        if isinstance(decision, Waiting):
            wait.append(decision.due_at)
        now = min(wait, default=end + timedelta(days=1))
    assert [one.release for one in by_feed] == by_mail


def drip(site: Path, at: str, address: str = "2026-03-21/1d", file: str = "feed.json") -> Any:
    """A drip as it is served at a moment."""
    with client(site, at) as web:
        return get(web, f"/drip/water/{address}/{file}")


def test_a_reader_gets_a_part_a_day(site: Path) -> None:
    """From the day that the address names; dated by its day, newest first, with what is next."""
    for day in range(10):
        now = datetime(2026, 3, 21, 12, tzinfo=UTC) + timedelta(days=day)
        items = json.loads(drip(site, now.isoformat()).content)["items"]
        assert [one["title"][-1] for one in items] == [str(n) for n in range(min(day, 7), -1, -1)]
        dates = [one["date_published"] for one in items]
        first = datetime(2026, 3, 20, 23, tzinfo=UTC)
        assert dates[-1] == first.isoformat()
        if day == 0:
            assert (
                "<p>Next: <strong>All about bridges 1</strong>, on Sunday 22 March</p>"
                in items[0]["content_html"]
            )


@pytest.mark.parametrize("file", FILES)
def test_a_drip_is_a_feed_like_any_other(site: Path, file: str) -> None:
    """Its own address, validators, deltas; ids that no other feed of the guide has."""
    at = "2026-03-24T10:00"
    got = drip(site, at, file=file)
    assert got.status_code == 200
    self_url = f"https://news.example.org/drip/water/2026-03-21/1d/{file}"
    assert self_url.encode() in got.content
    assert f'<{self_url}>; rel="self"' in got.headers["link"]
    with client(site, at) as web:
        address = f"/drip/water/2026-03-21/1d/{file}"
        assert get(web, address, if_none_match=got.headers["etag"]).status_code == 304
        earlier = drip(site, "2026-03-22T10:00", file=file).headers["etag"]
        assert get(web, address, if_none_match=earlier, a_im="feed").status_code == 226
        live = get(web, f"/water/{file}").content
        other = get(web, f"/drip/water/2026-03-22/1d/{file}").content
        slower = get(web, f"/drip/water/2026-03-21/2d/{file}").content
    found = [set(_ids(file, raw)) for raw in (got.content, live, other, slower)]
    assert all(found)
    assert sum(map(len, found)) == len(set().union(*found))


def _ids(file: str, raw: bytes) -> list[str]:
    if file == "feed.json":
        return [one["id"] for one in json.loads(raw)["items"]]
    return [str(one.id) for one in feedparser.parse(raw).entries]


def test_the_same_bytes_for_everyone(site: Path) -> None:
    """Any process, in any order, another zone and hash seed: one document, one validator."""
    code = (
        "import sys; from pathlib import Path; from tests.pipeline.test_drip_feed import drip\n"
        "got = drip(Path(sys.argv[1]), '2026-03-25T10:00', file='atom.xml')\n"
        "sys.stdout.buffer.write(got.headers['etag'].encode() + got.content)"
    )
    here = drip(site, "2026-03-25T10:00", file="atom.xml")
    for zone, seed in (("Asia/Tokyo", "1"), ("America/New_York", "2")):
        there = subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, "-c", code, str(site)], check=True, capture_output=True,
            env={"TZ": zone, "PYTHONHASHSEED": seed}, cwd=Path(__file__).parents[2],
        ).stdout  # fmt: skip
        assert there == here.headers["etag"].encode() + here.content


def test_a_cache_may_keep_it_until_the_next_part(site: Path) -> None:
    """max-age ends as the next part comes; then, and not before, the validator is another."""
    midnight = datetime(2026, 3, 22, 23, tzinfo=UTC)  # of Berlin
    before, at, after = (
        drip(site, (midnight + timedelta(seconds=off)).isoformat()) for off in (-1, 0, 3600)
    )
    assert before.headers["cache-control"] == "public, max-age=1"
    assert at.headers["cache-control"] == "public, max-age=86400"
    assert after.headers["cache-control"] == "public, max-age=82800"
    assert before.headers["etag"] != at.headers["etag"] == after.headers["etag"]
    weekly = drip(site, "2026-03-22T10:00", "2026-03-21/7d")
    assert weekly.headers["cache-control"] == "public, max-age=86400"


def test_one_server_flips_at_the_moment_too(site: Path) -> None:
    """What a running server has made is not shown a second too long."""
    moments = [datetime(2026, 3, 22, 22, 59, 59, tzinfo=UTC), datetime(2026, 3, 22, 23, tzinfo=UTC)]
    with open_site(site, moments[0].isoformat()) as app:
        from pipeline.web.drips import Drips

        drips = Drips(app)
        tags = [
            drips.document("water", "2026-03-21", "1d", "rss.xml", at).document.etag("")
            for at in (moments[0], moments[0], moments[1])
        ]
    assert tags[0] == tags[1] != tags[2]


def test_a_finished_drip_says_so(site: Path) -> None:
    """fh:complete, a long life in caches, and never another date."""
    early, late = (
        drip(site, "2026-04-01T10:00", file="rss.xml"),
        drip(site, "2031-01-01T10:00", file="rss.xml"),
    )
    assert early.content == late.content
    assert b"<fh:complete/>" in early.content
    assert early.headers["cache-control"] == "public, max-age=2592000"


@pytest.mark.parametrize(
    "address",
    [
        "2026-03-19/1d", "2026-03-24/1d", "2026-02-30/1d", "20260321/1d", "2026-W12-6/1d",
        "0000-00-00/1d", "9999-12-31/1d", "2026-03-21/99999999d", "2026-03-21/0d", "2026-03-21/1",
        "2026-03-21/daily", "%00/1d", "2026-03-21/..%2f..", "-1/1d", "١٢٣/1d",
    ],
)  # fmt: skip
def test_what_nobody_can_have_begun_is_not_there(site: Path, address: str) -> None:
    """Bad, ancient and future days, and paces that are none: 404."""
    for file in ("rss.xml", "", "archive/1/rss.xml", "index.html"):
        assert drip(site, "2026-03-22T10:00", address, file).status_code == 404


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[TestClient]:
    """The server of the site, for many requests."""
    with client(site, "2026-03-22T10:00", PARTWORK_WEB__BURST="0") as web:
        yield web


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=5), st.text(max_size=30))
def test_no_address_is_an_accident(served: TestClient, parts: list[str], query: str) -> None:
    """Whatever is asked for, the answer is there or it is not; never a fault of ours."""
    path = "/".join(quote(one.encode("utf-8", "replace"), safe="") for one in parts)
    asked = quote(query.encode("utf-8", "replace"), safe="=&")
    got = get(served, f"/drip/water/{path}?{asked}")
    assert got.status_code in {200, 303, 307, 404}


def test_only_so_much_is_remembered(site: Path) -> None:
    """However many addresses are asked for."""
    from pipeline.web import drips as module

    with open_site(site, "2026-12-20T10:00") as app:
        made = module.Drips(app)
        for day in range(module.MOST_DOCUMENTS + 5):
            start = str(date(2026, 3, 21) + timedelta(days=day))
            made.document("water", start, "1d", "feed.json", app.desk.clock())
        assert len(made._made) == module.MOST_DOCUMENTS


def test_a_drip_waits_for_the_live_run(tmp_path: Path) -> None:
    """What is not out yet comes when it is; then the drip goes on in its own time."""
    made = make_site(tmp_path / "site")
    write_guide(made)  # weekly from 9 March
    run_once(made, "2026-03-09T10:00")
    for at, many in (("2026-03-10T10:00", 1), ("2026-03-15T10:00", 1)):
        got = drip(made, at, "2026-03-09/1d")
        assert len(json.loads(got.content)["items"]) == many
        assert got.headers["cache-control"] == "public, max-age=3600"
    run_once(made, "2026-03-16T10:00")
    got = json.loads(drip(made, "2026-03-16T10:01", "2026-03-09/1d").content)["items"]
    assert [one["date_published"] for one in got] == [
        "2026-03-16T09:00:00+00:00", "2026-03-09T09:00:00+00:00",
    ]  # fmt: skip


def test_an_edit_shows_in_a_drip(tmp_path: Path) -> None:
    """Under the same id and date, with a later `updated`."""
    made = make_site(tmp_path / "site", LATE)
    path = write_guide(made, front=DAILY)
    run_once(made, "2026-03-20T10:00")
    before = json.loads(drip(made, "2026-03-22T10:00").content)["items"]
    path.write_text(
        path.read_text("utf-8").replace("Paragraph 0 about rivers", "Now all about streams and")
    )
    run_once(made, "2026-03-22T11:00")
    after = json.loads(drip(made, "2026-03-22T12:00").content)["items"]
    assert after[0] == before[0]
    assert after[1]["id"] == before[1]["id"]
    assert after[1]["date_published"] == before[1]["date_published"]
    assert after[1]["date_modified"] == "2026-03-22T10:00:00+00:00"
    assert "streams" in after[1]["content_html"]


def test_a_long_drip_has_archives(tmp_path: Path) -> None:
    """At most 25 entries a document; every part is met once."""
    made = make_site(tmp_path / "site", LATE)
    write_guide(made, parts=45, front=DAILY)
    run_once(made, "2026-05-20T10:00")
    found, at = [], "/drip/water/2026-05-20/1d/feed.json"
    with client(made, "2026-08-20T10:00") as web:
        while at:
            document = json.loads(get(web, at).content)
            assert len(document["items"]) <= 25
            found += [one["id"] for one in document["items"]]
            at = document.get("next_url", "").removeprefix("https://news.example.org")
        assert len(found) == len(set(found)) == 45
        assert get(web, "/drip/water/2026-05-20/1d/archive/5/feed.json").status_code == 404


def test_the_page_gives_the_links(site: Path) -> None:
    """Without a script: a form of a day and a pace leads to the page with the dated addresses."""
    with client(site, "2026-03-22T10:00") as web:
        form = get(web, "/drip/water/")
        assert 'value="2026-03-22"' in form.text
        assert 'max="2026-03-23"' in form.text
        assert form.text.count('type="radio"') == len(jobs.RHYTHMS)
        sent = web.get("/drip/water/?start=2026-03-21&cadence=2d", follow_redirects=False)
        assert (sent.status_code, sent.headers["location"]) == (303, "2026-03-21/2d/")
        page = web.get("/drip/water/?start=2026-03-21&cadence=2d")
        assert page.url.path == "/drip/water/2026-03-21/2d/"
        for file in FILES:
            url = f"https://news.example.org/drip/water/2026-03-21/2d/{file}"
            assert f'value="{url}"' in page.text
            assert (
                f'href="../../../../drip/water/2026-03-21/2d/{file}"' in page.text
            )  # found by readers
        assert get(web, "/drip/water/?start=2020-01-01&cadence=2d").status_code == 404
        assert "drip/water/" in get(web, "/water/").text


def test_rhythms_are_told_by_the_page() -> None:
    """Every pace of an address has its words, and is a cadence."""
    from pipeline.page.drip import IN_WORDS

    assert IN_WORDS.keys() == jobs.RHYTHMS.keys()
    for cadence in jobs.RHYTHMS.values():
        schedule.parse_cadence(cadence)


def test_a_pace_that_is_none_is_told(site: Path) -> None:
    """The job says what there is."""
    with open_site(site, "2026-03-22T10:00") as app:
        guide = jobs.followable(app.desk, "water", app.desk.clock(), "v")
        assert guide is not None
        with pytest.raises(UsageError, match="known: 1d, 2d"):
            jobs.drip_feed(app.desk, guide, date(2026, 3, 21), "x", app.desk.clock())
