"""feed: what stands in an entry, for any reader: whole, well formed, absolute, without tricks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
import html5lib
import jsonschema
import pytest
from lxml import etree, html

from tests.pipeline.test_web_feeds import client, get
from tests.serving import LATE
from tests.sites import SETTINGS, make_site, run_once

NOW = "2026-03-10T10:00"
BODY = """
## Wide and deep

A *paragraph* with [a link](../other/), `code`, and a footnote[^1].

- one
- two
  - deeper

### Below

1. first
2. second

> said by somebody

| a | b |
|---|--:|
| 1 | 2 |

```
code < & >
```

<img src="pictures/x.png" srcset="pictures/x.png 1x, pictures/y.png 2x" alt="A map" width="10" height="5" loading="lazy" data-src="z.png" onerror="alert(1)">

<video poster="pictures/p.png" src="v.mp4" controls></video>

<script>alert(1)</script><iframe src="https://example.org/"></iframe><form action="/x"><input></form>

<p style="position: fixed" onclick="x()">Styled <blockquote cite="source.html">quoted</blockquote></p>

[^1]: Said below.
"""  # noqa: E501 -- as writers write it


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a guide that has everything in it, its only part out."""
    made = make_site(tmp_path_factory.mktemp("content") / "site")
    front = "---\ntitle: A < B & C\nslug: all\nstart: 2026-03-09\ntags: [x]\n---\n"
    (made / "content/all.md").write_text(front + BODY)
    other = "---\ntitle: Others\nslug: other\nstart: 2026-03-09\n---\n## Deep code\n\nA paragraph "
    (made / "content/other.md").write_text(
        other + "with code and a link, said by somebody below.\n"
    )
    run_once(made, NOW)
    return made


def item(site: Path, slug: str = "all") -> dict[str, Any]:
    """The newest item of a guide."""
    found: dict[str, Any] = json.loads((site / f"feeds/{slug}/feed.json").read_bytes())["items"][0]
    return found


def test_the_text_is_well_formed(site: Path) -> None:
    """A strict HTML parser finds no fault, and elements where the source had them."""
    parser = html5lib.HTMLParser(strict=True)
    fragment = parser.parseFragment(item(site)["content_html"], container="div")
    assert parser.errors == []
    assert len(fragment) > 5


def test_what_the_source_has_is_there(site: Path) -> None:
    """Headings, lists, items, quotes, tables, code and images, as many as were written."""
    tree = html.fragment_fromstring(item(site)["content_html"], create_parent="div")
    names = ("ul", "ol", "table", "pre", "img", "blockquote")
    count = {name: len(tree.findall(f".//{name}")) for name in names}
    assert count["pre"] == 1
    assert count["table"] == 1
    assert count["img"] == 1
    assert count["ol"] >= 1
    assert count["ul"] >= 2
    assert count["blockquote"] == 2
    assert "Below" in tree.text_content()
    assert "code < & >" in tree.text_content()


def test_every_address_is_absolute(site: Path) -> None:
    """Also those of pictures in several sizes, posters and quotes."""
    tree = html.fragment_fromstring(item(site)["content_html"], create_parent="div")
    found = []
    for name in ("href", "src", "poster", "cite", "action", "data"):
        found += [str(one) for one in tree.xpath(f"//@{name}")]
    for several in tree.xpath("//@srcset"):
        found += [one.split()[0] for one in str(several).split(",")]
    assert found
    assert [one for one in found if not urlsplit(one).netloc and not one.startswith("#")] == []


def test_nothing_runs_or_tracks(site: Path) -> None:
    """No script, frame, form, handler or position; pictures are real, with words for them."""
    said = item(site)["content_html"].lower()
    markup = ("<script", "<iframe", "<form", "<input", "onerror", "onclick", "position")
    for bad in (*markup, "javascript:", "data-src", "utm_", "pixel"):
        assert bad not in said, bad
    (image,) = html.fragment_fromstring(said, create_parent="div").findall(".//img")
    assert image.get("src") == "https://news.example.org/pictures/x.png"
    assert (image.get("alt"), image.get("width"), image.get("height")) == ("a map", "10", "5")
    assert image.get("loading") is None


def test_the_summary_is_plain(site: Path) -> None:
    """Short, without markup, apart from the text; in RSS it stands before it."""
    one = item(site)
    assert 0 < len(one["summary"]) <= 300
    assert not re.search(r"<\w", one["summary"])
    channel = etree.parse(site / "feeds/all/rss.xml").find("channel/item")
    assert channel is not None
    names = [etree.QName(child).localname for child in channel]
    assert names.index("description") < names.index("encoded")


