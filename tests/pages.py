"""Serials, their pages, and a strict reader of pages, for the tests of page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from typing_extensions import override

from pipeline import page
from pipeline.model import FrontMatter, Part, Serial, Site, Upcoming
from pipeline.template import Templates
from tests.mails import AT, SITE, issue

TEMPLATES = Path(__file__).parents[1] / "templates"
VOID = {"meta", "link", "br", "hr", "img", "input", "wbr", "col", "path"}
NASTY = """<script>alert(1)</script>"'&</script>"""


def templates() -> Templates:
    """The product's own templates."""
    paths = [path for path in TEMPLATES.rglob("*") if path.is_file()]
    return Templates(
        {path.relative_to(TEMPLATES).as_posix(): path.read_text("utf-8") for path in paths}
    )


OURS = templates()


class Reading(HTMLParser):
    """What a strict reader finds: tags that match, headings, links, attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.links: list[dict[str, str]] = []
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.wrong += self.open

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {key: value or "" for key, value in attrs}
        self.attributes |= said.keys()
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "href" in said or "src" in said:
            self.links.append({"tag": tag, **said})
        if tag == "script":
            self.scripts.append(said.get("type", ""))
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


def serial(slug: str = "sleep", out: int = 2, of: int = 4, **front: Any) -> Serial:
    """A guide of which some parts are out and the others have dates."""
    issues = tuple(
        issue(
            guide=slug, guide_title="Sleep", number=n, of=of, id=f"tag:{slug}:{n}",
            path=f"{slug}/{n}-part/", subject=f"Part {n}", upcoming=None, related=(),
            released_at=AT + timedelta(days=n),
        )
        for n in range(1, out + 1)
    )  # fmt: skip
    parts = tuple(Part(n, of, f"Part {n}", (), 100) for n in range(1, of + 1))
    coming = tuple(
        Upcoming(n, f"Part {n}", datetime(2026, 12, 1, 8, tzinfo=UTC) + timedelta(days=n - 1))
        for n in range(out + 1, of + 1)
    )
    return Serial(FrontMatter(slug, "Sleep", **front), parts, issues, coming)


def pages(*serials: Serial, site: Site = SITE) -> dict[str, str]:
    """Every page of a site by its path."""
    issues = [issue for one in serials for issue in one.issues]
    issues.sort(key=lambda one: (one.released_at, one.guide, one.number), reverse=True)
    made = {"": page.site_page(serials, issues[: page.NEWEST], site, OURS)}
    for one in serials:
        made[f"{one.front.slug}/"] = page.guide_page(one, site, OURS)
        made |= {each.path: page.issue_page(each, one, site, OURS) for each in one.issues}
    return made
