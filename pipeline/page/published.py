"""The pages that are published: of the site, of each guide, of each issue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from pipeline import wording
from pipeline.markup import contents, needs_titles, render_html, safe_url, summary
from pipeline.model import Channel, FrontMatter, Issue, RelatedLink, Serial, Site, Upcoming
from pipeline.page.frame import Head, frame
from pipeline.page.linked import linked_data
from pipeline.page.rhythm import in_words
from pipeline.template import Templates

NEWEST = 5
"""How many of the newest issues the site's page shows."""

DESCRIPTION = 160
"""Characters of a page's description: what search engines show."""

_SCROLLER = re.compile(r'<(/?)(table|pre)((?: [\w-]+(?:="[^"]*")?)*)>')
"""A tag of what may be wider than its column, attributes and all, as the sanitiser writes it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A part in a list of parts."""

    number: int
    title: str
    path: str
    """Empty: it has not appeared."""
    at: datetime | None
    """When it appeared or will appear; None when that is not known."""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """A guide on the site's page: how much of it has come, and what comes next."""

    front: FrontMatter
    done: int
    of: int
    coming: Upcoming | None
    zone: str

    @property
    def feed(self) -> FeedLink:
        """Where its feeds are."""
        return guide_feed(self.front)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """Where the feeds of the site, a guide or a tag are."""

    title: str
    path: str
    """Their folder below the base URL."""
    lang: str


def guide_feed(front: FrontMatter) -> FeedLink:
    """Where the feeds of a guide are."""
    return FeedLink(front.title, f"{front.slug}/", front.lang)


@dataclass(frozen=True, slots=True)
class Like:
    """A related link: where it leads from this page, and why it was chosen."""

    title: str
    href: str
    why: str


def site_page(
    serials: Sequence[Serial],
    newest: Sequence[Issue],
    site: Site,
    templates: Templates,
    *,
    outbox: bool = False,
) -> str:
    """The front page: guides with their feeds, the newest issues, what comes next.

    Args:
        serials: The guides that have appeared, at least in part; without their issues.
        newest: The issues that came last, the newest first.
        site: The site.
        templates: Its templates.
        outbox: Whether to lead to the outbox, which only the built-in server has.
    """
    books = [_book(one, site) for one in serials]
    coming = [book for book in books if book.coming]
    head = Head(site.title, site.lang, site.description, canonical=site.url(""))
    context = frame(head, site, templates) | {
        "books": books,
        "newest": newest,
        "coming": sorted(coming, key=_when),
        "outbox": outbox,
        "feeds": [_site_feed(site), *(guide_feed(one.front) for one in serials if one.done)]
        if books
        else [],
    }
    return templates.render("page/site.html", **context)


def guide_page(serial: Serial, site: Site, templates: Templates) -> str:
    """The page of a guide: what it is, its rhythm, its parts with their dates, its feeds."""
    front, zone = serial.front, _zone(serial, site)
    canonical = front.canonical_url or site.url(f"{front.slug}/")
    head = Head(front.title, front.lang, front.description, canonical, root="../")
    rows = _rows(serial)
    context = frame(head, site, templates) | {
        "front": front,
        "rows": rows,
        "first": next((row for row in rows if row.path), None),
        "done": len(serial.issues),
        "zone": zone,
        "is_complete": serial.is_complete,
        "rhythm": in_words(serial.cadence or front.cadence, zone),
        "feeds": [guide_feed(front), _site_feed(site)] if serial.issues else [],
        "trust": front.trust,
        "overdue": wording.overdue(serial),
        "author": front.author,
        "reviewed": wording.reviewed(serial.issues[-1]) if serial.issues else "",
    }
    return templates.render("page/guide.html", **context)


def issue_page(issue: Issue, serial: Serial, site: Site, templates: Templates) -> str:
    """The page of an issue: the text, with what is before, after and beside it."""
    root = "../" * issue.path.count("/")
    described = summary(issue.sections, DESCRIPTION)
    head = Head(issue.subject, issue.lang, described, site.url(issue.path), root)
    context = frame(head, site, templates) | {
        "issue": issue,
        "front": serial.front,
        "is_complete": serial.is_complete,
        "body": _body(issue, site),
        "contents": contents(issue.sections, issue.subject),
        "related": _related(issue, root),
        "linked_data": Markup(linked_data(issue, site)),  # noqa: S704 -- escaped there
        "feeds": [guide_feed(serial.front), _site_feed(site)],
        "trust": issue.trust,
        "author": issue.author,
        "reviewed": wording.reviewed(issue),
        "notes": wording.notes(issue),
        "overdue": wording.overdue(serial),
    }
    context |= _around(issue, serial) | _letters(issue, site)
    return templates.render("page/issue.html", **context)


