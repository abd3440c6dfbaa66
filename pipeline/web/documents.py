"""A document over HTTP: validators, codings, what is new since the reader last came.

Preconditions are taken in the order of RFC 9110 section 13.2.2, and a reader that says it can
(`A-IM: feed`, RFC 3229) gets only the entries that it does not have. All of it is a function of
the request's headers and the document.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from importlib import import_module
from importlib.util import find_spec

from starlette.responses import Response

from pipeline.feed import delta
from pipeline.model import FeedFormat

OK, INSTANCE_MANIPULATED, NOT_MODIFIED = 200, 226, 304

VARY = "Accept-Encoding, A-IM, Sec-Fetch-Dest"
XML = "application/xml; charset=utf-8"
"""What browsers apply a stylesheet to; they would save a feed by its own name as a file."""

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_SINCE = re.compile(r"[0-9a-f]{32}\.(\d{1,12})")
_QUALITY = re.compile(r"\s*([\w*-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")

Coder = Callable[[bytes], bytes]


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)  # the same bytes in every process


def _coders() -> dict[str, Coder]:
    """How bodies can be coded here, the best first."""
    if find_spec("brotli") is None:
        return {"gzip": _gzip}
    compress: Coder = import_module("brotli").compress
    return {"br": compress, "gzip": _gzip}


CODERS = _coders()


@dataclass(frozen=True)
class Document:
    """What lies at an address now."""

    body: bytes
    media_type: str
    """With its charset."""
    modified_at: datetime
    format: FeedFormat | None = None
    """None: a document that is no feed."""
    links: tuple[tuple[str, str], ...] = ()
    """Rel and address of each link that the `Link` header names."""
    _coded: dict[str, bytes] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.body).hexdigest()[:32]
        newest = delta.newest(self.body, self.format) if self.format else 0
        object.__setattr__(self, "_tag", f"{digest}.{newest}")

    def etag(self, coding: str) -> str:
        """A strong validator of the document in a coding (RFC 9110 section 8.8.3)."""
        tag: str = self._tag  # type: ignore[attr-defined]
        return f'"{tag}-{coding}"' if coding else f'"{tag}"'

    def coded(self, coding: str) -> bytes:
        """The body in a coding, which is made once."""
        if not coding:
            return self.body
        if coding not in self._coded:
            self._coded[coding] = CODERS[coding](self.body)
        return self._coded[coding]


def answer(document: Document, request: Mapping[str, str], cache_control: str) -> Response:
    """What a GET of this document is answered with; HEAD sends the same without the body.

    Args:
        document: What is asked for.
        request: The headers of the request, by lower-case names.
        cache_control: What caches may do with it.
    """
    coding = chosen_coding(request.get("accept-encoding", ""))
    tag = document.etag(coding)
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(_last_modified(document), usegmt=True),
        "Cache-Control": cache_control,
        "Vary": VARY,
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Last-Modified, Link, IM",
    }
    if document.links:
        headers["Link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in document.links)
    known = request.get("if-none-match")
    if _is_known(document, known, tag, request.get("if-modified-since")):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = document.media_type
    if "xml" in document.media_type and request.get("sec-fetch-dest") == "document":
        headers["Content-Type"] = XML
    if coding:
        headers["Content-Encoding"] = coding
    delta = _delta(document, known, request.get("a-im", ""))
    if delta is None:
        return Response(document.coded(coding), OK, headers)
    headers["IM"] = "feed"
    body = CODERS[coding](delta) if coding else delta
    return Response(body, INSTANCE_MANIPULATED, headers)


def _last_modified(document: Document) -> datetime:
    """When it was changed last; never in the future, which readers would not believe."""
    return min(document.modified_at, datetime.fromtimestamp(time.time(), UTC)).astimezone(UTC)


def _is_known(document: Document, tags: str | None, tag: str, since: str | None) -> bool:
    """Whether the reader has it; tags decide alone where there are any."""
    if tags is not None:
        return tags.strip() == "*" or tag.strip('"') in _TAG.findall(tags)
    if since is None:
        return False
    try:
        at = parsedate_to_datetime(since)
    except ValueError:
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return document.modified_at.replace(microsecond=0) <= at


def _delta(document: Document, tags: str | None, manipulations: str) -> bytes | None:
    """The document with the entries alone that are newer than what the reader has.

    None if it does not ask, if its tag says nothing, or if no entry is newer: then something else
    has changed, and it needs the whole.
    """
    wanted = {one.split(";")[0].strip().lower() for one in manipulations.split(",")}
    if document.format is None or "feed" not in wanted or tags is None:
        return None
    moments = [int(at) for one in _TAG.findall(tags) for at in _SINCE.findall(one)]
    if not moments:
        return None
    return delta.newer(document.body, document.format, max(moments))


def chosen_coding(accepted: str) -> str:
    """The best coding that the reader takes (RFC 9110 section 12.5.3); empty for none."""
    quality: dict[str, float] = {}
    for one in accepted.lower().split(","):
        found = _QUALITY.fullmatch(one)
        if found is not None:
            quality[found[1]] = float(found[2]) if found[2] else 1.0
    other = quality.get("*", 0.0)
    ranked = [(quality.get(name, other), -place, name) for place, name in enumerate(CODERS)]
    best = max(ranked)
    return best[2] if best[0] > 0 and best[0] >= quality.get("identity", 0.0) else ""
