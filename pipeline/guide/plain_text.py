"""Plain text into the tree: a line a paragraph, numbered headings, `- ` lists.

Which lines are headings is decided by the table of contents, matched in order; where there is none,
by the sequence of the numbers. A number at the head of a line is never enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.guide.contents import Entry, find_headings
from pipeline.guide.numbering import number_sections
from pipeline.guide.related_block import split_related
from pipeline.guide.source import Tree
from pipeline.model import Block, Lines, ListBlock, Paragraph, Section, Text
from pipeline.strict import Report

_BULLET = re.compile(r"\s*[-*•–]\s+(\S.*)")
_FAREWELL = re.compile(
    r"\b(?:thank you for|thanks for reading|we (?:encourage|invite) you|we look forward"
    r"|leave (?:us )?(?:your|a) comments?|share this|see you (?:next|soon)|until next time)\b",
    re.IGNORECASE,
)
_WRAPPED = 90
"""A text whose lines are no longer than this and has empty lines is wrapped by hand."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


def read_plain_text(text: str, report: Report) -> Tree:
    """The tree of a plain text in the shape of an article with numbered headings."""
    lines = [_Line(n, one.strip()) for n, one in enumerate(text.split("\n"), start=1)]
    kept = split_related([(one.number, one.text) for one in lines], report)
    lines = lines[: len(kept)]
    found = find_headings([(one.number, one.text) for one in lines], report)
    joined = _is_wrapped(lines)
    chunks = _chunks(lines, found.headings, found.skipped)
    intro = _blocks(chunks[0], joined=joined)
    flat = [
        _flat(entry, _blocks(body, joined=joined))
        for entry, body in zip(found.headings, chunks[1:], strict=True)
    ]
    outro = _take_outro(flat, report)
    return Tree(tuple(intro), number_sections(_nest(flat), report), tuple(outro))


def _chunks(lines: Sequence[_Line], headings: Sequence[Entry], skipped: range) -> list[list[_Line]]:
    """The lines before the first heading, and those below each."""
    chunks: list[list[_Line]] = [[]]
    starts = {entry.line for entry in headings}
    for line in lines:
        if line.number in starts:
            chunks.append([])
        elif line.number not in skipped:
            chunks[-1].append(line)
    return chunks


def _is_wrapped(lines: Sequence[_Line]) -> bool:
    """Whether paragraphs run over several lines and are set apart by empty ones."""
    inner = [line for line in lines[:-1] if line.text]
    has_gaps = any(not line.text for line in lines[:-1])
    return has_gaps and all(len(line.text) <= _WRAPPED for line in inner)


def _blocks(lines: Sequence[_Line], *, joined: bool) -> list[Block]:
    found: list[Block] = []
    for bullets, group in _groups(lines, joined=joined):
        span = Lines(group[0].number, group[-1].number)
        if bullets:
            items = tuple((_paragraph([line]),) for line in group)
            found.append(ListBlock(items, span))
        else:
            found.append(_paragraph(group))
    return found


def _paragraph(lines: Sequence[_Line]) -> Paragraph:
    words = " ".join(
        found[1] if (found := _BULLET.fullmatch(line.text)) else line.text for line in lines
    )
    return Paragraph((Text(words),), Lines(lines[0].number, lines[-1].number))


def _groups(lines: Sequence[_Line], *, joined: bool) -> Iterator[tuple[bool, list[_Line]]]:
    """Runs of lines that belong together: a list, or a paragraph."""
    group: list[_Line] = []
    bullets = False
    for line in [*lines, _Line(0, "")]:
        is_bullet = _BULLET.fullmatch(line.text) is not None
        goes_on = line.text and (is_bullet if bullets else joined and not is_bullet)
        if group and not goes_on:
            yield bullets, group
            group = []
        if line.text:
            group.append(line)
            bullets = is_bullet


def _flat(entry: Entry, blocks: Sequence[Block]) -> Section:
    """A section that does not know its children yet; its number stands in its title."""
    label = f"{entry.number}. {entry.title}" if "." not in entry.number else (
        f"{entry.number} {entry.title}"
    )  # fmt: skip
    last = max([entry.line, *(block.lines.last for block in blocks)])
    return Section(label, tuple(blocks), Lines(entry.line, last), number=entry.number)


def _nest(flat: Sequence[Section]) -> tuple[Section, ...]:
    """Sections below the one whose number theirs begins with."""
    nested: list[Section] = []
    index = 0
    while index < len(flat):
        head = flat[index]
        end = index + 1
        while end < len(flat) and flat[end].number.startswith(f"{head.number}."):
            end += 1
        children = _nest(flat[index + 1 : end])
        last = max([head.lines.last, *(child.lines.last for child in children)])
        nested.append(
            Section(head.title, head.blocks, Lines(head.lines.first, last), children=children)
        )
        index = end
    return tuple(nested)


def _take_outro(flat: list[Section], report: Report) -> list[Block]:
    """The farewell below the last heading: from the first paragraph on that addresses the reader.

    At least one block stays in the section.
    """
    if not flat:
        return []
    last = flat[-1]
    for index, block in enumerate(last.blocks):
        words = block.content[0] if isinstance(block, Paragraph) else None
        if index and isinstance(words, Text) and _FAREWELL.search(words.text):
            outro = list(last.blocks[index:])
            what = "from here on the reader is addressed: taken as the outro"
            report.note(outro[0].lines.first, "outro", what)
            kept = last.blocks[:index]
            lines = Lines(last.lines.first, kept[-1].lines.last)
            flat[-1] = Section(last.title, kept, lines, number=last.number)
            return outro
    return []
