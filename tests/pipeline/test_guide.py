"""guide: what writers drop in becomes one tree; parts say the guide; ids never change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import guide
from pipeline.errors import FileError
from pipeline.markup import count_words, plain
from pipeline.model import (
    CodeBlock,
    FrontMatter,
    Guide,
    HtmlBlock,
    Lines,
    ListBlock,
    Paragraph,
    Profile,
    Section,
    Severity,
    Table,
    Text,
)

GOLDEN = Path(__file__).parents[1] / "golden"
SEED = Path(os.environ.get("PARTWORK_SEED", Path(__file__).parents[3] / "shared/seed/guide.txt"))
SIDECAR = 'title = "A guide"\nslug = "guide"\n'


def parsed(body: str, front: str = "title: T") -> guide.Parsed:
    """A Markdown guide's parse."""
    return guide.parse(guide.Source("content/t.md", f"---\n{front}\n---\n\n{body}"))


def tree_of(found: guide.Parsed) -> Guide:
    """The guide, which there must be."""
    assert found.guide is not None, found.diagnostics
    return found.guide


def text_guide(text: str, sidecar: str | None = SIDECAR) -> guide.Parsed:
    """A plain text's parse."""
    return guide.parse(guide.Source("content/t.txt", text, sidecar, "content/t.toml"))


def outline(sections: tuple[Section, ...]) -> list[tuple[str, str]]:
    """Numbers and titles in reading order."""
    return [row for one in sections for row in [(one.number, one.title), *outline(one.children)]]


def shape(one: Section) -> list[int]:
    """How many words each paragraph has; a list's items as a negative count."""
    return [
        -len(block.items) if isinstance(block, ListBlock) else len(plain(block.content).split())
        for block in one.blocks
        if isinstance(block, ListBlock | Paragraph)
    ]


def errors(found: guide.Parsed) -> list[str]:
    """The errors as a writer reads them."""
    return [str(one) for one in found.diagnostics if one.severity is Severity.ERROR]


def words(n: int, word: str = "word") -> str:
    """So many words."""
    return " ".join([word] * n) + "."


# ------------------------------------------------------------------ plain text


@pytest.fixture
def seed() -> guide.Parsed:
    """The plain-text guide that the product was asked for."""
    if not SEED.is_file():
        pytest.skip(f"LOUD: the seed guide is not at {SEED}; set PARTWORK_SEED")
    return text_guide(SEED.read_text(encoding="utf-8"))


def test_the_seed_becomes_the_expected_tree(seed: guide.Parsed) -> None:
    """8 sections, 4 nested, 3 lists, intro and outro, word counts as counted by hand."""
    found = tree_of(seed)
    rows = [(one.number, shape(one), count_words(one)) for one in found.parts]
    assert rows == [
        ("", [80, 73, 59], 212),
        ("1", [56, 61], 117),
        ("2", [59, 48], 107),
        ("3", [27], 182),
        ("4", [20, -4], 46),
        ("5", [21, -4, 27], 57),
        ("6", [11, -4], 43),
        ("7", [42], 42),
        ("8", [68], 68),
        ("", [44, 14], 58),
    ]
    assert [(one.number, shape(one)) for one in found.sections[2].children] == [
        ("3.1", [44]), ("3.2", [37]), ("3.3", [36]), ("3.4", [38]),
    ]  # fmt: skip
    assert [one.role for one in found.parts if one.role != "section"] == ["intro", "outro"]


def test_the_seed_becomes_seven_parts(seed: guide.Parsed) -> None:
    """Nothing short goes out alone, and benefits never without safety."""
    parts = guide.plan(tree_of(seed))
    numbers = [[one.number or one.role for one in part.sections] for part in parts]
    assert numbers == [
        ["intro"], ["1"], ["2"], ["3"], ["4", "5"], ["6", "7"], ["8", "outro"],
    ]  # fmt: skip


def test_the_seeds_related_block_is_told_and_left_out(seed: guide.Parsed) -> None:
    """Five titles, the glued line taken apart; none is published, since none leads anywhere."""
    told = [one.message for one in seed.diagnostics if one.rule == "related"]
    assert len(told) == 5
    assert "Iconic Beauties'" in told[0] or 'Iconic Beauties"' in told[0]
    assert told[1].startswith("related title 'Kendu Isaacs")


