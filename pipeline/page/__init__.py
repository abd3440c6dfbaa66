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
from pipeline.page.joining import (
    WEEKDAYS,
    Confirmation,
    JoinForm,
    Offer,
    asked_page,
    confirm_page,
    join_page,
    privacy_page,
    terms,
)
from pipeline.page.mine import (
    Followed,
    Preferences,
    come_back_page,
    erase_page,
    preferences_page,
    returned_page,
)
from pipeline.page.published import (
    NEWEST,
    guide_page,
    issue_page,
    site_page,
    surroundings,
    tag_page,
)
from pipeline.page.search import Hit, search_page

__all__ = [
    "FEED_STYLESHEET",
    "NEWEST",
    "STYLESHEET",
    "WEEKDAYS",
    "Choice",
    "Confirmation",
    "DripDays",
    "Followed",
    "Hit",
    "JoinForm",
    "MessageView",
    "Offer",
    "OutboxRow",
    "Preferences",
    "asked_page",
    "check_accents",
    "come_back_page",
    "confirm_page",
    "copy_script",
    "drip_page",
    "erase_page",
    "error_page",
    "feed_stylesheet",
    "guide_page",
    "issue_page",
    "join_page",
    "message_page",
    "outbox_page",
    "preferences_page",
    "previews_page",
    "privacy_page",
    "returned_page",
    "search_page",
    "site_page",
    "stylesheet",
    "surroundings",
    "tag_page",
    "terms",
    "unsubscribe_page",
]
