"""feed: four parsers of other hands, and a schema, agree on what a feed says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path
from typing import Any

import atoma
import fastfeedparser
import feedparser
import feedparser_rs
import pytest
from lxml import etree

from tests.sites import SETTINGS, make_site, run_once, write_guide

SCHEMA = Path(__file__).parents[1] / "schemas" / "atom.rng"
LATE = '[schedule]\ncatch_up = "all"\nmax_late_days = 60\n'
TAGS = ("dreams", "rest & sleep")


@dataclass(frozen=True, slots=True)
class Said:
    """What a parser found in an entry."""

    id: str
    title: str
    link: str
    published: datetime
    content: str
    tags: tuple[str, ...]


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a guide whose parts are all out, so that it has archives."""
    site = make_site(tmp_path_factory.mktemp("quorum"), SETTINGS + LATE)
    front = "cadence: daily 09:00\nstart: 2026-03-02\ntags: [dreams, rest & sleep]\n"
    write_guide(site, parts=24, front=front)
    run_once(site, "2026-03-01T10:00")
    run_once(site, "2026-03-27T10:00")
    return site / "feeds"


def _feedparser(raw: bytes) -> Iterator[Said]:
    parsed = feedparser.parse(raw)
    assert not parsed.bozo, parsed.bozo_exception
    for one in parsed.entries:
        tags = tuple(tag.term for tag in one.tags)
        content = one.content[0].value
        yield Said(one.id, one.title, one.link, _moment(one.published), content, tags)


def _feedparser_rs(raw: bytes) -> Iterator[Said]:
    parsed = feedparser_rs.parse(raw)
    assert not parsed.bozo
    for one in parsed.entries:
        tags = tuple(unescape(tag.term) for tag in one.tags)  # it hands terms on as HTML
        content = one.content[0].value
        yield Said(one.id, one.title, one.link, _moment(one.published), content, tags)


def _fastfeedparser(raw: bytes) -> Iterator[Said]:
    for one in fastfeedparser.parse(raw).entries:
        tags = tuple(tag["term"] for tag in one["tags"])
        content = one["content"][0]["value"]
        yield Said(one.id, one.title, one.link, _moment(one.published), content, tags)


def _atoma(raw: bytes) -> Iterator[Said]:
    if raw.startswith(b"{"):
        for one in atoma.parse_json_feed_bytes(raw).items:
            content, tags = one.content_html, tuple(one.tags)
            yield Said(one.id_, one.title, one.url, one.date_published, content, tags)
    elif b"<rss" in raw[:200]:
        for one in atoma.parse_rss_bytes(raw).items:
            content, tags = one.content_encoded, tuple(one.categories)
            yield Said(one.guid, one.title, one.link, one.pub_date, content, tags)
    else:
        for one in atoma.parse_atom_bytes(raw).entries:
            link = next(each.href for each in one.links if each.rel == "alternate")
            tags = tuple(each.term for each in one.categories)
            content = one.content.value
            yield Said(one.id_, one.title.value, link, one.published, content, tags)


def _moment(text: str) -> datetime:
    """A date of a feed, however the parser leaves it."""
    return parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)


PARSERS: dict[str, Callable[[bytes], Iterator[Said]]] = {
    "feedparser": _feedparser,
    "feedparser-rs": _feedparser_rs,
    "fastfeedparser": _fastfeedparser,
    "atoma": _atoma,
}
DOCUMENTS = ("{}atom.xml", "{}rss.xml", "{}feed.json")
FOLDERS = ("", "water/", "water/archive/1/", "tag/dreams/")


@pytest.mark.parametrize("folder", FOLDERS)
def test_four_parsers_agree(feeds: Path, folder: str) -> None:
    """Ids, titles, links, dates, texts and tags are the same in each format by each parser."""
    found: dict[tuple[str, str], list[tuple[object, ...]]] = {}
    texts: dict[str, list[str]] = {}
    for document in DOCUMENTS:
        raw = (feeds / document.format(folder)).read_bytes()
        for name, parser in PARSERS.items():
            if name == "feedparser" and document.endswith(".json"):
                continue  # it reads no JSON Feed
            said = list(parser(raw))
            found[name, document] = [
                (one.id, one.title, one.link, one.published, one.tags) for one in said
            ]
            texts[f"{name} {document}"] = ["".join(one.content.split()) for one in said]
    first = next(iter(found.values()))
    assert len(first) >= 5
    for (name, document), other in found.items():
        assert other == first, (name, document)
    assert {tuple(one[-1]) for one in first} == {TAGS}  # type: ignore[arg-type]
    strict = texts.pop("atoma {}atom.xml")
    assert texts["atoma {}rss.xml"] == texts["atoma {}feed.json"] == strict
    # Others clean what they read: the words stay.
    plain = [_words(one) for one in strict]
    assert all([_words(one) for one in other] == plain for other in texts.values())


def _words(content: str) -> str:
    """The text of a fragment without its elements and spaces."""
    root = etree.HTML(f"<div>{content}</div>")
    return "".join("".join(root.itertext()).split())


def _schema() -> Any:
    return etree.RelaxNG(etree.parse(SCHEMA))


@pytest.mark.parametrize("folder", FOLDERS)
def test_atom_is_what_its_schema_allows(feeds: Path, folder: str) -> None:
    """RFC 4287: what must be there is, once where it may be once, and nothing strange beside it."""
    schema = _schema()
    found = etree.parse(feeds / folder / "atom.xml")
    assert schema.validate(found), schema.error_log


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("<updated>", "<updatedd>"),
        ('type="html"', 'type="text/html"'),
        ("<title>", "<title type='html'><b/>"),
        (' term="', ' name="'),
        ("<published>2", "<published>two"),
        ("<id>tag:", "<id>"),
        ("<entry>", "<entry><title>Another</title>"),
        ("<name>", "<name><b/>"),
        ('<link href="', '<link url="'),
    ],
)
def test_the_schema_finds_faults(feeds: Path, was: str, becomes: str) -> None:
    """A document that was spoilt in one place is not valid."""
    raw = (feeds / "water" / "atom.xml").read_text("utf-8")
    assert was in raw
    spoilt = raw.replace(was, becomes, 1)
    if becomes == "<updatedd>":
        spoilt = spoilt.replace("</updated>", "</updatedd>", 1)
    assert not _schema().validate(etree.fromstring(spoilt.encode(), etree.XMLParser(recover=True)))
