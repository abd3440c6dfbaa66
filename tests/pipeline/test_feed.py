"""feed: three formats that say the same, and that no reader can fault."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipeline import feed
from pipeline.markup import clean_text
from pipeline.model import (
    Archive,
    Dated,
    Feed,
    FeedFormat,
    FrontMatter,
    Part,
    Person,
    RelatedLink,
    Serial,
    Site,
    Trust,
)
from tests.mails import AT, SITE, issue, plain_issue, said, section

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
XML = "{http://www.w3.org/XML/1998/namespace}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


def serial(count: int = 3, of: int = 6, **fields: Any) -> Serial:
    """A guide of which so many parts are out, all released together unless said otherwise."""
    issues = tuple(
        issue(
            **{
                "number": n, "of": of, "id": f"tag:example.org,2026:{n}", "tags": ("sleep", "a b"),
                "path": f"sleep/{n}/", "subject": f"Part {n}", **fields,
            }
        )
        for n in range(1, count + 1)
    )  # fmt: skip
    parts = tuple(Part(n, of, f"Part {n}", (), 100) for n in range(1, of + 1))
    return Serial(FrontMatter("sleep", "Sleep & mood", tags=("sleep",)), parts, issues)


def current(made: Serial, site: Site = SITE, archives: tuple[Archive, ...] = ()) -> Feed:
    """The current feed of a guide."""
    dated = [Dated(one.id, one.released_at, one.updated_at) for one in made.issues]
    channel = feed.guide_channel(made.front, len(made.parts), dated, site)
    channel = replace(channel, archives=archives)
    return feed.current_feed(channel, {one.id: one for one in made.issues}, site)


def rendered(made: Serial, site: Site = SITE) -> tuple[bytes, bytes, dict[str, Any]]:
    """RSS, Atom, and JSON Feed taken apart."""
    document = current(made, site)
    return (
        feed.render(document, FeedFormat.RSS),
        feed.render(document, FeedFormat.ATOM),
        json.loads(feed.render(document, FeedFormat.JSON)),
    )


def links_of(raw: bytes, rel: str) -> list[tuple[str | None, str | None]]:
    """Address and title of each link of this rel."""
    found = etree.fromstring(raw).iter(f"{ATOM}link")
    return [(one.get("href"), one.get("title")) for one in found if one.get("rel") == rel]


def test_the_three_formats_say_the_same() -> None:
    """Ids, titles, addresses, dates, summaries and text are equal, read by a feed reader."""
    raw_rss, raw_atom, document = rendered(serial())
    rss, atom = feedparser.parse(raw_rss), feedparser.parse(raw_atom)
    assert (rss.bozo, atom.bozo, len(rss.entries)) == (False, False, 3)
    for one, two, three in zip(rss.entries, atom.entries, document["items"], strict=True):
        assert one.id == two.id == three["id"]
        assert one.title == two.title == three["title"]
        assert one.link == two.link == three["url"]
        assert one.published_parsed == two.published_parsed
        assert one.updated_parsed == two.updated_parsed
        assert one.summary == two.summary == three["summary"]
        assert one.content[0].value == two.content[0].value
        assert one.author == two.author == three["authors"][0]["name"]
        terms = [[tag.term for tag in each.tags] for each in (one, two)]
        assert terms == [three["tags"]] * 2
    contents = [node.text for node in etree.fromstring(raw_rss).iter(CONTENT)]
    assert contents == [item["content_html"] for item in document["items"]]


def test_the_whole_issue_is_in_an_entry() -> None:
    """Text, related links with a reason, what comes next, and what stands behind the words."""
    html = feed.entry(issue(), SITE).html
    for words in (
        "Sleep comes in cycles",
        "You might also like",
        "From Reading a study, also on mice, light and dose",
        "What wakes us",
        "3 December",
        "call your local emergency number",
        "Mood after a short night",
    ):
        assert words in html, words


def test_related_links_are_links_too() -> None:
    """rel=related in Atom, in RSS and in JSON are the links of the body, with their titles."""
    raw_rss, raw_atom, document = rendered(serial(1))
    wanted = {
        ("https://serials.example.org/study/3/", "Methods"),
        ("https://www.example.net/q", "Questions"),
    }
    for raw in (raw_rss, raw_atom):
        assert set(links_of(raw, "related")) == wanted
    assert {(one["url"], one["title"]) for one in document["items"][0]["_related"]} == wanted


def test_an_id_is_no_address() -> None:
    """The guid is not a permalink; entries and feed keep their ids when the site moves."""
    raw, atom, _ = rendered(serial())
    guids = list(etree.fromstring(raw).iter("guid"))
    assert {one.get("isPermaLink") for one in guids} == {"false"}
    moved = Site("https://moved.example.net", SITE.title, SITE.sender, SITE.postal_address)
    again = feedparser.parse(rendered(serial(), moved)[1])
    before = feedparser.parse(atom)
    assert [one.id for one in again.entries] == [one.id for one in before.entries]
    assert again.feed.id == before.feed.id
    assert again.entries[0].link != before.entries[0].link


def test_no_two_entries_share_a_moment() -> None:
    """Parts released together are a second apart, newest first; the feed is its newest entry."""
    document = current(serial(), SITE)
    moments = [one.updated_at for one in document.entries]
    assert moments == sorted(set(moments), reverse=True)
    assert moments[-1] == AT
    assert document.updated_at == moments[0]
    assert all(one.published_at <= one.updated_at for one in document.entries)


def test_a_new_part_changes_no_old_entry() -> None:
    """What a reader has stays byte for byte."""
    first = current(serial(2), SITE).entries
    later = current(serial(3), SITE).entries
    assert later[1:] == first


@settings(max_examples=25)
@given(st.lists(st.integers(0, 3), min_size=12, max_size=25), st.integers(1, 5), st.integers(0, 40))
def test_a_new_part_or_an_edit_moves_no_other_entry(
    gaps: list[int], extra: int, edited: int
) -> None:
    """Every other entry stays as it was; no two share a moment."""
    made = serial(len(gaps), 40, sections=(section(said("x")),), related=(), trust=Trust())
    released = [AT + timedelta(seconds=at) for at in accumulate(gaps)]
    dated = [
        replace(one, released_at=at, updated_at=at)
        for one, at in zip(made.issues, released, strict=True)
    ]
    after = current(replace(made, issues=tuple(dated)))
    before = current(replace(made, issues=tuple(dated[:-1])))
    assert after.entries[1:] == before.entries
    index = edited % len(dated)
    dated[index] = replace(dated[index], updated_at=released[-1] + timedelta(seconds=extra))
    again = current(replace(made, issues=tuple(dated)))
    kept = [(one, two) for one, two in zip(after.entries, again.entries, strict=True) if one != two]
    assert {one.id for one, _ in kept} <= {dated[index].id}
    assert all(two.updated_at > one.published_at for one, two in kept)
    for document in (after, again):
        moments = [one.updated_at for one in document.entries]
        assert len(set(moments)) == len(moments)
        assert document.updated_at == max(moments)


def test_a_finished_guide_says_so() -> None:
    """fh:complete in RSS and Atom once the last part is out; no format bids readers to go away."""
    for count, complete in ((2, False), (3, True)):
        raw_rss, raw_atom, document = rendered(serial(count, 3))
        for raw in (raw_rss, raw_atom):
            marks = list(etree.fromstring(raw).iter(f"{HISTORY}complete"))
            assert len(marks) == complete
            assert links_of(raw, "prev-archive") == []
        assert not document.get("expired")  # corrections may still come


def test_each_format_names_itself() -> None:
    """rel=self is where that very document lies; the channel's link is the page."""
    raw_rss, raw_atom, document = rendered(serial())
    base = "https://serials.example.org/sleep/"
    for raw, name in ((raw_rss, "rss.xml"), (raw_atom, "atom.xml")):
        assert links_of(raw, "self") == [(base + name, None)]
        assert re.match(rb"<\?xml version=['\"]1\.0['\"] encoding=['\"]UTF-8['\"]\?>", raw)
        assert b"<!DOCTYPE" not in raw
    assert etree.fromstring(raw_rss).findtext("channel/link") == base
    assert document["feed_url"] == base + "feed.json"
    content = next(etree.fromstring(raw_atom).iter(f"{ATOM}content"))
    assert content.get(f"{XML}base") == "https://serials.example.org/sleep/3/"


