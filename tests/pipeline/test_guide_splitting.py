"""guide: long sections go out in pieces, and the pieces say the section."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import guide
from pipeline.guide.splitting import now, split
from pipeline.markup import count_words, section_text
from pipeline.model import (
    FrontMatter,
    Guide,
    Heading,
    Lines,
    ListBlock,
    Paragraph,
    Profile,
    Section,
    Text,
)
from tests.sites import feed_items, make_site, run_once

LINE = Lines(1, 1)
COUNT = count()


def paragraph(size: int, mark: str = "") -> Paragraph:
    """So many words, like no other paragraph's."""
    number = next(COUNT)
    return Paragraph((Text(" ".join(f"w{number}.{n}{mark}" for n in range(size))),), LINE)


def texts(sections: tuple[Section, ...]) -> str:
    """The words of sections in order, without headings."""
    return " ".join(" ".join(section_text(one).split()) for one in sections).strip()


blocks = st.lists(st.integers(1, 120).map(paragraph), max_size=8).map(tuple)


def section(depth: int) -> st.SearchStrategy[Section]:
    """A section with blocks and nested sections."""
    below = st.lists(section(depth - 1), max_size=3) if depth else st.just([])
    return st.builds(
        lambda own, children: Section(
            "Title", own, LINE, children=tuple(children), id=f"tag:x:{next(COUNT)}"
        ),
        blocks,
        below,
    )


@given(section(2), st.integers(1, 400))
def test_the_pieces_say_the_section(whole: Section, most: int) -> None:
    """Block for block in order; none is much longer than asked, unless a block is."""
    pieces = split(whole, most)
    assert texts(pieces) == texts((whole,))
    longest = max((len(section_text(one).split()) for one in _leaves(whole)), default=0)
    if len(pieces) > 1:
        assert all(count_words(one) <= most + longest for one in pieces)
        numbered = [(one.piece.number, one.piece.of) for one in pieces if one.piece]
        assert numbered == [(n, len(pieces)) for n in range(1, len(pieces) + 1)]
        assert len({one.id for one in pieces}) == len(pieces)
        assert all(one.title == whole.title for one in pieces)
    else:
        assert pieces == (whole,) or count_words(whole) > most


def _leaves(whole: Section) -> list[Section]:
    """A section a block."""
    own = [Section("", (block,), LINE) for block in whole.blocks]
    return own + [leaf for child in whole.children for leaf in _leaves(child)]


@given(st.lists(section(1), min_size=1, max_size=6), st.integers(0, 150), st.integers(0, 3))
def test_the_parts_say_the_guide(sections: list[Section], least: int, most: int) -> None:
    """Whatever the budget, nothing is lost, doubled or moved."""
    front = FrontMatter("g", "G", min_words=least, max_minutes=most)
    made = Guide(front, tuple(sections), "content/g.md")
    parts = guide.plan(made)
    assert texts(tuple(one for part in parts for one in part.sections)) == texts(made.parts)
    assert sum(part.words for part in parts) == sum(map(count_words, sections))


@settings(max_examples=200)
@given(section(1), st.integers(20, 200), st.data())
def test_what_remains_is_what_is_not_out(whole: Section, most: int, data: st.DataObject) -> None:
    """After any number of pieces the rest is the rest, and says so with edits in what is out."""
    pieces = split(whole, most)
    out = data.draw(st.integers(1, len(pieces)))
    if pieces[0].piece is None:
        return
    found = now(whole, pieces[:out])
    assert found[:out] == tuple(pieces[:out])
    assert texts(found) == texts((whole,))
    if out == len(pieces):
        assert len(found) == out
    else:
        again = split(found[-1], most)
        first = again[0].piece
        assert first is not None
        assert first.number == out + 1
        assert texts((*pieces[:out], *again)) == texts((whole,))


