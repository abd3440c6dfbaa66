"""Issues as entries, a serial as a feed, before a format is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape

from pipeline import wording
from pipeline.markup import clean_text, render_html, safe_url, summary
from pipeline.model import Citation, Entry, EntryLink, Feed, Issue, Person, Serial, Site

MOST_ENTRIES = 25
"""Full entries in a feed; older ones are found on the guide's page."""

SECOND = timedelta(seconds=1)


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
    pieces = [body, _related(issue, site), _next(issue), _trust(issue, site)]
    return Entry(
        id=issue.id,
        url=site.url(issue.path),
        title=" ".join(clean_text(issue.subject).split()) or "…",
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
        f"<li>{_link(site.url(one.path), one.title)}<br>"
        f"{escape(wording.why(one, issue), quote=False)}</li>"
        for one in issue.related
    )
    return f"<h2>You might also like</h2>\n<ul>\n{items}\n</ul>"


def _next(issue: Issue) -> str:
    """What comes next, as mail says it too."""
    if issue.upcoming is None:
        return f"<p>{escape(wording.closing(issue), quote=False)}</p>"
    day = wording.next_day(issue)
    when = f", on {day}" if day else ""
    title = escape(issue.upcoming.title, quote=False)
    return f"<p>Next: <strong>{title}</strong>{when}</p>"


def _trust(issue: Issue, site: Site) -> str:
    trust = issue.trust
    lines = [
        f"<p>{escape(text, quote=False)}</p>"
        for text in (
            trust.emergency_line,
            wording.demonstration(site),
            trust.disclaimer,
            *_people(issue),
            wording.reviewed(issue),
        )
        if text
    ]
    if trust.citations:
        items = "\n".join(f"<li>{_cited(one)}</li>" for one in trust.citations)
        lines.append(f"<h2>Sources</h2>\n<ul>\n{items}\n</ul>")
    return "\n".join(["<hr>", *lines]) if lines else ""


def _cited(one: Citation) -> str:
    words = _link(one.url, one.title) if safe_url(one.url) else escape(one.title, quote=False)
    return words + (escape(f" ({one.published})", quote=False) if one.published else "")


def _people(issue: Issue) -> Iterator[str]:
    """Who wrote and who reviewed, where the front matter says so."""
    for label, person in (("Author", issue.author), ("Reviewer", issue.trust.reviewer)):
        if person is not None:
            yield f"{label}: {', '.join(filter(None, (person.name, person.credentials)))}"
