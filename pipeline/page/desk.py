"""The pages that only the web server shows: leaving, the outbox, errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.model import Serial, Site
from pipeline.page.frame import Head, frame
from pipeline.template import Templates

ERRORS = {
    400: ("This request makes no sense to us", "The address may have been cut off on its way."),
    403: ("This is not for you to see", "It is kept for those who run this site."),
    404: ("There is nothing here", "The address may be mistyped, or it has changed."),
    405: ("That cannot be done here", "This address can be read, and that is all."),
    410: ("This has gone", "It was here once, and was taken away for good."),
    429: ("That was very often", "Wait a little, then ask again; feeds change seldom."),
    503: ("This cannot be shown just now", "The fault is ours. Try again in a few minutes."),
}
ANY_ERROR = ("That did not work", "The fault may be ours. Try again in a few minutes.")

SHOWN_FIRST = ("From", "To", "Date")
"""The headers that a mail program shows; the others are behind them."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message in the list."""

    name: str
    to: str
    subject: str
    date: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as a mail program takes it apart."""

    name: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    widths: tuple[int, ...] = ()
    """Pixels that its HTML is shown at; empty: as wide as the page."""
    findings: tuple[str, ...] = ()
    """What mail programs do not show of it, a line each."""


def outbox_page(rows: Sequence[OutboxRow], total: int, site: Site, templates: Templates) -> str:
    """The list of messages, newest first; `total` counts those that are not shown too."""
    context = frame(Head("Outbox", root="../"), site, templates)
    return templates.render("page/outbox.html", **context, rows=rows, total=total)


def previews_page(serials: Sequence[Serial], site: Site, templates: Templates) -> str:
    """The parts of each guide, each leading to its mail."""
    context = frame(Head("Preview", root="../"), site, templates)
    return templates.render("page/previews.html", **context, serials=serials)


def message_page(view: MessageView, site: Site, templates: Templates) -> str:
    """One message: its main headers, its HTML in a sandbox, its text, all headers."""
    said = {name.lower(): value for name, value in view.headers}
    main = [(name, said[name.lower()]) for name in SHOWN_FIRST if name.lower() in said]
    root = "../../../" if view.widths else "../../"
    context = frame(Head(view.subject or "No subject", root=root), site, templates)
    return templates.render("page/message.html", **context, view=view, main=main)


def unsubscribe_page(
    guide_title: str,
    site: Site,
    templates: Templates,
    *,
    undo: str = "",
    preferences: str = "",
    is_done: bool,
) -> str:
    """What leaving a guide means, with the button that does it; or that it is done.

    Args:
        guide_title: What is left; empty when the link says nothing that we understand, and then
            the page says what to do instead.
        site: The site.
        templates: Its templates.
        undo: The way, below the base URL, to undo it.
        preferences: The way to what else they could choose.
        is_done: Whether the reader has left.
    """
    title = "You have left" if is_done else "Leave this guide?"
    head = Head(title if guide_title else "This link does not work", root="../")
    context = frame(head, site, templates) | {
        "guide_title": guide_title,
        "undo": undo,
        "preferences": preferences,
        "is_done": is_done,
    }
    return templates.render("page/unsubscribe.html", **context)


def error_page(status: int, site: Site, templates: Templates) -> str:
    """What went wrong and what to do, without echoing what was asked."""
    title, advice = ERRORS.get(status, ANY_ERROR)
    root = urlsplit(site.base_url).path + "/"
    context = frame(Head(title, root=root), site, templates)
    return templates.render("page/error.html", **context, status=status, advice=advice)
