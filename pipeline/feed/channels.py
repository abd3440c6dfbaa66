"""Channels as documents: the current feed, and the archives behind it (RFC 5005 section 4).

The current feed holds the newest issues. When it would grow too long the oldest leave it together,
into an archive that never changes again; who follows the links from one document to the next older
one meets every issue. An issue that is edited when it is in an archive comes back to the current
feed, under its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.feed.entries import entry
from pipeline.markup import one_line
from pipeline.model import Archive, Channel, Dated, Entry, Feed, FrontMatter, Issue, Paging, Site

MOST_ENTRIES = 25
"""Entries in a feed."""

ARCHIVED = 10
"""Entries in an archive; the first two share as many, so that none is ever without a neighbour."""

MOST_NEW = 20
"""Entries of a feed that are in no archive; the room above is for edited ones that are."""

SECOND = timedelta(seconds=1)


def guide_channel(front: FrontMatter, parts: int, issues: Sequence[Dated], site: Site) -> Channel:
    """The channel of a guide, without its archives.

    Args:
        front: Of the guide.
        parts: How many it has.
        issues: Those that are out, in order.
        site: The site.

    Raises:
        ValueError: Nothing has been released; such a guide has no feed.
    """
    return Channel(
        path=f"{front.slug}/",
        id=f"{first_id(issues)}:guide",
        title=one_line(front.title) or front.slug,
        subtitle=front.description or f"{front.title}, in {parts} parts",
        lang=front.lang,
        author=front.author.name if front.author else site.title,
        issues=tuple(issues),
        is_complete=len(issues) == parts,
    )


def drip_channel(
    front: FrontMatter, parts: int, issues: Sequence[Dated], site: Site, *, path: str, id: str
) -> Channel:
    """The channel of a guide from part 1, with the archives that it has by now.

    They were closed when the live channel's would have been: as soon as a part was one too many.

    Args:
        front: Of the guide.
        parts: How many it has.
        issues: Those that this drip has let out, in order; there may be none yet.
        site: The site.
        path: The folder of its feeds.
        id: Of the feed.
    """
    title = one_line(front.title) or front.slug
    made = Channel(
        path=path,
        id=id,
        title=title,
        subtitle=f"{title}, from part 1 on",
        lang=front.lang,
        author=front.author.name if front.author else site.title,
        issues=tuple(issues),
        is_complete=len(issues) == parts,
    )
    archives = tuple(
        Archive(ids, issues[MOST_NEW + ARCHIVED * max(0, at - 1)].released_at)
        for at, ids in enumerate(archives_due(made))
    )
    return replace(made, archives=archives)


def first_id(issues: Iterable[Dated]) -> str:
    """The id that a feed's own comes from: titles, slugs and addresses do not change it.

    Raises:
        ValueError: There are none.
    """
    return min(issues, key=lambda one: (one.released_at, one.id)).id


def archives_due(channel: Channel) -> tuple[tuple[str, ...], ...]:
    """The ids of the issues that are to leave the current feed, an archive each, oldest first."""
    rest = [one.id for one in _unarchived(channel)]
    found: list[tuple[str, ...]] = []
    while len(rest) > MOST_NEW:
        leaving, rest = rest[:ARCHIVED], rest[ARCHIVED:]
        if channel.archives or found:
            found.append(tuple(leaving))
        else:
            half = ARCHIVED // 2
            found += [tuple(leaving[:half]), tuple(leaving[half:])]
    return tuple(found)


def current_ids(channel: Channel) -> tuple[str, ...]:
    """The ids of the issues in the current feed, newest first."""
    new = _unarchived(channel)[-MOST_ENTRIES:]
    closed = {one: archive.closed_at for archive in channel.archives for one in archive.ids}
    edited = [one for one in channel.issues if one.id in closed and one.updated_at > closed[one.id]]
    edited.sort(key=lambda one: one.updated_at, reverse=True)
    latest = edited[: MOST_ENTRIES - len(new)]
    shown = {one.id for one in (*new, *latest)}
    return tuple(one.id for one in reversed(channel.issues) if one.id in shown)


def _unarchived(channel: Channel) -> list[Dated]:
    archived = {one for archive in channel.archives for one in archive.ids}
    return [one for one in channel.issues if one.id not in archived]


def current_feed(channel: Channel, issues: Mapping[str, Issue], site: Site) -> Feed:
    """The feed that readers subscribe to.

    Args:
        channel: With its archives.
        issues: At least those of `current_ids`, by id.
        site: The site.
    """
    count = len(channel.archives)
    return replace(
        _document(channel, [issues[one] for one in current_ids(channel)], site),
        # RFC 5005 section 2: readers may drop whatever a complete feed does not hold.
        complete=channel.is_complete and not count,
        paging=Paging(older=_folder(channel, count, site) if count else ""),
    )


def archive_feed(channel: Channel, number: int, issues: Mapping[str, Issue], site: Site) -> Feed:
    """An archive of a channel.

    It changes once, when it is no longer the newest: then it names the next.

    Args:
        channel: With its archives.
        number: Of the archive, from 1, the oldest first.
        issues: At least those of the archive, by id.
        site: The site.
    """
    ids = reversed(channel.archives[number - 1].ids)
    return replace(
        _document(channel, [issues[one] for one in ids if one in issues], site),
        paging=Paging(
            older=_folder(channel, number - 1, site) if number > 1 else "",
            newer=_folder(channel, number + 1, site) if number < len(channel.archives) else "",
            current=site.url(channel.path),
        ),
        folder_url=_folder(channel, number, site),
    )


def archive_path(channel: Channel, number: int) -> str:
    """The folder of an archive below the base URL."""
    return f"{channel.path}archive/{number}/"


def _folder(channel: Channel, number: int, site: Site) -> str:
    return site.url(archive_path(channel, number))


def _document(channel: Channel, issues: Sequence[Issue], site: Site) -> Feed:
    moments = dict(zip((one.id for one in channel.issues), _moments(channel.issues), strict=True))
    entries = tuple(
        replace(
            entry(issue, site),
            published_at=_whole(issue.released_at),
            updated_at=moments[issue.id],
        )
        for issue in issues
    )
    folder = site.url(channel.path)
    return Feed(
        id=channel.id,
        title=one_line(channel.title) or site.host,
        subtitle=one_line(channel.subtitle) or one_line(channel.title) or site.host,
        lang=channel.lang,
        author=one_line(channel.author) or site.host,
        page_url=folder,
        folder_url=folder,
        updated_at=_updated_at(channel, entries),
        entries=entries,
        tags_scheme=site.url("tag/"),
        style_url=site.url("feed.css"),
        hub=site.hub,
    )


def _updated_at(channel: Channel, entries: Sequence[Entry]) -> datetime:
    if entries:
        return max(one.updated_at for one in entries)
    if channel.opened_at is None:
        raise ValueError(f"{channel.path} has nothing to show yet")
    return _whole(channel.opened_at)


def _moments(issues: Sequence[Dated]) -> tuple[datetime, ...]:
    """When each issue last changed, no two at one moment: those released together stand apart.

    Every issue counts, not only those that the feed still holds, and an edited one yields to the
    others: so neither a new part nor an edit changes the moment of any other.
    """
    moments = list(_releases(issues))
    taken = {at for at, issue in zip(moments, issues, strict=True) if not _is_edited(issue)}
    for index, issue in enumerate(issues):
        if _is_edited(issue):
            at = max(moments[index], _whole(issue.updated_at))
            while at in taken:
                at += SECOND
            taken.add(at)
            moments[index] = at
    return tuple(moments)


def _releases(issues: Sequence[Dated]) -> Iterator[datetime]:
    """When each came out, at least a second after the one before it."""
    last: datetime | None = None
    for issue in issues:
        whole = _whole(issue.released_at)
        last = whole if last is None or whole > last else last + SECOND
        yield last


def _is_edited(issue: Dated) -> bool:
    return _whole(issue.updated_at) > _whole(issue.released_at)


def _whole(at: datetime) -> datetime:
    """The moment without the fraction of a second, which RSS cannot say."""
    return at.replace(microsecond=0) if at.microsecond else at
