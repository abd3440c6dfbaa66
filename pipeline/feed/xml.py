"""RSS 2.0 and Atom 1.0 through feedgen; the only door to it.

feedgen drops the attributes of Atom entry links and most links of RSS channels, and knows no
RFC 5005. One extension for the feed and one for entries, registered as it offers, mend that.
"""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree
from typing_extensions import override

from pipeline.markup import clean_text
from pipeline.model import Entry, Feed

ATOM = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
XML = "http://www.w3.org/XML/1998/namespace"

Link = dict[str, str]


def render_rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0; the same feed gives the same bytes."""
    made = _generator(feed, feed.rss_url, "application/rss+xml")
    return bytes(made.rss_str(pretty=True, extensions=True, encoding="UTF-8"))


def render_atom(feed: Feed) -> bytes:
    """The feed as Atom 1.0 (RFC 4287); the same feed gives the same bytes."""
    made = _generator(feed, feed.atom_url, "application/atom+xml")
    return bytes(made.atom_str(pretty=True, extensions=True, encoding="UTF-8"))


class FeedLinks(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """Links with all their attributes, and the RFC 5005 mark of a complete feed."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.is_complete = False

    @override
    def extend_ns(self) -> dict[str, str]:
        names = {"atom": ATOM, "dc": DUBLIN_CORE}
        return names | ({"fh": HISTORY} if self.is_complete else {})

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
        return feed

    def _extend(self, parent: Any, name: str) -> Any:
        for attributes in self.links:
            etree.SubElement(parent, name, attributes)
        if self.is_complete:
            etree.SubElement(parent, f"{{{HISTORY}}}complete")
        return parent


class EntryLinks(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Links with all their attributes; in RSS also who wrote the entry and when it changed."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.creator = ""
        self.updated = ""
        self.base = ""

    @override
    def extend_atom(self, entry: Any) -> Any:
        for link in entry.findall("link"):
            entry.remove(link)
        for attributes in self.links:
            etree.SubElement(entry, "link", attributes)
        for content in entry.findall("content"):
            content.set(f"{{{XML}}}base", self.base)
        return entry

    @override
    def extend_rss(self, entry: Any) -> Any:
        for attributes in self.links:
            if attributes["rel"] != "alternate":  # that one is RSS's own <link>
                etree.SubElement(entry, f"{{{ATOM}}}link", attributes)
        etree.SubElement(entry, f"{{{DUBLIN_CORE}}}creator").text = self.creator
        etree.SubElement(entry, f"{{{ATOM}}}updated").text = self.updated
        return entry


def _generator(feed: Feed, self_url: str, kind: str) -> FeedGenerator:
    made = FeedGenerator()
    made.register_extension("partwork", FeedLinks, EntryLinks)
    made.id(feed.id)
    made.title(clean_text(feed.title))
    made.subtitle(clean_text(feed.subtitle))
    made.language(feed.lang)
    made.author(name=clean_text(feed.author))
    made.updated(feed.updated_at)
    made.lastBuildDate(feed.updated_at)
    made.generator("Partwork")
    made.docs(None)
    made.link(href=feed.page_url, rel="alternate")
    made.partwork.links = [
        {"href": self_url, "rel": "self", "type": kind},
        {"href": feed.page_url, "rel": "alternate", "type": "text/html"},
    ]
    if kind == "application/rss+xml":
        made.partwork.links.pop()  # <link> of the channel says it
    made.partwork.is_complete = feed.complete
    for one in feed.entries:
        _add(made, feed, one)
    return made


def _add(made: FeedGenerator, feed: Feed, one: Entry) -> None:
    item = made.add_entry(order="append")
    item.guid(one.id, permalink=False)
    item.id(one.id)
    item.title(one.title)
    item.link(href=one.url)
    item.summary(clean_text(one.summary))
    item.content(clean_text(one.html), type="html")
    item.author(name=clean_text(one.author))
    item.published(one.published_at)
    item.updated(one.updated_at)
    for tag in one.tags:
        item.category(term=clean_text(tag), scheme=feed.tags_scheme, label=clean_text(tag))
    item.partwork.links = [
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
    item.partwork.creator = clean_text(one.author)
    item.partwork.updated = one.updated_at.isoformat()
    item.partwork.base = one.url
