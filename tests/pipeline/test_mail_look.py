"""The shape of the HTML part: sound in every mail program, for every reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import tinycss2
from typing_extensions import override

from pipeline import mail, markup
from pipeline.mail.frame import Slots
from pipeline.mail.render import MAX_TICKS, PROGRESS, source
from pipeline.model import Heading, Issue, Table, Text
from tests.mails import (
    HERE,
    SITE,
    issue,
    message,
    parsed,
    parts,
    plain_issue,
    said,
    section,
    templates,
)

VOID = {"br", "hr", "img", "meta", "link", "input"}
CASES = {
    "everything": issue(),
    "bare": plain_issue(said("Two words."), number=1, of=1, upcoming=None),
    "arabic": plain_issue(
        said("النوم"), lang="ar-EG", subject="النوم", guide_title="النوم والمزاج"
    ),
    "children": plain_issue(
        sections=(
            section(
                said("a"),
                children=(section(said("b"), title="Below", number="2.1", id="tag:x:1"),),
            ),
        )
    ),
    "two": plain_issue(
        subject="Both",
        sections=(
            section(Heading(1, (Text("Deeper"),), HERE), said("b"), title="One", id="tag:x:2"),
            section(said("b"), title="Two", id="tag:x:3"),
        ),
    ),
    "long": issue(of=99, number=50),
}


@dataclass
class Element:
    """A start tag and what was open around it."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    text: list[str] = field(default_factory=list)


class Elements(HTMLParser):
    """Every element of a document in order; refuses what is not closed in order."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[Element] = []
        self.open: list[Element] = []
        self.comments: list[str] = []
        self.feed(document)
        assert not self.open

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {k: v or "" for k, v in attrs}, tuple(e.tag for e in self.open))
        self.found.append(element)
        if tag not in VOID:
            self.open.append(element)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    @override
    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text.append(data)

    @override
    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def of(self, *tags: str) -> list[Element]:
        """The elements with these tags, in order."""
        return [element for element in self.found if element.tag in tags]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Issue:
    """Each kind of issue."""
    return CASES[request.param]


@pytest.fixture
def document(case: Issue) -> str:
    """Its HTML part as sent."""
    return parts(message(case).body)[1]


@pytest.fixture
def elements(document: str) -> Elements:
    """The elements of its HTML part."""
    return Elements(document)


def test_the_title_is_the_subject(case: Issue, elements: Elements) -> None:
    """The document's title equals the Subject; the one h1 is the part's own title."""
    (title,) = elements.of("title")
    assert "".join(title.text) == parsed(message(case).body)["Subject"]
    (heading,) = elements.of("h1")
    assert "".join(heading.text) == case.subject


def test_headings_skip_no_level(elements: Elements) -> None:
    """Each heading is at most one level below the one before."""
    levels = [int(each.tag[1]) for each in elements.of("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_screen_reader_knows_language_and_shape(case: Issue, elements: Elements) -> None:
    """Language and direction stand on html and on the article; layout is no table to it."""
    wanted = (case.lang, "rtl" if case.lang.startswith("ar") else "ltr")
    (root,) = elements.of("html")
    (article,) = [each for each in elements.of("div") if each.attributes.get("role") == "article"]
    for each in (root, article):
        assert (each.attributes["lang"], each.attributes["dir"]) == wanted
    for table in elements.of("table"):
        layout = "style" in table.attributes and "border-collapse" in table.attributes["style"]
        assert (table.attributes.get("role") == "presentation") is not layout
    for image in elements.of("img"):
        assert image.attributes["alt"]


def test_the_place_in_the_guide_is_told_in_words(case: Issue, elements: Elements) -> None:
    """The numeral is read as `Part 2 of 6`, and read as numbers where nothing else is known."""
    told = [each for each in elements.of("div") if each.attributes.get("role") == "img"]
    if case.of == 1:
        assert told == []
    else:
        assert told[0].attributes["aria-label"] == f"Part {case.number} of {case.of}"
        assert "".join(told[0].text).split() == [str(case.number), "of", str(case.of)]


@pytest.mark.parametrize(
    ("number", "of"), [(1, 2), (3, 7), (12, 24), (40, 40), (1, 41), (99, 200), (200, 200)]
)
def test_ticks_show_what_has_come(number: int, of: int) -> None:
    """A tick a part, filled for what has come; a bar for many; never wider than a phone."""
    elements = Elements(parts(message(issue(number=number, of=of)).body)[1])
    ticks = [
        each for each in elements.of("td") if "tick" in each.attributes.get("class", "").split()
    ]
    come = [each for each in ticks if "come" in each.attributes["class"]]
    assert all(each.attributes["bgcolor"] == SITE.accent for each in come)
    widths = [int(each.attributes["width"]) for each in ticks]
    if of <= MAX_TICKS:
        assert (len(come), len(ticks)) == (number, of)
        assert sum(widths) <= PROGRESS
        assert min(widths) >= 4
    else:
        assert sum(widths) == PROGRESS
        assert abs(widths[0] / PROGRESS - number / of) < 0.01


def test_the_preheader_is_hidden_and_first(case: Issue, elements: Elements) -> None:
    """What the inbox shows beside the subject is the summary, hidden from eyes and ears."""
    _article, preheader, *_ = elements.of("div")
    assert preheader.attributes["class"] == "preheader"
    assert "display:none" in preheader.attributes["style"]
    assert preheader.attributes["aria-hidden"] == "true"
    summary = markup.summary(case.sections, 140)
    assert "".join(elements.of("body")[0].text).strip().startswith(summary)
    assert "".join(preheader.text).startswith(summary)


def test_nothing_active_and_nothing_fetched(elements: Elements) -> None:
    """No script, form, frame or linked sheet; every link is a whole address; no pixel."""
    assert not elements.of("script", "form", "iframe", "object", "link", "svg", "video", "base")
    for link in elements.of("a"):
        assert re.match(r"https?://[^/]|mailto:", link.attributes["href"]), link
        assert "".join(link.text).strip().lower() not in {"", "here", "click here"}
    for image in elements.of("img"):
        assert image.attributes["src"].startswith("https://serials.example.org/")


def test_a_shown_address_is_where_its_link_leads(elements: Elements) -> None:
    """Link text that looks like an address equals the href: no phishing pattern."""
    for link in elements.of("a"):
        shown = "".join(link.text).strip()
        if shown.startswith("http"):
            assert shown == link.attributes["href"]


def test_outlook_gets_one_column(elements: Elements) -> None:
    """The tables in conditional comments are balanced, and so is each comment itself."""
    conditional = [each for each in elements.comments if "[if mso]" in each]
    assert all(each.startswith("[if mso]>") and each.endswith("<![endif]") for each in conditional)
    joined = "".join(conditional)
    for tag in ("table", "tr", "td", "style"):
        assert len(re.findall(rf"<{tag}\b", joined)) == len(re.findall(rf"</{tag}>", joined)), tag


def test_dark_mode_survives_inlining(elements: Elements, document: str) -> None:
    """Colour scheme metas, the media query and Outlook's own hooks are there after inlining."""
    names = {each.attributes.get("name") for each in elements.of("meta")}
    assert {"color-scheme", "supported-color-schemes", "viewport"} <= names
    for hook in ("@media (prefers-color-scheme: dark)", "[data-ogsc] .ink", "[data-ogsb] .paper"):
        assert hook in document
    styles = re.findall(r"<style[^>]*>(.*?)</style>", document, re.DOTALL)
    assert sum(len(style.encode()) for style in styles) <= 8192


