"""Hostile content files, A01 to A28 of the acceptance page, through a whole run of a site.

Each comes with a good neighbour, which must go out whatever happens.
"""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from typing_extensions import override

from pipeline.jobs import TickReport
from tests.sites import make_site, outbox, run_once, subscribe, write_guide

WHEN = "2026-03-09T10:00"
CANARY = "canary-in-the-text"
FRONT = "title: Hostile\nslug: hostile\nstart: 2026-03-09\n"
PUBLISHED = ("rss.xml", "atom.xml", "feed.json")

ACTIVE = {
    "script", "svg", "iframe", "object", "embed", "form", "base", "button", "math", "frame",
    "frameset", "applet", "input", "textarea", "select", "template", "noscript", "style",
}  # fmt: skip
OURS = {"script", "style", "svg"}
"""What our own pages hold: linked data, mail's style."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a reader and a good guide."""
    site = make_site(tmp_path / "site")
    subscribe(site, "ann@example.net", "2026-03-01T09:00")
    write_guide(site)
    return site


def put(site: Path, body: str | bytes, name: str = "hostile.md", front: str = FRONT) -> TickReport:
    """Write a hostile file, and run; the neighbour went out."""
    path = site / "content" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(body, str):
        body = f"---\n{front}---\n\n{body}".encode() if front else body.encode()
    path.write_bytes(body)
    report = run_once(site, WHEN)
    assert (site / "feeds/water/rss.xml").exists(), "the neighbour"
    return report


def published(site: Path) -> dict[str, str]:
    """Every form in which the hostile guide was published: fragments of HTML, and texts."""
    folder = site / "feeds/hostile"
    found = {str(one): one.read_text("utf-8") for one in folder.rglob("index.html")}
    for name in PUBLISHED[:2]:
        raw = (folder / name).read_bytes()
        etree.fromstring(raw)
        assert b"<!DOCTYPE" not in raw
        feed = feedparser.parse(raw, sanitize_html=False)
        assert not feed.bozo
        for number, entry in enumerate(feed.entries):
            found[f"{name} {number}"] = str(entry.content[0].value)
    for item in json.loads((folder / "feed.json").read_text("utf-8"))["items"]:
        found[f"feed.json {item['id']}"] = item["content_html"]
    for mail in outbox(site):
        if "Hostile" in str(mail):
            for kind in ("html", "plain"):
                part = mail.get_body((kind,))
                assert part is not None
                found[f"mail {kind}"] = part.get_content()
    return found


class Actives(HTMLParser):
    """Collects what would do something in a browser."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ACTIVE and not (tag in OURS and values.get("type") != "text/javascript"):
            self.found.append(tag)
        if tag == "script" and values.get("type") != "application/ld+json":
            self.found.append("script")
        if tag == "meta" and "refresh" in (values.get("http-equiv") or "").lower():
            self.found.append("refresh")
        for name, value in attrs:
            said = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name in {"formaction", "srcdoc", "srcset", "ping"}:
                self.found.append(name)
            if name in {"href", "src", "action", "background", "cite", "poster"} and re.match(
                r"(?:javascript|vbscript|data):", said
            ):
                self.found.append(said[:20])


def actives(html: str) -> list[str]:
    """What is active in a text."""
    parser = Actives()
    parser.feed(html)
    return parser.found


def errors(report: TickReport) -> list[str]:
    """The errors of the hostile file."""
    return [str(one) for one in report.diagnostics if one.severity == "error"]


A01 = f"""## One

{CANARY} <b onmouseover="alert(1)">bold</b> <svg onload=alert(1)><circle/></svg>

<script>alert(1)</script>
<iframe src="https://example.org/x" srcdoc="<script>alert(1)</script>"></iframe>
<object data="x.swf"></object><embed src="x"><base href="https://evil.example/">
<meta http-equiv="refresh" content="0;url=https://evil.example/">
<form action="https://evil.example/"><button formaction="javascript:alert(1)">go</button></form>
<img src=x onerror=alert(1)><style>body{{display:none}}</style><math><mi xlink:href="data:x">

