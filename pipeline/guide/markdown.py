"""Markdown into the tree: CommonMark with tables, strikethrough, footnotes and boxes to tick."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin

from pipeline.guide.nesting import Head, nest
from pipeline.guide.source import Tree
from pipeline.markup import plain
from pipeline.model import (
    Block,
    Break,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    HtmlBlock,
    Image,
    Inline,
    InlineHtml,
    Lines,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Strong,
    Table,
    Text,
)
from pipeline.strict import Report

_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_PARSER.use(footnote_plugin)

DEEPEST = 60
"""Levels of lists, quotes and emphasis inside one another."""

_BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_SHORTCODE = re.compile(r"\{\{[<%].*?[%>]\}\}|\{%.*?%\}")
_LOST_NOTE = re.compile(r"\[\^([^\]\s]+)\]")


def read_markdown(text: str, first_line: int, report: Report) -> Tree:
    """The tree of a Markdown text (see `nest`).

    Footnotes stand at the end of the section that refers to them, numbered there from 1, so that
    every part has its own. `[ ]` and `[x]` at the head of an item become boxes. Shortcodes of site
    generators are kept as they are, and told.

    Args:
        text: The body, without front matter.
        first_line: The line of the file that the body begins on.
        report: Takes what the writer should know.
    """
    env: dict[str, Any] = {}
    tokens = _PARSER.parse(text, env)
    if (deep := _too_deep(tokens)) is not None:
        what = f"is nested more than {DEEPEST} levels deep; no mail program shows that: flatten it"
        report.error(deep + first_line, "nesting", what)
        return Tree((), (), ())
    for label, number in env.get("footnotes", {}).get("refs", {}).items():
        if number < 0:
            what = f"footnote {label[1:]!r} is referred to nowhere: left out"
            report.warn(_line_of(f"[^{label[1:]}]:", text) + first_line, "footnote", what)
    notes = _notes(tokens)
    return nest(_Reader(first_line, report, notes).stream(_nodes(tokens)), report)


def _line_of(words: str, text: str) -> int:
    """The line (from 0) that these words begin on."""
    lines = enumerate(text.split("\n"))
    return next((n for n, line in lines if line.lstrip().startswith(words)), 0)


def _nodes(tokens: list[Token]) -> Iterator[SyntaxTreeNode]:
    """The nodes at the top, one after the other; tokens are let go as they are used.

    A tree of the whole text at once takes as much memory again as the tokens.
    """
    tokens.reverse()
    depth = 0
    group: list[Token] = []
    while tokens:
        token = tokens.pop()
        group.append(token)
        depth += token.nesting
        if depth == 0:
            yield from SyntaxTreeNode(group).children
            group = []


def _notes(tokens: list[Token]) -> dict[int, SyntaxTreeNode]:
    """The footnotes by number; their tokens, the last, are taken out."""
    kinds = (n for n, one in enumerate(tokens) if one.type == "footnote_block_open")
    start = next(kinds, len(tokens))
    block = tokens[start:]
    del tokens[start:]
    notes = SyntaxTreeNode(block).children[0].children if block else []
    return {int(one.meta["id"]): one for one in notes}


def _too_deep(tokens: Sequence[Token]) -> int | None:
    """The line (from 0) of the first thing that is nested too deeply; None if nothing is."""
    for token in tokens:
        levels = max([token.level, *(one.level + token.level for one in token.children or ())])
        if levels > DEEPEST:
            return token.map[0] if token.map else 0
    return None


@dataclass(slots=True)
class _Reader:
    """Reads the nodes of one text."""

    first_line: int
    report: Report
    notes: Mapping[int, SyntaxTreeNode]
    used: list[int] = field(default_factory=list)
    """The footnotes that the section under way refers to, in the order of their numbers."""
    line: int = 1
    """Where the block under way begins."""

    def stream(self, nodes: Iterable[SyntaxTreeNode]) -> Iterator[Head | Block]:
        """Headings and blocks; before each heading the notes of the section that it ends."""
        for node in nodes:
            if node.type == "heading":
                yield from self._footnotes()
                lines = self._lines(node)
                title = plain(self._inlines(node.children))
                yield Head(int(node.tag[1:]), title, lines.first)
            else:
                yield from self._block(node)
        yield from self._footnotes()

    def _footnotes(self) -> Iterator[Block]:
        """The notes referred to since the last heading, as a numbered list."""
        # `used` grows under way: a note may refer to another, which then joins the list
        items = [self._blocks(self.notes[number].children) for number in self.used]
        if items:
            spans = [block.lines for item in items for block in item]
            lines = Lines(min(one.first for one in spans), max(one.last for one in spans))
            self.used.clear()
            yield ListBlock(tuple(items), lines, 1, tight=max(map(len, items)) == 1)

    def _lines(self, node: SyntaxTreeNode) -> Lines:
        if node.map is None:
            return Lines(self.line, self.line)
        begin, end = node.map
        self.line = begin + self.first_line
        return Lines(self.line, max(end, begin + 1) + self.first_line - 1)

    def _blocks(self, nodes: Sequence[SyntaxTreeNode]) -> tuple[Block, ...]:
        return tuple(block for node in nodes for block in self._block(node))

    def _block(self, node: SyntaxTreeNode) -> list[Block]:  # noqa: C901, PLR0911 -- one case a kind of node
        lines = self._lines(node)
        match node.type:
            case "paragraph":
                return [Paragraph(self._inlines(node.children), lines)]
            case "heading":
                level = max(1, int(node.tag[1:]) - 2)
                return [Heading(level, self._inlines(node.children), lines)]
            case "bullet_list" | "ordered_list":
                return [self._list(node, lines)]
            case "blockquote":
                return [Quote(self._blocks(node.children), lines)]
            case "fence" | "code_block":
                text = node.content.rstrip("\n") + "\n" if node.content.strip("\n") else ""
                return [CodeBlock(text, lines, node.info.strip())]
            case "table":
                return [self._table(node, lines)]
            case "hr":
                return [Rule(lines)]
            case "html_block":
                return [HtmlBlock(node.content.rstrip("\n"), lines)]
            case _:
                return list(self._blocks(node.children))

    def _list(self, node: SyntaxTreeNode, lines: Lines) -> ListBlock:
        items = tuple(_boxed(self._blocks(item.children)) for item in node.children)
        tight = all(
            paragraph.hidden
            for item in node.children
            for paragraph in item.children
            if paragraph.type == "paragraph"
        )
        start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
        return ListBlock(items, lines, start, tight)

    def _table(self, node: SyntaxTreeNode, lines: Lines) -> Table:
        rows = [row for part in node.children for row in part.children]
        cells = [tuple(self._inlines(cell.children) for cell in row.children) for row in rows]
        align = tuple(
            str(cell.attrs.get("style", "")).removeprefix("text-align:")
            for cell in rows[0].children
        )
        return Table(cells[0], tuple(cells[1:]), align, lines)

    def _inlines(self, nodes: Sequence[SyntaxTreeNode]) -> tuple[Inline, ...]:
        flat = [
            one
            for node in nodes
            for one in (node.children if node.type == "inline" else (node,))
            if one.type != "footnote_anchor"
        ]
        return tuple(_joined(self._inline(node) for node in flat))

    def _inline(self, node: SyntaxTreeNode) -> Inline:  # noqa: C901, PLR0911, PLR0912 -- one case a kind of node
        match node.type:
            case "code_inline":
                return Code(node.content)
            case "em":
                return Emphasis(self._inlines(node.children))
            case "strong":
                return Strong(self._inlines(node.children))
            case "s":
                return Strike(self._inlines(node.children))
            case "link":
                title = str(node.attrs.get("title", ""))
                return Link(str(node.attrs["href"]), self._inlines(node.children), title)
            case "image":
                alt = plain(self._inlines(node.children))
                return Image(str(node.attrs["src"]), alt, str(node.attrs.get("title", "")))
            case "hardbreak":
                return Break()
            case "softbreak":
                return Text("\n")
            case "html_inline":
                return InlineHtml(node.content)
            case "footnote_ref":
                return Text(self._mark(int(node.meta["id"])))
            case _:
                self._tell(node.content)
                return Text(node.content)

    def _mark(self, note: int) -> str:
        """`[1]` for the first note of a section, and so on."""
        if note not in self.used:
            self.used.append(note)
        return f"[{self.used.index(note) + 1}]"

    def _tell(self, text: str) -> None:
        for found in _SHORTCODE.findall(text):
            what = f"{found[:40]!r} looks like a shortcode: kept as text, we run none"
            self.report.warn(self.line, "shortcode", what)
        for label in _LOST_NOTE.findall(text):
            self.report.warn(self.line, "footnote", f"footnote {label!r} has no note")


def _joined(nodes: Iterable[Inline]) -> Iterator[Inline]:
    """Inline nodes with neighbouring texts in one; a break between lines stays by itself."""
    held: Text | None = None
    for node in nodes:
        if isinstance(node, Text) and node.text != "\n":
            held = Text(held.text + node.text) if held else node
            continue
        if held and held.text:
            yield held
        held = None
        yield node
    if held and held.text:
        yield held


def _boxed(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """An item of a list of tasks, its `[ ]` or `[x]` as a box."""
    first = blocks[0] if blocks else None
    lead = first.content[0] if isinstance(first, Paragraph) and first.content else None
    if not isinstance(first, Paragraph) or not isinstance(lead, Text):
        return blocks
    text = lead.text
    box = _BOXES.get(text[:4])
    if box is None:
        return blocks
    content = (Text(box + text[4:]), *first.content[1:])
    return (Paragraph(content, first.lines), *blocks[1:])