def test_a_plain_text_of_our_own_becomes_its_tree() -> None:
    """The golden pair: a number planted in the prose makes no heading."""
    source = guide.Source(
        "content/beekeeping.txt",
        (GOLDEN / "beekeeping.txt").read_text(encoding="utf-8"),
        (GOLDEN / "beekeeping.toml").read_text(encoding="utf-8"),
        "content/beekeeping.toml",
    )
    found = tree_of(guide.parse(source))
    assert outline(found.sections) == [
        ("1", "The Colony"), ("2", "The Hive"), ("3", "The Year"), ("3.1", "Spring"),
        ("3.2", "Summer"), ("3.3", "Winter"), ("4", "What Honey Gives"),
        ("5", "Stings and Other Risks"), ("6", "Conclusion"),
    ]  # fmt: skip
    assert shape(found.sections[0]) == [59, 16, 40]
    assert found.outro is not None
    assert [part.subject for part in guide.plan(found)] == [
        "A year with bees",
        "The Colony",
        "The Hive",
        "The Year · What Honey Gives",
        "Stings and Other Risks · Conclusion",
    ]


TITLE = st.lists(
    st.sampled_from(["How", "rivers", "run", "Sleep", "and", "mood", "What", "bees", "do", "In"]),
    min_size=1,
    max_size=5,
).map(" ".join)


@given(st.lists(st.tuples(TITLE, st.integers(0, 3)), min_size=1, max_size=8), st.booleans())
def test_headings_listed_in_the_contents_are_found(
    tops: list[tuple[str, int]], planted: bool
) -> None:
    """Whatever numbers the prose begins with, the headings are those of the contents."""
    rows = []
    for n, (title, nested) in enumerate(tops, start=1):
        rows.append((f"{n}.", title))
        rows += [(f"{n}.{k}", f"{title} {k}") for k in range(1, nested + 1)]
    body = []
    for number, title in rows:
        body += [f"{number} {title}", words(30)]
        if planted:
            body += [f"{len(body)}. {words(12)}", f"1.{len(body)} {words(9)}"]
    contents = [f"- {number} {title}" for number, title in rows]
    text = "\n".join(["An intro.", "Table of Contents", *contents, *body])
    found = tree_of(text_guide(text))
    assert outline(found.sections) == [(number.rstrip("."), title) for number, title in rows]


def test_without_contents_the_sequence_decides() -> None:
    """Next sibling, first child, next of a level above; a numbered list stays a list."""
    text = "\n".join([
        "Intro words.", "1. Rivers", words(20), "Steps to take:", "1. look", "2. listen",
        "3. leave", "1.1 Springs", words(20), "1.2 Mouths", words(20), "4. Not a heading",
        "2. Bridges", words(20),
    ])  # fmt: skip
    assert outline(tree_of(text_guide(text)).sections) == [
        ("1", "Rivers"), ("1.1", "Springs"), ("1.2", "Mouths"), ("2", "Bridges"),
    ]  # fmt: skip


def test_what_the_contents_and_the_text_disagree_on_is_told() -> None:
    """An entry without a heading, and a heading that the contents forgot, by line."""
    text = "\n".join([
        "Contents", "1. Rivers", "2. Bridges", "3. Boats", "1. Rivers", words(9), "2. Bridges",
        words(9), "3. Ships", words(9),
    ])  # fmt: skip
    told = [(one.line, one.message) for one in text_guide(text).diagnostics]
    assert any(line == 4 and "'3 Boats'" in message for line, message in told)
    assert any(line == 9 and "'3. Ships'" in message for line, message in told)


def test_a_text_wrapped_by_hand_has_whole_paragraphs() -> None:
    """Lines that empty lines set apart are one paragraph."""
    text = "An intro that\ngoes on.\n\n1. One\n\nFirst line\nsecond line.\n\nAnother one.\n"
    found = tree_of(text_guide(text))
    assert shape(found.sections[0]) == [4, 2]


def test_plain_text_needs_a_sidecar() -> None:
    """Without one the error names the file to make."""
    (told,) = errors(text_guide("1. One\n" + words(5), None))
    assert "content/t.toml beside it" in told


# ------------------------------------------------------------------ Markdown


