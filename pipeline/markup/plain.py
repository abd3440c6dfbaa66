"""Words without markup: for counting, ranking, summaries."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from pipeline.markup.urls import clean_text
from pipeline.model import (
    Block,
    Break,
    Code,
    CodeBlock,
    Heading,
    HtmlBlock,
    Image,
    Inline,
    InlineHtml,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Section,
    Table,
    Text,
)

_TAG = re.compile(r"<!--.*?-->|<[!/?a-zA-Z][^<>]*>", re.DOTALL)


def plain(content: Sequence[Inline]) -> str:
    """The words of inline content on one line; an image is its alternative text."""
    return " ".join(_inline(content).split())


def _inline(content: Sequence[Inline]) -> str:
    return "".join(map(_one, content))


def _one(node: Inline) -> str:
    match node:
        case Text() | Code():
            return node.text
        case Image():
            return node.alt
        case Break():
            return " "
        case InlineHtml():
            return ""
        case _:
            return _inline(node.content)


def strip_tags(source: str) -> str:
    """The words of raw HTML: what stands between its tags, references decoded."""
    return html.unescape(_TAG.sub(" ", source))


def block_lines(block: Block) -> Iterator[str]:  # noqa: C901 -- one case a kind of node
    """The words of a block, a line each paragraph, item, cell or heading."""
    match block:
        case Paragraph() | Heading():
            yield plain(block.content)
        case ListBlock():
            for item in block.items:
                yield " ".join(line for one in item for line in block_lines(one))
        case Quote():
            for one in block.blocks:
                yield from block_lines(one)
        case CodeBlock():
            yield block.text
        case Table():
            for row in (block.header, *block.rows):
                yield " ".join(plain(cell) for cell in row)
        case HtmlBlock():
            yield " ".join(strip_tags(block.source).split())
        case _:
            return


def section_text(section: Section) -> str:
    """All words of a section and its children, without their headings, a line a block."""
    lines = [line for block in section.blocks for line in block_lines(block)]
    lines += [section_text(child) for child in section.children]
    return "\n".join(filter(None, lines))


def count_words(section: Section) -> int:
    """How many words there are between spaces, children included, headings not."""
    return len(section_text(section).split())


def summary(sections: Sequence[Section], limit: int = 300) -> str:
    """The beginning of the text in whole words, at most `limit` characters."""
    text = clean_text(" ".join(" ".join(map(section_text, sections)).split()))
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rsplit(" ", 1)[0] if " " in text[: limit - 1] else text[: limit - 1]
    return cut.rstrip(" ,;:–—-") + "…"


def link_targets(sections: Sequence[Section]) -> frozenset[str]:
    """The addresses that the text links to, as the writer wrote them."""
    return frozenset(
        href
        for section in sections
        for href in (
            *(one for block in section.blocks for one in _block_links(block)),
            *link_targets(section.children),
        )
    )


def _block_links(block: Block) -> Iterator[str]:  # noqa: C901 -- one case a kind of node
    match block:
        case Paragraph() | Heading():
            yield from _inline_links(block.content)
        case ListBlock():
            for item in block.items:
                for one in item:
                    yield from _block_links(one)
        case Quote():
            for one in block.blocks:
                yield from _block_links(one)
        case Table():
            for row in (block.header, *block.rows):
                for cell in row:
                    yield from _inline_links(cell)
        case _:
            return


def _inline_links(content: Sequence[Inline]) -> Iterator[str]:
    for node in content:
        match node:
            case Link():
                yield node.href
                yield from _inline_links(node.content)
            case Text() | Code() | Image() | Break() | InlineHtml():
                pass
            case _:
                yield from _inline_links(node.content)
