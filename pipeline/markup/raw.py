"""Raw HTML in a guide as a stream of words and tags: one reading for HTML and for text.

A browser would read on from a `<script>` or an unclosed comment into our own markup. Here every
piece of raw HTML is read by itself, what is not allowed is left out with its words kept, and what
it opens is closed where its container ends. Both renderings start from this reading, which is why
they say the same words; nh3 still sanitises the whole.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.markup.urls import clean_text

INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "img", "ins",
    "kbd", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup",
    "time", "u", "var", "wbr",
})  # fmt: skip
BLOCK = frozenset({
    "blockquote", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "summary", "table", "ul",
})  # fmt: skip
TABLE = frozenset({"caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"})
TAGS = INLINE | BLOCK | TABLE
VOID = frozenset({"br", "col", "hr", "img", "wbr"})

_AS = {
    **dict.fromkeys(
        ("address", "article", "aside", "center", "dialog", "fieldset", "footer", "form", "header",
         "hgroup", "legend", "main", "nav", "noscript", "option", "section"),
        "div",
    ),
    "dir": "ul", "h1": "h2", "image": "img", "menu": "ul", "strike": "s", "tt": "code",
}  # fmt: skip
"""What stands for a tag that we do not pass on; the page's own h1 is the only one."""

_SILENT = frozenset({"acronym", "big", "blink", "data", "font", "label", "nobr", "output"})
"""Left out without parting the words around them; so is any element of the writer's invention."""

_VERBATIM = frozenset({"iframe", "noembed", "noframes", "script", "style", "xmp"})
_DECODED = frozenset({"textarea", "title"})

_PARAGRAPH = frozenset({"p"})
_CELL = frozenset({"p", "td", "th"})
_GROUP = _CELL | {"caption", "colgroup", "tbody", "tfoot", "thead", "tr"}
_CLOSES = {
    "dd": frozenset({"dd", "dt", "p"}),
    "dt": frozenset({"dd", "dt", "p"}),
    "li": frozenset({"li", "p"}),
    "tbody": _GROUP,
    "td": _CELL,
    "tfoot": _GROUP,
    "th": _CELL,
    "thead": _GROUP,
    "tr": _CELL | {"caption", "colgroup", "tr"},
}
"""Which open elements a start tag ends if they are innermost; any block ends a paragraph."""

_HOLDS = BLOCK - {"dt", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "summary"}
_CELLS = frozenset({"td", "th"})
_LOOSE = frozenset({"table", *TABLE}) - _CELLS
"""Inside a table but in no cell, where a browser moves any text out of it."""

MOST_OPEN = 50
"""Raw elements inside one another; the inliner of mail loses words below 255."""

