"""page: every page whole, reachable, readable, and the same for the same serial."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from pipeline import page
from pipeline.errors import UsageError
from pipeline.model import FrontMatter, Part, Person, Serial, Site, Trust, Upcoming
from pipeline.page.colour import DARK_PAPER, ENOUGH, PAPER, contrast
from pipeline.template import Templates
from tests.mails import AT, SITE, TRUST, issue, section

TEMPLATES = Path(__file__).parents[2] / "templates"
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
        Upcoming(n, f"Part {n}", datetime(2026, 12, n, 8, tzinfo=UTC))
        for n in range(out + 1, of + 1)
    )
    return Serial(FrontMatter(slug, "Sleep", **front), parts, issues, coming)


def pages(*serials: Serial, site: Site = SITE) -> dict[str, str]:
    """Every page of a site by its path."""
    made = {"": page.site_page(serials, site, OURS)}
    for one in serials:
        made[f"{one.front.slug}/"] = page.guide_page(one, site, OURS)
        made |= {each.path: page.issue_page(each, one, site, OURS) for each in one.issues}
    return made


def all_kinds() -> dict[str, str]:
    """One of each page there is."""
    row = page.OutboxRow("x.partwork", "a@example.org", "Subject", "today")
    view = page.MessageView("x", "Subject", (("From", "us"), ("To", "you")), "Hello")
    return {
        **pages(serial(), serial("mood", out=4)),
        "empty": page.site_page((), SITE, OURS),
        "outbox": page.outbox_page((row,), 9, SITE, OURS),
        "message": page.message_page(view, SITE, OURS),
        "leave": page.unsubscribe_page("Sleep", SITE, OURS, is_done=False),
        "left": page.unsubscribe_page("Sleep", SITE, OURS, is_done=True),
        "error": page.error_page(404, SITE, OURS),
    }


@pytest.mark.parametrize("path", all_kinds())
def test_a_page_is_whole(path: str) -> None:
    """Tags match, one h1, headings without gaps, no inline style, no script but data."""
    found = Reading(all_kinds()[path])
    assert found.wrong == []
    assert found.headings.count(1) == 1
    steps = zip(found.headings, found.headings[1:], strict=False)
    assert all(later <= early + 1 for early, later in steps), found.headings
    assert "style" not in found.attributes
    assert not any(name.startswith("on") for name in found.attributes)
    assert set(found.scripts) <= {"application/ld+json"}


def test_every_link_leads_to_a_page_or_feed() -> None:
    """Links between pages are relative and resolve to what is published, also below a prefix."""
    made = pages(serial(), serial("mood", out=4))
    there = {*made, "partwork.css", "logo.svg"}
    names = ("atom.xml", "rss.xml", "feed.json")
    there |= {f"{slug}/{name}" for slug in ("sleep", "mood") for name in names}
    for path, html in made.items():
        for link in Reading(html).links:
            href = link.get("href") or link["src"]
            if urlsplit(href).scheme or href.startswith("#"):
                continue
            assert not href.startswith("/")
            base = "https://example.org/serials/"
            assert urljoin(base + path, href).removeprefix(base) in there, (path, href)


def test_nothing_is_asked_of_a_third_party() -> None:
    """Stylesheets, icons, pictures and frames come from the site itself."""
    for path, html in all_kinds().items():
        for link in Reading(html).links:
            if link["tag"] != "a" and link.get("rel") not in {"canonical", "alternate"}:
                address = link.get("href") or link["src"]
                host = urlsplit(address).hostname
                assert host in {None, SITE.host}, (path, address)


@pytest.mark.parametrize("path", ["", "sleep/", "sleep/1-part/"])
def test_feeds_are_found_from_every_page(path: str) -> None:
    """Autodiscovery links for RSS, Atom and JSON Feed, and the page's own address."""
    links = Reading(pages(serial())[path]).links
    kinds = {one.get("type") for one in links if one.get("rel") == "alternate"}
    assert kinds == {"application/rss+xml", "application/atom+xml", "application/feed+json"}
    (canonical,) = [one["href"] for one in links if one.get("rel") == "canonical"]
    assert canonical == SITE.url(path)


def test_a_guide_may_belong_elsewhere() -> None:
    """The canonical address that a writer states is that of the guide's page."""
    html = page.guide_page(serial(canonical_url="https://first.example.net/x"), SITE, OURS)
    assert '<link rel="canonical" href="https://first.example.net/x">' in html


def test_parts_lead_on_and_back() -> None:
    """Previous and next where they are out; the date of what is to come, without a link."""
    made = pages(serial())
    first, second = made["sleep/1-part/"], made["sleep/2-part/"]
    assert '<link rel="next" href="../../sleep/2-part/">' in first
    assert '<link rel="prev" href="../../sleep/1-part/">' in second
    assert "Thursday 3 December 2026" in second
    assert 'rel="next"' not in second
    guide = made["sleep/"]
    assert "3 December 2026" in guide
    assert 'href="../sleep/2-part/"' in guide
    assert "Part 3</a>" not in guide