Some more words.
"""


def test_a01_nothing_active_is_published(site: Path) -> None:
    """The words stay everywhere; scripts, frames, forms and handlers go."""
    report = put(site, A01)
    assert not errors(report)
    forms = published(site)
    assert {"mail html", "mail plain"} <= forms.keys()
    for name, text in forms.items():
        if name.endswith("hostile/index.html"):
            continue  # the guide's own page holds no text of its parts
        assert CANARY in text, name
        assert actives(text) == [], name


A02 = f"""## One

{CANARY} [one](javascript:alert(1)) [two](JaVaScRiPt:alert(1)) [three](&#106;avascript:alert(1))
[four](vbscript:x) [five](data:text/html;base64,PHNjcmlwdD4=) [six][ref] <javascript:alert(1)>
<a href="java&#9;script:alert(1)">seven</a> <a href=" &#1; javascript:alert(1)">eight</a>
[nine](java%0ascript:alert(1)) <a href="jav&#x0A;ascript:alert(1)">ten</a> [good](https://example.org/x)

[ref]: javascript:alert(1)
"""


def test_a02_addresses_that_run_are_taken_away(site: Path) -> None:
    """The text of each link stays, its address goes; good links stay links."""
    put(site, A02)
    for name, text in published(site).items():
        if name.endswith("hostile/index.html"):
            continue
        assert actives(text) == [], name
        for word in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"):
            assert word in text, (name, word)
        assert "https://example.org/x" in text, name


@pytest.mark.parametrize(
    "code", ["{{ 7 * 191 }}", "{% raise %}", "{# gone? #}", "{{ site.secret }}"]
)
def test_a04_template_code_is_text(site: Path, code: str) -> None:
    """In a title, a heading and the body it is printed as it was written."""
    front = FRONT.replace("title: Hostile", f"title: 'Hostile {code}'")
    put(site, f"## Head {code}\n\n{CANARY} {code}\n", front=front)
    for name, text in published(site).items():
        assert "1337" not in text
        if CANARY in text:
            assert f"{CANARY} {code}" in text, name


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"A\x00B", "U+0000"),
        (b"A\x1bB", "U+001B"),
        ("A\x85B".encode(), ""),
        ("A\x9bB".encode(), "U+009B"),
        ("A\ufffeB".encode(), "U+FFFE"),
        ("A\uffffB".encode(), "U+FFFF"),
        (b"A\xff\xfeB", "is not UTF-8"),
        ("A".encode("utf-16"), "UTF-16"),
        (b"A\xed\xa0\x80B", "is not UTF-8"),
    ],
    ids=lambda one: repr(one)[:20],
)
def test_a06_a08_what_is_no_text_is_refused(site: Path, raw: bytes, told: str) -> None:
    """By file and line; the exit is partial; or it is harmless and the feeds are well-formed."""
    head = b"" if raw.startswith(b"\xff\xfe") else f"---\n{FRONT}---\n\n## One\n\n".encode()
    report = put(site, head + raw)
    if told:
        (error,) = errors(report)
        assert error.startswith("content/hostile.md:")
        assert told in error
        assert report.is_partial
        assert not (site / "feeds/hostile").exists()
    else:
        assert published(site)


def test_a09_marks_and_line_ends_change_nothing(site: Path) -> None:
    """A BOM and CRLF: the same bytes in the feed as without."""
    text = f"---\n{FRONT}---\n\n## One\n\nFirst *line*\nsecond\n\n- a\n- b\n"
    put(site, text.encode())
    before = (site / "feeds/hostile/rss.xml").read_bytes()
    report = put(site, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert report.publishing.revised == ()
    assert (site / "feeds/hostile/rss.xml").read_bytes() == before


def test_a10_endless_lines_and_words(site: Path) -> None:
    """No line of a message is over 998 octets, and no word of the text is lost."""
    long = "word" * 12_500
    line = " ".join(f"w{n}" for n in range(2_000))
    put(site, f"## One\n\n{CANARY} {long}\n\n{line}\n")
    for text in published(site).values():
        if CANARY in text:
            assert long in text.replace("\n", "").replace("\r", "").replace("\u200b", "")
    for path in (site / "var/outbox/new").iterdir():
        assert max(map(len, path.read_bytes().split(b"\r\n"))) <= 998


def test_a10_a_title_too_long_is_refused(site: Path) -> None:
    """6,000 characters are no title."""
    report = put(site, "## One\n\nWords.\n", front=FRONT.replace("Hostile", "H" * 6000))
    assert any("content/hostile.md:2: error: title" in one for one in errors(report))


def test_a11_a_huge_file_is_refused_unread(site: Path) -> None:
    """60 MB, of which none takes space here."""
    path = site / "content/huge.md"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    report = put(site, "## One\n\nWords.\n")
    assert any("huge.md:1: error: too-large" in one for one in errors(report))


@pytest.mark.parametrize(
    "storm",
    [
        "[" * 20_000,
        ">" * 3_000 + " deep",
        "*a" * 20_000,
        "_" * 20_000 + "a" + "_" * 20_000,
        "![" * 10_000,
        "`" * 20_000,
        "".join(f"{' ' * n}- item\n" for n in range(500)),
        "<" * 20_000,
        "[a](" * 10_000,
        "| a " * 3_000 + "|\n" + "|---" * 3_000 + "|\n",
        "&" * 50_000,
        "\\" * 50_000,
    ],
    ids=lambda one: one[:6].strip(),
)
def test_a13_storms_pass(site: Path, storm: str) -> None:
    """Each is published or refused within seconds; the run never hangs."""
    begun = time.monotonic()
    put(site, f"## One\n\n{CANARY}\n\n{storm}\n")
    assert time.monotonic() - begun < 15


BOMB = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"


@pytest.mark.parametrize(
    ("front", "told"),
    [
        (BOMB, "anchors and aliases"),
        ("title: !!python/object/apply:os.system ['true']\n", "tags"),
        (FRONT + "slug: again\n", "twice"),
        ("- a\n- b\n", "key: value"),
        ("title: 'open\n", "YAML"),
        ("title: {a: {b: {c: {d: {e: {f: {g: {h: {i: j}}}}}}}}}\n", "nested"),
    ],
)
def test_a14_front_matter_that_attacks_is_refused_by_name(
    site: Path, front: str, told: str
) -> None:
    """Nothing is built of it, no code runs, and the writer is told what is wrong."""
    report = put(site, "## One\n\nWords.\n", front=front)
    assert any(told in one for one in errors(report)), errors(report)


@pytest.mark.parametrize(
    "slug",
    ["../up", "/abs", "a\\b", "%2e%2e", '"a\\0b"', "x" * 300, '""', "A b", "..", ".", "a/b", "-a"],
)
def test_a16_a_slug_stays_in_its_folder(site: Path, slug: str) -> None:
    """Refused with the reason, and nothing is written outside the folder of feeds."""
    report = put(site, "## One\n\nWords.\n", front=f"title: Hostile\nslug: {slug}\n")
    assert any("slug" in one or "yaml" in one for one in errors(report))
    folders = {one.name for one in (site / "feeds").iterdir() if one.is_dir()}
    assert folders == {"water"}
    assert {one.name for one in site.parent.iterdir()} == {"site"}


def test_a18_one_slug_for_two_files(site: Path) -> None:
    """Both are named, neither goes out, what was published stays."""
    run_once(site, WHEN)
    before = (site / "feeds/water/rss.xml").read_bytes()
    report = put(site, "## One\n\nWords.\n", front="title: Hostile\nslug: water\n")
    told = " ".join(errors(report))
    assert "content/hostile.md" in told
    assert "content/water.md" in told
    assert (site / "feeds/water/rss.xml").read_bytes() == before


def test_a19_a_link_out_of_the_folder(site: Path) -> None:
    """The text that it leads to is nowhere in what is published."""
    secret = site.parent / "secret.md"
    secret.write_text(f"---\n{FRONT}---\n\n## One\n\n{CANARY}\n")
    (site / "content/hostile.md").symlink_to(secret)
    report = run_once(site, WHEN)
    assert any("outside" in one for one in errors(report))
    for path in (site / "feeds").rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "name", ["hostile.md~", ".hostile.md.swp", "#hostile.md#", ".hidden.md", "_partial.md"]
)
def test_a21_what_editors_leave_is_not_published(site: Path, name: str) -> None:
    """Backups, swap files and hidden ones are no guides."""
    put(site, f"## One\n\n{CANARY}\n", name=name)
    assert not (site / "feeds/hostile").exists()


def test_a21_a_draft_is_not_published(site: Path) -> None:
    """Nor led to from any other."""
    put(site, f"## One\n\n{CANARY}\n", front=FRONT + "status: draft\n")
    for path in (site / "feeds").rglob("*"):
        assert path.is_dir() or b"hostile" not in path.read_bytes()


def test_a23_numbers_that_do_not_fit_are_told(site: Path) -> None:
    """Repeated, skipped and orphaned: each with its line; order as in the file, anchors unique."""
    body = "\n\n".join(
        f"{'#' * level} {title}\n\nWords {n} of it."
        for n, (level, title) in enumerate(
            [(2, "1. Same"), (2, "1. Same"), (2, "4. Far"), (3, "7.1 Orphan"), (2, "5. Same")]
        )
    )
    report = put(site, body)
    told = [one for one in report.diagnostics if one.rule == "number"]
    assert [one.line for one in told] == [11, 15, 19]
    (page,) = (site / "feeds/hostile").glob("1-*/index.html")
    html = page.read_text("utf-8")
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    places = [html.index(f"Words {n} of it.") for n in range(5)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "pin",
    [
        "javascript:alert(1)",
        "//evil.example/x",
        "https://user@example.org/x",
        "https://user:pass@example.org/x",
        "https://",
        "mailto:a@example.org",
        "a b",
        "../x",
    ],
)
def test_a28_a_bad_pin_is_told(site: Path, pin: str) -> None:
    """Code, no scheme, a name in the address: an error with its line, and no such link."""
    front = FRONT + f'related:\n  - water\n  - "{pin}"\n'
    report = put(site, f"## One\n\n{CANARY}\n", front=front)
    assert any("content/hostile.md:7: error: related" in one for one in errors(report))


def test_a28_a_foreign_look_alike_is_flagged(site: Path) -> None:
    """A host that is not in plain letters may be meant to look like another: a warning."""
    front = FRONT + 'related: ["https://xn--80ak6aa92e.example/", "https://gοogle.example/"]\n'
    report = put(site, f"## One\n\n{CANARY}\n", front=front)
    told = [one for one in report.diagnostics if one.rule == "related"]
    assert [one.severity.value for one in told] == ["warning", "warning"]


def test_a28_a_guide_never_leads_to_itself(site: Path) -> None:
    """Not by its slug, nor by a part of its own, nor by its address."""
    pins = '["hostile", "hostile/1", "https://news.example.org/hostile/", ""]'
    put(site, f"## One\n\n{CANARY} rivers\n", front=FRONT + f"related: {pins}\n")
    item = json.loads((site / "feeds/hostile/feed.json").read_text("utf-8"))["items"][0]
    html = item["content_html"].partition("You might also like")[2]
    assert "/hostile/" not in html


def test_a28_a_pin_is_shown_once(site: Path) -> None:
    """Twice the same address is one link."""
    pins = '["https://example.org/a", "https://example.org/a", "https://example.org/a/"]'
    put(site, f"## One\n\n{CANARY}\n", front=FRONT + f"related: {pins}\n")
    item = json.loads((site / "feeds/hostile/feed.json").read_text("utf-8"))["items"][0]
    assert item["content_html"].count('href="https://example.org/a') == 1
