"""OPML 2.0 (opml.org/spec2.opml): all feeds in one file that readers import."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pipeline.markup import one_line
from pipeline.model import Channel, FeedFormat, Site


def render_opml(channels: Sequence[Channel], site: Site) -> bytes:
    """The feeds of the site, of guides and of tags; the same channels give the same bytes."""
    root = etree.Element("opml", version="2.0")
    head, body = etree.SubElement(root, "head"), etree.SubElement(root, "body")
    etree.SubElement(head, "title").text = one_line(site.title)
    groups: dict[str, list[Channel]] = {"": [], "Guides": [], "Tags": []}
    for one in channels:
        name = "" if not one.path else "Tags" if one.path.startswith("tag/") else "Guides"
        groups[name].append(one)
    for name, found in groups.items():
        parent = etree.SubElement(body, "outline", text=name) if name and found else body
        for one in found:
            _outline(parent, one, site)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _outline(parent: etree._Element, one: Channel, site: Site) -> None:
    title, folder = one_line(one.title) or site.host, site.url(one.path)
    etree.SubElement(
        parent,
        "outline",
        type="rss",  # for Atom too: the word of the specification for any feed
        text=title,
        title=title,
        description=one_line(one.subtitle) or title,
        language=one.lang,
        xmlUrl=folder + FeedFormat.ATOM.file,
        htmlUrl=folder,
    )
