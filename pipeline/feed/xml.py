"""RSS 2.0 and Atom 1.0 through feedgen; the only door to it.

feedgen drops the attributes of Atom entry links and most links of RSS channels, knows no RFC 5005,
and changes the locale of the whole process to write an RSS date. One extension for the feed and
one for entries, registered as it offers, mend the rest; dates of RSS are written here.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree
from typing_extensions import override

from pipeline.markup import clean_text
from pipeline.model import Entry, Feed, FeedFormat

ATOM = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
XML = "http://www.w3.org/XML/1998/namespace"

MINUTES = 60
"""RSS `ttl`: how long a reader may keep what it has; HTTP never says longer."""

Link = dict[str, str]


def render_rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0; the same feed gives the same bytes."""
    made = _generator(feed, FeedFormat.RSS)
    return _styled(made.rss_str(pretty=True, extensions=True, encoding="UTF-8"), feed)


def render_atom(feed: Feed) -> bytes:
    """The feed as Atom 1.0 (RFC 4287); the same feed gives the same bytes."""
    made = _generator(feed, FeedFormat.ATOM)
    return _styled(made.atom_str(pretty=True, extensions=True, encoding="UTF-8"), feed)


def _styled(document: bytes, feed: Feed) -> bytes:
    """With the address of the style that browsers are to show it with, after the declaration."""
    if not feed.style_url:
        return bytes(document)
    declaration, _, rest = document.partition(b"\n")
    style = f'<?xml-stylesheet type="text/css" href="{escape(feed.style_url)}"?>'
    return b"\n".join((declaration, style.encode(), rest))


class _Silent(datetime):
    """A date that feedgen takes for none, and so does not write."""

    def __bool__(self) -> bool:
        return False


class FeedLinks(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """Links with all their attributes, and the marks of RFC 5005."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.mark = ""
        self.updated = ""
        self.is_atom = False

    @override
    def extend_ns(self) -> dict[str, str]:
        names = {} if self.is_atom else {"atom": ATOM, "dc": DUBLIN_CORE}
        return names | ({"fh": HISTORY} if self.mark else {})

    @override
    def extend_atom(self, feed: Any) -> Any:
        """Feedgen calls this before it adds its own links; ours then replace those by rel."""
        for link in feed.findall("link"):
            feed.remove(link)
        return self._extend(feed, "link")

    @override
    def extend_rss(self, feed: Any) -> Any:
        """Feedgen hands over `<rss>`; the links belong into `<channel>`."""
        channel = feed[0]
        for link in channel.findall(f"{{{ATOM}}}link"):
            channel.remove(link)
        self._extend(channel, f"{{{ATOM}}}link")
        etree.SubElement(channel, "lastBuildDate").text = self.updated
        return feed

    def _extend(self, parent: Any, name: str) -> Any:
        for attributes in self.links:
            etree.SubElement(parent, name, attributes)
        if self.mark:
            etree.SubElement(parent, f"{{{HISTORY}}}{self.mark}")
        return parent


class EntryLinks(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Links with all their attributes; in RSS also dates, who wrote the entry, its language."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.creator = ""
        self.published = ""
        self.updated = ""
        self.base = ""
        self.lang = ""
        """Empty if it is that of the feed."""

    @override
    def extend_atom(self, entry: Any) -> Any:
        for link in entry.findall("link"):
            entry.remove(link)
        for attributes in self.links:
            etree.SubElement(entry, "link", attributes)
        for content in entry.findall("content"):
            content.set(f"{{{XML}}}base", self.base)
        if self.lang:
            entry.set(f"{{{XML}}}lang", self.lang)
        return entry

    @override
    def extend_rss(self, entry: Any) -> Any:
        for attributes in self.links:
            if attributes["rel"] != "alternate":  # that one is RSS's own <link>
                etree.SubElement(entry, f"{{{ATOM}}}link", attributes)
        etree.SubElement(entry, "pubDate").text = self.published
        etree.SubElement(entry, f"{{{DUBLIN_CORE}}}creator").text = self.creator
        if self.lang:
            etree.SubElement(entry, f"{{{DUBLIN_CORE}}}language").text = self.lang
        etree.SubElement(entry, f"{{{ATOM}}}updated").text = self.updated
        return entry


def _generator(feed: Feed, kind: FeedFormat) -> FeedGenerator:
    made = FeedGenerator()
    made.register_extension("partwork", FeedLinks, EntryLinks)
    made.id(feed.id)
    made.title(clean_text(feed.title))
    made.subtitle(clean_text(feed.subtitle))
    made.language(feed.lang)
    made.author(name=clean_text(feed.author))
    made.generator("Partwork")
    made.docs(None)
    made.link(href=feed.page_url, rel="alternate")
    if kind is FeedFormat.RSS:
        made.ttl(MINUTES)
        made.updated(_Silent.fromtimestamp(0, feed.updated_at.tzinfo))
    else:
        made.updated(feed.updated_at)
    made.partwork.is_atom = kind is FeedFormat.ATOM
    made.partwork.links = list(_links(feed, kind))
    made.partwork.mark = "archive" if feed.is_archive else "complete" if feed.complete else ""
    made.partwork.updated = format_datetime(feed.updated_at)
    for one in feed.entries:
        _add(made, feed, one, kind)
    return made


def _links(feed: Feed, kind: FeedFormat) -> list[Link]:
    """Itself, its page, the archives beside it in the same format, its hub."""
    links = [{"href": feed.url(kind), "rel": "self", "type": kind.media_type}]
    if kind is not FeedFormat.RSS:  # <link> of the channel says it
        links.append({"href": feed.page_url, "rel": "alternate", "type": "text/html"})
    pages = feed.paging
    for rel, folder in (
        ("current", pages.current), ("prev-archive", pages.older), ("next-archive", pages.newer),
    ):  # fmt: skip
        if folder:
            links.append({"href": folder + kind.file, "rel": rel, "type": kind.media_type})
    if feed.hub:
        links.append({"href": feed.hub, "rel": "hub"})
    return links


def _add(made: FeedGenerator, feed: Feed, one: Entry, kind: FeedFormat) -> None:
    item = made.add_entry(order="append")
    item.guid(one.id, permalink=False)
    item.id(one.id)
    item.title(one.title)
    item.link(href=one.url)
    item.summary(clean_text(one.summary))
    item.content(clean_text(one.html), type="html")
    item.author(name=clean_text(one.author))
    item.updated(one.updated_at)
    if kind is FeedFormat.ATOM:
        item.published(one.published_at)
    for tag in one.tags:
        item.category(term=clean_text(tag), scheme=feed.tags_scheme, label=clean_text(tag))
    extension = item.partwork
    extension.links = [
        {"href": one.url, "rel": "alternate", "type": "text/html"},
        *(
            {
                "href": link.url,
                "rel": "related",
                "type": "text/html",
                "title": clean_text(link.title),
            }
            for link in one.related
        ),
    ]
    extension.creator = clean_text(one.author)
    extension.published = format_datetime(one.published_at)
    extension.updated = one.updated_at.isoformat()
    extension.base = one.url
    extension.lang = one.lang if one.lang != feed.lang else ""
