"""Which addresses may stand in what we publish, and which characters."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

SCHEMES = frozenset({"http", "https", "mailto"})

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSEEN = re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060\ufeff]")


def clean_text(text: str) -> str:
    """The text with only those characters that XML 1.0 allows (its production 2, Char).

    Apply it after HTML has been cleaned: cleaning turns `&#x1F;` into the raw character.
    """
    return _NOT_XML.sub("", text)


def safe_url(href: str) -> str:
    """The address if it is relative or of http, https or mailto; otherwise the empty string.

    Browsers skip control characters and spaces inside a scheme; so does this look at it.
    """
    seen = _UNSEEN.sub("", href)
    scheme = re.match(r"([^/?#:]*):", seen)
    if scheme is not None and scheme[1].lower() not in SCHEMES:
        return ""
    try:
        urlsplit(seen)
    except ValueError:  # such as an unclosed [ of an IPv6 address
        return ""
    return href.strip()


def absolute(href: str, base_url: str) -> str:
    """The safe address made absolute against the base URL; empty when it is not safe.

    An anchor (`#notes`) stays one: it leads to a place in the same text.
    """
    href = safe_url(href)
    if not href or href.startswith("#"):
        return href
    return urljoin(base_url.rstrip("/") + "/", href)
