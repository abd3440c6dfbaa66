"""Markdown into the tree: CommonMark with tables and strikethrough, each block with its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from pipeline.guide.numbering import number_sections
from pipeline.guide.source import Report, Tree
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
    Section,
    Strike,
    Strong,
    Table,
    Text,
)

_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
DEEPEST = 60
"""Levels of lists, quotes and emphasis inside one another."""

_EXPLICIT_ID = re.compile(r"\s*\{#([A-Za-z][\w:.-]*)\}\s*$")
_CONTENTS = re.compile(r"(?:table of )?contents:?", re.IGNORECASE)


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


def read_markdown(text: str, first_line: int, report: Report) -> Tree:
    """The tree of a Markdown text.

    A single H1 before everything else is the title. Headings below it are sections, nested by
    their levels. What comes before the first is the intro; what follows a rule (`---`) at the end
    of the last is the outro.

    Args:
        text: The body, without front matter.
        first_line: The line of the file that the body begins on.
        report: Takes what the writer should know.
    """
    tokens = _PARSER.parse(text)
    if (deep := _too_deep(tokens)) is not None:
        what = f"is nested more than {DEEPEST} levels deep; no mail program shows that: flatten it"
        report.error(deep + first_line, "nesting", what)
        return Tree((), (), ())
    nodes = list(SyntaxTreeNode(tokens).children)
    title = _take_title(nodes)
    intro: list[Block] = []
    top: list[_Open] = []
    path: list[_Open] = []
    for node in nodes:
        if node.type != "heading":
            (path[-1].blocks if path else intro).extend(_block(node, first_line))
            continue
        opened = _opened(node, first_line)
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


def _too_deep(tokens: Sequence[Token]) -> int | None:
    """The line (from 0) of the first thing that is nested too deeply; None if nothing is."""
    for token in tokens:
        levels = max([token.level, *(one.level + token.level for one in token.children or ())])
        if levels > DEEPEST:
            return token.map[0] if token.map else 0
    return None


def _take_title(nodes: list[SyntaxTreeNode]) -> str:
    """The text of the only H1 if it stands first; it is taken out."""
    firsts = [node for node in nodes if node.type == "heading" and node.tag == "h1"]
    if len(firsts) != 1 or not nodes or nodes[0] is not firsts[0]:
        return ""
    return _EXPLICIT_ID.sub("", plain(_inlines(nodes.pop(0).children)))


def _opened(node: SyntaxTreeNode, first_line: int) -> _Open:
    title = plain(_inlines(node.children))
    found = _EXPLICIT_ID.search(title)
    lines = _lines(node, first_line)
    return _Open(
        level=int(node.tag[1:]),
        title=_EXPLICIT_ID.sub("", title) or "…",
        explicit=f"#{found[1]}" if found else "",
        line=lines.first,
    )


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


def _lines(node: SyntaxTreeNode, first_line: int) -> Lines:
    begin, end = node.map or (0, 1)
    return Lines(begin + first_line, max(end, begin + 1) + first_line - 1)


def _blocks(nodes: Sequence[SyntaxTreeNode], first_line: int) -> tuple[Block, ...]:
    return tuple(block for node in nodes for block in _block(node, first_line))


def _block(node: SyntaxTreeNode, first_line: int) -> list[Block]:  # noqa: C901, PLR0911 -- one case a kind of node
    lines = _lines(node, first_line)
    match node.type:
        case "paragraph":
            return [Paragraph(_inlines(node.children), lines)]
        case "heading":
            return [Heading(max(1, int(node.tag[1:]) - 2), _inlines(node.children), lines)]
        case "bullet_list" | "ordered_list":
            return [_list(node, lines, first_line)]
        case "blockquote":
            return [Quote(_blocks(node.children, first_line), lines)]
        case "fence" | "code_block":
            return [CodeBlock(node.content, lines, node.info.strip())]
        case "table":
            return [_table(node, lines)]
        case "hr":
            return [Rule(lines)]
        case "html_block":
            return [HtmlBlock(node.content, lines)]
        case _:
            return list(_blocks(node.children, first_line))


def _list(node: SyntaxTreeNode, lines: Lines, first_line: int) -> ListBlock:
    items = tuple(_blocks(item.children, first_line) for item in node.children)
    tight = all(
        paragraph.hidden
        for item in node.children
        for paragraph in item.children
        if paragraph.type == "paragraph"
    )
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    return ListBlock(items, lines, start, tight)


def _table(node: SyntaxTreeNode, lines: Lines) -> Table:
    rows = [row for part in node.children for row in part.children]
    cells = [tuple(_inlines(cell.children) for cell in row.children) for row in rows]
    align = tuple(
        str(cell.attrs.get("style", "")).removeprefix("text-align:") for cell in rows[0].children
    )
    return Table(cells[0], tuple(cells[1:]), align, lines)


def _inlines(nodes: Sequence[SyntaxTreeNode]) -> tuple[Inline, ...]:
    return tuple(
        one
        for node in nodes
        for one in (_inlines(node.children) if node.type == "inline" else (_inline(node),))
    )


def _inline(node: SyntaxTreeNode) -> Inline:  # noqa: C901, PLR0911 -- one case a kind of node
    match node.type:
        case "code_inline":
            return Code(node.content)
        case "em":
            return Emphasis(_inlines(node.children))
        case "strong":
            return Strong(_inlines(node.children))
        case "s":
            return Strike(_inlines(node.children))
        case "link":
            title = str(node.attrs.get("title", ""))
            return Link(str(node.attrs["href"]), _inlines(node.children), title)
        case "image":
            alt = plain(_inlines(node.children))
            return Image(str(node.attrs["src"]), alt, str(node.attrs.get("title", "")))
        case "hardbreak":
            return Break()
        case "softbreak":
            return Text("\n")
        case "html_inline":
            return InlineHtml(node.content)
        case _:
            return Text(node.content)
