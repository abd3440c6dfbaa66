"""guide: import(export(g)) = g, for whatever Markdown can say."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import guide
from pipeline.markup import section_text
from pipeline.model import Guide, Lines

CONTENT = Path(__file__).parents[2] / "content"
GOLDEN = Path(__file__).parents[1] / "golden"
SEED = Path(os.environ.get("PARTWORK_SEED", Path(__file__).parents[3] / "shared/seed/guide.txt"))


def shape(node: Any) -> Any:
    """A tree without its source lines."""
    match node:
        case Lines():
            return None
        case tuple():
            return tuple(map(shape, node))
        case _ if dataclasses.is_dataclass(node):
            names = (one.name for one in dataclasses.fields(node))
            return (type(node).__name__, *(shape(getattr(node, name)) for name in names))
        case _:
            return node


def read(text: str, name: str = "content/g.md", sidecar: str | None = None) -> Guide:
    """A guide that can be read."""
    found = guide.parse(guide.Source(name, text, sidecar, "content/g.toml"))
    assert found.guide is not None, found.diagnostics
    return found.guide


def check_the_law(made: Guide) -> None:
    """What is written reads as the same tree, and is written alike again."""
    text = guide.write_markdown(made)
    again = read(text)
    assert again.front == made.front
    for part, other in ((made.intro, again.intro), (made.outro, again.outro)):
        assert shape(part) == shape(other), text
    assert shape(again.sections) == shape(made.sections), text
    assert guide.write_markdown(again) == text


PIECES = [
    "word", "two words", "*stress*", "**weight**", "_under_", "***both***", "**a *b* c**",
    "*a **b** c*", "~~gone~~", "`code`", "`` a ` b ``", "`a|b`", "[link](https://example.org/a_b)",
    '[t](https://example.org "a \\"title\\"")', "[x](<a b> 'c')", "![alt *x*](pic.png)", "a\\",
    "1. not", "# not", "- not", "+ not", "\\* star", "&amp;copy;", "&copy;", "<b>html</b>", "a < b",
    "[^1]", "[brackets]", "{{ code }}", "{#name}", "a_b_c", "2*3*4", "|", "https://example.org",
    "<https://example.org/x?a=1&b=2>", "    ", "\\", "\t", "…", "“quoted”", "===", "---", "***",
    ">", "[a]: b", "~~~", "```", "<!-- note -->", "word  \nbreak", "line\nline", "12) x",
    "*", "_", "`",
]  # fmt: skip
BLOCKS = [
    "- a\n- b\n", "- a\n\n- b\n", "* a\n  - b\n    1. c\n", "1. a\n2. b\n", "7) a\n8) b\n",
    "- [ ] todo\n- [x] done\n", "> quote\n> more\n", "> - a\n>\n> b\n", "```python\na = 1\n```\n",
    "~~~\n```\n~~~\n", "    indented\n", "| a | b |\n|:--|--:|\n| 1 | `x\\|y` |\n", "***\n",
    "<div class=x>\nhtml\n</div>\n", "- a\n\n  b\n- c\n", "- ```\n  x\n  ```\n", "- > q\n",
    "-\n- a\n",
    "- a\n\n\n* b\n", "> a\n\n> b\n", "- # head\n", "> ### head\n", "```\n\n\n```\n",
    "- a\n  ***\n",
    "text[^n]\n\n[^n]: a note\n\n    of two paragraphs\n", "- a\n- \n  b\n",
    "1. a\n\n   - b\n\n   c\n",
]  # fmt: skip
HEADS = ["## One", "## Two {#name}", "### Below", "#### Deep", "## 1. Numbered", "Set\n---", "# H1"]

prose = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(" ".join)
piece = st.one_of(prose, st.sampled_from(BLOCKS), st.sampled_from(HEADS))


@settings(max_examples=300)
@given(st.lists(piece, min_size=1, max_size=10))
def test_what_is_exported_is_imported_as_it_was(pieces: list[str]) -> None:
    """Any mixture of Markdown, once read, survives being written and read again."""
    parsed = guide.parse(
        guide.Source("content/g.md", "---\ntitle: T\n---\n\n" + "\n\n".join(pieces))
    )
    if parsed.guide is not None:
        check_the_law(parsed.guide)


@settings(max_examples=300)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])), max_size=6))
def test_any_characters_survive(paragraphs: list[str]) -> None:
    """Whatever a plain text says in its lines is said by the Markdown that is made of it."""
    body = "\n".join(["Contents", "1. One", "2. Two", "1. One", *paragraphs, "2. Two", "The end."])
    parsed = guide.parse(guide.Source("content/g.txt", body, 'title = "T"', "content/g.toml"))
    if parsed.guide is None:
        return
    again = read(guide.write_markdown(parsed.guide))
    before = [" ".join(section_text(one).split()) for one in parsed.guide.parts]
    assert [" ".join(section_text(one).split()) for one in again.parts] == before


@pytest.mark.parametrize("path", sorted(CONTENT.glob("*.md")), ids=lambda one: one.stem)
def test_our_guides_survive(path: Path) -> None:
    """Front matter with reviewer, citations and all."""
    check_the_law(read(path.read_text("utf-8"), f"content/{path.name}"))


def test_the_golden_text_survives() -> None:
    """A plain text with its sidecar becomes Markdown of the same tree."""
    text, sidecar = (GOLDEN / f"beekeeping.{kind}" for kind in ("txt", "toml"))
    check_the_law(read(text.read_text("utf-8"), "content/g.txt", sidecar.read_text("utf-8")))


def test_the_seed_survives() -> None:
    """The guide that the product was asked for."""
    if not SEED.exists():
        pytest.skip(f"the seed guide is not at {SEED}; set PARTWORK_SEED")
    check_the_law(read(SEED.read_text("utf-8"), "content/g.txt", 'title = "T"\nslug = "g"\n'))
