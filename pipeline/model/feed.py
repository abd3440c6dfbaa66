"""Entries and feeds, before a format is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class FeedFormat(Enum):
    """A format that a feed is published in, with the name of its file and its media type."""

    ATOM = ("atom.xml", "application/atom+xml", "Atom")
    RSS = ("rss.xml", "application/rss+xml", "RSS")
    JSON = ("feed.json", "application/feed+json", "JSON Feed")

    def __init__(self, file: str, media_type: str, title: str) -> None:
        self.file = file
        self.media_type = media_type
        self.title = title


@dataclass(frozen=True, slots=True)
class EntryLink:
    """A rel=related link of an entry; absolute URL."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An issue as it stands in a feed; every URL absolute."""

    id: str
    url: str
    title: str
    summary: str
    """Plain text, at most 300 characters."""
    html: str
    published_at: datetime
    updated_at: datetime
    author: str
    lang: str
    tags: tuple[str, ...] = ()
    related: tuple[EntryLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Paging:
    """Where the rest of a feed lies (RFC 5005 section 4): URLs of folders, or empty."""

    older: str = ""
    newer: str = ""
    """Of an archive that is not the newest."""
    current: str = ""
    """Of an archive: the feed that it belongs to."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The document of entries, newest first, before a format is chosen."""

    id: str
    title: str
    subtitle: str
    lang: str
    author: str
    page_url: str
    folder_url: str
    """Where its three files lie; ends with a slash."""
    updated_at: datetime
    entries: tuple[Entry, ...]
    tags_scheme: str
    """The URI that tags are named under."""
    style_url: str = ""
    """Of the CSS that browsers show it with."""
    hub: str = ""
    """Of WebSub; empty for none."""
    complete: bool = False
    """Whether it holds everything there is and will be."""
    paging: Paging = field(default_factory=Paging)

    def url(self, format: FeedFormat) -> str:
        """Where it is found in a format."""
        return self.folder_url + format.file

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive document, which never changes."""
        return bool(self.paging.current)


@dataclass(frozen=True, slots=True)
class Dated:
    """An issue of a channel by its id, with its dates."""

    id: str
    released_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Archive:
    """Issues that have left a channel's current feed for good, by their ids, oldest first."""

    ids: tuple[str, ...]
    closed_at: datetime
    """Edits after it show in the current feed; the archive stays as it is."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A stream of issues with feeds of its own: of the site, of a guide, of a tag."""

    path: str
    """Its folder below the base URL: empty, `water/`, `tag/sleep/`."""
    id: str
    title: str
    subtitle: str
    lang: str
    author: str
    issues: tuple[Dated, ...]
    """All that are out, in order of release."""
    archives: tuple[Archive, ...] = ()
    """Oldest first."""
    is_complete: bool = False
    """Whether nothing will be added."""
    opened_at: datetime | None = None
    """When it could first be followed, for one that may have no issue yet."""
    guides: tuple[str, ...] = ()
    """The slugs of the guides that its issues are of, in order."""

    @property
    def is_guide(self) -> bool:
        """Whether it is that of a guide's calendar."""
        return bool(self.path) and not self.path.startswith(("tag/", "drip/"))
