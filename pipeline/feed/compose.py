"""Issues as entries, a serial as a feed, before a format is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape

from pipeline import wording
from pipeline.markup import clean_text, needs_titles, render_html, safe_url, summary
from pipeline.model import (
    Citation,
    Entry,
    EntryLink,
    Feed,
    Issue,
    Person,
    RelatedLink,
    Serial,
    Site,
)

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
    title = _line(front.title) or front.slug
    dated = list(zip(serial.issues, _moments(serial.issues), strict=True))
    entries = tuple(
        replace(entry(issue, site), published_at=_whole(issue.released_at), updated_at=at)
        for issue, at in reversed(dated[-MOST_ENTRIES:])
    )
    return Feed(
        id=f"tag:{site.list_domain},2026:serial/{front.slug}",
        title=title,
        subtitle=_line(front.description) or f"{title}, in {len(serial.parts)} parts",
        lang=front.lang,
        author=_name(front.author, site),
        page_url=site.url(f"{front.slug}/"),
        rss_url=site.url(f"{front.slug}/rss.xml"),
        atom_url=site.url(f"{front.slug}/atom.xml"),
        json_url=site.url(f"{front.slug}/feed.json"),
        updated_at=max(one.updated_at for one in entries),
        entries=entries,
        tags_scheme=site.url("tag/"),
        # RFC 5005 section 2: readers may drop whatever a complete feed does not hold.
        complete=serial.is_complete and len(serial.issues) <= MOST_ENTRIES,
    )


def _moments(issues: Sequence[Issue]) -> tuple[datetime, ...]:
    """When each issue last changed, no two at one moment: those released together stand apart.

    Every issue counts, not only those that the feed still holds, and an edited one yields to the
    others: so neither a new part nor an edit changes the moment of any other.
    """
    moments = list(_releases(issues))
    taken = {at for at, issue in zip(moments, issues, strict=True) if not _is_edited(issue)}
    for index, issue in enumerate(issues):
        if _is_edited(issue):
            at = max(moments[index], _whole(issue.updated_at))
            while at in taken:
                at += SECOND
            taken.add(at)
            moments[index] = at
    return tuple(moments)


def _releases(issues: Sequence[Issue]) -> Iterator[datetime]:
    """When each came out, at least a second after the one before it."""
    last: datetime | None = None
    for issue in issues:
        whole = _whole(issue.released_at)
        last = whole if last is None or whole > last else last + SECOND
        yield last


def _is_edited(issue: Issue) -> bool:
    return _whole(issue.updated_at) > _whole(issue.released_at)


def _whole(at: datetime) -> datetime:
    """The moment without the fraction of a second, which RSS cannot say."""
    return at.replace(microsecond=0)


def entry(issue: Issue, site: Site) -> Entry:
    """An issue as an entry: the full text, then what is related, what comes next, and its trust."""
    titles = needs_titles(issue.sections, issue.subject)
    body = render_html(issue.sections, base_url=site.base_url, titles=titles)
    pieces = [body, _notes(issue), _related(issue, site), _next(issue), _trust(issue, site)]
    return Entry(
        id=issue.id,
        url=site.url(issue.path),
        title=_line(issue.subject) or "…",
        summary=summary(issue.sections) or _line(issue.subject) or "…",
        html="\n".join(filter(None, pieces)),
        published_at=issue.released_at,
        updated_at=issue.updated_at,
        author=_name(issue.author, site),
        lang=issue.lang,
        tags=tuple(dict.fromkeys(filter(None, map(_line, issue.tags)))),
        related=tuple(
            EntryLink(site.url(one.path), _line(one.title) or site.url(one.path))
            for one in _linked(issue, site)
        ),
    )


def _line(text: str) -> str:
    """The words on one line; empty where there is none that XML can say."""
    return " ".join(clean_text(text).split())


def _notes(issue: Issue) -> str:
    lines = (f"<p><em>{escape(one, quote=False)}</em></p>" for one in wording.notes(issue))
    return "\n".join(lines)


def _linked(issue: Issue, site: Site) -> tuple[RelatedLink, ...]:
    """The related links that lead to an address which may stand in a feed."""
    return tuple(one for one in issue.related if safe_url(site.url(one.path)))


def _name(person: Person | None, site: Site) -> str:
    return (_line(person.name) if person else "") or _line(site.title)


def _link(url: str, words: str) -> str:
    return f'<a href="{escape(url)}">{escape(words, quote=False)}</a>'


def _related(issue: Issue, site: Site) -> str:
    links = _linked(issue, site)
    if not links:
        return ""
    items = "\n".join(
        f"<li>{_link(site.url(one.path), _line(one.title) or site.url(one.path))}<br>"
        f"{escape(wording.why(one, issue), quote=False)}</li>"
        for one in links
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
            f"Conflicts of interest: {trust.conflicts}" if trust.conflicts else "",
            f"Funding: {trust.funding}" if trust.funding else "",
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
    scope = f" ({issue.trust.review_scope})" if issue.trust.review_scope else ""
    people = (("Author", issue.author, ""), ("Reviewer", issue.trust.reviewer, scope))
    for label, person, added in people:
        if person is not None:
            yield f"{label}: {', '.join(filter(None, (person.name, person.credentials)))}{added}"
