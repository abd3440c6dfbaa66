"""Which lines of a plain text are headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.strict import Report

LONGEST_HEADING = 200

_CONTENTS = re.compile(r"(?:table of )?contents:?", re.IGNORECASE)
_ENTRY = re.compile(r"(?:[-*•–]\s+)?(\d{1,3}(?:\.\d{1,3})*)[.)]?\s+(\S.*?)(?:\s*\.{3,}\s*\d+)?")
_QUOTES = str.maketrans("‘’“”–—", "''\"\"--")

Numbered = tuple[int, str]
"""A line's number and its text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading: its number, its words, and the line it stands on."""

    number: str
    title: str
    line: int


@dataclass(frozen=True, slots=True)
class Found:
    """The headings in order, and the lines that are the table of contents."""

    headings: tuple[Entry, ...]
    skipped: range


def find_headings(lines: Sequence[Numbered], report: Report) -> Found:
    """The headings of a text.

    With a table of contents each of its entries is looked for, in order, as a line that says the
    same; every entry without a heading is told. Without one, a line is a heading if its number is
    what may follow: the next sibling, the first child, or the next one of a level above.
    """
    entries, skipped = _contents(lines)
    if not entries:
        return Found(_by_sequence(lines), range(0))
    rest = [line for line in lines if line[0] >= skipped.stop]
    return Found(_by_contents(entries, rest, report), skipped)


def _entry(line: Numbered) -> Entry | None:
    found = _ENTRY.fullmatch(line[1])
    if found is None or len(found[2]) > LONGEST_HEADING:
        return None
    return Entry(found[1], found[2], line[0])


def _contents(lines: Sequence[Numbered]) -> tuple[list[Entry], range]:
    """The entries of the table of contents, and the lines that it takes up."""
    start = next((n for n, line in enumerate(lines) if _CONTENTS.fullmatch(line[1])), None)
    if start is None:
        return [], range(0)
    entries: list[Entry] = []
    end = start + 1
    while end < len(lines):
        entry = _entry(lines[end])
        if lines[end][1] and (entry is None or (entries and _same(entry, entries[0]))):
            break
        if entry is not None:
            entries.append(entry)
        end += 1
    stop = lines[end][0] if end < len(lines) else lines[-1][0] + 1
    return entries, range(lines[start][0], stop)


def _same(one: Entry, other: Entry) -> bool:
    return one.number == other.number and _bare(one.title) == _bare(other.title)


def _bare(title: str) -> str:
    return " ".join(title.translate(_QUOTES).casefold().split()).rstrip(".:")


def _by_contents(
    entries: Sequence[Entry], lines: Sequence[Numbered], report: Report
) -> tuple[Entry, ...]:
    found: list[Entry] = []
    place = 0
    for wanted in entries:
        for index in range(place, len(lines)):
            entry = _entry(lines[index])
            if entry is not None and _same(entry, wanted) and not lines[index][1].startswith("-"):
                found.append(entry)
                place = index + 1
                break
        else:
            label = f"{wanted.number} {wanted.title}"
            what = f"the contents list {label!r}, but no heading says so"
            report.warn(wanted.line, "contents", what)
    _tell_unlisted(found, lines, report)
    return tuple(found)


def _tell_unlisted(found: Sequence[Entry], lines: Sequence[Numbered], report: Report) -> None:
    """Lines that continue the numbering but are not in the contents: maybe forgotten there."""
    known = {entry.line for entry in found}
    numbers = {entry.number for entry in found}
    for line in lines:
        entry = _entry(line)
        if entry is None or line[0] in known or entry.number in numbers:
            continue
        if line[1][0].isdigit() and _follows_any(entry.number, numbers) and line[1][-1] not in ".;":
            what = f"{line[1]!r} looks like a heading but is not in the contents: taken as text"
            report.warn(line[0], "contents", what)


def _follows_any(number: str, numbers: set[str]) -> bool:
    return any(number in _successors(other) for other in numbers)


def _successors(number: str) -> set[str]:
    """What may follow a number: its first child, its next sibling, those of its ancestors."""
    parts = [int(part) for part in number.split(".")]
    nexts = {".".join(map(str, [*parts[:depth], parts[depth] + 1])) for depth in range(len(parts))}
    return {*nexts, f"{number}.1"}


def _by_sequence(lines: Sequence[Numbered]) -> tuple[Entry, ...]:
    """Headings by their numbers alone.

    A line that ends as a sentence does, or that stands in a run of numbered lines with nothing
    between them (a list), is text.
    """
    full = [line for line in lines if line[1]]
    found: list[Entry] = []
    for index, line in enumerate(full):
        entry = _entry(line)
        if entry is None or not line[1][0].isdigit() or line[1][-1] in ".;,":
            continue
        wanted = _successors(found[-1].number) if found else {"1"}
        if entry.number in wanted and not _is_list(full, index, entry):
            found.append(entry)
    return tuple(found)


def _is_list(lines: Sequence[Numbered], index: int, entry: Entry) -> bool:
    """Whether the next line is the next sibling: then these are items, not headings."""
    following = _entry(lines[index + 1]) if index + 1 < len(lines) else None
    if following is None or index + 1 == len(lines):
        return index + 1 == len(lines)
    return following.number in _successors(entry.number) - {f"{entry.number}.1"}