def test_markdown_becomes_a_tree() -> None:
    """H1 is the title, H2 sections, H3 nested; intro before, outro after the last rule."""
    body = (
        "# Title in the text\n\nIntro.\n\n## First\n\nText *with* `code`.\n\n### Below\n\n- a\n"
        "- b\n\n## Second\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```py\nx = 1\n```\n\n"
        "---\n\nGoodbye.\n"
    )
    found = tree_of(guide.parse(guide.Source("content/my-guide.md", body)))
    assert (found.title, found.slug) == ("Title in the text", "my-guide")
    assert outline(found.sections) == [("1", "First"), ("1.1", "Below"), ("2", "Second")]
    assert found.intro is not None
    assert found.outro is not None
    table, code = found.sections[1].blocks
    assert isinstance(table, Table)
    assert table.align == ("", "right")
    assert isinstance(code, CodeBlock)
    assert (code.language, code.text) == ("py", "x = 1\n")


def test_every_block_knows_its_lines() -> None:
    """Lines are those of the file, front matter included."""
    found = tree_of(parsed("## One\n\nFirst\nparagraph.\n\n- item\n"))
    paragraph, items = found.sections[0].blocks
    assert (paragraph.lines, items.lines) == (Lines(7, 8), Lines(10, 10))
    assert found.sections[0].lines == Lines(5, 10)
    assert found.line_of("title") == 2


def test_a_writers_numbers_are_kept_and_checked() -> None:
    """Numbers in headings leave the titles; gaps and repetitions are told by line."""
    found = parsed("## 1. One\n\nx\n\n## 2. Two\n\nx\n\n### 2.1 Below\n\nx\n\n## 4. Four\n\nx\n")
    assert outline(tree_of(found).sections) == [
        ("1", "One"), ("2", "Two"), ("2.1", "Below"), ("4", "Four"),
    ]  # fmt: skip
    (told,) = [one for one in found.diagnostics if one.rule == "number"]
    assert (told.line, told.severity) == (17, Severity.WARNING)


def test_a_title_that_begins_with_a_number_stays_whole() -> None:
    """`3 ways` is no section 3."""
    found = tree_of(parsed("## 3 ways to sleep\n\nx\n\n## 2001: a year\n\nx\n"))
    assert outline(found.sections) == [("1", "3 ways to sleep"), ("2", "2001: a year")]


def test_contents_are_left_out_and_made_by_us() -> None:
    """A list of links into the text, or a section called Contents, is not published."""
    found = tree_of(
        parsed("Contents\n\n- [One](#one)\n- [Two](#two)\n\n## One\n\nx\n\n## Two\n\ny\n")
    )
    assert found.intro is None
    found = tree_of(parsed("## Table of contents\n\n1. One\n\n## One\n\nx\n"))
    assert outline(found.sections) == [("1", "One")]


def test_template_syntax_and_raw_html_are_kept_as_they_are() -> None:
    """Nothing a writer wrote is run or lost at this point."""
    found = tree_of(parsed("## {{ x }}\n\n{% if %}\n\n<div onclick='x'>\nhello\n</div>\n"))
    section = found.sections[0]
    assert section.title == "{{ x }}"
    assert isinstance(section.blocks[1], HtmlBlock)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 20_000,
        ">" * 3_000 + " x",
        "*a_ " * 5_000,
        "- " * 2_000 + "x",
        "`" * 9_999,
        "#" * 9_999,
    ],
    ids=["brackets", "quotes", "emphasis", "lists", "ticks", "hashes"],
)
@pytest.mark.timeout(10)
def test_storms_end(body: str) -> None:
    """Text made to be slow is parsed, or refused, and never hangs; the words around it stay."""
    found = parsed(f"## One\n\nwords\n\n{body}\n")
    assert found.guide is None or found.guide.sections[0].title == "One"


# ------------------------------------------------------------------ front matter


FULL = """\
title: "Sleep: a guide"
slug: sleep
lang: no
tags: [a, 010]
author:
  name: Partwork
  url: https://example.org
cadence: weekly mon,thu 09:00
start: 2026-03-09
min_words: 60
profile: health
reviewer: {name: R, credentials: MD}
last_reviewed: 2026-01-01
next_review: 2027-01-01
citations:
  - {id: x, title: A study, doi: 10.1000/182, published: "2019"}
disclaimer: Not advice.
"""


def test_front_matter_is_taken_as_typed() -> None:
    """`no` is text, 010 is text, dates are dates, nested keys are read."""
    front = tree_of(parsed("## One\n\nx\n", FULL)).front
    assert (front.title, front.lang, front.tags) == ("Sleep: a guide", "no", ("a", "010"))
    assert (front.min_words, str(front.start)) == (60, "2026-03-09")
    assert front.profile is Profile.HEALTH
    assert front.trust.citations[0].url == "https://doi.org/10.1000/182"
    assert front.trust.reviewer is not None
    assert front.trust.reviewer.credentials == "MD"


