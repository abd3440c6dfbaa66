"""HTML into the tree: the article of a page, without what stands around it.

What is read is the `article` or `main` with the most words, else the body less its navigation,
header and footer. Scripts, forms and frames are left out; what else is not known keeps its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree, html
from lxml.html import HtmlElement

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

LEFT_OUT = frozenset({
    "aside", "audio", "button", "canvas", "dialog", "embed", "form", "frame", "head", "iframe",
    "input", "link", "map", "meta", "nav", "noscript", "object", "script", "select", "style", "svg",
    "template", "textarea", "video",
})  # fmt: skip
AROUND = frozenset({"footer", "header"})
"""Left out of a body; inside an article they belong to it."""

_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr", "label", "big",
})  # fmt: skip
_MARKS = {
    "em": Emphasis, "i": Emphasis, "cite": Emphasis, "dfn": Emphasis, "var": Emphasis,
    "strong": Strong, "b": Strong, "del": Strike, "s": Strike, "strike": Strike,
}  # fmt: skip
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_KEPT = frozenset({"abbr", "mark", "q", "sub", "sup"})
_HEADS = re.compile(r"h([1-6])")
_SPACE = re.compile(r"[ \t\n\r\f]+")


def read_html(text: str, report: Report) -> Tree:
    """The tree of an HTML page (see `nest`); its `<title>` is the title where no H1 is.

    Args:
        text: The page or a fragment of one.
        report: Takes what the writer should know.
    """
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    if not text.strip():
        return Tree((), (), ())
    try:
        page = html.document_fromstring(text.encode(), parser=parser)
    except (ValueError, etree.ParserError):
        report.error(1, "html", "is not HTML that can be read")
        return Tree((), (), ())
    for fault in parser.error_log:
        if fault.level_name == "FATAL":  # lxml reads no further: the rest would be lost in silence
            what = "tags are nested too deeply here and the rest would be lost; simplify the page"
            report.error(fault.line, "nesting", what)
    root, is_body = _article(page)
    left_out = LEFT_OUT | AROUND if is_body else LEFT_OUT
    tree = nest(_Reader(left_out).stream(root), report)
    if tree.title:
        return tree
    found = page.findtext(".//title") or ""
    return Tree(tree.intro, tree.sections, tree.outro, " ".join(found.split()))


def _article(page: HtmlElement) -> tuple[HtmlElement, bool]:
    """What holds the text, and whether that is no more than the body."""
    for path in (".//article", ".//main", ".//*[@role='main']"):
        found = [one for one in page.iterfind(path) if (one.text_content() or "").strip()]
        if found:
            return max(found, key=lambda one: len(one.text_content())), False
    body = page.find("body")
    return (body if body is not None else page), True


@dataclass(frozen=True, slots=True)
class _Reader:
    left_out: frozenset[str]

    def stream(self, root: HtmlElement) -> Iterator[Head | Block]:
        """Headings and blocks of an element in order."""
        yield from self._flow(root, is_top=True)

    def _blocks(self, element: HtmlElement) -> tuple[Block, ...]:
        return tuple(one for one in self._flow(element, is_top=False) if not isinstance(one, Head))

    def _flow(self, element: HtmlElement, *, is_top: bool) -> Iterator[Head | Block]:
        """What an element holds: runs of inline content as paragraphs, blocks as they are."""
        line = _line(element)
        run: list[Inline] = list(_text(element.text))
        for child in element:
            if not isinstance(child.tag, str) or child.tag in self.left_out:
                pass
            elif child.tag in _INLINE and not _holds_blocks(child):
                run += self._inline(child)
            else:
                yield from _paragraph(run, line)
                run = []
                yield from self._block(child, is_top=is_top)
                line = _line(child)
            run += _text(child.tail)
        yield from _paragraph(run, line)

    def _block(self, element: HtmlElement, *, is_top: bool) -> Iterator[Head | Block]:  # noqa: C901, PLR0912 -- one case a kind
        tag, line = str(element.tag), Lines(_line(element), _last(element))
        if head := _HEADS.fullmatch(tag):
            content = tuple(_trimmed(self._children(element)))
            if content and is_top:
                yield Head(int(head[1]), plain(content), line.first)
            elif content:
                yield Heading(max(1, int(head[1]) - 2), content, line)
        elif tag in {"ul", "ol", "menu"}:
            yield from self._list(element, line)
        elif tag == "blockquote":
            if blocks := self._blocks(element):
                yield Quote(blocks, line)
        elif tag == "pre":
            yield from _code(element, line)
        elif tag == "table":
            yield from self._table(element, line, is_top=is_top)
        elif tag == "hr":
            yield Rule(line)
        elif tag == "dt":
            content = tuple(_trimmed(self._children(element)))
            if content:
                yield Paragraph((Strong(content),), line)
        else:
            yield from self._flow(element, is_top=is_top)

    def _list(self, element: HtmlElement, lines: Lines) -> Iterator[Block]:
        items = tuple(
            blocks
            for item in element
            if isinstance(item.tag, str) and item.tag not in self.left_out
            if (blocks := self._blocks(item))
        )
        if not items:
            return
        start = element.get("start", "1")
        number = int(start) if start.isdecimal() else 1
        tight = all(sum(isinstance(one, Paragraph) for one in item) <= 1 for item in items)
        yield ListBlock(items, lines, number if element.tag == "ol" else None, tight)

    def _table(self, element: HtmlElement, lines: Lines, *, is_top: bool) -> Iterator[Head | Block]:
        """A table of one-line cells; one that lays out blocks gives those blocks."""
        rows = [row for row in element.iter("tr") if next(row.iterancestors("table")) is element]
        cells = [[one for one in row if one.tag in {"td", "th"}] for row in rows]
        width = max(map(len, cells), default=0)
        if width < 2 or any(_holds_blocks(one) for row in cells for one in row):  # noqa: PLR2004 -- one column is no table
            for row in cells:
                for one in row:
                    yield from self._flow(one, is_top=is_top)
            return
        caption = element.find("caption")
        if caption is not None:
            yield from _paragraph(self._children(caption), lines.first)
        filled = [
            tuple(tuple(_trimmed(self._children(one))) for one in row) + ((),) * (width - len(row))
            for row in cells
        ]
        is_head = bool(cells[0]) and all(one.tag == "th" for one in cells[0])
        header = filled.pop(0) if is_head else ((),) * width
        yield Table(header, tuple(filled), ("",) * width, lines)

    def _children(self, element: HtmlElement) -> list[Inline]:
        found = list(_text(element.text))
        for child in element:
            if isinstance(child.tag, str) and child.tag not in self.left_out:
                found += self._inline(child)
            found += _text(child.tail)
        return found

    def _inline(self, element: HtmlElement) -> list[Inline]:  # noqa: PLR0911 -- one case a kind of element
        tag = str(element.tag)
        if tag == "br":
            return [Break()]
        if tag == "img":
            alt, src = element.get("alt", ""), element.get("src", "")
            return [Image(src, " ".join(alt.split()), element.get("title", ""))] if src else []
        if tag in _CODE:
            words = _SPACE.sub(" ", element.text_content()).strip()
            return [Code(words)] if words else []
        content = self._children(element)
        if tag == "a" and element.get("href"):
            return _around(content, lambda inner: Link(element.get("href", "").strip(), inner))
        if tag in _MARKS:
            return _around(content, _MARKS[tag])
        if tag in _KEPT:
            return [InlineHtml(f"<{tag}>"), *content, InlineHtml(f"</{tag}>")]
        if tag not in _INLINE:  # a block where only words may stand
            return [Text(" "), *content, Text(" ")]
        return content


def _text(words: str | None) -> Iterator[Inline]:
    if words:
        yield Text(_SPACE.sub(" ", words))


def _around(content: Sequence[Inline], make: type | object) -> list[Inline]:
    """Content in a mark, the space at its ends outside: Markdown knows no `* a *`."""
    inner = tuple(_trimmed(content))
    if not inner:
        return [Text(" ")] if content else []
    first, last = content[0], content[-1]
    before = [Text(" ")] if isinstance(first, Text) and first.text.startswith(" ") else []
    after = [Text(" ")] if isinstance(last, Text) and last.text.endswith(" ") else []
    return [*before, make(inner), *after]  # type: ignore[operator] # a class or a function of one


def _trimmed(content: Sequence[Inline]) -> list[Inline]:
    """Without space at either end or around breaks, at most one between words, texts joined."""
    joined = _joined(content)
    while joined and (isinstance(joined[0], Break) or _is_blank(joined[0])):
        joined.pop(0)
    while joined and (isinstance(joined[-1], Break) or _is_blank(joined[-1])):
        joined.pop()
    last = len(joined) - 1
    for index, node in enumerate(joined):
        if isinstance(node, Text):
            text = node.text
            if index == 0 or isinstance(joined[index - 1], Break):
                text = text.lstrip(" ")
            if index == last or isinstance(joined[index + 1], Break):
                text = text.rstrip(" ")
            joined[index] = Text(text)
    return [one for one in joined if one != Text("")]


def _joined(content: Sequence[Inline]) -> list[Inline]:
    joined: list[Inline] = []
    for node in content:
        if isinstance(node, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text(_SPACE.sub(" ", joined[-1].text + node.text))
        else:
            joined.append(node)
    return joined


def _is_blank(node: Inline) -> bool:
    return isinstance(node, Text) and not node.text.strip(" ")


def _paragraph(run: Sequence[Inline], line: int) -> Iterator[Block]:
    content = tuple(_trimmed(run))
    if content:
        yield Paragraph(content, Lines(line, line))


def _code(element: HtmlElement, lines: Lines) -> Iterator[Block]:
    text = element.text_content().strip("\n")
    if text.strip():
        inner = element.find("code")
        named = [one.get("class", "") for one in (inner, element) if one is not None]
        found = re.search(r"\blang(?:uage)?-([\w+#-]+)", " ".join(named))
        yield CodeBlock(f"{text}\n", lines, found[1] if found else "")


def _holds_blocks(element: HtmlElement) -> bool:
    """Whether blocks stand inside, as in a link around a paragraph."""
    return any(
        isinstance(one.tag, str) and one.tag not in _INLINE and one.tag not in LEFT_OUT
        for one in element.iterdescendants()
    )


def _line(element: HtmlElement) -> int:
    return int(element.sourceline or 1)


def _last(element: HtmlElement) -> int:
    return max([_line(element), *(_line(one) for one in element.iterdescendants())])
