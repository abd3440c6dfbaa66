"""Issues as entries, before a format is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from pipeline import wording
from pipeline.markup import needs_titles, one_line, render_html, safe_url, summary
from pipeline.model import (
    Citation,
    Entry,
    EntryLink,
    Issue,
    Person,
    RelatedLink,
    Site,
    language,
)


def entry(issue: Issue, site: Site) -> Entry:
    """An issue as an entry: the full text, then what is related, what comes next, and its trust."""
    titles = needs_titles(issue.sections, issue.subject)
    body = render_html(issue.sections, base_url=site.base_url, titles=titles)
    pieces = [
        _spoken(body, issue.lang),
        _notes(issue),
        _related(issue, site),
        _next(issue),
        _trust(issue, site),
    ]
    return Entry(
        id=issue.id,
        url=site.url(issue.path),
        title=one_line(issue.subject) or "…",
        summary=summary(issue.sections) or one_line(issue.subject) or "…",
        html="\n".join(filter(None, pieces)),
        published_at=issue.released_at,
        updated_at=issue.updated_at,
        author=_name(issue.author, site),
        lang=issue.lang,
        tags=tuple(dict.fromkeys(filter(None, map(one_line, issue.tags)))),
        related=tuple(
            EntryLink(site.url(one.path), one_line(one.title) or site.url(one.path))
            for one in _linked(issue, site)
        ),
    )


def _spoken(body: str, lang: str) -> str:
    """The text, marked with its language and direction unless they are those of our own words."""
    if language(lang) == "en":
        return body
    return f'<div lang="{escape(lang)}" dir="{wording.direction(lang)}">\n{body}\n</div>'


def _notes(issue: Issue) -> str:
    lines = (f"<p><em>{escape(one, quote=False)}</em></p>" for one in wording.notes(issue))
    return "\n".join(lines)


def _linked(issue: Issue, site: Site) -> tuple[RelatedLink, ...]:
    """The related links that lead to an address which may stand in a feed."""
    return tuple(one for one in issue.related if safe_url(site.url(one.path)))


def _name(person: Person | None, site: Site) -> str:
    return (one_line(person.name) if person else "") or one_line(site.title)


def _link(url: str, words: str) -> str:
    return f'<a href="{escape(url)}">{escape(words, quote=False)}</a>'


def _related(issue: Issue, site: Site) -> str:
    links = _linked(issue, site)
    if not links:
        return ""
    items = "\n".join(
        f"<li>{_link(site.url(one.path), one_line(one.title) or site.url(one.path))}<br>"
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
