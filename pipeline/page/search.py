"""The page of searching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.model import Site
from pipeline.page.frame import Head, frame
from pipeline.template import Templates


@dataclass(frozen=True, slots=True)
class Hit:
    """A part that was found, and words of it: (words, whether they were looked for)."""

    path: str
    subject: str
    guide_title: str
    lang: str
    number: int
    excerpt: Sequence[tuple[str, bool]]


def search_page(said: str, hits: Sequence[Hit], site: Site, templates: Templates) -> str:
    """The form, and what was found.

    Args:
        said: What was looked for; empty: nothing yet.
        hits: What was found, the best first.
        site: The site.
        templates: Its templates.
    """
    head = Head(f"{said} · Search" if said else "Search", root="../")
    context = frame(head, site, templates) | {"said": said, "hits": hits}
    return templates.render("page/search.html", **context)
