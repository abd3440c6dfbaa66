"""Entries and feeds, before a format is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
class Feed:
    """The document of entries, newest first, before a format is chosen."""

    id: str
    title: str
    subtitle: str
    lang: str
    author: str
    page_url: str
    rss_url: str
    atom_url: str
    json_url: str
    updated_at: datetime
    entries: tuple[Entry, ...]
    tags_scheme: str
    """The URI that tags are named under."""
    complete: bool = False
