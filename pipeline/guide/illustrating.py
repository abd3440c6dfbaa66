"""A guide's own pictures: what stands beside its text becomes what is published, with its size."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from posixpath import normpath
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.guide.source import Parsed
from pipeline.model import (
    Diagnostic,
    Guide,
    HtmlBlock,
    Image,
    InlineHtml,
    Lines,
    Picture,
    Section,
    Severity,
)

_IMG = re.compile(r"<img\b(?:\"[^\"]*\"|'[^']*'|[^'\">])*>", re.IGNORECASE)
_SRC = re.compile(r"""\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_SIZED = re.compile(r"\b(?:width|height)\s*=", re.IGNORECASE)


def illustrate(parsed: Parsed, pictures: Mapping[str, Picture]) -> Parsed:
    """The guide with its own pictures where they will be published, each with its size.

    Pictures with a whole address, or with one that begins with a slash, are left as they are. One
    that is not there is a warning; one that cannot be shown keeps the guide from going out.

    Args:
        parsed: What `parse` made of a source.
        pictures: Those of the content folder, by the names that are shown to people.
    """
    if parsed.guide is None:
        return parsed
    hanger = _Hanger(parsed.guide, pictures)
    guide = hanger.hung()
    is_good = all(one.severity is not Severity.ERROR for one in hanger.found)
    return Parsed(guide if is_good else None, (*parsed.diagnostics, *hanger.found))


class _Hanger:
    """Puts pictures into the tree and remembers which of them are not there."""

    def __init__(self, guide: Guide, pictures: Mapping[str, Picture]) -> None:
        self._guide = guide
        self._folder = guide.source if guide.source.endswith("/") else _folder_of(guide.source)
        self._pictures = pictures
        self._line = 1
        self.found: list[Diagnostic] = []

    def hung(self) -> Guide:
        """The guide with its pictures."""
        one = self._guide
        return dataclasses.replace(
            one,
            sections=tuple(map(self._section, one.sections)),
            intro=self._section(one.intro) if one.intro else None,
            outro=self._section(one.outro) if one.outro else None,
        )

    def _section(self, one: Section) -> Section:
        made: Section = self._node(one)
        return made

    def _node(self, node: Any) -> Any:
        match node:
            case Image():
                return self._image(node)
            case InlineHtml() | HtmlBlock():
                self._line = getattr(node, "lines", Lines(self._line, self._line)).first
                return dataclasses.replace(node, source=_IMG.sub(self._tag, node.source))
            case tuple():
                made = tuple(map(self._node, node))
                return made if any(map(_differ, made, node)) else node
            case Section():
                return self._replaced(node, ("blocks", "children"))
            case _ if hasattr(node, "kind"):
                self._line = node.lines.first if hasattr(node, "lines") else self._line
                return self._replaced(node, _HOLDING)
            case _:
                return node

    def _replaced(self, node: Any, names: tuple[str, ...]) -> Any:
        """The node, or another with those of its fields changed that hold a picture of ours."""
        held = [(name, getattr(node, name)) for name in names if hasattr(node, name)]
        changed = {
            name: made for name, was in held if (made := self._node(was)) is not was
        }  # fmt: skip
        return dataclasses.replace(node, **changed) if changed else node

    def _image(self, node: Image) -> Image:
        picture = self._picture(node.src)
        if picture is None:
            return node
        width, height = picture.width, picture.height
        return dataclasses.replace(node, src=picture.path, width=width, height=height)

    def _tag(self, found: re.Match[str]) -> str:
        """A raw tag: it keeps the size that the writer gave."""
        tag = found[0]
        src = _SRC.search(tag)
        picture = self._picture(next(filter(None, src.groups()), "")) if src else None
        if src is None or picture is None:
            return tag
        size = "" if _SIZED.search(tag) else f' width="{picture.width}" height="{picture.height}"'
        return f'{tag[: src.start()]}src="{picture.path}"{size}{tag[src.end() :]}'

    def _picture(self, src: str) -> Picture | None:
        """What an address names in the content folder; what it should name and does not is told."""
        try:
            parts = urlsplit(src)
        except ValueError:  # such as an unclosed [ of an IPv6 address; no file of ours
            return None
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
            return None
        name = normpath(self._folder + unquote(parts.path))
        picture = self._pictures.get(name)
        if picture is None:
            what = "is not there: put it beside the guide, or give its whole URL"
            self._tell(Severity.WARNING, f"picture {name} {what}")
        elif picture.problem:
            self._tell(Severity.ERROR, f"picture {name} {picture.problem}")
            return None
        return picture

    def _tell(self, severity: Severity, message: str) -> None:
        where = self._guide.source
        self.found.append(Diagnostic(where, self._line, severity, "picture", message))


_HOLDING = ("content", "items", "blocks", "header", "rows")
"""The fields of nodes that hold nodes."""


def _differ(one: object, other: object) -> bool:
    return one is not other


def _folder_of(source: str) -> str:
    folder, slash, _ = source.rpartition("/")
    return folder + slash
