"""feed: archives behind the current feed (RFC 5005): everything is reached, nothing changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipeline import feed
from pipeline.model import Archive, Channel, Dated, Feed, FeedFormat, FrontMatter, Issue, Trust
from tests.mails import AT, SITE, issue, said, section

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"


class Site:
    """A guide that releases and edits, one a day, and closes archives as the job does."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.issues: dict[str, Issue] = {}
        self.archives: tuple[Archive, ...] = ()
        self.written: dict[int, Feed] = {}
        """The archives as they were when they were last written."""
        self.now = AT

    @property
    def channel(self) -> Channel:
        """As it stands."""
        dated = [Dated(one.id, one.released_at, one.updated_at) for one in self.issues.values()]
        made = feed.guide_channel(FrontMatter("sleep", "Sleep"), self.parts, dated, SITE)
        return replace(made, archives=self.archives)

    @property
    def current(self) -> Feed:
        """The current feed."""
        return feed.current_feed(self.channel, self.issues, SITE)

    def archive(self, number: int) -> Feed:
        """An archive as it would be made now."""
        return feed.archive_feed(self.channel, number, self.issues, SITE)

    def release(self) -> None:
        """The next part, then the archives that are due."""
        number = len(self.issues) + 1
        self.now += timedelta(days=1)
        made = issue(
            number=number, of=self.parts, id=f"tag:example.org,2026:{number}", related=(),
            path=f"sleep/{number}/", subject=f"Part {number}", trust=Trust(),
            sections=(section(said("words")),), released_at=self.now, updated_at=self.now,
        )  # fmt: skip
        self.issues[made.id] = made
        before = len(self.archives)
        closed = (Archive(ids, self.now) for ids in feed.archives_due(self.channel))
        self.archives = (*self.archives, *closed)
        for at in range(max(1, before), len(self.archives) + 1):
            self.written[at] = self.archive(at)

    def edit(self, which: int) -> str:
        """Some part that is out; its id."""
        ids = list(self.issues)
        one = ids[which % len(ids)]
        self.now += timedelta(days=1)
        self.issues[one] = replace(self.issues[one], updated_at=self.now)
        return one


def reached(site: Site) -> list[str]:
    """The ids that a reader meets who follows the links to older documents."""
    documents = {one.folder_url: one for one in site.written.values()}
    found, at = [], site.current
    while True:
        found += [one.id for one in at.entries]
        if not at.paging.older:
            return found
        at = documents[at.paging.older]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 75), st.lists(st.tuples(st.integers(0, 74), st.integers(0, 99)), max_size=30))
def test_everything_is_reached_and_archives_stay(parts: int, edits: list[tuple[int, int]]) -> None:
    """Whatever is edited when: each part is met, once but for edits; archives do not move."""
    site, edited = Site(parts), dict[str, datetime]()
    ids: list[str] = []
    for number in range(parts):
        site.release()
        for after, which in edits:
            if after == number:
                one = site.edit(which)
                edited[one] = site.now
        ids = [one.id for one in site.current.entries]
        assert len(ids) <= feed_most()
        found = reached(site)
        assert set(found) == set(site.issues)
        twice = {one for one in found if found.count(one) > 1}
        assert twice <= edited.keys()
    archived = [one for archive in site.archives for one in archive.ids]
    assert len(archived) == len(set(archived))
    assert archived == list(site.issues)[: len(archived)]
    back = [one for one in archived if one in edited]
    closed = {one: archive.closed_at for archive in site.archives for one in archive.ids}
    due = sorted((one for one in back if edited[one] > closed[one]), key=lambda one: edited[one])
    room = feed_most() - (parts - len(archived))
    assert {one for one in ids if one in closed} == set(due[-room:])


def feed_most() -> int:
    """The most entries of a document."""
    return 25


def test_archives_name_each_other() -> None:
    """prev-archive, next-archive and current in RSS and Atom, next_url in JSON; fh:archive."""
    site = Site(80)
    for _ in range(45):
        site.release()
    assert [len(one.ids) for one in site.archives] == [5, 5, 10, 10]
    base = "https://serials.example.org/sleep/"
    for kind in (FeedFormat.RSS, FeedFormat.ATOM):
        file = kind.file
        documents = [feed.render(site.current, kind)] + [
            feed.render(site.archive(number), kind) for number in (4, 3, 1)
        ]
        rels = [_rels(raw) for raw in documents]
        assert rels[0] == {"prev-archive": f"{base}archive/4/{file}"}
        assert rels[1] == {
            "current": base + file, "prev-archive": f"{base}archive/3/{file}",
        }  # fmt: skip
        assert rels[2] == {
            "current": base + file, "prev-archive": f"{base}archive/2/{file}",
            "next-archive": f"{base}archive/4/{file}",
        }  # fmt: skip
        assert rels[3] == {"current": base + file, "next-archive": f"{base}archive/2/{file}"}
        marks = [bool(list(etree.fromstring(raw).iter(f"{HISTORY}archive"))) for raw in documents]
        assert marks == [False, True, True, True]
    all_of_them = (site.current, *map(site.archive, (4, 3, 2, 1)))
    read: list[dict[str, Any]] = [
        json.loads(feed.render(one, FeedFormat.JSON)) for one in all_of_them
    ]
    assert [one.get("next_url") for one in read] == [
        *(f"{base}archive/{number}/feed.json" for number in (4, 3, 2, 1)), None,
    ]  # fmt: skip
    assert len({item["id"] for one in read for item in one["items"]}) == 45


def test_no_archive_is_ever_alone() -> None:
    """The first two come together; each names at least one neighbour from the beginning."""
    site = Site(80)
    for _ in range(60):
        site.release()
        for number in range(1, len(site.archives) + 1):
            pages = site.archive(number).paging
            assert pages.older or pages.newer


def _rels(raw: bytes) -> dict[str, str]:
    links = etree.fromstring(raw).iter(f"{ATOM}link")
    found = {one.get("rel", ""): one.get("href", "") for one in links}
    return {rel: found[rel] for rel in found if rel == "current" or "archive" in rel}


def test_an_archive_changes_once_when_it_is_no_longer_the_newest() -> None:
    """Then it names the next, and says the same for ever, whatever is released or edited."""
    site = Site(80)
    for _ in range(35):
        site.release()
    before = {number: feed.render(one, FeedFormat.ATOM) for number, one in site.written.items()}
    for _ in range(40):
        site.release()
    site.edit(2)
    after = {number: feed.render(one, FeedFormat.ATOM) for number, one in site.written.items()}
    assert before.keys() == {1, 2, 3}
    assert after.keys() == {1, 2, 3, 4, 5, 6, 7}
    assert (after[1], after[2]) == (before[1], before[2])
    assert b"next-archive" not in before[3]
    assert b"next-archive" in after[3]


def test_a_finished_guide_with_archives_is_not_complete() -> None:
    """fh:complete would bid readers to drop what only archives hold."""
    site = Site(30)
    for _ in range(30):
        site.release()
    assert site.channel.is_complete
    assert not site.current.complete


def test_a_feed_is_never_longer_than_it_may_be() -> None:
    """Not even while archives are due that nobody has closed yet, as after an upgrade."""
    site = Site(80)
    for _ in range(40):
        site.release()
    site.archives = ()
    assert [one.title for one in site.current.entries] == [f"Part {n}" for n in range(40, 15, -1)]
