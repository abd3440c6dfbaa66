"""Which addresses may stand in what we publish, and which characters."""

from __future__ import annotations

import html
import re
from urllib.parse import quote, urljoin, urlsplit

SCHEMES = frozenset({"http", "https", "mailto"})

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSEEN = re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_SCHEME = re.compile(r"([^/?#:]*):")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_NEVER = re.compile(r'[ "<>\\^`{|}]')
"""Characters that RFC 3986 has no place for; those beyond ASCII stay, as RFC 3987 has it."""


def one_line(text: str) -> str:
    """The words on one line; empty where there is none that XML can say."""
    return " ".join(clean_text(text).split())


def clean_text(text: str) -> str:
    """The text with only those characters that XML 1.0 allows (its production 2, Char).

    Apply it after HTML has been cleaned: cleaning turns `&#x1F;` into the raw character.
    """
    return _NOT_XML.sub("", text)


def safe_url(href: str) -> str:
    """The address if it is relative or of http, https or mailto; otherwise the empty string.

    Browsers skip control characters and spaces inside a scheme, and decode character references;
    so does this look at it. What comes back has no control character and no space.
    """
    href = clean_text(href).strip()
    for seen in (href, html.unescape(href)):
        if not _is_safe(_UNSEEN.sub("", seen)):
            return ""
    return _NEVER.sub(lambda odd: quote(odd[0]), _CONTROL.sub("", href))


def _is_safe(seen: str) -> bool:
    scheme = _SCHEME.match(seen)
    if scheme is not None and scheme[1].lower() not in SCHEMES:
        return False
    try:
        parts = urlsplit(seen)
    except ValueError:  # such as an unclosed [ of an IPv6 address
        return False
    if parts.scheme in {"http", "https"} and not parts.hostname:  # browsers guess one: http:x
        return False
    return "\\" not in parts.netloc  # browsers end the host there, others do not


def absolute(href: str, base_url: str) -> str:
    """The safe address made absolute against the base URL; empty when it is not safe.

    `/x` begins at the base URL too, so that a path prefix of the site is kept. An anchor
    (`#notes`) stays one: it leads to a place in the same text.
    """
    href = safe_url(href)
    if not href or href.startswith("#"):
        return href
    if href.startswith("/") and not href.startswith("//"):
        href = href.lstrip("/")
    return urljoin(base_url.rstrip("/") + "/", href)