ODD = st.text(st.characters(exclude_categories=[]), max_size=40)


@given(ODD, ODD, ODD)
def test_any_text_gives_well_formed_feeds(title: str, words: str, tag: str) -> None:
    """Control characters, lone surrogates, markup and `]]>` harm no feed; what can be told is."""
    made = serial(1)
    odd = plain_issue(said(words), subject=title, tags=(tag,), of=6, number=1)
    raw_rss, raw_atom, document = rendered(Serial(made.front, made.parts, (odd,)))
    assert etree.fromstring(raw_rss).find("channel/item/title") is not None
    assert etree.fromstring(raw_atom).find(f"{ATOM}entry/{ATOM}id") is not None
    (item,) = document["items"]
    assert item["title"].strip()


@pytest.mark.parametrize("blank", ["", "  \n", "\x00", "\ud800", "\ufffe"])
def test_what_cannot_be_said_leaves_no_gap(blank: str) -> None:
    """Titles, names and tags without a character to show give way; no element is empty."""
    link = RelatedLink(blank, "study/3/", blank, 0.2, (blank,))
    one = plain_issue(
        said(blank), subject=blank, tags=(blank, "sleep", blank, "sleep"), author=Person(blank),
        related=(link,), guide_title=blank,
    )  # fmt: skip
    front = FrontMatter("sleep", blank, description=blank, author=Person(blank))
    raw_rss, raw_atom, document = rendered(Serial(front, serial(1).parts, (one,)))
    for raw in (raw_rss, raw_atom):
        assert not feedparser.parse(raw).bozo
        leaves = [each for each in etree.fromstring(raw).iter() if not len(each)]
        assert [one.tag for one in leaves if not one.attrib and not (one.text or "").strip()] == []
        assert all(title for _, title in links_of(raw, "related"))
    assert document["title"] == "sleep"
    assert document["items"][0]["tags"] == ["sleep"]


