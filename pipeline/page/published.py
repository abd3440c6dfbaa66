"""The pages that are published: of the site, of each guide, of each issue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from pipeline import wording
from pipeline.markup import TocEntry, headings, render_html, safe_url, summary
from pipeline.model import Issue, Person, Serial, Site, Upcoming
from pipeline.template import Templates

STYLESHEET = "partwork.css"
"""The path of the stylesheet below the base URL."""

NEWEST = 5
"""How many of the newest issues the site's page shows."""


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


def stylesheet(site: Site, templates: Templates) -> str:
    """The stylesheet with the site's accent."""
    return templates.render("page/style.css", site=site)


def site_page(
    serials: Sequence[Serial], site: Site, templates: Templates, *, outbox: bool = False
) -> str:
    """The front page: guides, the newest issues, what comes next, feeds.

    Args:
        serials: The guides that have appeared, at least in part.
        site: The site.
        templates: Its templates.
        outbox: Whether to lead to the outbox, which only the built-in server has.
    """
    issues = sorted(
        (issue for one in serials for issue in one.issues),
        key=lambda issue: (issue.released_at, issue.guide, issue.number),
        reverse=True,
    )
    coming = [(one.upcoming[0], one) for one in serials if one.upcoming]
    coming.sort(key=lambda pair: (str(pair[0].due_at), pair[1].front.slug))
    return templates.render(
        "page/site.html",
        **_frame(site, site.title, "", site.lang, site.description),
        serials=serials,
        newest=issues[:NEWEST],
        coming=coming,
        outbox=outbox,
        rows_of=_rows,
        feeds=[one.front for one in serials],
    )


def guide_page(serial: Serial, site: Site, templates: Templates) -> str:
    """The page of a guide: what it is, its parts with their dates, its feeds."""
    front = serial.front
    frame = _frame(site, front.title, f"{front.slug}/", front.lang, front.description)
    frame |= {"canonical": front.canonical_url} if front.canonical_url else {}
    return templates.render(
        "page/guide.html",
        **frame,
        serial=serial,
        front=front,
        rows=_rows(serial),
        zone=_zone(serial, site),
        feeds=[front],
        trust=front.trust,
        author=front.author,
        reviewed=wording.reviewed(serial.issues[-1]) if serial.issues else "",
    )


def issue_page(issue: Issue, serial: Serial, site: Site, templates: Templates) -> str:
    """The page of an issue: the text, with what is before, after and beside it."""
    is_alone = len(issue.sections) == 1 and issue.sections[0].title == issue.subject
    by_number = {one.number: one for one in serial.issues}
    url = site.url(issue.path)
    return templates.render(
        "page/issue.html",
        **_frame(site, issue.subject, issue.path, issue.lang, summary(issue.sections, 160)),
        issue=issue,
        front=serial.front,
        body=Markup(render_html(issue.sections, base_url=site.base_url, titles=not is_alone)),  # noqa: S704 -- sanitised there
        contents=_contents(issue, is_alone=is_alone),
        rows=_rows(serial, issue.number),
        previous=by_number.get(issue.number - 1),
        following=by_number.get(issue.number + 1),
        coming=_coming(issue, serial),
        share=f"mailto:?subject={quote(issue.subject)}&body={quote(url)}",
        reply=f"mailto:{site.reply_to}?subject={quote(issue.subject)}" if site.reply_to else "",
        linked_data=Markup(_linked_data(issue, site)),  # noqa: S704 -- escaped there
        why=lambda link: wording.why(link, issue),
        feeds=[serial.front],
        trust=issue.trust,
        author=issue.author,
        reviewed=wording.reviewed(issue),
    )


def _frame(site: Site, title: str, path: str, lang: str, description: str) -> dict[str, Any]:
    """What every page needs: its place, its language, the way back to the root."""
    return {
        "site": site,
        "title": title,
        "lang": lang,
        "dir": wording.direction(lang),
        "description": description,
        "canonical": site.url(path),
        "root": "../" * path.count("/"),
        "safe_url": safe_url,
        "demonstration": wording.demonstration(site),
    }


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


def _zone(serial: Serial, site: Site) -> str:
    return serial.issues[-1].zone if serial.issues else serial.front.zone or site.zone


def _contents(issue: Issue, *, is_alone: bool) -> tuple[TocEntry, ...]:
    """The headings of this part, where there are enough to be worth a list."""
    entries = headings(issue.sections)
    entries = entries[1:] if is_alone else entries
    return entries if len(entries) > 1 else ()


def _coming(issue: Issue, serial: Serial) -> Upcoming | None:
    return next((one for one in serial.upcoming if one.number == issue.number + 1), None)


def _linked_data(issue: Issue, site: Site) -> str:
    """schema.org Article as JSON-LD; nothing that the front matter does not state."""
    url = site.url(issue.path)
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "MedicalWebPage" if issue.profile == "health" else "Article",
        "headline": issue.subject,
        "name": issue.subject,
        "url": url,
        "mainEntityOfPage": url,
        "inLanguage": issue.lang,
        "datePublished": issue.released_at.isoformat(),
        "dateModified": issue.updated_at.isoformat(),
        "wordCount": issue.words,
        "isPartOf": {
            "@type": "CreativeWorkSeries",
            "name": issue.guide_title,
            "url": site.url(f"{issue.guide}/"),
        },
        "position": issue.number,
        "publisher": {"@type": "Organization", "name": site.title, "url": site.url("")},
    }
    data |= {"author": _who(issue.author)} if issue.author else {}
    data |= _review_data(issue)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _review_data(issue: Issue) -> dict[str, Any]:
    trust = issue.trust
    data: dict[str, Any] = {}
    if trust.reviewer is not None and not trust.is_unreviewed:
        data["reviewedBy"] = _who(trust.reviewer)
        data |= {"lastReviewed": trust.last_reviewed.isoformat()} if trust.last_reviewed else {}
    if trust.citations:
        data["citation"] = [
            {"@type": "CreativeWork", "name": one.title, "url": one.url} for one in trust.citations
        ]
    return data


def _who(person: Person) -> dict[str, str]:
    said = {"@type": "Person", "name": person.name, "url": safe_url(person.url)}
    return {key: value for key, value in said.items() if value}
