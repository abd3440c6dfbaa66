"""The pages that only the web server shows: leaving, the outbox, errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipeline import wording
from pipeline.model import Site
from pipeline.template import Templates

ERRORS = {
    400: "This request makes no sense to us",
    403: "This is not for you to see",
    404: "There is nothing here",
    405: "That cannot be done here",
    410: "This has gone",
    503: "This cannot be shown just now",
}


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


def outbox_page(rows: Sequence[OutboxRow], total: int, site: Site, templates: Templates) -> str:
    """The list of messages, newest first; `total` counts those that are not shown too."""
    return templates.render(
        "page/outbox.html", **_frame(site, "Outbox", "../"), rows=rows, total=total
    )


def message_page(view: MessageView, site: Site, templates: Templates) -> str:
    """One message: its main headers, its HTML in a sandbox, its text, all headers."""
    said = {name.lower(): value for name, value in view.headers}
    main = [(name, said[name.lower()]) for name in ("From", "To", "Date") if name.lower() in said]
    return templates.render(
        "page/message.html", **_frame(site, view.subject, "../../"), view=view, main=main
    )


def unsubscribe_page(guide_title: str, site: Site, templates: Templates, *, is_done: bool) -> str:
    """What leaving a guide means, with the button that does it; or that it is done."""
    title = "You have left" if is_done else "Leave this guide?"
    frame = _frame(site, title, "../")
    return templates.render(
        "page/unsubscribe.html", **frame, guide_title=guide_title, is_done=is_done
    )


def error_page(status: int, site: Site, templates: Templates) -> str:
    """What went wrong, without echoing what was asked."""
    root = urlsplit(site.base_url).path + "/"
    title = ERRORS.get(status, "That did not work")
    return templates.render("page/error.html", **_frame(site, title, root), status=status)


def _frame(site: Site, title: str, root: str) -> dict[str, Any]:
    return {
        "site": site,
        "title": title,
        "lang": "en",
        "dir": "ltr",
        "description": "",
        "canonical": "",
        "root": root,
        "feeds": (),
        "demonstration": wording.demonstration(site),
    }
