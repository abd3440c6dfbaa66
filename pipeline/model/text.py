"""The text of a guide: blocks and the inline nodes in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Lines:
    """Source lines, counted from 1, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters; never markup."""

    text: str
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Code:
    """Characters set as code."""

    text: str
    kind: Literal["code"] = "code"


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Stressed text."""

    content: tuple[Inline, ...]
    kind: Literal["emphasis"] = "emphasis"


@dataclass(frozen=True, slots=True)
class Strong:
    """Important text."""

    content: tuple[Inline, ...]
    kind: Literal["strong"] = "strong"


@dataclass(frozen=True, slots=True)
class Strike:
    """Text that no longer holds."""

    content: tuple[Inline, ...]
    kind: Literal["strike"] = "strike"


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads elsewhere; `href` as the writer wrote it."""

    href: str
    content: tuple[Inline, ...]
    title: str = ""
    kind: Literal["link"] = "link"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture and the words that stand for it."""

    src: str
    alt: str
    title: str = ""
    kind: Literal["image"] = "image"
    width: int = 0
    height: int = 0
    """In pixels; 0 where they are not known, as of pictures that lie elsewhere."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file of the content folder, as it will be published."""

    path: str
    """Below the base URL; another whenever a byte of it is."""
    width: int
    height: int
    """In pixels, as it is shown."""
    problem: str = ""
    """Why it cannot be used; empty if it can."""


@dataclass(frozen=True, slots=True)
class Break:
    """A line break inside a paragraph."""

    kind: Literal["break"] = "break"


@dataclass(frozen=True, slots=True)
class InlineHtml:
    """One raw tag as the writer wrote it; sanitised only when the whole fragment is."""

    source: str
    kind: Literal["inline_html"] = "inline_html"


Inline: TypeAlias = Text | Code | Emphasis | Strong | Strike | Link | Image | Break | InlineHtml


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    content: tuple[Inline, ...]
    lines: Lines
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section that does not begin a section of its own.

    `level` counts from 1 below the section's own heading.
    """

    level: int
    content: tuple[Inline, ...]
    lines: Lines
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class ListBlock:
    """A bullet list, or a numbered one when `start` is a number."""

    items: tuple[tuple[Block, ...], ...]
    lines: Lines
    start: int | None = None
    tight: bool = True
    kind: Literal["list"] = "list"


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody else said."""

    blocks: tuple[Block, ...]
    lines: Lines
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Lines of code, kept as they are."""

    text: str
    lines: Lines
    language: str = ""
    kind: Literal["code_block"] = "code_block"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; `align` holds one of left, center, right or the empty string a column."""

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    align: tuple[str, ...]
    lines: Lines
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break."""

    lines: Lines
    kind: Literal["rule"] = "rule"


@dataclass(frozen=True, slots=True)
class HtmlBlock:
    """Raw HTML as the writer wrote it; sanitised only when the whole fragment is."""

    source: str
    lines: Lines
    kind: Literal["html_block"] = "html_block"


Block: TypeAlias = Paragraph | Heading | ListBlock | Quote | CodeBlock | Table | Rule | HtmlBlock
