"""Blocks as plain text, as people type it: wrapped, headings underlined, links as notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.markup.columns import in_columns
from pipeline.markup.raw import BLOCK, Tag, tokens
from pipeline.markup.urls import absolute, clean_text
from pipeline.markup.wrap import collapsed, width_of, wrap
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
    Rule,
    Section,
    Strike,
    Table,
    Text,
)

NARROWEST = 20
"""Deep inside lists and quotes lines get no shorter than this."""

STRUCK = "~~"
"""On either side of what no longer holds: without a mark it would say the opposite."""


def render_text(
    sections: Sequence[Section], *, base_url: str, width: int = 72, titles: bool = True
) -> str:
    """The text of these sections; addresses stand as numbered notes at its end.

    Args:
        sections: In reading order.
        base_url: What relative addresses are made absolute against.
        width: The longest line; only an address or another endless word may be longer.
        titles: Whether the heading of a single top section is shown. Several always are.
    """
    writer = _Writer(base_url, width)
    shown = titles or sum(1 for one in sections if one.title) != 1
    pieces = [piece for one in sections for piece in writer.section(one, shown=shown)]
    return "\n\n".join(filter(None, [*pieces, writer.notes()])).strip("\n") + "\n"


class _Writer:
    """Renders and collects the addresses on the way, each once."""

    def __init__(self, base_url: str, width: int) -> None:
        self._base_url, self._width = base_url, width
        self._links: dict[str, int] = {}

    def notes(self) -> str:
        """The addresses, numbered as in the text, a line each."""
        return "\n".join(f"[{number}] {href}" for href, number in self._links.items())

    def section(self, section: Section, *, shown: bool = True, depth: int = 0) -> Iterator[str]:
        """The section's pieces, to be set apart by empty lines."""
        if section.title and shown:
            label = clean_text(f"{section.number} {section.title}".strip())
            yield _heading(label, self._width, depth)
        yield from self._blocks(section.blocks, self._width, depth)
        for child in section.children:
            yield from self.section(child, depth=depth + 1)

    def _blocks(self, blocks: Sequence[Block], width: int, depth: int) -> Iterator[str]:
        for block in blocks:
            yield from self._block(block, max(width, NARROWEST), depth)

    def _block(self, block: Block, width: int, depth: int) -> Iterator[str]:  # noqa: C901 -- one case a kind of node
        match block:
            case Paragraph():
                yield _wrapped(self._inline(block.content), width)
            case Heading():
                words = collapsed(self._inline(block.content)).strip()
                yield _heading(words, width, depth + 1)
            case ListBlock():
                yield self._list(block, width, depth)
            case Quote():
                quoted = "\n\n".join(self._blocks(block.blocks, width - 2, depth))
                yield "\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))
            case CodeBlock():
                lines = clean_text(block.text).strip("\n").split("\n")
                yield "\n".join(f"    {line}".rstrip() for line in lines)
            case Table():
                header, *rows = (self._cells(row) for row in (block.header, *block.rows))
                yield in_columns(header, rows, block.align, width)
            case Rule():
                yield "* * *"
            case HtmlBlock():
                yield from self._raw_block(block.source, width)

    def _list(self, block: ListBlock, width: int, depth: int) -> str:
        """The items with hanging indents; numbers stand right-aligned before them."""
        first, count = block.start, len(block.items)
        marks = ["-"] * count if first is None else [f"{first + n}." for n in range(count)]
        indent = max(map(len, marks), default=0) + 1
        gap = "\n" if block.tight else "\n\n"
        return gap.join(
            _hung(mark.rjust(indent - 1), gap.join(self._blocks(item, width - indent, depth)))
            for mark, item in zip(marks, block.items, strict=True)
        )

    def _cells(self, row: Sequence[Sequence[Inline]]) -> list[str]:
        return [collapsed(self._inline(cell)).strip() for cell in row]

    def _raw_block(self, source: str, width: int) -> Iterator[str]:
        """Raw HTML as paragraphs and items, as far as its tags say."""
        for piece in re.split(r"\n{2,}", self._closed(*self._raw(source, [], "\n\n"))):
            if words := _wrapped(piece, width):
                yield words

    def _inline(self, content: Sequence[Inline]) -> str:
        """The words of inline content; a line end is one that the writer asked for."""
        opened: list[str] = []
        return self._closed("".join(self._one(node, opened) for node in content), opened)

    def _one(self, node: Inline, opened: list[str]) -> str:  # noqa: PLR0911 -- one case a kind of node
        match node:
            case Text() | Code():
                return collapsed(clean_text(node.text))
            case Image():
                return self._image(node.src, node.alt)
            case Break():
                return "\n"
            case InlineHtml():
                return self._raw(node.source, opened, "\n")[0]
            case Link():
                words = self._inline(node.content)
                return words + self._note(node.href, words)
            case Strike():
                words = self._inline(node.content)
                return f"{STRUCK}{words}{STRUCK}" if words else ""
            case _:
                return self._inline(node.content)

    def _note(self, href: str, words: str) -> str:
        """The mark of a link's note; none where the words are the address, or it leads nowhere."""
        address = absolute(href, self._base_url)
        told = {address, address.removeprefix("mailto:"), href}
        if not address or address.startswith("#") or words.strip() in told:
            return ""
        return f" [{self._links.setdefault(address, len(self._links) + 1)}]"

    def _image(self, src: str, alt: str) -> str:
        """The words of a picture and where it is; one without words parts those around it."""
        words = " ".join(clean_text(alt).split())
        return f"[{words}]{self._note(src, words)}" if words else " "

    def _raw(self, source: str, opened: list[str], gap: str) -> tuple[str, list[str]]:
        """The words of raw HTML, and the addresses of links in it that are still open.

        Args:
            source: A tag or a whole block.
            opened: The addresses of links that are open before it; changed in place.
            gap: What parts two blocks.
        """
        made = []
        for token in tokens(source):
            if isinstance(token, str):
                made.append(collapsed(token))
            elif token.name == "a":
                made.append(self._raw_link(token, opened))
            elif token.name == "img":
                told = token.attributes
                made.append(self._image(told.get("src", ""), told.get("alt", "")))
            else:
                made.append(_spoken(token, gap))
        return "".join(made), opened

    def _raw_link(self, tag: Tag, opened: list[str]) -> str:
        if not tag.is_end:
            opened.append(tag.attributes.get("href", ""))
            return ""
        return self._note(opened.pop(), "") if opened else ""

    def _closed(self, text: str, opened: list[str]) -> str:
        """The text with the notes of links that nobody closed."""
        return text + "".join(self._note(href, "") for href in reversed(opened))


def _spoken(tag: Tag, gap: str) -> str:
    """What stands in text for a raw tag other than a link or a picture."""
    if tag.name in {"br", "tr"}:
        return "\n"
    if tag.name in {"del", "s"}:
        return STRUCK
    if tag.name == "li" and not tag.is_end:
        return "\n- "
    if tag.name in BLOCK:
        return "\n" if tag.name == "li" else gap
    return " " if tag.parts_words else ""


def _heading(label: str, width: int, depth: int) -> str:
    lines = wrap(label, width)
    rule = ("=" if depth == 0 else "-") * min(max(map(width_of, lines), default=0), width)
    return "\n".join([*lines, rule] if rule else lines)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(line for piece in text.strip().split("\n") for line in wrap(piece, width))


def _hung(mark: str, text: str) -> str:
    """The text behind its mark, later lines below its first."""
    indent = " " * (len(mark) + 1)
    lines = [f"{indent}{line}" if line else "" for line in text.split("\n")]
    return f"{mark} {lines[0].strip()}".rstrip() + "".join(f"\n{line}" for line in lines[1:])