def test_every_styled_element_has_its_style(elements: Elements) -> None:
    """Style stands in attributes, none of it important; the block that was inlined is gone."""
    assert len(elements.of("style")) == 1
    for element in elements.of("h1", "p", "a", "td"):
        assert "style" in element.attributes or not element.attributes.get("class"), element
    assert not [e for e in elements.found if "!important" in e.attributes.get("style", "")]


def test_arabic_begins_on_the_right() -> None:
    """In a language written from right to left lists, quotes and cells begin on the right."""
    document = parts(message(issue(lang="ar")).body)[1]
    assert "padding-right:24px" in document
    assert "border-right:3px" in document
    assert "text-align:right" in document
    assert "border-left" not in document.partition("<body")[2]
    assert '<th align="right"' in document


def test_what_is_ours_is_marked_as_english() -> None:
    """In an issue of another language our own sentences are marked as English."""
    elements = Elements(parts(message(issue(lang="de")).body)[1])
    heading = next(each for each in elements.of("h2") if "You might" in "".join(each.text))
    assert (heading.attributes["lang"], heading.attributes["dir"]) == ("en", "ltr")
    assert 'lang="en" dir' not in parts(message(issue()).body)[1].partition("<body")[2].replace(
        'lang="en" dir="ltr" class="paper"', ""
    )


@pytest.mark.parametrize(("columns", "wide"), [(2, False), (4, False), (5, True), (9, True)])
def test_a_table_of_many_columns_may_break_its_words(columns: int, wide: bool) -> None:
    """Words in the head of a table stay whole unless it has more columns than fit a phone."""
    row = tuple((Text("Intervention"),) for _ in range(columns))
    table = Table(row, (row,), ("",) * columns, HERE)
    elements = Elements(parts(message(plain_issue(table)).body)[1])
    assert all(
        ("overflow-wrap:anywhere" in each.attributes["style"]) is wide for each in elements.of("th")
    )