def surroundings(serial: Serial) -> tuple[object, ...]:
    """What the pages of a guide's issues say besides the issue itself: equal when they are."""
    return (serial.front, serial.is_complete, wording.overdue(serial), _rows(serial))


def tag_page(channel: Channel, issues: Sequence[Issue], site: Site, templates: Templates) -> str:
    """The page of a tag: its parts, and its feeds.

    Args:
        channel: Of the tag.
        issues: Its issues, newest first.
        site: The site.
        templates: Its templates.
    """
    head = Head(channel.title, site.lang, channel.subtitle, site.url(channel.path), "../" * 2)
    context = frame(head, site, templates) | {
        "issues": issues,
        "feeds": [FeedLink(channel.title, channel.path, channel.lang), _site_feed(site)],
    }
    return templates.render("page/tag.html", **context)


def _site_feed(site: Site) -> FeedLink:
    return FeedLink(site.title, "", site.lang)


def _body(issue: Issue, site: Site) -> Markup:
    """The text; what may be wider than its column can be moved in it, also by keyboard."""
    titles = needs_titles(issue.sections, issue.subject)
    html = render_html(issue.sections, base_url=site.base_url, titles=titles)
    return Markup(_SCROLLER.sub(_scrolled, html))  # noqa: S704 -- sanitised there


def _scrolled(found: re.Match[str]) -> str:
    closes, name, attributes = found.groups()
    if name == "pre":
        return found[0] if closes else f'<pre{attributes} tabindex="0">'
    if closes:
        return "</table></div>"
    return f'<div class="scroll" tabindex="0" role="group"><table{attributes}>'


def _related(issue: Issue, root: str) -> list[Like]:
    """The related links; one that leads nowhere safe is left out."""
    links = [(link, _href(link, root)) for link in issue.related]
    return [Like(link.title, href, wording.why(link, issue)) for link, href in links if href]


def _href(link: RelatedLink, root: str) -> str:
    return safe_url(link.path) if "://" in link.path else f"{root}{link.path}"


def _around(issue: Issue, serial: Serial) -> dict[str, Any]:
    """The parts beside an issue, with what comes before it and after."""
    rows = _rows(serial, issue.number)
    beside = {row.number: row for row in rows}
    following = beside.get(issue.number + 1)
    coming = Upcoming(following.number, following.title, following.at) if following else None
    return {
        "rows": rows if len(rows) > 1 else [],
        "previous": beside.get(issue.number - 1),
        "following": following,
        "next_day": wording.next_day(replace(issue, upcoming=coming)),
        "closing": wording.closing(issue),
    }


def _letters(issue: Issue, site: Site) -> dict[str, str]:
    """What a reader's own mail program is asked to write: to a friend, and to us."""
    subject, url = quote(issue.subject), quote(site.url(issue.path), safe="")
    reply = f"mailto:{quote(site.reply_to, safe='@')}?subject={subject}" if site.reply_to else ""
    return {"share": f"mailto:?subject={subject}&body={url}", "reply": reply}


def _rows(serial: Serial, current: int = 0) -> list[Row]:
    """Every part: those that have appeared, and those to come."""
    due = {one.number: one.due_at for one in serial.upcoming}
    out = {issue.number: issue for issue in serial.issues}
    rows = [
        Row(number, one.subject, one.path, one.released_at, number == current)
        for number, one in out.items()
    ]
    rows += [
        Row(part.number, part.subject, "", due.get(part.number))
        for part in serial.parts
        if part.number not in out
    ]
    return sorted(rows, key=lambda row: row.number)


def _book(serial: Serial, site: Site) -> Book:
    coming = serial.upcoming[0] if serial.upcoming else None
    done = serial.done
    return Book(serial.front, done, max(done, len(serial.parts)), coming, _zone(serial, site))


def _when(book: Book) -> tuple[float, str]:
    """What sorts guides by their next part; those without a date come last."""
    at = book.coming.due_at if book.coming else None
    return (at.timestamp() if at else float("inf"), book.front.slug)


def _zone(serial: Serial, site: Site) -> str:
    """The zone of the dates that readers see."""
    return serial.issues[-1].zone if serial.issues else serial.front.zone or site.zone
