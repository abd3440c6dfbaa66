"""Issues as entries, a serial as a feed, before a format is chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from pipeline.markup import render_html, safe_url, summary
from pipeline.model import Citation, Entry, EntryLink, Feed, Issue, Person, Serial, Site, Trust

MOST_ENTRIES = 25
"""Full entries in a feed; older ones are found on the guide's page."""

SECOND = timedelta(seconds=1)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def serial_feed(serial: Serial, site: Site) -> Feed:
    """The feed of a guide, newest issue first.

    Raises:
        ValueError: Nothing has been released; such a guide has no feed.
    """
    if not serial.issues:
        raise ValueError(f"{serial.front.slug} has no issues yet")
    front = serial.front
    newest = [entry(issue, site) for issue in reversed(serial.issues[-MOST_ENTRIES:])]
    entries = _apart(newest)
    return Feed(
        id=f"tag:{site.list_domain},2026:serial/{front.slug}",
        title=front.title,
        subtitle=front.description or f"{front.title}, in {len(serial.parts)} parts",
        lang=front.lang,
        author=_name(front.author, site),
        page_url=site.url(f"{front.slug}/"),
        rss_url=site.url(f"{front.slug}/rss.xml"),
        atom_url=site.url(f"{front.slug}/atom.xml"),
        json_url=site.url(f"{front.slug}/feed.json"),
        updated_at=max(one.updated_at for one in entries),
        entries=entries,
        tags_scheme=site.url("tag/"),
        complete=serial.is_complete,
    )


def _apart(newest_first: list[Entry]) -> tuple[Entry, ...]:
    """The entries with no two of one `updated`: those released together stand a second apart.

    Counted back from the newest would change old entries whenever a new one comes; so the oldest
    keeps its time and each later one is at least a second after the one before it.
    """
    apart: list[Entry] = []
    last: datetime | None = None
    for one in reversed(newest_first):
        whole = one.updated_at.replace(microsecond=0)
        at = whole if last is None or whole > last else last + SECOND
        published = one.published_at.replace(microsecond=0)
        apart.append(replace(one, updated_at=at, published_at=published))
        last = at
    return tuple(reversed(apart))


def entry(issue: Issue, site: Site) -> Entry:
    """An issue as an entry: the full text, then what is related, what comes next, and its trust."""
    is_alone = len(issue.sections) == 1 and issue.sections[0].title == issue.subject
    body = render_html(issue.sections, base_url=site.base_url, titles=not is_alone)
    pieces = [body, _related(issue, site), _next(issue), _trust(issue)]
    return Entry(
        id=issue.id,
        url=site.url(issue.path),
        title=issue.subject,
        summary=summary(issue.sections) or issue.subject,
        html="\n".join(filter(None, pieces)),
        published_at=issue.released_at,
        updated_at=issue.updated_at,
        author=_name(issue.author, site),
        lang=issue.lang,
        tags=issue.tags,
        related=tuple(EntryLink(site.url(one.path), one.title) for one in issue.related),
    )


def _name(person: Person | None, site: Site) -> str:
    return person.name if person else site.title


def _link(url: str, words: str) -> str:
    return f'<a href="{escape(url)}">{escape(words, quote=False)}</a>'


def _related(issue: Issue, site: Site) -> str:
    if not issue.related:
        return ""
    items = "\n".join(
        f"<li>{_link(site.url(one.path), one.title)}"
        f"{escape(f', in {one.guide_title}' if one.guide_title else '', quote=False)}"
        f"{escape(f': about {_listed(one.terms)}' if one.terms else '', quote=False)}</li>"
        for one in issue.related
    )
    return f"<h2>You might also like</h2>\n<ul>\n{items}\n</ul>"


def _listed(words: tuple[str, ...]) -> str:
    """`sleep, mood and depression`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _next(issue: Issue) -> str:
    if issue.upcoming is None:
        return "<p>This is the last part.</p>" if issue.is_final else ""
    coming = issue.upcoming
    when = f", on {_date(coming.due_at, issue.zone)}" if coming.due_at else ""
    words = f"Next, part {coming.number} of {issue.of}{when}: {coming.title}"
    return f"<p>{escape(words, quote=False)}</p>"


def _date(at: datetime, zone: str) -> str:
    """`30 November 2026`, without a look at the process's locale."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}"


def _trust(issue: Issue) -> str:
    trust = issue.trust
    lines = [
        f"<p>{escape(text, quote=False)}</p>"
        for text in (trust.disclaimer, trust.emergency_line, _reviewed(trust))
        if text
    ]
    if trust.citations:
        items = "\n".join(f"<li>{_cited(one)}</li>" for one in trust.citations)
        lines.append(f"<h2>Sources</h2>\n<ul>\n{items}\n</ul>")
    return "\n".join(["<hr>", *lines]) if lines else ""


def _cited(one: Citation) -> str:
    words = _link(one.url, one.title) if safe_url(one.url) else escape(one.title, quote=False)
    return words + (escape(f" ({one.published})", quote=False) if one.published else "")


def _reviewed(trust: Trust) -> str:
    if trust.reviewer is None:
        return ""
    who = ", ".join(filter(None, (trust.reviewer.name, trust.reviewer.credentials)))
    when = f", {trust.last_reviewed.isoformat()}" if trust.last_reviewed else ""
    return f"Review: {who}{when}."
