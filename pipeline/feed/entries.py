"""Issues as entries, before a format is chosen."""

from __future__ import annotations

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
from pipeline.wording import Voice


def entry(issue: Issue, site: Site) -> Entry:
    """An issue as an entry: the full text, then what is related, what comes next, and its trust."""
    titles = needs_titles(issue.sections, issue.subject)
    body = render_html(issue.sections, base_url=site.base_url, titles=titles)
    said = wording.voice(issue.lang, site)
    pieces = [
        _spoken(body, issue.lang, said),
        _notes(issue, said),
        _related(issue, site, said),
        _next(issue, said),
        _trust(issue, site, said),
    ]
    return Entry(
        id=issue.id,
        url=site.url(issue.path),
        title=one_line(issue.subject) or "…",
        summary=summary(issue.sections) or one_line(issue.subject) or "…",
        html=_turned("\n".join(filter(None, pieces)), issue.lang, said),
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


def _turned(html: str, lang: str, said: Voice) -> str:
    """The whole entry; where all of it runs from right to left it says so."""
    if wording.direction(said.lang) == "ltr":
        return html
    return f'<div lang="{escape(lang)}" dir="rtl">\n{html}\n</div>'


def _spoken(body: str, lang: str, said: Voice) -> str:
    """The text, marked with its language and direction unless they are those of our own words."""
    if language(lang) == said.lang:
        return body
    return f'<div lang="{escape(lang)}" dir="{wording.direction(lang)}">\n{body}\n</div>'


def _notes(issue: Issue, said: Voice) -> str:
    lines = (f"<p><em>{escape(one, quote=False)}</em></p>" for one in wording.notes(issue, said))
    return "\n".join(lines)


def _linked(issue: Issue, site: Site) -> tuple[RelatedLink, ...]:
    """The related links that lead to an address which may stand in a feed."""
    return tuple(one for one in issue.related if safe_url(site.url(one.path)))


def _name(person: Person | None, site: Site) -> str:
    return (one_line(person.name) if person else "") or one_line(site.title)


def _link(url: str, words: str) -> str:
    return f'<a href="{escape(url)}">{escape(words, quote=False)}</a>'


def _related(issue: Issue, site: Site, said: Voice) -> str:
    links = _linked(issue, site)
    if not links:
        return ""
    items = "\n".join(
        f"<li>{_link(site.url(one.path), one_line(one.title) or site.url(one.path))}<br>"
        f"{escape(wording.why(one, issue, said), quote=False)}</li>"
        for one in links
    )
    return f"<h2>{escape(said.say('You might also like'))}</h2>\n<ul>\n{items}\n</ul>"


def _next(issue: Issue, said: Voice) -> str:
    """What comes next, as mail says it too."""
    if issue.upcoming is None:
        return f"<p>{escape(wording.closing(issue, said), quote=False)}</p>"
    day = wording.on_day(issue, said)
    when = escape(said.say(", ") + day, quote=False) if day else ""
    title = escape(issue.upcoming.title, quote=False)
    return f"<p>{escape(said.say('Next:'))} <strong>{title}</strong>{when}</p>"


def _trust(issue: Issue, site: Site, said: Voice) -> str:
    trust = issue.trust
    conflicts, funding = said.say("Conflicts of interest:"), said.say("Funding:")
    lines = [
        f"<p>{escape(text, quote=False)}</p>"
        for text in (
            trust.emergency_line,
            wording.demonstration(site, said),
            trust.disclaimer,
            *(f"{label} {words}" for label, words in wording.people(issue, said)),
            wording.reviewed(issue, said),
            f"{conflicts} {trust.conflicts}" if trust.conflicts else "",
            f"{funding} {trust.funding}" if trust.funding else "",
        )
        if text
    ]
    if trust.citations:
        items = "\n".join(f"<li>{_cited(one)}</li>" for one in trust.citations)
        lines.append(f"<h2>{escape(said.say('Sources'))}</h2>\n<ul>\n{items}\n</ul>")
    return "\n".join(["<hr>", *lines]) if lines else ""


def _cited(one: Citation) -> str:
    words = _link(one.url, one.title) if safe_url(one.url) else escape(one.title, quote=False)
    return words + (escape(f" ({one.published})", quote=False) if one.published else "")
