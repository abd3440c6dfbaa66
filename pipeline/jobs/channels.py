"""Which feeds there are: one of the site, one a guide, one a tag; and what each has let go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pipeline import feed, markup, store
from pipeline.jobs.desk import Desk
from pipeline.model import Archive, Channel, Dated, GuideStatus
from pipeline.store.guides import GuideRecord
from pipeline.store.issues import IssueDates

_T = TypeVar("_T")


def channels(tx: store.Transaction, desk: Desk) -> tuple[Channel, ...]:
    """Every channel that has an issue: the site first, then guides and tags by their paths."""
    records = {
        slug: one
        for slug, one in store.guides.records(tx).items()
        if one.front.status is not GuideStatus.WITHDRAWN
    }
    shown = [one for one in store.issues.dates(tx) if one.guide in records]
    if not shown:
        return ()
    archives = store.archives.by_channel(tx)
    dated = {one.id: Dated(one.id, one.released_at, one.updated_at) for one in shown}
    found = (
        _site(desk, dated.values()),
        *_guides(desk, shown, dated, records),
        *_tags(desk, shown, dated),
    )
    of = {one.id: one.guide for one in shown}
    return tuple(
        replace(
            one,
            archives=archives.get(one.path, ()),
            guides=tuple(sorted({of[issue.id] for issue in one.issues})),
        )
        for one in found
    )


def _site(desk: Desk, dated: Iterable[Dated]) -> Channel:
    site, issues = desk.site, tuple(dated)
    return Channel(
        path="",
        id=f"{feed.first_id(issues)}:site",
        title=site.title,
        subtitle=site.description,
        lang=site.lang,
        author=site.title,
        issues=issues,
    )


def _guides(
    desk: Desk,
    shown: Sequence[IssueDates],
    dated: Mapping[str, Dated],
    records: Mapping[str, GuideRecord],
) -> Iterator[Channel]:
    by_guide = _grouped((one.guide, dated[one.id]) for one in shown)
    for slug, mine in sorted(by_guide.items()):
        record = records[slug]
        yield feed.guide_channel(record.front, len(record.parts), mine, desk.site)


def _tags(desk: Desk, shown: Sequence[IssueDates], dated: Mapping[str, Dated]) -> Iterator[Channel]:
    first = feed.first_id(dated.values())
    slugs = {tag: markup.slugify(tag) for tag in {tag for one in shown for tag in one.tags}}
    by_tag = _grouped((slugs[tag], (tag, dated[one.id])) for one in shown for tag in one.tags)
    for slug, tagged in sorted(by_tag.items()):
        mine = list(dict.fromkeys(one for _, one in tagged))
        title = tagged[0][0]
        yield Channel(
            path=f"tag/{slug}/",
            id=f"{first}:tag/{slug}",
            title=title,
            subtitle=f"Parts about {title}, of all guides of {desk.site.title}",
            lang=desk.site.lang,
            author=desk.site.title,
            issues=tuple(mine),
        )


def _grouped(pairs: Iterable[tuple[str, _T]]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return found


def settled(desk: Desk, now: datetime) -> tuple[Channel, ...]:
    """Every channel that has an issue, once those whose feed is too long have closed archives."""
    with desk.store.read() as tx:
        found = channels(tx, desk)
    if not any(map(feed.archives_due, found)):
        return found
    with desk.store.write() as tx:  # looked at again: another process may have closed them
        for channel in channels(tx, desk):
            due = feed.archives_due(channel)
            for number, ids in enumerate(due, start=len(channel.archives) + 1):
                store.archives.add(tx, channel.path, number, Archive(ids, now))
        return channels(tx, desk)
