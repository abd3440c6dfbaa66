"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from typing import Any

from pipeline.markup import clean_text
from pipeline.model import Entry, Feed, FeedFormat

VERSION = "https://jsonfeed.org/version/1.1"


def render_json(feed: Feed) -> bytes:
    """The feed as JSON; the same feed gives the same bytes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "title": clean_text(feed.title),
        "home_page_url": feed.page_url,
        "feed_url": feed.url(FeedFormat.JSON),
        "description": clean_text(feed.subtitle),
        "authors": [{"name": clean_text(feed.author)}],
        "language": feed.lang,
    }
    if feed.paging.older:
        document["next_url"] = feed.paging.older + FeedFormat.JSON.file
    if feed.hub:
        document["hubs"] = [{"type": "WebSub", "url": feed.hub}]
    document["items"] = [_item(one) for one in feed.entries]
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _item(one: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": one.id,
        "url": one.url,
        "title": one.title,
        "content_html": clean_text(one.html),
        "summary": clean_text(one.summary),
        "date_published": one.published_at.isoformat(),
        "date_modified": one.updated_at.isoformat(),
        "authors": [{"name": clean_text(one.author)}],
        "language": one.lang,
    }
    if one.tags:
        item["tags"] = list(map(clean_text, one.tags))
    if one.related:
        item["_related"] = [
            {"url": link.url, "title": clean_text(link.title)} for link in one.related
        ]
    return item
