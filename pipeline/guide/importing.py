"""A text, a Markdown file or a page, as somebody has it, into a guide file to fill in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.guide.numbering import number_sections
from pipeline.guide.reading import parse
from pipeline.guide.source import Source
from pipeline.guide.writing import write_markdown
from pipeline.markup import section_text, slugify
from pipeline.model import Diagnostic, Guide, GuideStatus, Section, Severity
from pipeline.strict import Report

Kind = Literal["text", "markdown", "html"]

ENDINGS = {
    ".txt": "text", ".text": "text", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".md": "markdown", ".markdown": "markdown",
}  # fmt: skip
_FORMS: dict[Kind, str] = {"text": ".txt", "markdown": ".md", "html": ".html"}
_LOOKS_HTML = re.compile(
    r"\s*(?:<!doctype html|<html|<body|<article|<(?:h1|p|div)\b)", re.IGNORECASE
)
_LOOKS_MARKED = re.compile(r"^(?:#{1,6} \S|---$|[-*] \[|\[.+\]: \S|```)", re.MULTILINE)
LONGEST_GUESS = 100
_UNTITLED = "(untitled)"

TO_FILL_IN = """\
# Fill in what fits, and delete the rest; say `status: ready` when it may go out.
# description: one or two sentences
# author: {name: , credentials: , url: }
# tags: []
# cadence: "weekly mon 09:00"
# start: first-run
# profile: health needs reviewer, last_reviewed, next_review, citations, disclaimer
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """A guide file as text, the guide in it, and what was found on the way."""

    guide: Guide | None
    text: str
    title_is_guessed: bool
    diagnostics: tuple[Diagnostic, ...]


def kind_of(name: str, text: str) -> Kind:
    """What a text is, by the ending of its name or else by its looks."""
    ending = re.search(r"\.\w+$", name.lower())
    if ending and ending[0] in ENDINGS:
        known: Kind = ENDINGS[ending[0]]  # type: ignore[assignment] # the table holds only kinds
        return known
    if _LOOKS_HTML.match(text):
        return "html"
    return "markdown" if _LOOKS_MARKED.search(text) else "text"


def import_guide(name: str, text: str, kind: Kind, *, title: str = "", slug: str = "") -> Imported:
    """A guide file made of a text; a draft, until the writer says otherwise.

    Args:
        name: What the text is called, for diagnostics.
        text: The text, decoded, with LF line ends.
        kind: What it is.
        title: Its title; empty: what it says itself, or a guess.
        slug: Its slug; empty: what it says itself, or from the title.
    """
    stem = re.sub(r"(?:\.\w+)+$", "", name.rsplit("/", 1)[-1]) or "guide"
    parsed = parse(Source(f"{stem}{_FORMS[kind]}", text, guess=_UNTITLED))
    diagnostics = tuple(replace(one, file=name) for one in parsed.diagnostics)
    if parsed.guide is None:
        return Imported(None, "", False, diagnostics)
    whole = _hoisted(parsed.guide)
    front = whole.front
    is_guessed = not title and front.title == _UNTITLED
    named = title or (_guess(stem, whole, text) if is_guessed else front.title)
    own_slug = front.slug if parsed.guide.line_of("slug") > 1 else slugify(named)
    front = replace(front, title=named, slug=slug or own_slug, status=GuideStatus.DRAFT)
    made = replace(whole, front=front)
    head, _, body = write_markdown(made).partition("\n---\n")
    written = f"{head}\n{TO_FILL_IN}---\n{body}"
    diagnostics += tuple(_changed(name, made, written))
    return Imported(made, written, is_guessed, diagnostics)


def _hoisted(guide: Guide) -> Guide:
    """A guide whose one heading stands above everything, as in a chapter of a book: its title."""
    alone = guide.sections[0] if len(guide.sections) == 1 else None
    if alone is None or guide.front.title != _UNTITLED or guide.intro or not alone.children:
        return guide
    return replace(
        guide,
        front=replace(guide.front, title=alone.title),
        intro=replace(alone, title="", number="", children=(), role="intro", id="")
        if alone.blocks
        else None,
        sections=number_sections(alone.children, Report("")),
    )


def _guess(stem: str, guide: Guide, text: str) -> str:
    """The first line if it is short enough to be a title, else the name of the file in words."""
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    is_text = guide.intro is not None and _plain(guide.intro).startswith(first)
    if is_text and len(first) <= LONGEST_GUESS and first[-1:] not in {".", ":", ";", ","}:
        return first
    return " ".join(re.split(r"[\W_]+", stem)).strip().capitalize() or "Untitled"


def _plain(section: Section) -> str:
    """The text of a section on one line."""
    return " ".join(section_text(section).split())


def _changed(name: str, made: Guide, written: str) -> Iterator[Diagnostic]:
    """What the guide file would say otherwise than the text: words lost or added."""
    again = parse(Source(f"{made.slug}.md", written)).guide
    before = _words(made)
    after = _words(again) if again else Counter()
    odd = list(((before - after) + (after - before)).elements())
    if odd:
        what = f"{len(odd)} words would read otherwise as Markdown, such as {odd[0][:40]!r}: look"
        yield Diagnostic(name, 1, Severity.WARNING, "import", what)


def _words(guide: Guide) -> Counter[str]:
    return Counter(word for part in guide.parts for word in section_text(part).split())
