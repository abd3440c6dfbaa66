"""Renders what is published and writes it: feeds, issue pages, guide pages, the site's page.

Everything comes from the store, so that a guide whose file is gone or broken stays as it was. What
was published from the very state that it is in now is left alone: one part of ten thousand costs
what its guide and its feeds cost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline import feed, page, publish, store, trust
from pipeline.jobs.channels import settled
from pipeline.jobs.desk import Desk
from pipeline.jobs.standing import run_of, upcoming
from pipeline.model import Channel, Feed, FeedFormat, GuideStatus, Issue, Release, Serial
from pipeline.store.guides import GuideRecord

MOST_LISTED = 100
"""Parts that the page of a tag lists: the newest; its feeds lead to the others."""

Files = Iterator[tuple[str, bytes]]


def serials(desk: Desk, now: datetime) -> tuple[Serial, ...]:
    """Every guide that was ever scheduled, with what is to come; without the text of its issues."""
    with desk.store.read() as tx:
        ledger = store.issues.last_releases(tx)
        records = store.guides.records(tx)
    return tuple(_serial(desk, record, ledger.get(slug), now) for slug, record in records.items())


def _serial(desk: Desk, record: GuideRecord, last: Release | None, now: datetime) -> Serial:
    run = run_of(desk, record.front, record, now)
    front = record.front
    released = (last,) if last else ()
    return Serial(
        front=front,
        parts=record.parts,
        issues=(),
        upcoming=upcoming(run, record.parts, released, now) if record.is_scheduled else (),
        cadence=run.cadence,
        is_overdue=trust.is_held(front.profile, front.trust, now.date()),
        former=tuple(dict.fromkeys((*record.former, *front.aliases))),
        out=last.number if last else 0,
        state=record.state,
    )


def front_page(desk: Desk, now: datetime, *, outbox: bool = False) -> str:
    """The page of the site.

    Args:
        desk: The site.
        now: The moment.
        outbox: Whether it leads to the outbox.
    """
    shown = tuple(one for one in serials(desk, now) if one.is_shown)
    slugs = {one.front.slug for one in shown}
    with desk.store.read() as tx:
        ids = [one.id for one in store.issues.dates(tx) if one.guide in slugs]
        return _front_page(tx, desk, shown, ids, outbox=outbox)


def _front_page(
    tx: store.Transaction, desk: Desk, shown: Sequence[Serial], ids: Sequence[str], *, outbox: bool
) -> str:
    newest = ids[: -page.NEWEST - 1 : -1]
    issues = store.issues.by_ids(tx, newest)
    listed = [issues[one] for one in newest]
    return page.site_page(shown, listed, desk.site, desk.templates, outbox=outbox)


@dataclass(slots=True)
class _States:
    """From which state each folder was published, and from which it would be now."""

    edition: str
    before: Mapping[str, str]
    now: dict[str, str] = field(default_factory=dict)

    @property
    def is_other_edition(self) -> bool:
        """Whether everything must be looked at, as it was published by another program."""
        return self.before.get("edition") != self.edition

    def is_new(self, folder: str, *state: object) -> bool:
        """Whether a folder was not published from this state; it will be remembered."""
        self.now[folder] = _digest(repr((self.edition, *state)))
        return self.before.get(folder) != self.now[folder]

    def pages(self, serial: Serial, digests: Sequence[str]) -> list[bool]:
        """Which issues' pages were not published from their state, in order; remembered as well.

        All pages of a guide name its parts, so that all are new when those are.
        """
        around = repr((self.edition, page.surroundings(serial)))
        states = [_digest(f"{around} {digest}")[:16] for digest in digests]
        folder = f"{serial.front.slug}/parts"
        before = self.before.get(folder, "").split()
        self.now[folder] = " ".join(states)
        return [one not in before[at : at + 1] for at, one in enumerate(states)]


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def rebuild(desk: Desk, all_serials: Sequence[Serial], now: datetime) -> publish.Published:
    """What changed in the folder of feeds after making it say what these serials say.

    What was published of a withdrawn guide is removed. Feeds that have become too long close
    archives first.
    """
    found = settled(desk, now)
    with desk.store.read() as tx:
        known = store.renderings.states(tx)
        is_there = publish.holds(desk.feeds, "index.html", ())
        states = _States(desk.edition, known if is_there else {}, {"edition": desk.edition})
        published = publish.write(desk.feeds, _files(tx, desk, all_serials, found, states))
    for one in all_serials:
        if one.front.status is GuideStatus.WITHDRAWN:
            for slug in (one.front.slug, *one.former):
                publish.remove(desk.feeds, slug)
    changed = {key: state for key, state in states.now.items() if known.get(key) != state}
    if changed:
        with desk.store.write() as tx:
            store.renderings.keep(tx, changed)
    return published


def _files(
    tx: store.Transaction,
    desk: Desk,
    all_serials: Sequence[Serial],
    found: Sequence[Channel],
    states: _States,
) -> Files:
    """What is to be published by path; issue pages first, so that no feed names a missing page."""
    shown = tuple(one for one in all_serials if one.is_shown)
    yield page.STYLESHEET, page.stylesheet(desk.site, desk.templates).encode()
    yield page.FEED_STYLESHEET, page.feed_stylesheet(desk.site, desk.templates).encode()
    yield "copy.js", page.copy_script(desk.templates).encode()
    yield "logo.svg", desk.templates.render("logo.svg").encode()
    for one in shown:
        shape = (one.state, one.upcoming, one.cadence, one.is_overdue, one.former, one.out)
        if _is_new(desk, states, f"{one.front.slug}/", shape):
            yield from _pages(tx, desk, one, states)
    former = {one.front.slug: one.former for one in shown}
    guides = {one.front.slug: one.state for one in shown}
    for channel in found:
        mine = [(slug, guides[slug], former[slug]) for slug in channel.guides]
        # What its issues say, and when, is in the states of their guides.
        if _is_new(desk, states, f"{channel.path}feed", replace(channel, issues=()), mine):
            names = former[channel.guides[0]] if channel.is_guide else ()
            yield from _feeds(tx, desk, channel, names, is_thorough=states.is_other_edition)
    from pipeline.feed.opml import render_opml

    yield "feeds.opml", render_opml(found, desk.site)
    ids = [one.id for one in found[0].issues] if found else []
    yield "index.html", _front_page(tx, desk, shown, ids, outbox=False).encode()


def _is_new(desk: Desk, states: _States, folder: str, *state: object) -> bool:
    """Whether a folder must be published: its state is another, or somebody took it away."""
    is_new = states.is_new(folder, *state)
    return is_new or not publish.holds(desk.feeds, f"{folder.removesuffix('feed')}atom.xml", ())


def _pages(tx: store.Transaction, desk: Desk, light: Serial, states: _States) -> Files:
    slug = light.front.slug
    found = store.issues.with_digests(tx, slug)
    serial = light.with_issues(tuple(issue for issue, _ in found))
    pages = states.pages(serial, [digest for _, digest in found])
    there = publish.names(desk.feeds, slug)
    for issue, is_new in zip(serial.issues, pages, strict=True):
        if is_new or issue.path.rstrip("/").rpartition("/")[2] not in there:
            html = page.issue_page(issue, serial, desk.site, desk.templates)
            yield f"{issue.path}index.html", html.encode()
    guide_page = page.guide_page(serial, desk.site, desk.templates)
    for slug in (serial.front.slug, *serial.former):
        yield f"{slug}/index.html", guide_page.encode()


def _feeds(
    tx: store.Transaction, desk: Desk, channel: Channel, former: Sequence[str], *, is_thorough: bool
) -> Files:
    """Archives first, so that no feed names a missing one; of a tag also its page.

    Under each former slug the same feed is found, which names its address of today.
    """
    count = len(channel.archives)
    there = publish.names(desk.feeds, f"{channel.path}archive")
    for number in range(1, count + 1):
        # Only the last two can have changed: one is new, and the other names it now.
        if is_thorough or number >= count - 1 or str(number) not in there:
            yield from _archive(tx, desk, channel, number)
    issues = store.issues.by_ids(tx, feed.current_ids(channel))
    current = feed.current_feed(channel, issues, desk.site)
    for kind in FeedFormat:
        raw = feed.render(current, kind)
        for folder in (channel.path, *(f"{slug}/" for slug in former)):
            yield folder + kind.file, raw
    if channel.path.startswith("tag/"):
        yield f"{channel.path}index.html", _tag_page(tx, desk, channel).encode()


def _tag_page(tx: store.Transaction, desk: Desk, channel: Channel) -> str:
    newest = [one.id for one in channel.issues[: -MOST_LISTED - 1 : -1]]
    issues = store.issues.by_ids(tx, newest)
    return page.tag_page(channel, [issues[one] for one in newest], desk.site, desk.templates)


def _archive(tx: store.Transaction, desk: Desk, channel: Channel, number: int) -> Files:
    """An archive, unless it lies there and names the documents beside it: it never changes."""
    path = feed.archive_path(channel, number)
    newer = feed.archive_path(channel, number + 1)
    beside = [path, newer] if number < len(channel.archives) else [path]
    missing = [
        kind for kind in FeedFormat
        if not publish.holds(desk.feeds, path + kind.file, _names(desk, beside, kind))
    ]  # fmt: skip
    if missing:
        issues: Mapping[str, Issue] = store.issues.by_ids(tx, channel.archives[number - 1].ids)
        made: Feed = feed.archive_feed(channel, number, issues, desk.site)
        yield from ((path + kind.file, feed.render(made, kind)) for kind in missing)


def _names(desk: Desk, folders: Sequence[str], kind: FeedFormat) -> list[str]:
    """The addresses that an archive says; JSON names older documents only."""
    mine = folders[:1] if kind is FeedFormat.JSON else folders
    return [desk.site.url(folder) + kind.file for folder in mine]