def test_a_sidecar_says_the_same_in_toml() -> None:
    """Strings, lists, dates and tables of TOML are read as those of YAML."""
    sidecar = (
        'title = "Sleep"\nslug = "sleep"\ntags = ["a"]\nstart = 2026-03-09\nmin_words = 60\n'
        '[author]\nname = "Partwork"\n[[citations]]\nid = "x"\ntitle = "A"\nurl = "https://example.org"\n'
    )
    front = tree_of(text_guide("1. One\n" + words(9), sidecar)).front
    assert (str(front.start), front.min_words, front.tags) == ("2026-03-09", 60, ("a",))
    assert front.author is not None
    assert len(front.trust.citations) == 1


@pytest.mark.parametrize(
    ("front", "line", "told"),
    [
        ("title: T\ncadense: daily", 3, "did you mean cadence?"),
        ("title: T\ntitle: U", 3, "said twice"),
        ("title: &a T\nslug: *a", 2, "anchors and aliases"),
        ("title: !!python/object/apply:os.system [x]", 2, "tags"),
        ("title: [unclosed", 3, "not YAML"),
        ("- title", 2, "key: value"),
        ("title: T\nslug: ../x", 3, "small letters"),
        ("title: T\nslug: ''", 3, "small letters"),
        ("title: T\nslug: " + "a" * 300, 3, "small letters"),
        ("title: T\nstart: soon", 3, "2026-03-09"),
        ("title: T\nmin_words: many", 3, "number of words"),
        ("title: T\nstatus: live", 3, "draft, ready, withdrawn"),
        ("title: T\nauthor: {nmae: x}", 3, "did you mean name?"),
        ("title: T\ncitations: [{id: x, title: y}]", 3, "url or a doi"),
        ("title: T\ncanonical_url: javascript:alert(1)", 3, "https://"),
        ("title: T\nlast_reviewed: 2026-01-01\nnext_review: 2029-02-01", 4, "36 months"),
        ("slug: x", 1, "has no title"),
        ("title: [[[[[[[[[[[[x]]]]]]]]]]]]", 2, "nested too deeply"),
    ],
)
def test_what_does_not_fit_is_named(front: str, line: int, told: str) -> None:
    """Each mistake is an error with file, line and what would fit; there is no guide."""
    found = parsed("## One\n\nx\n", front)
    assert found.guide is None
    assert any(f"content/t.md:{line}: error" in one and told in one for one in errors(found)), (
        errors(found)
    )


def test_all_mistakes_are_told_at_once() -> None:
    """A writer does not have to run it once a mistake."""
    assert len(errors(parsed("## One\n\nx\n", "titel: T\nstart: x\nmin_words: y"))) == 4


@pytest.mark.timeout(10)
def test_an_alias_bomb_is_refused_at_once() -> None:
    """Nothing is expanded."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(8)
    )
    assert parsed("x", bomb).guide is None


def test_front_matter_must_end() -> None:
    """An unclosed block is told, not taken as text."""
    found = guide.parse(guide.Source("content/t.md", "---\ntitle: T\n\n## One\n\nx\n"))
    assert any("not closed" in one for one in errors(found))


def test_a_guide_without_words_is_refused() -> None:
    """There is nothing to publish."""
    assert errors(parsed("", "title: T")) == ["content/t.md:1: error: empty: has no text"]


# ------------------------------------------------------------------ parts


def section(number: int, size: int, title: str = "") -> Section:
    """A section of so many words."""
    blocks = (Paragraph((Text(words(size)[:-1]),), Lines(1, 1)),) if size else ()
    return Section(title or f"Title {number}", blocks, Lines(1, 1), str(number), id=f"id-{number}")


def whole(sections: list[Section], **front: Any) -> Guide:
    """A guide of these sections."""
    return Guide(FrontMatter("g", "The guide", **front), tuple(sections), "content/g.md")


@given(st.lists(st.integers(0, 200), min_size=1, max_size=20), st.integers(0, 150))
def test_parts_say_the_guide(sizes: list[int], min_words: int) -> None:
    """Concatenated, the parts are the guide's sections; none is too short unless it is alone."""
    made = whole([section(n, size) for n, size in enumerate(sizes)], min_words=min_words)
    parts = guide.plan(made)
    assert tuple(one for part in parts for one in part.sections) == made.sections
    assert [(part.number, part.of) for part in parts] == [
        (n, len(parts)) for n in range(1, len(parts) + 1)
    ]
    assert all(part.words >= min_words for part in parts) or len(parts) == 1
    assert all(0 < len(part.subject) <= 120 for part in parts)


