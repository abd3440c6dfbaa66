"""What is new in a rendered feed since a moment (RFC 3229 with feeds)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from lxml import etree

from pipeline.model import FeedFormat

_ATOM = "{http://www.w3.org/2005/Atom}"
_ENTRIES = {FeedFormat.ATOM: f"{_ATOM}entry", FeedFormat.RSS: "channel/item"}


def newest(raw: bytes, format: FeedFormat) -> int:
    """When the newest entry of a feed changed, in seconds since 1970; 0 if there is none."""
    if format is FeedFormat.JSON:
        items = json.loads(raw)["items"]
        return max((_seconds(one["date_modified"]) for one in items), default=0)
    entries = etree.fromstring(raw).iterfind(_ENTRIES[format])
    return max((_seconds(_updated(one)) for one in entries), default=0)


def newer(raw: bytes, format: FeedFormat, since: int) -> bytes | None:
    """The feed with those entries alone that changed after a moment.

    Args:
        raw: As it was rendered.
        format: Its format.
        since: The moment, in seconds since 1970; no two entries of a feed share one.

    Returns:
        The feed; None if no entry is newer, or all are.
    """
    if format is FeedFormat.JSON:
        return _newer_json(raw, since)
    root = etree.fromstring(raw)
    entries = root.findall(_ENTRIES[format])
    older = [one for one in entries if _seconds(_updated(one)) <= since]
    if not older or len(older) == len(entries):
        return None
    for one in older:
        parent = one.getparent()
        assert parent is not None  # noqa: S101 -- it was found below one
        parent.remove(one)
    tree = root.getroottree()
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _newer_json(raw: bytes, since: int) -> bytes | None:
    document: dict[str, Any] = json.loads(raw)
    items = document["items"]
    document["items"] = [one for one in items if _seconds(one["date_modified"]) > since]
    if len(document["items"]) in {0, len(items)}:
        return None
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _updated(entry: etree._Element) -> str:
    return entry.findtext(f"{_ATOM}updated") or ""


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
