"""page: every page whole, reachable, readable, and the same for the same serial."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import page
from pipeline.markup import clean_text
from pipeline.model import FrontMatter, Part, Person, RelatedLink, Serial, Site, Trust, Upcoming
from tests.mails import SITE, TRUST, issue, section
from tests.pages import NASTY, OURS, Reading, pages, serial


def all_kinds() -> dict[str, str]:
    """One of each page there is."""
    row = page.OutboxRow("x.partwork", "a@example.org", "Subject", "today")
    view = page.MessageView("x", "Subject", (("From", "us"), ("To", "you")), "Hello")
    return {
        **pages(serial(), serial("mood", out=4)),
        "empty": page.site_page((), (), SITE, OURS),
        "outbox": page.outbox_page((row,), 9, SITE, OURS),
        "message": page.message_page(view, SITE, OURS),
        "leave": page.unsubscribe_page("Sleep", SITE, OURS, is_done=False),
        "left": page.unsubscribe_page("Sleep", SITE, OURS, is_done=True),
        "lost": page.unsubscribe_page("", SITE, OURS, is_done=False),
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
    there = {*made, "partwork.css", "logo.svg", "feeds.opml"}
    names = ("atom.xml", "rss.xml", "feed.json")
    there |= {f"{folder}{name}" for folder in ("", "sleep/", "mood/") for name in names}
    there |= {
        "drip/sleep/",
        "drip/mood/",
        "join/",
        "join/sleep/",
        "join/mood/",
        "privacy/",
        "search/",
    }
    for path, html in made.items():
        for link in Reading(html).links:
            href = link.get("href") or link["src"]
            if urlsplit(href).scheme or href.startswith("#"):
                continue
            assert not href.startswith("/")
            base = "https://example.org/serials/"
            target = urlsplit(urljoin(base + path, href))._replace(query="").geturl()
            assert target.removeprefix(base) in there, (path, href)


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
    assert "Next, on Thursday 3 December</span>Part 3</p>" in second
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


def test_the_same_serial_gives_the_same_pages() -> None:
    """No clock and no chance is in a page."""
    assert pages(serial()) == pages(serial())


def test_contents_list_every_part_and_the_headings_of_this_one() -> None:
    """What has come is a link, this part is marked, what is coming has its date."""
    inside = (section(title="In order", number="2.1"), section(title="Counted", number="2.2"))
    one = serial()
    shown = replace(one.issues[1], sections=(section(title="Part 2", children=inside),))
    html = page.issue_page(shown, one, SITE, OURS)
    found = re.search(r'<nav class="contents.*?</nav>', html, re.DOTALL)
    assert found
    nav = found[0]
    assert 'href="../../sleep/1-part/">Part 1</a>' in nav
    assert '<strong aria-current="page">Part 2</strong>' in nav
    places = re.findall(r'<a href="#([^"]+)">([^<]+)<', nav)
    assert places == [("s-2-1", "2.1 In order"), ("s-2-2", "2.2 Counted")]
    assert all(f'id="{anchor}"' in html for anchor, _ in places)
    assert re.search(r'<span>Part 3</span>\s*<span class="when ui">on <time', nav)
    assert 'datetime="2026-12-03T08:00:00+00:00">3 December 2026' in nav


def test_dates_are_those_of_the_guides_zone() -> None:
    """What comes at 20:00 UTC comes the next day in Tokyo."""
    late = Upcoming(3, "Part 3", datetime(2026, 12, 3, 20, tzinfo=UTC))
    one = serial(out=2, of=3)
    there = tuple(replace(each, zone="Asia/Tokyo") for each in one.issues)
    one = replace(one, issues=there, upcoming=(late,))
    assert "4 December 2026" in page.guide_page(one, SITE, OURS)
    assert "4 December 2026" in page.issue_page(there[1], one, SITE, OURS)
    assert "Friday 4 December 2026" in page.site_page((one,), (), SITE, OURS)
    assert not any(">3 December" in html or "day 3 Dec" in html for html in pages(one).values())


def test_a_correction_is_told() -> None:
    """The day of the last change stands beside that of the release, only where there is one."""
    one = serial(out=1)
    same = replace(one.issues[0], updated_at=one.issues[0].released_at)
    assert "updated" not in page.issue_page(same, one, SITE, OURS)
    changed = replace(same, updated_at=same.released_at + timedelta(days=3))
    assert "updated <time" in page.issue_page(changed, one, SITE, OURS)


def test_sharing_and_replying_are_the_readers_own_mail() -> None:
    """The address can be copied; letters are begun with the part's name; nothing is tracked."""
    odd = issue(subject="Salt & pepper? 100 %", path="sleep/1-a/")
    html = page.issue_page(odd, serial(out=1), SITE, OURS)
    hrefs = [one["href"] for one in Reading(html).links if one.get("href", "").startswith("mailto")]
    share, reply = map(urlsplit, hrefs)
    assert dict(parse_qsl(share.query)) == {"subject": odd.subject, "body": SITE.url(odd.path)}
    assert (share.path, reply.path) == ("", SITE.reply_to)
    assert dict(parse_qsl(reply.query)) == {"subject": odd.subject}
    assert f'<a href="{SITE.url(odd.path)}" dir="ltr">{SITE.url(odd.path)}</a>' in html
    silent = page.issue_page(odd, serial(out=1), replace(SITE, reply_to=""), OURS)
    assert silent.count("mailto:") == 1


