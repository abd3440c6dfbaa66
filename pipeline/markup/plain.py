"""Words without markup: for counting, ranking, summaries."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from pipeline.markup.raw import Tag, tokens, words_of
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


def plain(content: Sequence[Inline]) -> str:
    """The words of inline content on one line; an image is its alternative text."""
    return " ".join(clean_text(_inline(content)).split())


def running_text(content: Sequence[Inline]) -> str:
    """The words of inline content with the line breaks of its source."""
    return clean_text(_inline(content))


def _inline(content: Sequence[Inline]) -> str:
    return "".join(map(_one, content))


def _one(node: Inline) -> str:
    match node:
        case Text() | Code():
            return node.text
        case Image():
            return f" {node.alt} "  # it stands apart, also between letters
        case Break():
            return " "
        case InlineHtml():
            return words_of(node.source)
        case _:
            return _inline(node.content)


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
            yield " ".join(words_of(block.source).split())
        case _:
            return


def block_words(block: Block) -> list[str]:
    """The words of a block between spaces."""
    return [word for line in block_lines(block) for word in line.split()]


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
    return text if len(text) <= limit else f"{_cut(text, limit - 1)}…"


def _cut(text: str, limit: int) -> str:
    """As many whole words as fit; of a word that does not fit alone, whole characters."""
    words = text[: limit + 1].rpartition(" ")[0]
    if not words:  # languages without spaces, or one endless word
        while limit and _goes_on(text[limit]):
            limit -= 1
        words = text[:limit]
    return words.rstrip(" ,;:–—-")


def _goes_on(character: str) -> bool:
    """Whether it belongs to the character before it: an accent, or what joins emoji."""
    return unicodedata.category(character) in {"Mn", "Me"} or character == "\u200d"


def link_targets(sections: Sequence[Section]) -> frozenset[str]:
    """The addresses that the text links to, as the writer wrote them."""
    return frozenset(href for section in sections for href in _section_links(section))


def _section_links(section: Section) -> Iterator[str]:
    for block in section.blocks:
        for run in _runs(block):
            yield from _links(run)
    for child in section.children:
        yield from _section_links(child)


def _runs(block: Block) -> Iterator[Sequence[Inline]]:  # noqa: C901 -- one case a kind of node
    """Every run of inline content in a block."""
    match block:
        case Paragraph() | Heading():
            yield block.content
        case ListBlock():
            for item in block.items:
                for one in item:
                    yield from _runs(one)
        case Quote():
            for one in block.blocks:
                yield from _runs(one)
        case Table():
            for row in (block.header, *block.rows):
                yield from row
        case HtmlBlock():
            yield (InlineHtml(block.source),)
        case _:
            return


def _links(content: Sequence[Inline]) -> Iterator[str]:
    for node in content:
        match node:
            case Link():
                yield node.href
                yield from _links(node.content)
            case InlineHtml():
                for token in tokens(node.source):
                    if isinstance(token, Tag) and token.name == "a" and "href" in token.attributes:
                        yield token.attributes["href"]
            case Text() | Code() | Image() | Break():
                pass
            case _:
                yield from _links(node.content)
