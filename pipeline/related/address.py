"""Addresses as readers follow them: one page, one address, however it was written."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote, urljoin, urlsplit

_HERE = "https://here.invalid/"
"""What a relative address is resolved against, so that dots go; any host will do."""


def page_of(url: str) -> tuple[str, str]:
    """Host and path of the page that a URL leads to; both empty unless it is of the web."""
    try:
        parts = urlsplit(urljoin(_HERE, url.strip()))
    except ValueError:  # such as an unclosed [ of an IPv6 address
        return "", ""
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        return "", ""
    path = unquote(parts.path).strip("/").removesuffix("index.html").strip("/")
    return parts.netloc.lower(), f"{path}?{parts.query}" if parts.query else path


class Linked:
    """The pages that a text links to; a path below the base URL is found in any address.

    The base URL is not known here: `guide/2-title` is linked by `https://x/blog/guide/2-title/`.
    """

    def __init__(self, hrefs: Iterable[str]) -> None:
        self._pages = {page_of(href) for href in hrefs}
        self._tails = {
            "/".join(segments[start:])
            for _, path in self._pages
            for segments in (path.partition("?")[0].split("/"),)
            for start in range(len(segments))
        }

    def has(self, url: str) -> bool:
        """Whether this page, given by an absolute URL or a path below the base URL, is linked."""
        if not self._pages:
            return False
        page = page_of(url)
        if "://" in url:
            return page in self._pages
        return bool(page[1]) and page[1] in self._tails
