"""Renders what is published and writes it: feeds, issue pages, guide pages, the site's page.

Everything comes from the store, so that a guide whose file is gone or broken stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from pipeline import feed, page, publish, store, trust
from pipeline.jobs.desk import Desk
from pipeline.jobs.standing import run_of, upcoming
from pipeline.model import Serial
from pipeline.store.guides import GuideRecord


def serials(desk: Desk, now: datetime) -> tuple[Serial, ...]:
    """Every guide that was ever scheduled, with what is out and what is to come."""
    with desk.store.read() as tx:
        return tuple(
            _serial(tx, desk, slug, record, now)
            for slug, record in store.guides.records(tx).items()
        )


def _serial(
    tx: store.Transaction, desk: Desk, slug: str, record: GuideRecord, now: datetime
) -> Serial:
    issues = store.issues.of_guide(tx, slug)
    released = store.issues.releases(tx, slug).get(slug, ())
    run = run_of(desk, record.front, record, now)
    coming = upcoming(run, record.parts, released, now) if record.is_scheduled else ()
    front = record.front
    overdue = trust.is_held(front.profile, front.trust, now.date())
    return Serial(front, record.parts, issues, coming, run.cadence, overdue)


def rebuild(desk: Desk, all_serials: Iterable[Serial]) -> publish.Published:
    """What changed in the folder of feeds after making it say what these serials say."""
    return publish.write(desk.feeds, dict(files(desk, all_serials)))


def files(desk: Desk, all_serials: Iterable[Serial]) -> Iterator[tuple[str, bytes]]:
    """Every published file by path; issue pages first, so that no feed names a missing page."""
    shown = tuple(one for one in all_serials if one.issues)
    yield page.STYLESHEET, page.stylesheet(desk.site, desk.templates).encode()
    yield "logo.svg", desk.templates.render("logo.svg").encode()
    for one in shown:
        yield from _pages(desk, one)
    for one in shown:
        yield from _feeds(desk, one)
    yield "index.html", page.site_page(shown, desk.site, desk.templates).encode()


def _pages(desk: Desk, serial: Serial) -> Iterator[tuple[str, bytes]]:
    for issue in serial.issues:
        html = page.issue_page(issue, serial, desk.site, desk.templates)
        yield f"{issue.path}index.html", html.encode()
    guide_page = page.guide_page(serial, desk.site, desk.templates)
    yield f"{serial.front.slug}/index.html", guide_page.encode()


def _feeds(desk: Desk, serial: Serial) -> Iterator[tuple[str, bytes]]:
    document = feed.serial_feed(serial, desk.site)
    yield f"{serial.front.slug}/rss.xml", feed.render_rss(document)
    yield f"{serial.front.slug}/atom.xml", feed.render_atom(document)
    yield f"{serial.front.slug}/feed.json", feed.render_json(document)