def test_benefits_go_out_with_safety() -> None:
    """In the profile health, however long each is; elsewhere length alone decides."""
    sections = [
        section(1, 300, "Benefits of sleep"),
        section(2, 300, "Side effects"),
        section(3, 300),
    ]
    health = guide.plan(whole(sections, profile=Profile.HEALTH))
    assert [len(part.sections) for part in health] == [2, 1]
    assert [len(part.sections) for part in guide.plan(whole(sections))] == [1, 1, 1]


# ------------------------------------------------------------------ ids


def minter() -> Iterator[str]:
    """New ids."""
    return (f"tag:example.org,2026-01-01:{n}" for n in count())


def ids_of(found: guide.Identified) -> dict[str, str]:
    """Ids by title."""
    return {one.title: one.id for one in found.known if not one.gone}


BODY = (
    "Hello there.\n\n## One\n\nFirst words.\n\n### Below\n\nSecond words.\n\n"
    "## Two\n\nThird words.\n"
)


def identified(body: str, known: tuple[guide.KnownSection, ...], mint: Iterator[str]) -> Any:
    """A Markdown guide with ids."""
    return guide.identify(tree_of(parsed(body)), known, lambda: next(mint))


@pytest.mark.parametrize(
    ("old", "new", "renamed"),
    [
        ("## One", "## The first", {"One": "The first"}),
        ("First words.", "Other words altogether.", {}),
        ("First  words.", "First words.", {}),
        ("Hello there.\n\n", "Hello there.\n\n## Zero\n\nNew words.\n\n", {}),
        ("## Two\n\nThird words.\n", "", {"Two": ""}),
        ("## One", "## One {#first}", {}),
    ],
)
def test_ids_outlive_edits(old: str, new: str, renamed: dict[str, str]) -> None:
    """A section that is retitled, rewritten, moved or joined by others keeps its id."""
    mint = minter()
    before = identified(BODY, (), mint)
    after = identified(BODY.replace(old, new), before.known, mint)
    for title, one in ids_of(before).items():
        if renamed.get(title, title):
            assert ids_of(after)[renamed.get(title, title)] == one
    assert len({one.id for one in after.known}) == len(after.known)


def test_an_explicit_id_outlives_everything() -> None:
    """With `{#id}` a section may change title, words and place at once."""
    mint = minter()
    before = identified("## One {#it}\n\nFirst.\n\n## Two\n\nSecond.\n", (), mint)
    after = identified("## Two\n\nSecond.\n\n## Else {#it}\n\nOther.\n", before.known, mint)
    assert ids_of(after)["Else"] == ids_of(before)["One"]
    assert not after.minted


def test_a_deleted_section_leaves_a_tombstone() -> None:
    """Its id stays taken: what is written anew gets another; the very same section gets its own."""
    mint = minter()
    before = identified(BODY, (), mint)
    without = identified(BODY.replace("## Two\n\nThird words.\n", ""), before.known, mint)
    assert ids_of(before)["Two"] in {one.id for one in without.known if one.gone}
    anew = identified(BODY.replace("Third words.", "Something else now."), without.known, mint)
    assert ids_of(anew)["Two"] not in set(ids_of(before).values())
    assert ids_of(before)["Two"] in {one.id for one in anew.known if one.gone}
    again = identified(BODY, without.known, mint)
    assert ids_of(again) == ids_of(before)


def test_ids_are_written_and_read_alike() -> None:
    """The ids file gives back what was remembered; a damaged one is told."""
    found = identified(BODY, (), minter())
    text = guide.dump_ids(found.known)
    assert guide.load_ids(text, "x.ids.json") == found.known
    with pytest.raises(FileError, match=r"x\.ids\.json:\d+: the ids file is damaged"):
        guide.load_ids(text[:-20], "x.ids.json")
    rows = text.replace("2026-01-01:1", "2026-01-01:0")
    with pytest.raises(FileError, match="twice"):
        guide.load_ids(rows, "x.ids.json")
