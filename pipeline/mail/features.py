"""What a mail uses of HTML and CSS, by the names of caniemail.com: the only door to tinycss2."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

import tinycss2
from typing_extensions import override

_TAGS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "li", "dl", "dt", "dd"), "html-lists"),
    **dict.fromkeys(("table", "tr", "td", "th", "thead", "tbody", "tfoot"), "html-table"),
    "caption": "html-table",
    **dict.fromkeys(("strong", "b", "em", "i"), "html-strong"),
    **dict.fromkeys(
        ("article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark",
         "nav", "section", "summary", "time"), "html-semantics"
    ),
    "s": "html-strike",
}  # fmt: skip
_ATTRIBUTES = frozenset(
    {"align", "background", "cellpadding", "cellspacing", "dir", "height", "hidden", "lang",
     "required", "role", "srcset", "target", "valign", "width"}
)  # fmt: skip
UNKNOWN = "unknown:"
"""Stands before what the table does not have."""

_PLAIN = frozenset(
    {"a", "bdo", "body", "br", "cite", "col", "colgroup", "head", "html", "ins", "kbd", "meta", "q",
     "samp", "sub", "sup", "title", "u", "var"}
)  # fmt: skip
"""Elements that every program knows, or that are no matter of showing."""

_PARTS = (
    ("margin-", "css-margin"), ("padding-", "css-padding"), ("border-", "css-border"),
    ("background-", "css-background"), ("font-", "css-font"), ("list-style-", "css-list-style"),
    ("overflow-", "css-overflow"), ("text-decoration-", "css-text-decoration"),
    ("column-", "css-column-layout-properties"), ("grid-", "css-display-grid"),
    ("animation-", "css-animation"), ("transition-", "css-transition"), ("mask-", "css-mask-image"),
)  # fmt: skip
_SAME = {
    "color": "", "top": "css-left-right-top-bottom", "right": "css-left-right-top-bottom",
    "bottom": "css-left-right-top-bottom", "left": "css-left-right-top-bottom",
    "flex": "css-display-flex", "grid": "css-display-grid", "mask": "css-mask-image",
    "columns": "css-column-layout-properties", "supported-color-schemes": "css-color-scheme",
}  # fmt: skip
_LOGICAL = {
    f"{side}-{axis}{end}": f"css-{side}-{axis}-start-end" if end else f"css-{side}-inline-block"
    for side in ("margin", "padding")
    for axis in ("inline", "block")
    for end in ("", "-start", "-end")
}
_SAFE_PROPERTIES = ("mso-", "-webkit-text-size-adjust", "-ms-text-size-adjust")
_FUNCTIONS = {
    "rgb": "css-rgb", "rgba": "css-rgba", "calc": "css-unit-calc", "var": "css-variables",
    "min": "css-function-min", "max": "css-function-max", "clamp": "css-function-clamp",
    "light-dark": "css-function-light-dark", "linear-gradient": "css-linear-gradient",
    "radial-gradient": "css-radial-gradient", "conic-gradient": "css-conic-gradient",
    **dict.fromkeys(("hsl", "hsla", "oklch", "oklab", "lab", "lch", "hwb", "color"),
                    "css-modern-color"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A feature that is used, and where it is for the first time."""

    feature: str
    """As `css-border-radius`, `html-video`; `unknown:...` for what the table does not have."""
    where: str


def uses(document: str, known: Collection[str]) -> tuple[Use, ...]:
    """Every feature that a document uses, each once; what stands in comments is for Outlook.

    Args:
        document: HTML.
        known: The features that there are.
    """
    reader = _Reader(frozenset(known))
    reader.feed(document)
    reader.close()
    return tuple(sorted(Use(feature, where) for feature, where in reader.found.items()))


class _Reader(HTMLParser):
    """Collects features from elements, attributes and style."""

    def __init__(self, known: frozenset[str]) -> None:
        super().__init__()
        self._known = known
        self._in_style = False
        self.found: dict[str, str] = {}

    def _add(self, features: Iterable[str], where: str) -> None:
        for feature in features:
            named = feature if feature in self._known else f"{UNKNOWN}{feature}"
            if feature:
                self.found.setdefault(named, where)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        where = f"<{tag}>"
        self._in_style = tag == "style"
        self._add(_of_tag(tag, told), where)
        for name, value in told.items():
            if name in _ATTRIBUTES or name.startswith("aria-"):
                self._add([f"html-{name}"] if f"html-{name}" in self._known else [], where)
            if name == "style":
                self._add(declared(value, self._known), where)
        if told.get("loading"):
            self._add(["html-loading-attribute"], where)

    @override
    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    @override
    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._add(sheet(data, self._known), "<style>")


def _of_tag(tag: str, told: dict[str, str]) -> Iterator[str]:
    if tag == "a":
        href = told.get("href", "")
        yield "html-mailto-links" if href.startswith("mailto:") else ""
        yield "html-anchor-links" if href.startswith("#") else ""
    elif tag in {"input", "button"}:
        kind = told.get("type", "text" if tag == "input" else "submit")
        yield f"html-{tag}-{kind}"
    elif tag == "img":
        yield "html-img"
        yield from _of_picture(told.get("src", ""))
    elif tag not in _PLAIN:
        yield _TAGS.get(tag, f"html-{tag}")
    if told.get("usemap"):
        yield "html-image-maps"
    if tag == "meta" and told.get("name") == "color-scheme":
        yield "html-meta-color-scheme"