def test_titles_and_ids_are_one_in_all_formats(site: Path) -> None:
    """Read by three parsers."""
    one = item(site)
    for file in ("rss.xml", "atom.xml"):
        entry = feedparser.parse(site / f"feeds/all/{file}").entries[0]
        assert (entry.id, entry.link) == (one["id"], one["url"])
        assert entry.title == one["title"]
        raw = etree.parse(site / f"feeds/all/{file}").getroot()
        texts = [str(each.text) for each in raw.iter() if each.tag in CONTENTS]
        assert texts == [one["content_html"]]
    assert feedparser.parse(site / "feeds/all/atom.xml").feed.title == "A < B & C"


CONTENTS = {
    "{http://purl.org/rss/1.0/modules/content/}encoded",
    "{http://www.w3.org/2005/Atom}content",
}
KINDS = {"application/atom+xml", "application/rss+xml", "application/feed+json"}
SCHEMA = {
    "type": "object",
    "required": ["version", "title", "items", "home_page_url", "feed_url", "language", "authors"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string", "minLength": 1},
        "home_page_url": {"type": "string", "format": "uri"},
        "next_url": {"type": "string", "format": "uri"},
        "hubs": {"type": "array"},
        "authors": {"type": "array", "items": {"required": ["name"]}},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    "id",
                    "url",
                    "title",
                    "content_html",
                    "date_published",
                    "date_modified",
                ],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": {"type": "string", "pattern": "^https?://"},
                    "content_html": {"type": "string", "minLength": 1},
                    "summary": {"type": "string", "maxLength": 300},
                    "tags": {"type": "array", "items": {"type": "string", "minLength": 1}},
                    "_related": {
                        "type": "array",
                        "items": {
                            "required": ["url", "title"],
                            "additionalProperties": False,
                            "properties": {"url": {}, "title": {}},
                        },
                    },
                },
            },
        },
    },
    "patternProperties": {"^_": {}},
}
"""JSON Feed 1.1, as far as we promise more than it asks."""


def test_json_feeds_are_valid(site: Path) -> None:
    """Every one of the site."""
    files = list((site / "feeds").rglob("feed.json"))
    assert len(files) >= 4
    for file in files:
        jsonschema.validate(json.loads(file.read_bytes()), SCHEMA)


def test_documents_are_plain_utf8_xml(site: Path) -> None:
    """The declaration is the first byte; no BOM, no DOCTYPE; a title and a date in RFC forms."""
    for file in [*(site / "feeds").rglob("*.xml"), site / "feeds/feeds.opml"]:
        raw = file.read_bytes()
        assert raw.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
        assert b"<!DOCTYPE" not in raw
        raw.decode("utf-8")
    rss = etree.parse(site / "feeds/all/rss.xml")
    dates = rss.xpath("//pubDate/text() | //lastBuildDate/text()")
    assert len(dates) == 2
    for one in dates:
        assert re.fullmatch(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}", str(one))


def test_every_entry_leads_to_its_page(site: Path) -> None:
    """200, HTML, and the page says that this is its address; every feed is found from its page."""
    base = "https://news.example.org"
    with client(site, NOW) as web:
        for slug in ("all", "other"):
            url = item(site, slug)["url"]
            page = get(web, url.removeprefix(base))
            assert page.status_code == 200
            tree = html.fromstring(page.text)
            assert tree.xpath("//link[@rel='canonical']/@href") == [url]
            for path in ("/", f"/{slug}/", url.removeprefix(base)):
                links = html.fromstring(get(web, path).text).xpath("//link[@rel='alternate']/@type")
                assert set(links) >= KINDS


def test_a_document_stays_small(tmp_path: Path) -> None:
    """Twenty parts of the longest that are planned are under a megabyte."""
    made = make_site(tmp_path / "site", SETTINGS + LATE)
    paragraph = "Some words of a long part that goes on and on. " * 36
    parts = "\n\n".join(f"## Part {n}\n\n" + f"{paragraph}\n\n" * 9 for n in range(25))
    front = "---\ntitle: Long\nslug: long\nstart: 2026-03-09\ncadence: daily 09:00\n---\n"
    (made / "content/long.md").write_text(front + parts)
    run_once(made, "2026-03-10T10:00")
    run_once(made, "2026-06-10T10:00")
    sizes = [file.stat().st_size for file in (made / "feeds/long").glob("*.*")]
    assert max(sizes) < 1_000_000
