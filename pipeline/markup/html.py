"""Blocks as an HTML fragment: built with escaping, then sanitised once as a whole.

Ids say whose they are, so that none clashes: `s-` is a section's, `h-` a heading's inside one,
`u-` the writer's own. There are no classes and no style.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from pipeline.markup.outline import headings, known_as, slugify, unique
from pipeline.markup.plain import plain
from pipeline.markup.raw import BLOCK, Nest, Tag, tokens
from pipeline.markup.sanitise import ATTRIBUTES, EVERYWHERE, sanitised
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


def render_html(
    sections: Sequence[Section],
    *,
    base_url: str,
    level: int = 2,
    titles: bool = True,
    page_url: str = "",
) -> str:
    """The HTML fragment of these sections.

    Args:
        sections: In reading order.
        base_url: What relative addresses are made absolute against.
        level: Of the headings of the top sections; those of children follow, down to 6.
        titles: Whether the heading of a single top section is shown; without it its children
            take its level. Several always show theirs.
        page_url: Where the fragment can be read as a page, for links to places in it; empty where
            the fragment itself is that page.
    """
    writer = _Writer(sections, base_url)
    is_alone = sum(1 for one in sections if one.title) == 1
    shown = titles or not is_alone
    raw = "\n".join(writer.section(one, level, shown=shown) for one in sections)
    return sanitised(clean_text(raw), base_url, page_url, writer.places)


class _Writer:
    """Writes sections and remembers the places in them that a link may lead to."""

    def __init__(self, sections: Sequence[Section], base_url: str) -> None:
        self._base_url = base_url
        anchors = [entry.anchor for entry in headings(sections)]
        self._anchors = iter(anchors)
        self._ids = set(anchors)
        self.places: dict[str, str] = {}
        """What a writer may call a place, and its id; empty for the beginning."""

    def section(self, section: Section, level: int, *, shown: bool = True) -> str:
        """The section's heading, its blocks, its children."""
        lines = []
        anchor = next(self._anchors) if section.title else ""
        if anchor:
            names = (anchor, *known_as(section.title, section.number))
            self._name(anchor if shown else "", *names)
        if anchor and shown:
            label = escape(f"{section.number} {section.title}".strip(), quote=False)
            lines.append(_heading(level, anchor, label))
            level += 1
        lines.append(self._blocks(section.blocks, level))
        lines += [self.section(child, level) for child in section.children]
        return "\n".join(filter(None, lines))

    def _blocks(self, blocks: Sequence[Block], level: int) -> str:
        nest = Nest()
        made = "\n".join(self._block(block, level, nest) for block in blocks)
        return made + nest.close()

    def _block(self, block: Block, level: int, nest: Nest) -> str:  # noqa: C901, PLR0911 -- one case a kind of node
        match block:
            case Paragraph():
                tag = "div" if any(map(_has_block, block.content)) else "p"
                return f"<{tag}>{self._inline(block.content)}</{tag}>"
            case Heading():
                return self._subheading(block, level)
            case ListBlock():
                return self._list(block, level)
            case Quote():
                return f"<blockquote>\n{self._blocks(block.blocks, level)}\n</blockquote>"
            case CodeBlock():
                return f"<pre><code>{escape(block.text, quote=False)}</code></pre>"
            case Table():
                return self._table(block)
            case Rule():
                return "<hr>"
            case HtmlBlock():
                return self._raw(block.source, nest) + nest.pause()

    def _name(self, anchor: str, *names: str) -> None:
        """Let a link find this place by these names, unless an earlier place has them."""
        for name in names:
            self.places.setdefault(name, anchor)

    def _subheading(self, block: Heading, level: int) -> str:
        title = plain(block.content)
        anchor = unique(f"h-{slugify(title)}", self._ids)
        self._name(anchor, *known_as(title))
        return _heading(level + block.level - 1, anchor, self._inline(block.content))

    def _list(self, block: ListBlock, level: int) -> str:
        start = f' start="{block.start}"' if block.start not in {None, 1} else ""
        opening, closing = ("<ul>", "</ul>") if block.start is None else (f"<ol{start}>", "</ol>")
        items = (f"<li>{self._item(item, level, tight=block.tight)}</li>" for item in block.items)
        return "\n".join([opening, *items, closing])

    def _item(self, item: Sequence[Block], level: int, *, tight: bool) -> str:
        """An item's blocks; in a tight list a paragraph stands without its tags."""
        nest = Nest()
        made = "\n".join(
            self._inline(one.content)
            if tight and isinstance(one, Paragraph)
            else self._block(one, level, nest)
            for one in item
        )
        return made + nest.close()

    def _table(self, block: Table) -> str:
        columns = max(map(len, (block.header, *block.rows)))
        align = [f' align="{side}"' if side else "" for side in block.align]
        align += [""] * (columns - len(align))

        def row(cells: Sequence[Sequence[Inline]], *, is_head: bool = False) -> str:
            filled = zip([*cells, *[()] * (columns - len(cells))], align, strict=False)
            return "".join(
                ["<tr>", *(self._cell(*one, is_head=is_head) for one in filled), "</tr>"]
            )

        head = f"<thead>{row(block.header, is_head=True)}</thead>" if any(block.header) else ""
        body = ["<tbody>", *map(row, block.rows), "</tbody>"] if block.rows else []
        return "\n".join(filter(None, ["<table>", head, *body, "</table>"]))

    def _cell(self, content: Sequence[Inline], align: str, *, is_head: bool) -> str:
        """A cell; one of the header without words is no header of anything."""
        is_head = is_head and bool(plain(content))
        opening, tag = ('th scope="col"', "th") if is_head else ("td", "td")
        return f"<{opening}{align}>{self._inline(content)}</{tag}>"

    def _inline(self, content: Sequence[Inline]) -> str:
        nest = Nest()
        return "".join(self._one(node, nest) for node in content) + nest.close()

    def _one(self, node: Inline, nest: Nest) -> str:  # noqa: C901, PLR0911 -- one line a kind of node
        match node:
            case Text():
                return escape(node.text, quote=False)
            case Code():
                return f"<code>{escape(node.text, quote=False)}</code>"
            case Emphasis():
                return f"<em>{self._inline(node.content)}</em>"
            case Strong():
                return f"<strong>{self._inline(node.content)}</strong>"
            case Strike():
                return f"<del>{self._inline(node.content)}</del>"
            case Link():
                return self._link(node)
            case Image():
                told = {"src": node.src, "alt": node.alt, "title": node.title}
                size = {"width": str(node.width), "height": str(node.height)} if node.width else {}
                return self._image(told | size)
            case Break():
                return "<br>\n"
            case InlineHtml():
                return self._raw(node.source, nest)

    def _link(self, node: Link) -> str:
        words = self._inline(node.content)
        if not absolute(node.href, self._base_url):
            return words
        title = {"title": node.title} if node.title else {}
        return f"<a{_written({'href': node.href, **title})}>{words}</a>"

    def _image(self, attributes: dict[str, str]) -> str:
        """An image; one that cannot be shown is its alternative text, as in the text."""
        if not absolute(attributes.get("src", ""), self._base_url):
            words = escape(attributes.get("alt", ""), quote=False)
            return f"[{words}]" if words else " "
        told = {name: value for name, value in attributes.items() if value}
        return f"<img{_written({**told, 'alt': attributes.get('alt', '')})}>"

    def _raw(self, source: str, nest: Nest) -> str:
        return "".join(self._raw_pieces(source, nest))

    def _raw_pieces(self, source: str, nest: Nest) -> Iterator[str]:
        for token in tokens(source):
            if isinstance(token, str):
                yield escape(token, quote=False)
            elif token.name == "img":
                yield self._image(self._own(token))
            else:
                yield nest.put(token, _written(self._own(token)))

    def _own(self, tag: Tag) -> dict[str, str]:
        """The attributes of a raw tag that may stay; its id is marked as the writer's."""
        allowed = EVERYWHERE | ATTRIBUTES.get(tag.name, frozenset())
        kept = {name: value for name, value in tag.attributes.items() if name in allowed}
        name = kept.pop("id", "") or tag.attributes.get("name", "")
        if name and name not in self.places:
            kept["id"] = unique(f"u-{slugify(name)}", self._ids)
            self._name(kept["id"], name)
        return kept


def _heading(level: int, anchor: str, words: str) -> str:
    tag = f"h{min(level, LOWEST)}"
    return f'<{tag} id="{anchor}">{words}</{tag}>'


def _written(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())


def _has_block(node: Inline) -> bool:
    """Whether raw HTML in it cannot stand in a paragraph."""
    match node:
        case InlineHtml():
            return any(isinstance(one, Tag) and one.name in BLOCK for one in tokens(node.source))
        case Emphasis() | Strong() | Strike() | Link():
            return any(map(_has_block, node.content))
        case _:
            return False
