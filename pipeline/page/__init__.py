"""Serials in, HTML pages out: site, guide, issue, and the few that the web server needs."""

from pipeline.page.colour import check_accents
from pipeline.page.desk import (
    MessageView,
    OutboxRow,
    error_page,
    message_page,
    outbox_page,
    previews_page,
    unsubscribe_page,
)
from pipeline.page.drip import Choice, DripDays, copy_script, drip_page
from pipeline.page.frame import FEED_STYLESHEET, STYLESHEET, feed_stylesheet, stylesheet
from pipeline.page.published import (
    NEWEST,
    guide_page,
    issue_page,
    site_page,
    surroundings,
    tag_page,
)

__all__ = [
    "FEED_STYLESHEET",
    "NEWEST",
    "STYLESHEET",
    "Choice",
    "DripDays",
    "MessageView",
    "OutboxRow",
    "check_accents",
    "copy_script",
    "drip_page",
    "error_page",
    "feed_stylesheet",
    "guide_page",
    "issue_page",
    "message_page",
    "outbox_page",
    "previews_page",
    "site_page",
    "stylesheet",
    "surroundings",
    "tag_page",
    "unsubscribe_page",
]
