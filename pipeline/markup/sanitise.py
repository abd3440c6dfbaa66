"""The one pass of nh3 over a whole fragment: what may stand in it, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

import nh3

from pipeline.markup.raw import TAGS
from pipeline.markup.urls import absolute, clean_text

EVERYWHERE = frozenset({"dir", "id", "lang", "title"})
ATTRIBUTES = {
    "a": frozenset({"href"}),
    "blockquote": frozenset({"cite"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "del": frozenset({"cite", "datetime"}),
    "details": frozenset({"open"}),
    "img": frozenset({"alt", "height", "src", "width"}),
    "ins": frozenset({"cite", "datetime"}),
    "li": frozenset({"value"}),
    "ol": frozenset({"reversed", "start"}),
    "q": frozenset({"cite"}),
    "td": frozenset({"align", "colspan", "rowspan"}),
    "th": frozenset({"align", "colspan", "rowspan", "scope"}),
    "time": frozenset({"datetime"}),
}

_ADDRESSES = frozenset({"cite", "href", "src"})
_OUR_ID = re.compile(r"[shu]-[0-9a-z-]+\Z")


def sanitised(raw: str, base_url: str, page_url: str, places: Mapping[str, str]) -> str:
    """Only what is harmless, well nested, every address absolute.

    Args:
        raw: HTML without characters that XML forbids.
        base_url: What relative addresses are made absolute against.
        page_url: Where places in the fragment are found; empty if in the fragment itself.
        places: The ids in the fragment by the names that links may use; a link to any other place
            is no link.
    """

    def rewritten(_tag: str, attribute: str, value: str) -> str | None:
        if attribute in _ADDRESSES:
            address = absolute(value, base_url)
            return (_place(address, page_url, places) if address[:1] == "#" else address) or None
        if attribute == "id":
            return value if _OUR_ID.match(value) else None
        return value

    cleaned = nh3.clean(
        raw,
        tags=set(TAGS),
        clean_content_tags=set(),
        attributes={"*": set(EVERYWHERE), **{tag: set(names) for tag, names in ATTRIBUTES.items()}},
        attribute_filter=rewritten,
        url_schemes={"http", "https", "mailto"},
        strip_comments=True,
        link_rel=None,
    )
    return clean_text(cleaned).strip()


def _place(anchor: str, page_url: str, places: Mapping[str, str]) -> str:
    name = unquote(anchor[1:])
    found = places.get(name, places.get(name.lower()))
    if found is None:
        return ""
    return f"{page_url}#{found}" if found else page_url
