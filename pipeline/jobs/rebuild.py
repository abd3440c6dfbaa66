"""Renders what is published and writes it: feeds, issue pages, guide pages, the site's page.

Everything comes from the store, so that a guide whose file is gone or broken stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pipeline import feed, page, publish, store, trust
from pipeline.jobs.channels import channels
from pipeline.jobs.desk import Desk
from pipeline.jobs.standing import run_of, upcoming
from pipeline.model import Channel, Feed, FeedFormat, GuideStatus, Issue, Serial
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
    former = tuple(dict.fromkeys((*record.former, *front.aliases)))
    return Serial(front, record.parts, issues, coming, run.cadence, overdue, former)


def rebuild(desk: Desk, all_serials: Sequence[Serial]) -> publish.Published:
    """What changed in the folder of feeds after making it say what these serials say.

    What was published of a withdrawn guide is removed.
    """
    published = publish.write(desk.feeds, files(desk, all_serials))
    for one in all_serials:
        if one.front.status is GuideStatus.WITHDRAWN:
            for slug in (one.front.slug, *one.former):
                publish.remove(desk.feeds, slug)
    return published


def files(desk: Desk, all_serials: Iterable[Serial]) -> Iterator[tuple[str, bytes]]:
    """Every published file by path; issue pages first, so that no feed names a missing page.

    Archives that lie in the folder already, and name the documents beside them, are left out: they
    never change.
    """
    shown = tuple(one for one in all_serials if one.is_shown)
    issues = {issue.id: issue for one in shown for issue in one.issues}
    with desk.store.read() as tx:
        found = channels(tx, desk)
    yield page.STYLESHEET, page.stylesheet(desk.site, desk.templates).encode()
    yield page.FEED_STYLESHEET, page.feed_stylesheet(desk.site, desk.templates).encode()
    yield "copy.js", page.copy_script(desk.templates).encode()
    yield "logo.svg", desk.templates.render("logo.svg").encode()
    for one in shown:
        yield from _pages(desk, one)
    former = {f"{one.front.slug}/": one.former for one in shown}
    for channel in found:
        yield from _feeds(desk, channel, issues, former.get(channel.path, ()))
    yield "feeds.opml", feed.render_opml(found, desk.site)
    yield "index.html", page.site_page(shown, desk.site, desk.templates).encode()


def _pages(desk: Desk, serial: Serial) -> Iterator[tuple[str, bytes]]:
    for issue in serial.issues:
        html = page.issue_page(issue, serial, desk.site, desk.templates)
        yield f"{issue.path}index.html", html.encode()
    guide_page = page.guide_page(serial, desk.site, desk.templates)
    for slug in (serial.front.slug, *serial.former):
        yield f"{slug}/index.html", guide_page.encode()


def _feeds(
    desk: Desk, channel: Channel, issues: Mapping[str, Issue], former: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    """Archives first, so that no feed names a missing one; of a tag also its page.

    Under each former slug the same feed is found, which names its address of today.
    """
    for number in range(1, len(channel.archives) + 1):
        yield from _archive(desk, channel, number, issues)
    current = feed.current_feed(channel, issues, desk.site)
    for kind in FeedFormat:
        raw = feed.render(current, kind)
        for folder in (channel.path, *(f"{slug}/" for slug in former)):
            yield folder + kind.file, raw
    if channel.path.startswith("tag/"):
        newest = [issues[one.id] for one in reversed(channel.issues)]
        html = page.tag_page(channel, newest, desk.site, desk.templates)
        yield f"{channel.path}index.html", html.encode()


def _archive(
    desk: Desk, channel: Channel, number: int, issues: Mapping[str, Issue]
) -> Iterator[tuple[str, bytes]]:
    path = feed.archive_path(channel, number)
    made: Feed | None = None
    for kind in FeedFormat:
        newer = feed.archive_path(channel, number + 1)
        names = [path, newer] if number < len(channel.archives) else [path]
        links = [] if kind is FeedFormat.JSON else [desk.site.url(one) + kind.file for one in names]
        if not publish.holds(desk.feeds, path + kind.file, links):
            made = made or feed.archive_feed(channel, number, issues, desk.site)
            yield path + kind.file, feed.render(made, kind)