@given(ODD.filter(lambda title: bool(clean_text(title).split())))
def test_a_title_survives_whatever_it_is(title: str) -> None:
    """Every character of a title that XML has comes out of each format."""
    made = serial(1)
    one = Serial(made.front, made.parts, (plain_issue(said("x"), subject=title),))
    raw_rss, raw_atom, document = rendered(one)
    wanted = " ".join(clean_text(title).split())
    assert etree.fromstring(raw_rss).findtext("channel/item/title") == wanted
    assert etree.fromstring(raw_atom).findtext(f"{ATOM}entry/{ATOM}title") == wanted
    assert document["items"][0]["title"] == wanted


def test_a_related_link_cannot_run() -> None:
    """An address of another scheme is no link in any format, nor in the body."""
    schemes = ("javascript", "JavaScript", "vbscript", "data", "java\tscript")
    bad = [RelatedLink("Bad", f"{one}://%0aalert(1)", "Worse", 0.1, pinned=True) for one in schemes]
    good = RelatedLink("Good", "study/3/", "Better", 0.1)
    made = serial(1, related=(*bad, good))
    raw_rss, raw_atom, document = rendered(made)
    for made_of in (raw_rss.decode(), raw_atom.decode(), json.dumps(document)):
        assert "script:" not in made_of.lower()
        assert "alert(1)" not in made_of
    assert links_of(raw_atom, "related") == [("https://serials.example.org/study/3/", "Good")]


def test_every_address_is_absolute() -> None:
    """Links and images are of http or https, with a host; tags have a scheme."""
    raw_rss, raw_atom, document = rendered(serial(of=3))
    found = [document["home_page_url"], document["feed_url"]]
    for item in document["items"]:
        found += [item["url"], *(one["url"] for one in item["_related"])]
        found += re.findall(r'(?:href|src)="([^"]*)"', item["content_html"])
    for raw in (raw_rss, raw_atom):
        found += [one.get("href", "") for one in etree.fromstring(raw).iter(f"{ATOM}link")]
    assert len(found) > 20
    assert [one for one in found if not re.match(r"https?://[^/]+/", one)] == []
    terms = [(one.get("term"), one.get("scheme"))
             for one in etree.fromstring(raw_atom).iter(f"{ATOM}category")]  # fmt: skip
    assert set(terms) == {(tag, "https://serials.example.org/tag/") for tag in ("sleep", "a b")}


def test_json_feed_has_what_the_format_requires() -> None:
    """Version 1.1, a title, and items with an id and content; dates with an offset; UTF-8."""
    made = feed.render(current(serial(), SITE), FeedFormat.JSON)
    document = json.loads(made.decode("utf-8"))
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["title"] == "Sleep & mood"
    assert len(document["items"]) == 3
    for item in document["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
        for key in ("date_published", "date_modified"):
            assert datetime.fromisoformat(item[key]).tzinfo is not None


def test_a_feed_tells_nothing_of_readers() -> None:
    """No address of mail, no unsubscribe link: a feed is the same for everyone."""
    for raw in rendered(serial(of=3))[:2]:
        assert b"@" not in raw
        assert b"/u/" not in raw
        assert b"nsubscribe" not in raw


def test_titles_are_text() -> None:
    """`A < B & C` comes out as it went in, in every format."""
    title = "A < B & C ]]> <b>x</b>"
    made = serial(1)
    one = Serial(made.front, made.parts, (plain_issue(said("x"), subject=title),))
    raw_rss, raw_atom, document = rendered(one)
    assert etree.fromstring(raw_rss).findtext("channel/item/title") == title
    assert etree.fromstring(raw_atom).findtext(f"{ATOM}entry/{ATOM}title") == title
    assert document["items"][0]["title"] == title


def test_the_same_guide_gives_the_same_bytes_anywhere() -> None:
    """Another process, time zone, locale and hash seed give the same three documents."""
    program = (
        "import sys\nfrom tests.pipeline.test_feed import feed, serial, current, SITE, FeedFormat\n"
        "made = current(serial(), SITE)\n"
        "for one in FeedFormat:\n"
        "    sys.stdout.buffer.write(feed.render(made, one))\n"
    )
    document = current(serial(), SITE)
    here = b"".join(feed.render(document, one) for one in FeedFormat)
    for zone, seed in (("Asia/Tokyo", "1"), ("America/New_York", "2")):
        surroundings = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        there = subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, "-c", program], env=surroundings, check=True, capture_output=True,
            cwd=Path(__file__).parents[2],
        ).stdout  # fmt: skip
        assert there == here


def test_nothing_out_is_no_feed() -> None:
    """A guide that has not begun has no feed to make."""
    with pytest.raises(ValueError, match="empty"):
        current(serial(0), SITE)


def test_an_edit_shows_as_updated() -> None:
    """A later `updated` moves the entry's, never its publication."""
    later = current(serial(1, updated_at=AT + timedelta(days=2)), SITE).entries[0]
    assert (later.published_at, later.updated_at) == (AT, AT + timedelta(days=2))
