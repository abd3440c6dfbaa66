"""Blocks as plain text, as people type it: wrapped, headings underlined, links as notes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from pipeline.markup.plain import plain, strip_tags
from pipeline.markup.urls import absolute, clean_text
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
    Table,
    Text,
)


def render_text(
    sections: Sequence[Section], *, base_url: str, width: int = 72, titles: bool = True
) -> str:
    """The text of these sections; addresses stand as numbered notes at its end.

    Args:
        sections: In reading order.
        base_url: What relative addresses are made absolute against.
        width: The longest line; only an address may be longer.
        titles: Whether the headings of top sections are shown.
    """
    writer = _Writer(base_url, width)
    lines = [line for one in sections for line in writer.section(one, shown=titles)]
    return clean_text("\n\n".join([*lines, *writer.notes()])).strip() + "\n"


class _Writer:
    """Renders and collects the addresses on the way, each once."""

    def __init__(self, base_url: str, width: int) -> None:
        self._base_url, self._width = base_url, width
        self._links: dict[str, int] = {}

    def notes(self) -> Iterator[str]:
        """The addresses, numbered as in the text."""
        if self._links:
            yield "\n".join(f"[{number}] {href}" for href, number in self._links.items())

    def section(self, section: Section, *, shown: bool = True, depth: int = 0) -> Iterator[str]:
        """The section's pieces, to be set apart by empty lines."""
        if section.title and shown:
            yield self._heading(f"{section.number} {section.title}".strip(), depth)
        for block in section.blocks:
            yield from self._block(block, self._width, depth)
        for child in section.children:
            yield from self.section(child, depth=depth + 1)

    def _heading(self, label: str, depth: int) -> str:
        lines = self._wrap(label, self._width).split("\n")
        rule = ("=" if depth == 0 else "-") * max(map(len, lines))
        return "\n".join([*lines, rule])

    def _wrap(self, text: str, width: int, first: str = "", rest: str = "") -> str:
        return "\n".join(
            line
            for piece in text.split("\n")
            for line in textwrap.wrap(
                piece,
                max(width, len(rest) + 20),
                initial_indent=first,
                subsequent_indent=rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
            or [""]
        )

    def _block(  # noqa: C901 -- one case a kind of node
        self, block: Block, width: int, depth: int
    ) -> Iterator[str]:
        match block:
            case Paragraph():
                yield self._wrap(self._inline(block.content), width)
            case Heading():
                yield self._heading(plain(block.content), depth + 1)
            case ListBlock():
                yield self._list(block, width, depth)
            case Quote():
                quoted = "\n\n".join(
                    piece for one in block.blocks for piece in self._block(one, width - 2, depth)
                )
                yield "\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))
            case CodeBlock():
                yield textwrap.indent(block.text.rstrip("\n"), "    ")
            case Table():
                yield self._table(block, width)
            case Rule():
                yield "* * *"
            case HtmlBlock():
                if words := " ".join(strip_tags(block.source).split()):
                    yield self._wrap(words, width)

    def _list(self, block: ListBlock, width: int, depth: int) -> str:
        gap = "\n" if block.tight else "\n\n"
        made = []
        for index, item in enumerate(block.items):
            mark = "- " if block.start is None else f"{block.start + index}. "
            pieces = [piece for one in item for piece in self._block(one, width - len(mark), depth)]
            inside = textwrap.indent(gap.join(pieces), " " * len(mark))
            made.append(mark + inside[len(mark) :])
        return gap.join(made)

    def _table(self, block: Table, width: int) -> str:
        rows = [[self._inline(cell).replace("\n", " ") for cell in row]
                for row in (block.header, *block.rows)]  # fmt: skip
        columns = max(map(len, rows))
        widths = [max((len(row[n]) for row in rows if n < len(row)), default=0)
                  for n in range(columns)]  # fmt: skip
        if sum(widths) + 2 * (columns - 1) <= width:
            lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=False))
                     for row in rows]  # fmt: skip
            lines.insert(1, "  ".join("-" * size for size in widths))
            return "\n".join(line.rstrip() for line in lines)
        return "\n\n".join(self._record(rows[0], row, width) for row in rows[1:])

    def _record(self, head: Sequence[str], row: Sequence[str], width: int) -> str:
        """A row of a table that is too wide for its lines: a line a cell."""
        named = zip([*head, *[""] * len(row)], row, strict=False)
        return "\n".join(
            self._wrap(f"{name}: {cell}" if name else cell, width, rest="    ")
            for name, cell in named
        )

    def _inline(self, content: Sequence[Inline]) -> str:
        return "".join(map(self._one, content))

    def _one(self, node: Inline) -> str:  # noqa: PLR0911 -- one case a kind of node
        match node:
            case Text():
                return node.text.replace("\n", " ")
            case Code():
                return node.text
            case Image():
                return f"[{node.alt}]" if node.alt else ""
            case Break():
                return "\n"
            case InlineHtml():
                return ""
            case Link():
                return self._link(node)
            case _:
                return self._inline(node.content)

    def _link(self, node: Link) -> str:
        words, href = self._inline(node.content), absolute(node.href, self._base_url)
        if not href or href.startswith("#") or words in {href, href.removeprefix("mailto:")}:
            return words
        number = self._links.setdefault(href, len(self._links) + 1)
        return f"{words} [{number}]"