def test_a_table_in_code_is_code() -> None:
    """HTML that a guide shows as code is not taken for a table."""
    document = parts(message(plain_issue(said("<table><tr><th><th><th><th><th></tr>"))).body)[1]
    assert "&lt;table&gt;&lt;tr&gt;&lt;th&gt;" in document


def blocks() -> tuple[str, str]:
    """The style that is inlined, and the style that stays."""
    document = source(issue(), SITE, templates(), Slots("A"))
    (inlined,) = re.findall(r"<style>\n(body.*?)</style>", document, re.DOTALL)
    (kept,) = re.findall(r'<style data-premailer="ignore">(.*?)</style>', document, re.DOTALL)
    return inlined, kept


def rules(css: str) -> Iterator[tuple[str, list[tinycss2.ast.Declaration]]]:
    """Selector and declarations of each rule; a parse error or an at-rule fails."""
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        assert rule.type == "qualified-rule", rule
        content = tinycss2.parse_declaration_list(
            rule.content, skip_comments=True, skip_whitespace=True
        )
        assert all(each.type == "declaration" for each in content), rule
        yield tinycss2.serialize(rule.prelude).strip(), content


def test_inlined_style_keeps_to_what_the_inliner_knows() -> None:
    """Type, class, id, descendant and child selectors, a trailing :first-child; nothing important.

    The inliner mistakes the specificity of, or silently drops, everything else.
    """
    simple = r"(?:[a-z][a-z0-9]*)?(?:[.#][a-z][a-z-]*)*"
    allowed = re.compile(rf"{simple}(?:(?: | > ){simple})*(?::first-child)?")
    seen = set()
    for selector, declarations in rules(blocks()[0]):
        assert selector, declarations
        assert allowed.fullmatch(selector), selector
        seen.add(selector)
        for declaration in declarations:
            value = tinycss2.serialize(declaration.value)
            assert not declaration.important, selector
            assert not re.search(r"\b(rgb|hsl|calc|var|url|unset)\b", value), (selector, value)
    assert {".text h2:first-child", "a", ".text td"} <= seen


def test_kept_style_is_well_formed() -> None:
    """What stays parses, its media rules included, and overrides attributes by being important."""
    sheet = tinycss2.parse_stylesheet(blocks()[1], skip_comments=True, skip_whitespace=True)
    assert {rule.type for rule in sheet} == {"qualified-rule", "at-rule"}
    for rule in sheet:
        if rule.type == "at-rule":
            for selector, declarations in rules(tinycss2.serialize(rule.content)):
                assert all(each.important for each in declarations), selector


def test_every_class_is_styled_and_every_style_used() -> None:
    """No class in a mail without a rule, no rule for a class that no mail has."""
    selectors = " ".join(selector for selector, _ in rules(blocks()[0]))
    row = ((Text("x"),),) * 5
    inner = tuple(section(said("b"), title=f"H{n}", id=f"h{n}", number="") for n in range(3))
    table = Table(row, (row,), ("",) * 5, HERE)
    one = issue(sections=(section(said("a"), table, children=inner),))
    found = Elements(source(one, SITE, templates(), Slots("A"))).found
    letter = mail.Letter(mail.LetterKind.CONFIRM, "en", "sleep/", "sleep", "Sleep")
    found += Elements(mail.compile_letter(letter, SITE, templates()).html).found
    used = {name for each in found for name in each.attributes.get("class", "").split()}
    assert used == set(re.findall(r"\.([a-z]+)", selectors))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [(ink, paper) for paper in ("#fbf9f5", "#f3efe6") for ink in ("#1d1f24", "#5d6470", "#1f4e79")]
    + [
        (ink, paper)
        for paper in ("#15171a", "#2b2f35")
        for ink in ("#e9e6df", "#a3a8b0", "#8fb8de")
    ],
)
def test_words_can_be_read(ink: str, paper: str) -> None:
    """Each colour of text has a contrast of 4.5 on each ground it may stand on, and is in use."""
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert ink in "".join(blocks())
    assert paper in "".join(blocks())


def test_a_site_of_another_accent_is_of_that_accent() -> None:
    """The site's accents stand wherever the usual ones would, and those nowhere."""
    site = replace(SITE, accent="#7a1f3d", accent_dark="#f0a8bf")
    document = mail.compile(issue(), site, templates()).html
    assert "#7a1f3d" in document
    assert "#f0a8bf" in document
    assert SITE.accent not in document
    assert SITE.accent_dark not in document
