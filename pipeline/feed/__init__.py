"""Issues in; RSS 2.0, Atom 1.0 and JSON Feed 1.1 out, saying the same, and a list of all feeds."""

from pipeline.feed.channels import (
    archive_feed,
    archive_path,
    archives_due,
    current_feed,
    current_ids,
    drip_channel,
    first_id,
    guide_channel,
)
from pipeline.feed.delta import newer, newest
from pipeline.feed.entries import entry
from pipeline.feed.json_feed import render_json
from pipeline.feed.opml import render_opml
from pipeline.feed.xml import render_atom, render_rss
from pipeline.model import Feed, FeedFormat

__all__ = [
    "archive_feed",
    "archive_path",
    "archives_due",
    "current_feed",
    "current_ids",
    "drip_channel",
    "entry",
    "first_id",
    "guide_channel",
    "newer",
    "newest",
    "render",
    "render_atom",
    "render_json",
    "render_opml",
    "render_rss",
]

_RENDERERS = {
    FeedFormat.ATOM: render_atom,
    FeedFormat.RSS: render_rss,
    FeedFormat.JSON: render_json,
}


def render(feed: Feed, format: FeedFormat) -> bytes:
    """The feed in a format; the same feed gives the same bytes."""
    return _RENDERERS[format](feed)