def test_a_related_link_that_is_not_safe_is_left_out() -> None:
    """An address that could run something is no address, whatever a pin said."""
    bad = RelatedLink("Bad", "javascript://%0aalert(1)", "Elsewhere", 1, pinned=True)
    html = page.issue_page(issue(related=(bad,)), serial(out=1), SITE, OURS)
    assert "You might also like" not in html
    assert "javascript" not in html


def test_trust_is_shown_as_stated() -> None:
    """Emergency line, disclaimer, people, review and sources, on issue and guide, in that order."""
    one = serial(out=1, trust=TRUST, author=issue().author)
    one = replace(one, issues=(replace(one.issues[0], trust=TRUST),))
    for html in (page.issue_page(issue(), one, SITE, OURS), page.guide_page(one, SITE, OURS)):
        about = html[html.index('id="about"') :]
        words = (
            "If you are in danger", "This guide informs", "The Example Desk, science writer",
            "Robin Example</a>, psychiatrist (facts and safety)", "Last reviewed 1 October 2026",
            "None declared.", "Readers.", "Light and the clock of mice</a> (2019)",
        )  # fmt: skip
        places = [about.index(each) for each in words]
        assert places == sorted(places)


def test_a_demonstration_says_so_on_every_page() -> None:
    """In plain words, once, also where nothing else is to be said of trust."""
    for path, html in pages(serial(), site=replace(SITE, demonstration=True)).items():
        assert html.count("This site is a demonstration.") == 1, path
    assert not any("demonstration" in html for html in pages(serial()).values())


def test_a_message_shows_its_html_in_a_sandbox_only() -> None:
    """The frame has its own address and no rights; headers and text are words."""
    headers = (("From", NASTY), ("X-Odd", NASTY))
    html = page.message_page(page.MessageView("x", NASTY, headers, NASTY), SITE, OURS)
    assert '<iframe class="mail" sandbox src="html"' in html
    found = Reading(html)
    assert (found.wrong, found.scripts) == ([], [])


def test_leaving_asks_first_and_posts() -> None:
    """GET explains and has one button; done and lost have none, and lost says what to do."""
    ask, done, lost = (
        page.unsubscribe_page(title, SITE, OURS, is_done=is_done)
        for title, is_done in (("Sleep", False), ("Sleep", True), ("", False))
    )
    assert ask.count('<form method="post"><button') == 1
    assert "<form" not in done
    assert "<form" not in lost
    assert SITE.reply_to in lost


@pytest.mark.parametrize("status", [400, 404, 405, 410, 418, 503])
def test_an_error_page_leads_home(status: int) -> None:
    """Whatever the address was, below any prefix."""
    site = replace(SITE, base_url="https://example.org/serials")
    html = page.error_page(status, site, OURS)
    assert '<a href="/serials/">The front page</a>' in html
    assert str(status) in html


TITLES = st.text(min_size=1, max_size=40).filter(lambda text: bool(clean_text(text).strip()))


@settings(max_examples=40)
@given(TITLES, TITLES)
def test_any_title_makes_a_whole_page(title: str, name: str) -> None:
    """Whatever titles are made of, pages are well-formed and the linked data says them."""
    title, name = clean_text(title), clean_text(name)
    one = serial(out=1, author=Person(name))
    odd = replace(one.issues[0], subject=title, guide_title=name, author=Person(name))
    one = replace(one, front=replace(one.front, title=name), issues=(odd,))
    for html in pages(one).values():
        found = Reading(html)
        assert found.wrong == []
        assert set(found.scripts) <= {"application/ld+json"}
    script = re.search(
        r'ld\+json">(.*?)</script>', page.issue_page(odd, one, SITE, OURS), re.DOTALL
    )
    assert script
    assert json.loads(script[1])["headline"] == title
