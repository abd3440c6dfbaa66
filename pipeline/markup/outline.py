"""Headings with their anchors: what a table of contents is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slugify import slugify as _slugify

from pipeline.model import Section

LONGEST_SLUG = 60


@dataclass(frozen=True, slots=True)
class TocEntry:
    """A heading in a table of contents."""

    number: str
    title: str
    anchor: str
    """The id of the heading in the HTML, without `#`."""
    depth: int
    """0 for a top section."""


def headings(sections: Sequence[Section]) -> tuple[TocEntry, ...]:
    """Every heading in reading order, nested ones below their parents; anchors are unique."""
    return tuple(entry for _, entry in walk(sections))


def walk(sections: Sequence[Section]) -> Iterator[tuple[Section, TocEntry]]:
    """Each section that has a heading, with its entry."""
    seen: set[str] = set()
    yield from _walk(sections, 0, seen)


def _walk(
    sections: Sequence[Section], depth: int, seen: set[str]
) -> Iterator[tuple[Section, TocEntry]]:
    for section in sections:
        if section.title:
            anchor = _unique(section, seen)
            yield section, TocEntry(section.number, section.title, anchor, depth)
        yield from _walk(section.children, depth + 1, seen)


def _unique(section: Section, seen: set[str]) -> str:
    number = re.sub(r"[^0-9a-z]+", "-", section.number.lower()).strip("-")
    wanted = f"s-{number or slugify(section.title)}"
    anchor, count = wanted, 1
    while anchor in seen:
        count += 1
        anchor = f"{wanted}-{count}"
    seen.add(anchor)
    return anchor


def slugify(title: str) -> str:
    """The title as a path segment: ASCII letters, digits and hyphens, never empty."""
    return _slugify(title, max_length=LONGEST_SLUG, word_boundary=True) or "part"