def _of_picture(src: str) -> Iterator[str]:
    if src.startswith("data:"):
        yield "image-base64"
        return
    ending = re.split(r"[?#]", src, maxsplit=1)[0].rpartition(".")[2].lower()
    yield {"jpeg": "image-jpg", "png": "image-png", "gif": "image-gif", "webp": "image-webp",
           "svg": "image-svg", "avif": "image-avif", "jpg": "image-jpg", "bmp": "image-bmp",
           "tif": "image-tiff", "tiff": "image-tiff", "ico": "image-ico", "heic": "image-heif",
           }.get(ending, "")  # fmt: skip


@lru_cache(maxsize=4096)
def declared(style: str, known: frozenset[str]) -> tuple[str, ...]:
    """The features of a list of declarations."""
    found: dict[str, None] = {}
    for node in tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True):
        if node.type == "declaration":
            found.update(dict.fromkeys(_of_declaration(node, known)))
        elif node.type == "qualified-rule":
            found["css-nesting"] = None
    return tuple(filter(None, found))


def _of_declaration(node: Any, known: frozenset[str]) -> Iterator[str]:
    name = node.lower_name
    if name.startswith(_SAFE_PROPERTIES):
        return
    if name.startswith("--"):
        yield "css-variables"
        return
    if node.important:
        yield "css-important"
    value = tinycss2.serialize(node.value).strip().lower()
    special = f"css-{name}-{value}"
    yield special if special in known else _of_property(name, known)
    yield from _of_values(node.value, known)
    if "system-ui" in value:
        yield "css-sytem-ui"  # as the table spells it


def _of_property(name: str, known: frozenset[str]) -> str:
    if name in _SAME or name in _LOGICAL:
        return _SAME.get(name) or _LOGICAL.get(name, "")
    if f"css-{name}" in known:
        return f"css-{name}"
    return next((feature for start, feature in _PARTS if name.startswith(start)), f"css-{name}")


def _of_values(nodes: Iterable[Any], known: frozenset[str]) -> Iterator[str]:
    for node in nodes:
        if node.type == "dimension":
            yield f"css-unit-{node.lower_unit}" if f"css-unit-{node.lower_unit}" in known else ""
        elif node.type == "percentage":
            yield "css-unit-percent"
        elif node.type == "function":
            yield _FUNCTIONS.get(node.lower_name, "")
            yield from _of_values(node.arguments, known)
        elif node.type == "ident" and node.lower_value == "initial":
            yield "css-unit-initial"


def sheet(text: str, known: frozenset[str]) -> Iterator[str]:
    """The features of a style sheet."""
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "at-rule":
            yield from _of_at_rule(rule, known)
        elif rule.type == "qualified-rule":
            yield from selected(rule.prelude)
            yield from declared(tinycss2.serialize(rule.content), known)


def _of_at_rule(rule: Any, known: frozenset[str]) -> Iterator[str]:
    name = rule.lower_at_keyword
    yield f"css-at-{name}"
    said = tinycss2.serialize(rule.prelude)
    for feature in sorted(known):
        if name == "media" and feature.startswith("css-at-media-"):
            yield feature if feature.removeprefix("css-at-media-") in said else ""
    if rule.content is None:
        return
    inner = tinycss2.serialize(rule.content)
    yield from sheet(inner, known) if name in {"media", "supports"} else ()


_MARKS = {">": "css-selector-child", "+": "css-selector-adjacent-sibling",
          "~": "css-selector-general-sibling", "*": "css-selector-universal",
          ",": "css-selector-grouping"}  # fmt: skip


def selected(prelude: Iterable[Any]) -> Iterator[str]:
    """The features of a selector."""
    before = ""
    for node in prelude:
        mark = tinycss2.serialize([node])
        if node.type == "[] block":
            yield "css-selector-attribute"
        elif node.type == "hash":
            yield "css-selector-id"
        elif node.type == "whitespace":
            yield "css-selector-descendant"
        elif node.type == "ident" and before in {"", " ", ">", ",", "+", "~"}:
            yield "css-selector-type"
        elif node.type in {"ident", "function"}:
            word = node.lower_value if node.type == "ident" else node.lower_name
            yield _pseudo(before, word)
        else:
            yield _MARKS.get(mark, "")
        before = ":" + before if mark == ":" else mark.strip() or " "
        before = "::" if before.startswith("::") else before.rstrip(" ") or " "


def _pseudo(before: str, word: str) -> str:
    if before == ".":
        return "css-selector-class"
    if before == "::" or (before.startswith(":") and word in {"before", "after"}):
        return f"css-pseudo-element-{word}"
    if before.startswith(":"):
        return "" if word == "root" else f"css-pseudo-class-{word}"
    return ""
