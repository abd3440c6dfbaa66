"""Headings and blocks, as they follow each other, into a tree: for Markdown and HTML alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.guide.numbering import number_sections
from pipeline.guide.source import Tree
from pipeline.markup import plain
from pipeline.model import Block, Lines, Link, ListBlock, Paragraph, Rule, Section
from pipeline.strict import Report

EXPLICIT_ID = re.compile(r"\s*\{#([A-Za-z][\w:.-]*)\}\s*$")
_CONTENTS = re.compile(r"(?:table of )?contents:?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """A heading that begins a section."""

    level: int
    """1 to 6."""
    title: str
    """Its words; may end in `{#id}`."""
    line: int


@dataclass(slots=True)
class _Open:
    """A section that is being filled."""

    level: int
    title: str
    explicit: str
    line: int
    blocks: list[Block] = field(default_factory=list)
    children: list[_Open] = field(default_factory=list)

    def close(self) -> Section:
        children = tuple(child.close() for child in self.children)
        lasts = [block.lines.last for block in self.blocks]
        lasts += [child.lines.last for child in children]
        return Section(
            title=self.title,
            blocks=tuple(self.blocks),
            lines=Lines(self.line, max([self.line, *lasts])),
            children=children,
            id=self.explicit,
        )


def nest(stream: Iterable[Head | Block], report: Report) -> Tree:
    """The tree of a stream of headings and blocks.

    A single H1 before every other heading is the title. Headings below it are sections, nested by
    their levels. What comes before the first is the intro; what follows a rule at the end of the
    last is the outro. A list of contents is left out.
    """
    pieces = list(stream)
    title = _take_title(pieces)
    intro: list[Block] = []
    top: list[_Open] = []
    path: list[_Open] = []
    for piece in pieces:
        if not isinstance(piece, Head):
            (path[-1].blocks if path else intro).append(piece)
            continue
        opened = _opened(piece)
        while path and path[-1].level >= opened.level:
            path.pop()
        if path and opened.level > path[-1].level + 1:
            what = f"heading {opened.title!r} skips a level; it is taken as nested by one"
            report.warn(opened.line, "level", what)
        (path[-1].children if path else top).append(opened)
        path.append(opened)
    intro, top = _without_contents(intro, top, report)
    outro = _take_outro(top, report)
    sections = number_sections([one.close() for one in top], report)
    return Tree(tuple(intro), sections, tuple(outro), title)


def _take_title(pieces: list[Head | Block]) -> str:
    """The text of the only H1 if it is the first heading; it is taken out.

    What stands before it, as badges and notes do, becomes part of the intro.
    """
    heads = [one for one in pieces if isinstance(one, Head)]
    if not heads or heads[0].level != 1 or sum(one.level == 1 for one in heads) > 1:
        return ""
    pieces.remove(heads[0])
    return EXPLICIT_ID.sub("", heads[0].title)


def _opened(head: Head) -> _Open:
    found = EXPLICIT_ID.search(head.title)
    title = EXPLICIT_ID.sub("", head.title) or "…"
    return _Open(head.level, title, f"#{found[1]}" if found else "", head.line)


def _without_contents(
    intro: list[Block], top: list[_Open], report: Report
) -> tuple[list[Block], list[_Open]]:
    """Intro and sections less a table of contents: pages and mail make their own."""
    kept = []
    for one in top:
        if _CONTENTS.fullmatch(one.title) and not one.children:
            report.note(one.line, "contents", "the table of contents is left out: we make one")
        else:
            kept.append(one)
    shown: list[Block] = []
    for block in intro:
        if isinstance(block, ListBlock) and _is_contents(block):
            what = "the list of contents is left out: we make one"
            report.note(block.lines.first, "contents", what)
            if shown and isinstance(shown[-1], Paragraph):
                label = plain(shown[-1].content)
                if _CONTENTS.fullmatch(label):
                    shown.pop()
        else:
            shown.append(block)
    return shown, kept


def _is_contents(block: ListBlock) -> bool:
    """Whether every item is a link to a place in this very text."""
    firsts = [item[0] for item in block.items if item]
    return bool(firsts) and all(
        isinstance(one, Paragraph)
        and len(one.content) == 1
        and isinstance(one.content[0], Link)
        and one.content[0].href.startswith("#")
        for one in firsts
    )


def _take_outro(top: list[_Open], report: Report) -> list[Block]:
    """What follows the last rule in the last section; it is taken out, the rule with it."""
    if not top:
        return []
    last = top[-1]
    while last.children:
        last = last.children[-1]
    rules = [n for n, block in enumerate(last.blocks) if isinstance(block, Rule)]
    if not rules or not (outro := last.blocks[rules[-1] + 1 :]):
        return []
    report.note(outro[0].lines.first, "outro", "what follows the last rule is taken as the outro")
    del last.blocks[rules[-1] :]
    return outro
