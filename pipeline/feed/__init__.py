"""Issues in; RSS 2.0, Atom 1.0 and JSON Feed 1.1 out, saying the same.

What is new in a rendered feed, and the list of all feeds, are in `delta` and `opml`: as `xml` they
import lxml, whose 6 MiB nobody needs who renders nothing.
"""

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
from pipeline.feed.entries import entry
from pipeline.feed.json_feed import render_json
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
    "render",
]


def render(feed: Feed, format: FeedFormat) -> bytes:
    """The feed in a format; the same feed gives the same bytes."""
    if format is FeedFormat.JSON:
        return render_json(feed)
    from pipeline.feed.xml import render_atom, render_rss

    return render_atom(feed) if format is FeedFormat.ATOM else render_rss(feed)
