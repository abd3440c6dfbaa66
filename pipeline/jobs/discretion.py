"""Keeps what a discreet guide is about out of all that others see of its mail.

Whoever looks at an inbox over a shoulder, at a mail server's log or at a browser's history sees the
sender, the subject, the list and addresses of pages. A guide that says `discreet: true` goes out
with a subject that only counts; here it is seen to that names and addresses, which its writer and
operator chose, say nothing either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from pipeline import markup
from pipeline.model import (
    Diagnostic,
    FrontMatter,
    Guide,
    Issue,
    RelatedLink,
    Severity,
    Site,
)
from pipeline.related import telling

ANYWHERE, AT_START = 5, 4
"""Letters of a word that is noticed inside a longer one, and at the beginning of one."""

ENDING = 2
"""Letters at the end of a long word that may differ: `therapy`, `therapies`."""

Lead = TypeVar("Lead", Issue, RelatedLink)

_WORD = re.compile(r"[^\W_]+")
_PICTURE = re.compile(r"""<img[^>]* src="(?:[^"]*/)?media/[^"/]+/([^"]+)""")


def topics(texts: Iterable[str], lang: str) -> frozenset[str]:
    """The words that say what these texts are about, as addresses spell them."""
    found = (_spelt(word) for word in telling("\n".join(texts), lang))
    return frozenset(token for each in found for token in each if len(token) > 1)


def about(front: FrontMatter) -> frozenset[str]:
    """What a guide is about."""
    return topics((front.title, *front.tags), front.lang)


def told(said: str, words: frozenset[str]) -> str:
    """The first of these topics that a name or an address says; empty if it says none."""
    tokens = [one for word in _WORD.findall(said.lower()) for one in _spelt(word)]
    return next((topic for topic in sorted(words) if any(_says(one, topic) for one in tokens)), "")


def _spelt(word: str) -> list[str]:
    """A word as addresses spell it: of some scripts several."""
    return markup.slugify(word).split("-")


def _says(token: str, topic: str) -> bool:
    if len(topic) >= ANYWHERE:
        root = topic[:-ENDING] if len(topic) >= ANYWHERE + ENDING else topic
        return root in token
    return token.startswith(topic) if len(topic) >= AT_START else token == topic


def review(guide: Guide, site: Site) -> Iterator[Diagnostic]:
    """What would give a discreet guide away, each an error: it does not go out."""
    if not guide.front.discreet:
        return
    words = about(guide.front)
    for key, what, name in (*_names(guide, site), *_pictures(guide)):
        if word := told(name, words):
            said = f"{what} says {word!r}, and the guide is discreet: choose one that does not"
            yield Diagnostic(guide.front_source, guide.line_of(key), Severity.ERROR, key, said)


def _names(guide: Guide, site: Site) -> Iterator[tuple[str, str, str]]:
    """Names that all see: the front matter key to blame, what it is, and the name."""
    yield "slug", f"slug {guide.slug!r}", guide.slug
    for alias in guide.front.aliases:
        yield "aliases", f"alias {alias!r}", alias
    yield "discreet", f"[site] title {site.title!r}", site.title
    yield "discreet", f"[site] from {site.sender!r}", site.sender
    yield "discreet", f"[site] base_url {site.base_url!r}", site.base_url
    yield "discreet", f"[bounces] address {site.bounces!r}", site.bounces


def _pictures(guide: Guide) -> Iterator[tuple[str, str, str]]:
    for name in sorted(set(_PICTURE.findall(markup.render_html(guide.parts, base_url="")))):
        yield "discreet", f"the name of the picture {name}", name


def quiet(issue: Issue) -> Issue:
    """A discreet issue without the links whose addresses say what it is about."""
    headings = (one.title for one in markup.headings(issue.sections))
    words = topics((issue.guide_title, *issue.tags, *headings), issue.lang)
    return replace(issue, discreet=True, related=silent(issue.related, words))


def silent(leads: Iterable[Lead], words: frozenset[str]) -> tuple[Lead, ...]:
    """Those that lead to an address that says none of these topics."""
    return tuple(one for one in leads if not told(one.path, words))
