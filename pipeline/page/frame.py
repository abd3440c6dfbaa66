"""What every page has: its head, its place, its language, and the stylesheet that it asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline import wording
from pipeline.markup import safe_url
from pipeline.model import FeedFormat, Site
from pipeline.page.colour import check_accents
from pipeline.template import Templates

STYLESHEET = "partwork.css"
"""The path of the stylesheet below the base URL."""

FEED_STYLESHEET = "feed.css"
"""The path of the stylesheet of feeds below the base URL."""

OURS = "en"
"""The language of what we say ourselves."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says of itself before it says anything."""

    title: str
    lang: str = OURS
    description: str = ""
    canonical: str = ""
    """The page's own absolute URL; empty for a page that nobody should find by searching."""
    root: str = ""
    """The way back to the site's front page, relative, so that any path prefix will do."""


def stylesheet(site: Site, templates: Templates) -> str:
    """The stylesheet with the site's accents.

    Raises:
        UsageError: An accent is no colour, or cannot be read on our paper.
    """
    check_accents(site.accent, site.accent_dark)
    return templates.render("page/style.css", site=site)


def feed_stylesheet(site: Site, templates: Templates) -> str:
    """The stylesheet that browsers show feeds with, with the site's accents."""
    return templates.render("page/feed.css", site=site)


def frame(head: Head, site: Site, templates: Templates) -> dict[str, Any]:
    """What the frame of every page needs.

    The stylesheet is asked for with a digest of its content behind its name: the file keeps its
    name, and a browser that kept it asks again as soon as it says something else.
    """
    tongue = _tongue(head.lang)
    digest = hashlib.sha256(stylesheet(site, templates).encode()).hexdigest()[:10]
    return {
        "site": site,
        "title": head.title,
        "lang": head.lang,
        "dir": wording.direction(head.lang),
        "description": head.description,
        "canonical": head.canonical,
        "root": head.root,
        "style": f"{head.root}{STYLESHEET}?v={digest}",
        "tongue": tongue,
        "en": tongue(OURS),
        "safe_url": safe_url,
        "feeds": (),
        "formats": tuple(FeedFormat),
        "demonstration": wording.demonstration(site),
    }


def _tongue(around: str) -> Callable[[str], Markup]:
    """Marks words whose language is not the page's, for voices and for the order of letters."""

    def tongue(lang: str) -> Markup:
        if f"{around}-".lower().startswith(f"{lang}-".lower()):
            return Markup()
        return Markup(' lang="{}" dir="{}"').format(lang, wording.direction(lang))

    return tongue