_NAME = re.compile(r"<(/?)([a-zA-Z][^ \t\n\f\r/>]*)")
_SPACE = re.compile(r"[ \t\n\f\r/]*")
_KEY = re.compile(r"=?[^ \t\n\f\r/>=]*")
_VALUE = re.compile(
    r"""[ \t\n\f\r]*=[ \t\n\f\r]*(?:"([^"]*)"|'([^']*)'|([^ \t\n\f\r>"'][^ \t\n\f\r>]*))?"""
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag; its name as we pass it on, values decoded, the first of a key kept."""

    name: str
    attributes: dict[str, str]
    is_end: bool = False

    @property
    def parts_words(self) -> bool:
        """Whether the words before and after it are two even without a space between them."""
        silent = self.name in INLINE or self.name in _SILENT or "-" in self.name
        return not silent or self.name == "br"


def tokens(source: str) -> Iterator[Tag | str]:
    """The words, decoded, and the tags of raw HTML; comments and declarations are not there.

    A tag or comment that never ends reaches to the end of the source, as in a browser; but the
    words of such a tag are not lost. The time is linear in the length of the source.
    """
    at = 0
    while at < len(source):
        begin = source.find("<", at)
        if begin != at:
            end = begin if begin >= 0 else len(source)
            yield _words(source[at:end])
            at = end
            continue
        token, at = _markup(source, at)
        if token is not None:
            yield token
        if isinstance(token, Tag) and not token.is_end:
            content, at = _content(source, at, token.name)
            if content:
                yield content


def _words(source: str) -> str:
    return clean_text(html.unescape(source))


def _markup(source: str, at: int) -> tuple[Tag | str | None, int]:
    """What begins with the `<` here, and where it ends; None is a comment or declaration."""
    if name := _NAME.match(source, at):
        return _tag(source, name)
    if source.startswith("<!--", at):
        return None, _after(source, "-->", at + 2)  # `<!-->` is a whole comment
    if source.startswith("<![CDATA[", at):
        end = _after(source, "]]>", at)
        return clean_text(source[at + 9 : end].removesuffix("]]>")), end
    if source[at + 1 : at + 2] in {"!", "?", "/"}:
        return None, _after(source, ">", at)
    return "<", at + 1


def _after(source: str, mark: str, at: int) -> int:
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)


def _tag(source: str, found: re.Match[str]) -> tuple[Tag | str, int]:
    attributes: dict[str, str] = {}
    at = found.end()
    while True:
        at = _matched(_SPACE, source, at).end()
        if at == len(source):  # it never ends: words after all
            return _words(source[found.start() :]), at
        if source[at] == ">":
            break
        key = _matched(_KEY, source, at)
        at = key.end()
        if value := _VALUE.match(source, at):
            at = value.end()
        told = next((one for one in value.groups() if one is not None), "") if value else ""
        attributes.setdefault(key[0].lower(), _words(told))
    name = found[2].lower()
    return Tag(_AS.get(name, name), {} if found[1] else attributes, bool(found[1])), at + 1


def _matched(pattern: re.Pattern[str], source: str, at: int) -> re.Match[str]:
    """The match of a pattern that matches anywhere, the empty string if nothing else."""
    found = pattern.match(source, at)
    assert found is not None  # noqa: S101 -- see above
    return found


def _content(source: str, at: int, name: str) -> tuple[str, int]:
    """The words of an element that has no elements in it, and where they end."""
    if name == "plaintext":
        return clean_text(source[at:]), len(source)
    if name not in _VERBATIM | _DECODED:
        return "", at
    closing = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE).search(source, at)
    end = closing.start() if closing else len(source)
    words = source[at:end]
    return (_words(words) if name in _DECODED else clean_text(words)), end


def words_of(source: str) -> str:
    """The words of raw HTML as running text; an image is its alternative text."""
    return "".join(_plain(one) for one in tokens(source))


def _plain(token: Tag | str) -> str:
    if isinstance(token, str):
        return token
    if token.name == "img":
        return token.attributes.get("alt", "")
    return " " if token.parts_words else ""


class Nest:
    """The raw elements that stand open in one container, so that none reaches out of it."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def put(self, tag: Tag, attributes: str) -> str:
        """The tag as HTML, with the end tags that it implies; a space if it may not stand here."""
        if tag.name not in TAGS or (tag.name in TABLE and "table" not in self._open):
            return " " if tag.parts_words else ""
        gap = "\n" if tag.name in TABLE or tag.name == "table" else ""
        if tag.is_end:
            return self._end(tag.name) or (" " if tag.parts_words else "")
        if tag.name == "a" and "a" in self._open:
            return ""  # a link in a link is none: a browser would end the outer one anywhere
        ended = self._implied(tag.name)
        if tag.name in VOID:
            return f"{ended}{gap}<{tag.name}{attributes}>"
        if len(self._open) >= MOST_OPEN:
            return ended + (" " if tag.parts_words else "")
        self._open.append(tag.name)
        return f"{ended}{gap}<{tag.name}{attributes}>"

    def pause(self) -> str:
        """The end tags of what cannot hold the blocks that follow; the rest stays open for them."""
        kept = 0
        while kept < len(self._open) and self._open[kept] in _HOLDS | TABLE:
            kept += 1
        while kept and self._open[kept - 1] in _LOOSE:
            kept -= 1
        return self._close(kept)

    def close(self) -> str:
        """The end tags of everything that is open."""
        return self._close(0)

    def _close(self, kept: int) -> str:
        ends = "".join(f"</{name}>" for name in reversed(self._open[kept:]))
        del self._open[kept:]
        return ends

    def _implied(self, name: str) -> str:
        closed = _CLOSES.get(name, _PARAGRAPH if name in BLOCK else frozenset())
        ends = ""
        while self._open and self._open[-1] in closed:
            ends += f"</{self._open.pop()}>"
        return ends

    def _end(self, name: str) -> str:
        """The end tags down to the innermost open element of that name; none if there is none."""
        if name not in self._open:
            return ""
        ends = "\n" if name in TABLE else ""
        while (last := self._open.pop()) != name:
            ends += f"</{last}>"
        return f"{ends}</{name}>"
