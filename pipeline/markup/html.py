"""Blocks as an HTML fragment: built with escaping, then sanitised once as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import nh3

from pipeline.markup.outline import walk
from pipeline.markup.urls import absolute, clean_text
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

LOWEST = 6

TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "blockquote",
        "br",
        "caption",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "h1": {"id"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "h5": {"id"}, "h6": {"id"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "scope", "align"},
    "time": {"datetime"},
}  # fmt: skip

_ADDRESSES = frozenset({("a", "href"), ("img", "src"), ("blockquote", "cite")})
_OUR_ANCHOR = re.compile(r"s-[0-9a-z-]+\Z")


def render_html(
    sections: Sequence[Section], *, base_url: str, level: int = 2, titles: bool = True
) -> str:
    """The HTML fragment of these sections.

    Args:
        sections: In reading order.
        base_url: What relative addresses are made absolute against.
        level: Of the headings of the top sections; those of children follow, down to 6.
        titles: Whether the headings of top sections are shown; without them their children
            take their level.
    """
    anchors = {id(section): entry.anchor for section, entry in walk(sections)}
    raw = "\n".join(_section(one, level, anchors, shown=titles) for one in sections)
    return _sanitised(raw, base_url)


def _section(section: Section, level: int, anchors: dict[int, str], *, shown: bool = True) -> str:
    lines = []
    if section.title and shown:
        tag = f"h{min(level, LOWEST)}"
        label = f"{section.number} {section.title}".strip()
        lines.append(f'<{tag} id="{anchors[id(section)]}">{escape(label, quote=False)}</{tag}>')
        level += 1
    lines += [_block(block, level) for block in section.blocks]
    lines += [_section(child, level, anchors) for child in section.children]
    return "\n".join(lines)


def _sanitised(raw: str, base_url: str) -> str:
    """Only what is harmless; the words inside what is not stay as words."""

    def rewrite(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) in _ADDRESSES:
            return absolute(value, base_url) or None
        if attribute == "id":
            return value if _OUR_ANCHOR.match(value) else None
        return value

    cleaned = nh3.clean(
        raw,
        tags=set(TAGS),
        clean_content_tags=set(),
        attributes=ATTRIBUTES,
        attribute_filter=rewrite,
        url_schemes={"http", "https", "mailto"},
        strip_comments=True,
        link_rel=None,
    )
    return clean_text(cleaned).strip()


def _blocks(blocks: Sequence[Block], level: int) -> str:
    return "\n".join(_block(block, level) for block in blocks)


def _block(block: Block, level: int) -> str:  # noqa: C901, PLR0911 -- one case a kind of node
    match block:
        case Paragraph():
            return f"<p>{_inline(block.content)}</p>"
        case Heading():
            tag = f"h{min(level + block.level - 1, LOWEST)}"
            return f"<{tag}>{_inline(block.content)}</{tag}>"
        case ListBlock():
            return _list(block, level)
        case Quote():
            return f"<blockquote>\n{_blocks(block.blocks, level)}\n</blockquote>"
        case CodeBlock():
            return f"<pre><code>{escape(block.text, quote=False)}</code></pre>"
        case Table():
            return _table(block)
        case Rule():
            return "<hr>"
        case HtmlBlock():
            return block.source


def _list(block: ListBlock, level: int) -> str:
    start = f' start="{block.start}"' if block.start not in {None, 1} else ""
    opening, closing = ("<ul>", "</ul>") if block.start is None else (f"<ol{start}>", "</ol>")
    items = "\n".join(f"<li>{_item(item, level, tight=block.tight)}</li>" for item in block.items)
    return f"{opening}\n{items}\n{closing}"


def _item(item: Sequence[Block], level: int, *, tight: bool) -> str:
    """An item's blocks; in a tight list a paragraph stands without its tags."""
    return "\n".join(
        _inline(one.content) if tight and isinstance(one, Paragraph) else _block(one, level)
        for one in item
    )


def _table(block: Table) -> str:
    def row(cells: Sequence[Sequence[Inline]], tag: str, extra: str = "") -> str:
        made = []
        for index, cell in enumerate(cells):
            side = block.align[index] if index < len(block.align) else ""
            align = f' align="{side}"' if side else ""
            made.append(f"<{tag}{extra}{align}>{_inline(cell)}</{tag}>")
        return f"<tr>{''.join(made)}</tr>"

    head = row(block.header, "th", ' scope="col"')
    body = "\n".join(row(cells, "td") for cells in block.rows)
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _inline(content: Sequence[Inline]) -> str:
    return "".join(map(_one, content))


def _one(node: Inline) -> str:  # noqa: C901, PLR0911 -- one line a kind of node
    match node:
        case Text():
            return escape(node.text, quote=False)
        case Code():
            return f"<code>{escape(node.text, quote=False)}</code>"
        case Emphasis():
            return f"<em>{_inline(node.content)}</em>"
        case Strong():
            return f"<strong>{_inline(node.content)}</strong>"
        case Strike():
            return f"<del>{_inline(node.content)}</del>"
        case Link():
            title = f' title="{escape(node.title)}"' if node.title else ""
            return f'<a href="{escape(node.href)}"{title}>{_inline(node.content)}</a>'
        case Image():
            title = f' title="{escape(node.title)}"' if node.title else ""
            return f'<img src="{escape(node.src)}" alt="{escape(node.alt)}"{title}>'
        case Break():
            return "<br>\n"
        case InlineHtml():
            return node.source