def test_related_links_say_why() -> None:
    """Each leads to the page it names, with its reason."""
    one = serial(out=1)
    related = issue().related
    html = page.issue_page(issue(path="sleep/1/", related=related), one, SITE, OURS)
    assert 'href="../../study/3/">Methods</a>' in html
    assert "From Reading a study, also on mice, light and dose" in html


def test_hostile_words_are_words() -> None:
    """Markup in titles, names and descriptions is shown, never taken as markup."""
    nasty = Trust(reviewer=Person(NASTY, NASTY), disclaimer=NASTY, citations=TRUST.citations)
    one = issue(
        subject=NASTY, guide_title=NASTY, author=Person(NASTY, url="javascript:alert(1)"),
        trust=nasty, sections=(section(title=NASTY), section(title="b")),
    )  # fmt: skip
    front = FrontMatter("sleep-and-mood", NASTY, description=NASTY, trust=nasty)
    made = Serial(front, (Part(1, 1, NASTY, (), 1),), (one,))
    site = Site(SITE.base_url, NASTY, SITE.sender, NASTY, description=NASTY)
    for path, html in pages(made, site=site).items():
        found = Reading(html)
        assert found.wrong == [], path
        assert set(found.scripts) <= {"application/ld+json"}
        assert "<script>alert" not in html
        assert not any("javascript:" in (one.get("href") or "") for one in found.links)


def test_linked_data_says_what_is_stated_and_no_more() -> None:
    """JSON-LD parses back to the title; a review is in it only where somebody reviewed."""

    def data(**fields: Any) -> dict[str, Any]:
        html = page.issue_page(issue(**fields), serial(out=1), SITE, OURS)
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
        assert found
        parsed: dict[str, Any] = json.loads(found[1])
        return parsed

    assert data(subject=NASTY)["headline"] == NASTY
    assert data()["reviewedBy"]
    assert data()["lastReviewed"]
    unreviewed = Trust(reviewer=Person("not reviewed"), last_reviewed=TRUST.last_reviewed)
    assert not {"reviewedBy", "lastReviewed"} & data(trust=unreviewed).keys()
    assert "author" not in data(author=None)


def test_a_language_has_its_direction() -> None:
    """Arabic runs from right to left, and the page says so."""
    arabic = page.issue_page(issue(lang="ar"), serial(out=1), SITE, OURS)
    assert '<html lang="ar" dir="rtl">' in arabic
    assert '<html lang="en" dir="ltr">' in page.issue_page(issue(), serial(out=1), SITE, OURS)


def test_the_same_serial_gives_the_same_pages() -> None:
    """No clock and no chance is in a page."""
    assert pages(serial()) == pages(serial())


def test_the_accent_is_the_sites() -> None:
    """Its own colours are in the stylesheet, for light and for dark."""
    site = Site(SITE.base_url, "S", SITE.sender, "x", accent="#7a1f1f", accent_dark="#f0b0b0")
    sheet = page.stylesheet(site, OURS)
    assert "--accent: #7a1f1f" in sheet
    assert "--accent: #f0b0b0" in sheet
    assert "{{" not in sheet


COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


@given(COLOURS, COLOURS)
def test_contrast_is_a_ratio(one: str, other: str) -> None:
    """Between 1 and 21, the same either way round, 1 with itself."""
    assert 1 <= contrast(one, other) <= 21.01
    assert contrast(one, other) == contrast(other, one)
    assert contrast(one, one) == 1


def test_contrast_is_wcags() -> None:
    """Black on white is 21; the known edge #767676 passes on white and #777777 does not."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") >= ENOUGH > contrast("#777777", "#ffffff")


def test_the_look_can_be_read() -> None:
    """Ink, muted text and accent reach 4.5 on their paper, light and dark."""
    sheet = (TEMPLATES / "page/style.css").read_text("utf-8")
    schemes = re.findall(r"--paper: (#\w+); --ink: (#\w+); --muted: (#\w+)", sheet)
    assert [paper for paper, *_ in schemes] == [PAPER, DARK_PAPER]
    for paper, *colours in schemes:
        assert all(contrast(one, paper) >= ENOUGH for one in colours)
    page.check_accents(SITE.accent, SITE.accent_dark)


@pytest.mark.parametrize(
    ("accent", "dark"),
    [("#dddddd", "#8fb8de"), ("#1f4e79", "#222222"), ("red", "#8fb8de")],
)
def test_an_accent_that_cannot_be_read_is_refused(accent: str, dark: str) -> None:
    """With its contrast, and what is needed."""
    with pytest.raises(UsageError, match=r"contrast|no colour"):
        page.check_accents(accent, dark)
