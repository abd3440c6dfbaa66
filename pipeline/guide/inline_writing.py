"""Inline content as Markdown: every character that would mean something is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.model import (
    Break,
    Code,
    Emphasis,
    Image,
    Inline,
    InlineHtml,
    Link,
    Strike,
    Strong,
    Text,
)

_MEANT = re.compile(r"[\\`*_\[\]<>&~|{}]")
"""What means something anywhere in a line."""

_LINE_START = re.compile(r"^(?:[#+=-]|(\d{1,9})(?=[.)](?:\s|$)))", re.MULTILINE)
"""What means something at the start of one."""


def inlines(content: Sequence[Inline], *, cell: bool = False) -> str:
    """Inline content on as many lines as it has breaks.

    Args:
        content: What to write.
        cell: Whether it stands in a table, where a bar in code must be escaped too.
    """
    text = "".join(_one(node, cell=cell, mark="*") for node in content)
    return _LINE_START.sub(_escaped, text)


def plain_line(text: str) -> str:
    """Characters as a line of Markdown that says just them, such as a heading."""
    return _text(text).replace("#", "\\#").replace("\n", " ")


def _escaped(found: re.Match[str]) -> str:
    return f"{found[1]}\\" if found[1] else f"\\{found[0]}"


def _text(text: str) -> str:
    return _MEANT.sub(r"\\\g<0>", text)


def _one(node: Inline, *, cell: bool, mark: str) -> str:  # noqa: C901, PLR0911 -- one case a kind of node
    match node:
        case Text():
            return _text(node.text)
        case Code():
            return _code(node.text, cell=cell)
        case Emphasis():
            return _marked(node.content, mark, cell=cell)
        case Strong():
            return _marked(node.content, mark * 2, cell=cell)
        case Strike():
            return _marked(node.content, "~~", cell=cell)
        case Link():
            words = "".join(_one(one, cell=cell, mark=mark) for one in node.content)
            return f"[{words}]({_target(node.href, node.title, cell=cell)})"
        case Image():
            return f"![{_text(node.alt)}]({_target(node.src, node.title, cell=cell)})"
        case Break():
            return "\\\n"
        case InlineHtml():
            return node.source.replace("|", "\\|") if cell else node.source


def _marked(content: Sequence[Inline], mark: str, *, cell: bool) -> str:
    """Content between marks; what is stressed inside takes the other mark, so that none merge."""
    other = "_" if mark[0] == "*" else "*"
    return f"{mark}{''.join(_one(one, cell=cell, mark=other) for one in content)}{mark}"


def _code(text: str, *, cell: bool) -> str:
    runs = re.findall(r"`+", text)
    fence = "`"
    while fence in runs:
        fence += "`"
    is_padded = text[:1] == text[-1:] == " " and text.strip(" ")
    pad = " " if is_padded or text[:1] == "`" or text[-1:] == "`" else ""
    inner = text.replace("|", "\\|") if cell else text
    return f"{fence}{pad}{inner}{pad}{fence}"


def _target(address: str, title: str, *, cell: bool) -> str:
    """Where a link leads, with its title."""
    safe = re.sub(r"[\\<>]", r"\\\g<0>", address.replace("&", "&amp;"))
    said = f"<{safe}>" if not safe or re.search(r"[\s()]", safe) else safe
    if title:
        quoted = re.sub(r'[\\"`<\[\]]', r"\\\g<0>", title.replace("&", "&amp;"))
        said += f' "{quoted}"'
    return said.replace("|", "\\|") if cell else said