def test_what_leads_to_something_stays_with_it() -> None:
    """A heading or `as follows:` never ends a piece."""
    lead = Paragraph((Text("word " * 49 + "follows:"),), LINE)
    items = ListBlock(((paragraph(30),), (paragraph(30),)), LINE)
    heading = Heading(1, (Text("A heading"),), LINE)
    long = Section("T", (paragraph(50), lead, items, heading, paragraph(100)), LINE, id="tag:x:1")
    for most in range(20, 300, 7):
        for piece in split(long, most):
            assert piece.blocks[-1] not in {lead, heading}


def test_benefits_are_not_split_under_health() -> None:
    """However long: what is promised stands beside what may go wrong."""
    sections = (
        Section("Benefits of sleep", (paragraph(200), paragraph(200)), LINE, id="tag:x:1"),
        Section("Risks", (paragraph(100),), LINE, id="tag:x:2"),
    )
    front = FrontMatter("g", "G", max_minutes=1, profile=Profile.HEALTH)
    (part,) = guide.plan(Guide(front, sections, "content/g.md"))
    assert part.sections == sections
    general = replace(front, profile=Profile.GENERAL)
    assert len(guide.plan(Guide(general, sections, "content/g.md"))) > 1


def test_a_short_section_does_not_make_a_long_part_longer() -> None:
    """It is joined with what comes before, if that leaves room."""
    sections = tuple(
        Section(f"T{n}", (paragraph(size),), LINE, id=f"tag:x:{n}")
        for n, size in enumerate((100, 20, 220))
    )
    front = FrontMatter("g", "G", max_minutes=1)
    parts = guide.plan(Guide(front, sections, "content/g.md"))
    assert [[one.title for one in part.sections] for part in parts] == [["T0", "T1"], ["T2"]]


def write(site: Path, paragraphs: list[str]) -> None:
    """A guide of one long section and a short one."""
    front = 'title: Long\nslug: long\ncadence: "weekly mon 09:00"\nstart: 2026-03-09\n'
    body = "## Winter\n\n" + "\n\n".join(paragraphs) + "\n\n## Spring\n\n" + "It is warm. " * 40
    text = f"---\n{front}max_minutes: 1\n---\n\n{body}\n"
    (site / "content/long.md").write_text(text, encoding="utf-8")


def test_a_long_section_goes_out_in_pieces_and_edits_find_theirs(tmp_path: Path) -> None:
    """A paragraph edited or added where it is out changes that piece; the rest is still to come."""
    site = make_site(tmp_path / "site")
    text = [f"Paragraph {n}: " + " ".join(f"w{n}x{each}" for each in range(50)) for n in range(10)]
    write(site, text)
    days = ["2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30", "2026-04-06"]
    subjects = []
    for week, day in enumerate(days):
        if week == 1:
            text[1] = text[1].replace("w1x7 w1x8 w1x9", "rewritten after it was out")
            text.insert(2, "Paragraph added: " + " ".join(f"n{each}" for each in range(30)))
        if week == 2:
            text[-1] += " and a word at the end"
        write(site, text)
        report = run_once(site, f"{day}T10:00")
        subjects += [one.issue.subject for one in report.publishing.released]
    assert subjects == ["Winter (1 of 3)", "Winter (2 of 3)", "Winter (3 of 3)", "Spring"]
    items = feed_items(site, "long")[::-1]
    ids = [str(one["id"]) for one in items]
    assert len(set(ids)) == 4
    winter = [str(one["content_html"]) for one in items[:3]]
    for paragraph_text in text:
        assert sum(paragraph_text in html for html in winter) == 1, paragraph_text
    assert "rewritten after it was out" in winter[0]
    assert "Paragraph added" in winter[0]


def test_a_heading_goes_along_with_what_it_leads_to() -> None:
    """A cut falls before it; the piece before does not grow because of it."""
    below = Section("Below", (paragraph(8),), LINE, id="tag:x:b")
    whole = Section(
        "Title", (*map(paragraph, (1, 1, 1, 8)),), LINE, children=(below,), id="tag:x:a"
    )
    assert [count_words(one) for one in split(whole, 7)] == [3, 8, 8]
