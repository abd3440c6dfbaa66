"""The tree back into Markdown: what is written here reads as the very same tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from pipeline.guide.inline_writing import inlines, plain_line
from pipeline.guide.numbering import NUMBERED, number_sections
from pipeline.model import (
    Block,
    CodeBlock,
    FrontMatter,
    Guide,
    Heading,
    HtmlBlock,
    ListBlock,
    Paragraph,
    Person,
    Quote,
    Rule,
    Section,
    Table,
)
from pipeline.strict import Report

DEEPEST = 6
"""Levels of headings that Markdown has."""

_ALIGN = {"left": ":--", "center": ":-:", "right": "--:"}


def write_markdown(guide: Guide) -> str:
    """The guide as a Markdown file with front matter; reading it gives the same tree.

    Ids are kept where the writer gave them (`{#name}`); others are in the ids file.
    """
    lines = ["---", *write_front(guide.front), "---", ""]
    lines += _blocks(guide.intro.blocks) if guide.intro else []
    bare = _without_numbers(guide.sections)
    top = 2 if _depth(guide.sections) < DEEPEST else 1
    for section in guide.sections:
        lines += _section(section, top, bare=bare)
    if guide.outro:
        lines += ["---", "", *_blocks(guide.outro.blocks)]
    return "\n".join(lines).rstrip("\n") + "\n"


def write_front(front: FrontMatter) -> Iterator[str]:
    """The lines of YAML that declare a guide's front matter; what is as by default is left out."""
    default = FrontMatter(slug="", title="")
    for one in fields(FrontMatter):
        value = getattr(front, one.name)
        if one.name != "trust" and value != getattr(default, one.name):
            yield f"{one.name}: {_yaml(value)}"
    for one in fields(front.trust):
        if value := getattr(front.trust, one.name):
            yield f"{one.name}: {_yaml(value)}"


def _yaml(value: Any) -> str:
    """A value on one line: JSON, which is YAML as well."""
    return json.dumps(_json(value), ensure_ascii=False)


def _json(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Person(name, "", ""):
            return name
        case tuple():
            return [_json(one) for one in value]
        case int():
            return str(value)
        case str():
            return str(value)
        case _:
            said = {one.name: getattr(value, one.name) for one in fields(value)}
            return {key: _json(one) for key, one in said.items() if one}


def _depth(sections: Sequence[Section]) -> int:
    return max((1 + _depth(one.children) for one in sections), default=0)


def _flat(sections: Sequence[Section]) -> Iterator[Section]:
    for one in sections:
        yield one
        yield from _flat(one.children)


def _without_numbers(sections: Sequence[Section]) -> bool:
    """Whether the numbers follow from the order, so that headings need not say them."""
    flat = list(_flat(sections))
    if sum(NUMBERED.fullmatch(one.title) is not None for one in flat) * 2 >= len(flat):
        return False
    counted = _flat(number_sections(sections, Report("")))
    return all(one.number == other.number for one, other in zip(flat, counted, strict=True))


def _section(section: Section, level: int, *, bare: bool) -> Iterator[str]:
    title = plain_line(section.title)
    if not bare and section.number:
        dot = "" if "." in section.number else "."
        title = f"{section.number}{dot} {title}"
    name = f" {{{section.id}}}" if section.id.startswith("#") else ""
    yield f"{'#' * min(level, DEEPEST)} {title}{name}".rstrip()
    yield ""
    yield from _blocks(section.blocks)
    for child in section.children:
        yield from _section(child, level + 1, bare=bare)


def _blocks(blocks: Sequence[Block], *, tight: bool = False) -> Iterator[str]:
    """The lines of blocks, an empty line behind each; of a tight item, none."""
    other = False
    for index, block in enumerate(blocks):
        follows = index > 0 and _is_like(blocks[index - 1], block)
        other = follows and not other
        yield from _block(block, other=other)
        if not tight:
            yield ""


def _is_like(one: Block, block: Block) -> bool:
    """Whether two lists would run together."""
    if not (isinstance(one, ListBlock) and isinstance(block, ListBlock)):
        return False
    return (one.start is None) == (block.start is None)


def _block(block: Block, *, other: bool) -> Iterator[str]:  # noqa: C901 -- one case a kind of block
    match block:
        case Paragraph():
            yield from inlines(block.content).split("\n")
        case Heading():
            words = inlines(block.content).replace("\n", " ")
            yield f"{'#' * min(DEEPEST, block.level + 2)} {words}"
        case ListBlock():
            yield from _list(block, other=other)
        case Quote():
            inner = list(_blocks(block.blocks))[:-1]
            yield from (f"> {line}" if line else ">" for line in inner or [""])
        case CodeBlock():
            yield from _code(block)
        case Table():
            yield from _table(block)
        case Rule():
            yield "___"
        case HtmlBlock():
            yield from block.source.rstrip("\n").split("\n")


def _list(block: ListBlock, *, other: bool) -> Iterator[str]:
    lines = list(_items(block, other=other))
    while lines and not lines[-1]:
        lines.pop()
    yield from lines


def _items(block: ListBlock, *, other: bool) -> Iterator[str]:
    for index, item in enumerate(block.items):
        if block.start is None:
            mark = "*" if other else "-"
        else:
            mark = f"{block.start + index}{')' if other else '.'}"
        lines = list(_blocks(item, tight=block.tight))
        lines = lines or [""]
        gap = " " * (len(mark) + 1)
        yield f"{mark} {lines[0]}" if lines[0] else mark
        yield from (f"{gap}{line}" if line else "" for line in lines[1:])


def _code(block: CodeBlock) -> Iterator[str]:
    mark = "~" if "`" in block.language else "`"
    runs = re.findall(rf"{mark}{{3,}}", block.text)
    fence = mark * (max(map(len, runs), default=2) + 1)
    yield f"{fence} {block.language}" if block.language[:1] == mark else f"{fence}{block.language}"
    if block.text:
        yield from block.text.removesuffix("\n").split("\n")
    yield fence


def _table(block: Table) -> Iterator[str]:
    yield _row(block.header)
    yield "|" + "|".join(f" {_ALIGN.get(one, '---')} " for one in block.align) + "|"
    for row in block.rows:
        yield _row(row)


def _row(cells: Sequence[Any]) -> str:
    words = (inlines(cell, cell=True).replace("\n", " ") for cell in cells)
    return "|" + "|".join(f" {one} " for one in words) + "|"
