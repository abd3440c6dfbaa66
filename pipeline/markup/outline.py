"""Headings with their anchors: what a table of contents is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
    return tuple(_walk(sections, 0, set()))


def contents(sections: Sequence[Section], subject: str) -> tuple[TocEntry, ...]:
    """The headings inside a part of this subject, the highest of them at depth 0."""
    shows_titles = needs_titles(sections, subject)
    inner = [one for one in headings(sections) if one.depth or shows_titles]
    top = min((one.depth for one in inner), default=0)
    return tuple(replace(one, depth=one.depth - top) for one in inner)


def _walk(sections: Sequence[Section], depth: int, seen: set[str]) -> Iterator[TocEntry]:
    for section in sections:
        if section.title:
            yield TocEntry(section.number, section.title, _anchor(section, seen), depth)
        yield from _walk(section.children, depth + 1, seen)


def _anchor(section: Section, seen: set[str]) -> str:
    number = re.sub(r"[^0-9a-z]+", "-", section.number.lower()).strip("-")
    return unique(f"s-{number or slugify(section.title)}", seen)


def unique(wanted: str, seen: set[str]) -> str:
    """The wanted id, with a number behind it if it was seen; it counts as seen from now on."""
    made, count = wanted, 1
    while made in seen:
        count += 1
        made = f"{wanted}-{count}"
    seen.add(made)
    return made


def known_as(title: str, number: str = "") -> tuple[str, ...]:
    """What writers call a heading in a link to it: as hosts of Markdown do, or transliterated."""
    plain = [title, f"{number} {title}"] if number else [title]
    hosts = (re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in plain)
    return (*hosts, *map(slugify, plain))


def needs_titles(sections: Sequence[Section], subject: str) -> bool:
    """Whether section titles must be shown under this subject: not if the only one repeats it."""
    return [one.label for one in sections if one.title] != [subject]


def slugify(title: str) -> str:
    """The title as a path segment: ASCII letters, digits and hyphens, never empty."""
    return _slugify(title, max_length=LONGEST_SLUG, word_boundary=True) or "part"
